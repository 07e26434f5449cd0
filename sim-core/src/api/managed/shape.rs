//! How server-side apply looks at a value: as a scalar, a list or a map, merged by items or replaced whole.
//!
//! Mirrors what `k8s.io/kube-openapi/pkg/schemaconv/openapi.go` makes of the server's schema, and the look-ups in
//! `vendor/sigs.k8s.io/structured-merge-diff/v6/{schema/elements.go,typed/helpers.go}`, v1.36.

use super::element::{Element, Plain};
use crate::api::meta::Str;
use crate::api::quote::quote;
use crate::api::schema::{Field, FieldType, ListType, Omit, Type};
use serde_json::Value;

/// The type at some place of an object.
#[derive(Clone, Copy, Debug)]
pub enum View {
    /// An object type: the whole, or the item of a list.
    Object(&'static Type),
    /// A field, whose declaration may say more than its type.
    Field(&'static Field),
    /// The items of a list or the values of a map.
    Element(&'static FieldType),
    /// Free-form JSON whose objects are merged field by field (`__untyped_deduced_`).
    Deduced,
    /// Free-form JSON that is replaced whole (`__untyped_atomic_`).
    Untyped,
}

/// What a value is taken for.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A leaf.
    Scalar(Scalar),
    /// A list.
    List(List),
    /// An object or a map.
    Map(Fields),
}

/// A leaf's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scalar {
    /// An integer or a float.
    Numeric,
    /// A string.
    String,
    /// A boolean.
    Boolean,
    /// Any of them: quantities, times, ports by name or number.
    Untyped,
}

/// A list's type.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// By what an item is found.
    pub by: By,
    /// The items' type.
    pub item: View,
}

/// By what an item of a list is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// It isn't: the list is replaced whole.
    Atomic,
    /// By its value: a set.
    Value,
    /// By the values of these fields.
    Keys(&'static [&'static str]),
}

/// An object's or a map's type.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    /// Whether it is replaced whole.
    pub atomic: bool,
    object: Option<&'static Type>,
    values: Option<View>,
}

impl View {
    /// What the value is taken for. Only free-form JSON can be several things; without a value it is taken for a map.
    pub fn shape(self, value: Option<&Value>) -> Shape {
        match self {
            View::Object(object) => Shape::Map(Fields { atomic: object.is_atomic(), object: Some(object), values: None }),
            View::Field(field) => {
                let shape = of_type(&field.field_type, value);
                match shape {
                    Shape::List(list) => Shape::List(List { by: by(field), ..list }),
                    Shape::Map(fields) => Shape::Map(Fields { atomic: field.is_atomic_map().unwrap_or(fields.atomic), ..fields }),
                    scalar @ Shape::Scalar(_) => scalar,
                }
            }
            View::Element(element) => of_type(element, value),
            View::Deduced | View::Untyped => match value {
                Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => Shape::Scalar(Scalar::Untyped),
                Some(Value::Array(_)) => Shape::List(List { by: By::Atomic, item: View::Untyped }),
                _ => Shape::Map(Fields { atomic: matches!(self, View::Untyped), object: None, values: Some(self) }),
            },
        }
    }

    /// What the type says of maps and of lists' items, whatever the value.
    pub fn containers(self) -> (Option<Fields>, Option<View>) {
        match self.shape(None) {
            Shape::Map(fields) => (Some(fields), None),
            Shape::List(list) => (None, Some(list.item)),
            Shape::Scalar(_) => (None, None),
        }
    }
}

fn of_type(field_type: &'static FieldType, value: Option<&Value>) -> Shape {
    match field_type {
        FieldType::String | FieldType::Bytes => Shape::Scalar(Scalar::String),
        FieldType::Int32 | FieldType::Int64 | FieldType::Double => Shape::Scalar(Scalar::Numeric),
        FieldType::Boolean => Shape::Scalar(Scalar::Boolean),
        FieldType::Quantity | FieldType::Time | FieldType::MicroTime | FieldType::IntOrString => Shape::Scalar(Scalar::Untyped),
        FieldType::FreeObject => Shape::Map(Fields { atomic: false, object: None, values: Some(View::Deduced) }),
        FieldType::Any => View::Untyped.shape(value),
        FieldType::List(item) => Shape::List(List { by: By::Atomic, item: View::Element(item) }),
        FieldType::Map(values) => Shape::Map(Fields { atomic: false, object: None, values: Some(View::Element(values)) }),
        FieldType::Object(object) => match object.resolve().fields() {
            Some(_) => View::Object(object.resolve()).shape(value),
            None => View::Untyped.shape(value),
        },
    }
}

/// A list that doesn't say what it is may still have a merge key: then strategic merge patch's word counts.
fn by(field: &'static Field) -> By {
    match field.list_type {
        ListType::Map => By::Keys(&field.list_map_keys),
        ListType::Set => By::Value,
        ListType::Undeclared if field.merges() => field.merge_key.as_ref().map_or(By::Value, |key| By::Keys(std::slice::from_ref(key))),
        ListType::Atomic | ListType::Undeclared => By::Atomic,
    }
}

impl Fields {
    /// Whether the type has a field of this name, rather than any key.
    pub fn has_field(&self, name: &str) -> bool {
        self.object.is_some_and(|object| object.field(name).is_some())
    }

    /// The type under a name; `None` if there can be nothing.
    pub fn member(&self, name: &str) -> Option<View> {
        self.object.and_then(|object| object.field(name)).map(View::Field).or(self.values)
    }

    /// The step to a member. Names of fields are the schema's own text, which nobody has to keep again.
    pub fn step(&self, name: &str) -> Element {
        let known = self.object.and_then(Type::fields).and_then(|fields| fields.get_key_value(name));
        known.map_or_else(|| Element::field(name), |(name, _)| Element::Field(Str::from(*name)))
    }
}

impl List {
    /// The step to an item.
    ///
    /// # Errors
    /// Items that can't be told from others.
    pub fn step(&self, item: &Value) -> Result<Element, String> {
        match self.by {
            By::Atomic => Err("invalid indexing of non-associative list".to_owned()),
            By::Value => match item {
                Value::Object(_) => Err("associative list without keys has an element that's a map type".to_owned()),
                Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
                Value::Null => Err("associative list without keys has an element that's an explicit null".to_owned()),
                scalar => Ok(Element::Item(Plain(scalar.clone()))),
            },
            By::Keys(keys) => self.step_by(keys, item),
        }
    }

    fn step_by(&self, keys: &'static [&'static str], item: &Value) -> Result<Element, String> {
        let item = match item {
            Value::Object(item) => item,
            Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
            _ => return Err("associative list with keys may not have non-map elements".to_owned()),
        };
        let value = |key: &str| item.get(key).cloned().or_else(|| self.default_of(key));
        let mut fields: Vec<(Str, Plain)> = keys.iter().filter_map(|key| value(key).map(|value| (Str::from(*key), Plain(value)))).collect();
        if fields.is_empty() {
            let keys: Vec<String> = keys.iter().map(|key| quote(key)).collect();
            return Err(format!(
                "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
                keys.join(" ")
            ));
        }
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Element::Key(fields))
    }

    /// What an item that doesn't say has under a key: the declared default, or `""` for a string that is never left out (the schema
    /// table doesn't list these, the server's schema does).
    fn default_of(&self, key: &str) -> Option<Value> {
        let object = match self.item {
            View::Object(object) => object,
            View::Element(element) => element.object()?,
            View::Field(_) | View::Deduced | View::Untyped => return None,
        };
        let field = object.field(key)?;
        let written = field.omit() == Omit::Never || object.name == "core.v1.LocalObjectReference";
        let empty = || (field.field_type == FieldType::String && written).then(|| Value::from(""));
        field.default.clone().or_else(empty)
    }
}
