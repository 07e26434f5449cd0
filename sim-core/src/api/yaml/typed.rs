//! YAML text to Rust types, by serde: for files that are Podarium's own, such as scenarios. Mistakes know their place.
//!
//! It is stricter than kubectl's reading: a key that is given twice is refused, and a text field takes what is written (`1.10` is no
//! number there). Where a type leaves open what it takes, a scalar means what it means in a manifest. A value that is left out (`steps:`)
//! is nothing, an empty list or an empty map, as the type wants it. An enum's variants are words; those with content are refused.
//!
//! serde's code is copied for each pair of a type and a deserializer, so this one is as small as can be.

pub use super::tree::Place;
use super::tree::{self, Node, Written};
use super::{YamlError, plain};
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// Reads a text of one document.
///
/// # Errors
/// The first place that isn't YAML, or doesn't fit the type.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let mut documents = tree::read(text).map_err(Error::from_yaml)?.into_iter();
    let empty = Node { place: (1, 1), written: Written::Scalar { text: String::new(), plain: true } };
    let document = documents.next().unwrap_or(empty);
    if let Some(second) = documents.next() {
        return Err(Error::new(Problem::Message("a second document begins here; expected one".to_owned())).at(second.place));
    }
    T::deserialize(&document).map_err(|error| error.at(document.place))
}

/// What is wrong with a text, and where.
// In a box: an error is passed up through many calls, each of which would make room for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error(Box<(Option<Place>, Problem)>);

/// What can be wrong with a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// A field that the type hasn't got.
    UnknownField(String, &'static [&'static str]),
    /// A word that is none of those which may stand here.
    UnknownVariant(String, &'static [&'static str]),
    /// A field that must be there.
    MissingField(&'static str),
    /// A field that is there twice.
    GivenTwice(String),
    /// It is one thing, and another was expected.
    Unexpected(String, String),
    /// In somebody's own words.
    Message(String),
}

impl Error {
    fn new(problem: Problem) -> Self {
        Error(Box::new((None, problem)))
    }

    fn from_yaml(error: YamlError) -> Self {
        Error::new(Problem::Message(error.message)).at((error.line, error.column))
    }

    /// The same, with its place if it hasn't one: the innermost place is told.
    fn at(mut self, place: Place) -> Self {
        self.0.0.get_or_insert(place);
        self
    }

    /// Line and column, from 1.
    pub fn place(&self) -> Place {
        self.0.0.unwrap_or_default()
    }

    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.0.1
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problem() {
            Problem::UnknownField(field, _) => write!(f, "unknown field `{field}`"),
            Problem::UnknownVariant(variant, _) => write!(f, "unknown value `{variant}`"),
            Problem::MissingField(field) => write!(f, "the field `{field}` is missing"),
            Problem::GivenTwice(field) => write!(f, "the field `{field}` is given twice"),
            Problem::Unexpected(found, expected) => write!(f, "this is {found}; expected {expected}"),
            Problem::Message(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error::new(Problem::Message(message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::new(Problem::Unexpected(found.to_string(), expected.to_string()))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Error::new(Problem::UnknownVariant(variant.to_owned(), expected))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Error::new(Problem::UnknownField(field.to_owned(), expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Error::new(Problem::MissingField(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Error::new(Problem::GivenTwice(field.to_owned()))
    }
}

/// A value with its place: for what can be found wrong only later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Its line and column, from 1.
    pub place: Place,
}

/// The name by which [`Placed`] asks the deserializer for the place.
const PLACED: &str = "podarium::Placed";

impl<'de, T: de::Deserialize<'de>> de::Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Pair<T>(std::marker::PhantomData<T>);
        impl<'de, T: de::Deserialize<'de>> Visitor<'de> for Pair<T> {
            type Value = Placed<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with its place")
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
                let mut next = || parts.next_element::<usize>()?.ok_or_else(|| de::Error::custom("a place has a line and a column"));
                let place = (next()?, next()?);
                let value = parts.next_element()?.ok_or_else(|| de::Error::custom("nothing stands at the place"))?;
                Ok(Placed { value, place })
            }
        }
        from.deserialize_newtype_struct(PLACED, Pair(std::marker::PhantomData))
    }
}

impl Node {
    /// What a scalar means if nobody wants it to be a text.
    fn meaning(&self) -> Option<Value> {
        match &self.written {
            Written::Scalar { text, plain: true } => Some(plain(text)),
            Written::Scalar { text, plain: false } => Some(Value::from(text.as_str())),
            Written::Sequence(_) | Written::Mapping(_) => None,
        }
    }

    fn is_nothing(&self) -> bool {
        matches!(&self.written, Written::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    fn refuse(&self, expected: &dyn Expected) -> Error {
        let refuse = |found| de::Error::invalid_type(found, expected);
        match (&self.written, self.meaning()) {
            (Written::Sequence(_), _) => Error::new(Problem::Unexpected("a list".to_owned(), expected.to_string())),
            (Written::Mapping(_), _) => Error::new(Problem::Unexpected("a map".to_owned(), expected.to_string())),
            (_, None | Some(Value::Null)) => Error::new(Problem::Unexpected("nothing".to_owned(), expected.to_string())),
            (_, Some(Value::Bool(yes))) => refuse(Unexpected::Bool(yes)),
            (Written::Scalar { text, .. }, Some(Value::Number(_))) => refuse(Unexpected::Other(&format!("the number {text}"))),
            (Written::Scalar { text, .. }, _) => refuse(Unexpected::Str(text)),
        }
    }
}

/// Methods that are all one other.
macro_rules! alike {
    ($($method:ident)* => $other:ident) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$other(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Error;

    // A number or a boolean, too: it means what it means, and the visitor says what it had expected.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.written {
            Written::Sequence(items) => visitor.visit_seq(Items(items.iter())),
            Written::Mapping(_) => self.deserialize_map(visitor),
            Written::Scalar { text, plain: false } => visitor.visit_borrowed_str(text),
            Written::Scalar { text, plain: true } => match plain(text) {
                Value::Null => visitor.visit_unit(),
                Value::Bool(yes) => visitor.visit_bool(yes),
                Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                    (Some(number), _) => visitor.visit_u64(number),
                    (None, Some(number)) => visitor.visit_i64(number),
                    (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
                },
                _ => visitor.visit_borrowed_str(text),
            },
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.written {
            Written::Scalar { text, .. } if !self.is_nothing() => visitor.visit_borrowed_str(text),
            _ => Err(self.refuse(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_nothing() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.written {
            Written::Sequence(items) => visitor.visit_seq(Items(items.iter())),
            _ if self.is_nothing() => visitor.visit_seq(Items([].iter())),
            _ => Err(self.refuse(&visitor)),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let entries: &[(Node, Node)] = match &self.written {
            Written::Mapping(entries) => entries,
            _ if self.is_nothing() => &[],
            _ => return Err(self.refuse(&visitor)),
        };
        let mut seen = BTreeSet::new();
        if let Some((twice, _)) = entries.iter().find(|(key, _)| !seen.insert(key.text())) {
            return Err(Error::new(Problem::GivenTwice(twice.text().to_owned())).at(twice.place));
        }
        visitor.visit_map(Entries { rest: entries.iter(), value: None })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        if name == PLACED { visitor.visit_seq(Parts(0, self)) } else { visitor.visit_newtype_struct(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        match &self.written {
            Written::Scalar { text, .. } if !self.is_nothing() => {
                let word: StrDeserializer<'_, Error> = text.as_str().into_deserializer();
                visitor.visit_enum(word)
            }
            _ => Err(self.refuse(&visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    alike!(deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_unit deserialize_bytes
        deserialize_byte_buf => deserialize_any);
    alike!(deserialize_string deserialize_char deserialize_identifier => deserialize_str);
}

struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.next().map(|item| seed.deserialize(item).map_err(|error| error.at(item.place))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Entries<'de> {
    rest: std::slice::Iter<'de, (Node, Node)>,
    value: Option<&'de Node>,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(key).map(Some).map_err(|error| error.at(key.place))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self.value.take().expect("serde asks for a value after its key");
        seed.deserialize(value).map_err(|error| error.at(value.place))
    }
}

/// A node's line, its column, and itself: what [`Placed`] is made from.
struct Parts<'de>(usize, &'de Node);

impl<'de> de::SeqAccess<'de> for Parts<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Parts(part, node) = self;
        *part += 1;
        match part {
            1 => seed.deserialize(node.place.0.into_deserializer()).map(Some),
            2 => seed.deserialize(node.place.1.into_deserializer()).map(Some),
            3 => seed.deserialize(*node).map(Some),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Deserialize, PartialEq, Debug, Default)]
    #[serde(deny_unknown_fields, default)]
    struct Pot {
        name: String,
        size: Option<u32>,
        open: bool,
        plants: Vec<Placed<String>>,
        labels: BTreeMap<String, String>,
        soil: Soil,
        within: Option<Box<Pot>>,
    }

    #[derive(Deserialize, PartialEq, Debug, Default)]
    #[serde(rename_all = "lowercase")]
    enum Soil {
        #[default]
        Peat,
        Sand,
    }

    #[test]
    fn types_are_read() {
        let text = "base: &base {size: 3, open: yes}\npot:\n  <<: *base\n  name: 1.10\n  size: ~\n  plants:\n  - fern\n  - \"7\"\n  labels: {80: on, a: ''}\n  soil: sand\n  within: {plants: }\n";
        let pots: BTreeMap<String, Pot> = from_str(text).expect("it fits");
        let placed = |value: &str, place| Placed { value: value.to_owned(), place };
        let expected = Pot {
            name: "1.10".to_owned(),
            size: None,
            open: true,
            plants: vec![placed("fern", (7, 5)), placed("7", (8, 5))],
            labels: [("80", "on"), ("a", "")].map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            soil: Soil::Sand,
            within: Some(Box::default()),
        };
        assert_eq!(pots["pot"], expected);
        assert_eq!(from_str::<Pot>("# nothing\n"), Ok(Pot::default()));
    }

    #[track_caller]
    fn check(text: &str, place: Place, message: &str) {
        let error = from_str::<Pot>(text).expect_err(text);
        assert_eq!((error.place(), error.to_string().as_str()), (place, message), "{text}");
    }

    #[test]
    fn mistakes_have_places() {
        check("name: a\nsiez: 3\n", (2, 1), "unknown field `siez`");
        check("within:\n  name: a\n  name: b\n", (3, 3), "the field `name` is given twice");
        check("name: [a]\n", (1, 7), "this is a list; expected a string");
        check("name:\n", (1, 5), "this is nothing; expected a string");
        check("plants: {a: b}\n", (1, 9), "this is a map; expected a sequence");
        check("size: large\n", (1, 7), "this is string \"large\"; expected u32");
        check("plants: 3\n", (1, 9), "this is the number 3; expected a sequence");
        check("soil: clay\n", (1, 7), "unknown value `clay`");
        check("name: a\n---\nname: b\n", (3, 1), "a second document begins here; expected one");
        check("name: [a\n", (1, 7), "did not find expected ',' or ']'");
        let error = from_str::<BTreeMap<String, Named>>("a: {}\n").expect_err("it has no name");
        assert_eq!((error.place(), error.problem()), ((1, 4), &Problem::MissingField("name")));
    }

    #[derive(Deserialize, Debug)]
    struct Named {
        #[allow(dead_code, reason = "that it must be there is what counts")]
        name: String,
    }

    /// Where YAML 1.1 and 1.2 agree, so do we and a reader that others wrote.
    #[test]
    fn others_read_the_same() {
        for text in [
            include_str!("../../node/runtime/images.yaml"),
            include_str!("../../../../scenarios/rolling-update.yaml"),
            include_str!("../../../../scenarios/network-policy.yaml"),
            "a: &a {b: [1, -2, 3.5, ~, true], c: \"x\\ty\", d: 'it''s'}\ne: {<<: *a, c: z}\nf: |\n  two\n  lines\ng: >-\n  folded\n  text\nh: [[], {}]\n",
        ] {
            let ours: Value = from_str(text).expect("it is YAML");
            let theirs: Value = serde_yaml::from_str(text).expect("it is YAML");
            assert_eq!(ours, theirs);
        }
    }
}
