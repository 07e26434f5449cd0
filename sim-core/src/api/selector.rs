//! Label selectors: which objects a controller, a Service or `kubectl -l` means.
//!
//! Mirrors `staging/src/k8s.io/apimachinery/pkg/labels/selector.go`, `LabelSelectorAsSelector` of `pkg/apis/meta/v1/helpers.go` and the rules
//! for label keys and values of `pkg/api/validate/content/kube.go` of Kubernetes v1.36, messages included. Differs: where upstream goes over
//! `matchLabels` in random order, the first bad label by key is reported.

use crate::api::quote::quote;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A set of labels that a [`Selector`] can look into.
pub trait Labels {
    /// The value of the label `key`, if it is there.
    fn get(&self, key: &str) -> Option<&str>;
}

impl Labels for BTreeMap<String, String> {
    fn get(&self, key: &str) -> Option<&str> {
        BTreeMap::get(self, key).map(String::as_str)
    }
}

impl Labels for Map<String, Value> {
    fn get(&self, key: &str) -> Option<&str> {
        Map::get(self, key).and_then(Value::as_str)
    }
}

/// The tree of a `labels` field; anything but a map has no labels.
impl Labels for Value {
    fn get(&self, key: &str) -> Option<&str> {
        Value::get(self, key).and_then(Value::as_str)
    }
}

/// How a requirement compares: `selection.Operator`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// `!key`
    DoesNotExist,
    /// `key=value`
    Equals,
    /// `key==value`
    DoubleEquals,
    /// `key in (a,b)`
    In,
    /// `key!=value`
    NotEquals,
    /// `key notin (a,b)`
    NotIn,
    /// `key`
    Exists,
    /// `key>1`
    GreaterThan,
    /// `key<1`
    LessThan,
}

/// One condition on one label.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

impl Requirement {
    /// A requirement that passed `NewRequirement`'s checks.
    ///
    /// # Errors
    /// All that is wrong with it, in Go's words.
    pub fn new(key: &str, operator: Operator, values: Vec<String>) -> Result<Requirement, String> {
        let mut errors = Vec::new();
        let mut invalid = |path: &str, value: String, why: &str| errors.push(format!("{path}: Invalid value: {value}: {why}"));
        let wrong = label_key_errors(key);
        if !wrong.is_empty() {
            invalid("key", quote(key), &wrong.join("; "));
        }
        let number = values.len();
        let wrong_number = match operator {
            Operator::In | Operator::NotIn if number == 0 => Some("for 'in', 'notin' operators, values set can't be empty"),
            Operator::Equals | Operator::DoubleEquals | Operator::NotEquals if number != 1 => {
                Some("exact-match compatibility requires one single value")
            }
            Operator::Exists | Operator::DoesNotExist if number != 0 => Some("values set must be empty for exists and does not exist"),
            Operator::GreaterThan | Operator::LessThan if number != 1 => Some("for 'Gt', 'Lt' operators, exactly one value is required"),
            _ => None,
        };
        if let Some(why) = wrong_number {
            invalid("values", json_strings(&values), why);
        }
        if matches!(operator, Operator::GreaterThan | Operator::LessThan) {
            for (i, value) in values.iter().enumerate().filter(|(_, v)| v.parse::<i64>().is_err()) {
                invalid(&format!("values[{i}]"), quote(value), "for 'Gt', 'Lt' operators, the value must be an integer");
            }
        }
        for (i, value) in values.iter().enumerate() {
            let wrong = label_value_errors(value);
            if !wrong.is_empty() {
                invalid(&format!("values[{i}][{key}]"), quote(value), &wrong.join("; "));
            }
        }
        match errors.len() {
            0 => Ok(Requirement { key: key.to_owned(), operator, values }),
            1 => Err(errors.remove(0)),
            _ => Err(format!("[{}]", errors.join(", "))),
        }
    }

    /// The label that is looked at.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How it is compared.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// What it is compared with, in the order given.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Whether these labels meet the requirement.
    pub fn matches(&self, labels: &(impl Labels + ?Sized)) -> bool {
        let found = labels.get(&self.key);
        let listed = |value: &str| self.values.iter().any(|v| v == value);
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => found.is_some_and(listed),
            Operator::NotIn | Operator::NotEquals => !found.is_some_and(listed),
            Operator::Exists => found.is_some(),
            Operator::DoesNotExist => found.is_none(),
            Operator::GreaterThan | Operator::LessThan => {
                let limit = self.values.first().and_then(|v| v.parse::<i64>().ok());
                let number = found.and_then(|v| v.parse::<i64>().ok());
                number.zip(limit).is_some_and(|(n, l)| if self.operator == Operator::GreaterThan { n > l } else { n < l })
            }
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        let mut sorted: Vec<&str> = self.values.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        let values = sorted.join(",");
        match self.operator {
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::Exists => f.write_str(key),
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
        }
    }
}

/// Requirements that must all hold, sorted by key. None at all selects everything, which is the default.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selector {
    /// `None` selects nothing.
    requirements: Option<Vec<Requirement>>,
}

impl Selector {
    /// `labels.Everything()`.
    pub const fn everything() -> Selector {
        Selector { requirements: Some(Vec::new()) }
    }

    /// `labels.Nothing()`.
    pub const fn nothing() -> Selector {
        Selector { requirements: None }
    }

    /// Requirements in any order.
    pub fn new(mut requirements: Vec<Requirement>) -> Selector {
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Selector { requirements: Some(requirements) }
    }

    /// Parses the text of `kubectl -l`: `app=web,tier in (a,b),!canary`.
    ///
    /// # Errors
    /// Go's message, without kubectl's words around it.
    pub fn parse(text: &str) -> Result<Selector, String> {
        let tokens = scan(text);
        Parser { tokens: &tokens, position: 0 }.parse().map(Selector::new)
    }

    /// Compiles the tree of a `metav1.LabelSelector`. Null selects nothing, an empty one everything.
    ///
    /// # Errors
    /// What is wrong with the first bad requirement, in Go's words.
    pub fn from_label_selector(tree: &Value) -> Result<Selector, String> {
        if tree.is_null() {
            return Ok(Selector::nothing());
        }
        let mut requirements = Vec::new();
        for (key, value) in tree["matchLabels"].as_object().into_iter().flatten() {
            requirements.push(Requirement::new(key, Operator::Equals, vec![value.as_str().unwrap_or("").to_owned()])?);
        }
        for expression in tree["matchExpressions"].as_array().into_iter().flatten() {
            let operator = match expression["operator"].as_str().unwrap_or("") {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => return Err(format!("{} is not a valid label selector operator", quote(other))),
            };
            let values = expression["values"].as_array().into_iter().flatten();
            let values = values.map(|v| v.as_str().unwrap_or("").to_owned()).collect();
            requirements.push(Requirement::new(expression["key"].as_str().unwrap_or(""), operator, values)?);
        }
        Ok(Selector::new(requirements))
    }

    /// All labels of a map with their values, unchecked, as in a Service's `selector`. An empty map selects everything.
    pub fn from_map<K: Into<String>, V: Into<String>>(map: impl IntoIterator<Item = (K, V)>) -> Selector {
        let equals = |(key, value): (K, V)| Requirement { key: key.into(), operator: Operator::Equals, values: vec![value.into()] };
        Selector::new(map.into_iter().map(equals).collect())
    }

    /// Whether an object with these labels is selected.
    pub fn matches(&self, labels: &(impl Labels + ?Sized)) -> bool {
        self.requirements.as_ref().is_some_and(|all| all.iter().all(|r| r.matches(labels)))
    }

    /// Whether there is no requirement, so that everything is selected.
    pub fn is_empty(&self) -> bool {
        self.requirements.as_ref().is_some_and(Vec::is_empty)
    }

    /// The requirements, sorted by key; none if nothing is selected.
    pub fn requirements(&self) -> &[Requirement] {
        self.requirements.as_deref().unwrap_or_default()
    }
}

impl Default for Selector {
    fn default() -> Selector {
        Selector::everything()
    }
}

/// The canonical text, as in the `SELECTOR` column (which prints an empty one as `<none>`).
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements().iter().enumerate() {
            write!(f, "{}{requirement}", if i > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

/// What a selector's text is made of, with how it was written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    End,
    /// One of `! = == != < > ( ) ,`
    Symbol(&'a str),
    /// A key or value; `in` and `notin` are operators only where one may stand.
    Word(&'a str),
}

impl<'a> Token<'a> {
    fn text(self) -> &'a str {
        match self {
            Token::End => "",
            Token::Symbol(text) | Token::Word(text) => text,
        }
    }
}

fn is_symbol(byte: u8) -> bool {
    b"=!(),><".contains(&byte)
}

fn is_space(byte: u8) -> bool {
    b" \t\r\n".contains(&byte)
}

/// The lexer. A NUL ends the text between words and is dropped after one, as upstream.
fn scan(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        while bytes.get(at).is_some_and(|b| is_space(*b)) {
            at += 1;
        }
        let start = at;
        match bytes.get(at) {
            None | Some(0) => {
                tokens.push(Token::End);
                return tokens;
            }
            Some(first) if is_symbol(*first) => {
                let two = matches!(first, b'=' | b'!') && bytes.get(at + 1) == Some(&b'=');
                at += if two { 2 } else { 1 };
                tokens.push(Token::Symbol(&text[start..at]));
            }
            Some(_) => {
                while bytes.get(at).is_some_and(|b| *b != 0 && !is_symbol(*b) && !is_space(*b)) {
                    at += 1;
                }
                tokens.push(Token::Word(&text[start..at]));
                at += usize::from(bytes.get(at) == Some(&0));
            }
        }
    }
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    position: usize,
}

impl<'a> Parser<'a> {
    fn look(&self) -> Token<'a> {
        self.tokens.get(self.position).copied().unwrap_or(Token::End)
    }

    fn take(&mut self) -> Token<'a> {
        let token = self.look();
        self.position += 1;
        token
    }

    fn parse(mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        loop {
            match self.look() {
                Token::Word(_) | Token::Symbol("!") => {
                    let requirement = self.requirement().map_err(|why| format!("unable to parse requirement: {why}"))?;
                    requirements.push(requirement);
                    match self.take() {
                        Token::End => return Ok(requirements),
                        Token::Symbol(",") => match self.look() {
                            Token::Word(_) | Token::Symbol("!") => {}
                            other => return Err(format!("found '{}', expected: identifier after ','", other.text())),
                        },
                        other => return Err(format!("found '{}', expected: ',' or 'end of string'", other.text())),
                    }
                }
                Token::End => return Ok(requirements),
                other => return Err(format!("found '{}', expected: !, identifier, or 'end of string'", other.text())),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut token = self.take();
        let absent = token == Token::Symbol("!");
        if absent {
            token = self.take();
        }
        let Token::Word(key) = token else {
            return Err(format!("found '{}', expected: identifier", token.text()));
        };
        let wrong = label_key_errors(key);
        if !wrong.is_empty() {
            return Err(format!("<nil>: Invalid value: {}: {}", quote(key), wrong.join("; ")));
        }
        if absent {
            return Requirement::new(key, Operator::DoesNotExist, Vec::new());
        }
        if matches!(self.look(), Token::End | Token::Symbol(",")) {
            return Requirement::new(key, Operator::Exists, Vec::new());
        }
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.exact_value()?],
        };
        Requirement::new(key, operator, values)
    }

    fn operator(&mut self) -> Result<Operator, String> {
        Ok(match self.take() {
            Token::Word("in") => Operator::In,
            Token::Word("notin") => Operator::NotIn,
            Token::Symbol("=") => Operator::Equals,
            Token::Symbol("==") => Operator::DoubleEquals,
            Token::Symbol("!=") => Operator::NotEquals,
            Token::Symbol(">") => Operator::GreaterThan,
            Token::Symbol("<") => Operator::LessThan,
            other => return Err(format!("found '{}', expected: in, notin, =, ==, !=, gt, lt", other.text())),
        })
    }

    /// `(a,b)`: sorted, each once. A missing value is an empty one.
    fn values(&mut self) -> Result<Vec<String>, String> {
        let open = self.take();
        if open != Token::Symbol("(") {
            return Err(format!("found '{}' expected: '('", open.text()));
        }
        match self.look() {
            Token::Word(_) | Token::Symbol(",") => {
                let values = self.listed_values()?;
                // The list ends only in front of its closing parenthesis.
                self.take();
                Ok(values.into_iter().map(str::to_owned).collect())
            }
            Token::Symbol(")") => {
                self.take();
                Ok(vec![String::new()])
            }
            other => Err(format!("found '{}', expected: ',', ')' or identifier", other.text())),
        }
    }

    fn listed_values(&mut self) -> Result<BTreeSet<&'a str>, String> {
        let mut values = BTreeSet::new();
        loop {
            match self.take() {
                Token::Word(value) => {
                    values.insert(value);
                    match self.look() {
                        Token::Symbol(",") => {}
                        Token::Symbol(")") => return Ok(values),
                        other => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
                    }
                }
                Token::Symbol(",") => {
                    if values.is_empty() {
                        values.insert("");
                    }
                    match self.look() {
                        Token::Symbol(")") => {
                            values.insert("");
                            return Ok(values);
                        }
                        Token::Symbol(",") => {
                            values.insert("");
                        }
                        _ => {}
                    }
                }
                other => return Err(format!("found '{}', expected: ',', or identifier", other.text())),
            }
        }
    }

    fn exact_value(&mut self) -> Result<String, String> {
        if matches!(self.look(), Token::End | Token::Symbol(",")) {
            return Ok(String::new());
        }
        match self.take() {
            Token::Word(value) => Ok(value.to_owned()),
            other => Err(format!("found '{}', expected: identifier", other.text())),
        }
    }
}

const NAME_MAX: usize = 63;
const SUBDOMAIN_MAX: usize = 253;

/// What is wrong with a label's key (`content.IsLabelKey`); empty if nothing is.
pub fn label_key_errors(key: &str) -> Vec<String> {
    const SHAPE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character \
         (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let mut errors = Vec::new();
    let parts: Vec<&str> = key.split('/').collect();
    let name = match parts[..] {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                errors.push("prefix part must be non-empty".to_owned());
            } else {
                errors.extend(subdomain_errors(prefix).into_iter().map(|why| format!("prefix part {why}")));
            }
            name
        }
        _ => {
            return vec![format!("a valid label key {SHAPE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    } else if name.len() > NAME_MAX {
        errors.push(format!("name part must be no more than {NAME_MAX} bytes"));
    }
    if !is_label_name(name) {
        errors.push(format!("name part {SHAPE}"));
    }
    errors
}

/// What is wrong with a label's value (`content.IsLabelValue`); empty if nothing is.
pub fn label_value_errors(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > NAME_MAX {
        errors.push(format!("must be no more than {NAME_MAX} bytes"));
    }
    if !value.is_empty() && !is_label_name(value) {
        errors.push(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
             alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is \
             '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                .to_owned(),
        );
    }
    errors
}

fn is_label_name(name: &str) -> bool {
    let ends_well = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    ends_well(name.chars().next())
        && ends_well(name.chars().next_back())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// `IsDNS1123Subdomain`, for the prefix of a label's key.
fn subdomain_errors(name: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if name.len() > SUBDOMAIN_MAX {
        errors.push(format!("must be no more than {SUBDOMAIN_MAX} bytes"));
    }
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_label = |label: &str| label.starts_with(lower) && label.ends_with(lower) && label.chars().all(|c| lower(c) || c == '-');
    if !name.split('.').all(is_label) {
        errors.push(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an \
             alphanumeric character (e.g. 'example.com', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                .to_owned(),
        );
    }
    errors
}

/// `json.Marshal` of a string slice, which is null when it was never made.
fn json_strings(values: &[String]) -> String {
    if values.is_empty() {
        return "null".to_owned();
    }
    let text = Value::from(values.to_vec()).to_string();
    // Go escapes what could end a script element.
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(text: &str, expected: Result<&str, &str>) {
        let found = Selector::parse(text).map(|s| s.to_string());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
    }

    #[test]
    fn text_parses_to_its_canonical_form() {
        check("", Ok(""));
        check(" b = 1 , a in (z, y,y) ,!c", Ok("a in (y,z),b=1,!c"));
        check("in in (in,notin)", Ok("in in (in,notin)"));
        check("a in (,),x notin ()", Ok("a in (),x notin ()"));
        check("a>1,b<2,c!=,d==v", Ok("a>1,b<2,c!=,d==v"));
        check("a,", Err("found '', expected: identifier after ','"));
        check("!", Err("unable to parse requirement: found '', expected: identifier"));
        check("!a=b", Err("found '=', expected: ',' or 'end of string'"));
        check("a in (b", Err("unable to parse requirement: found '', expected: ',' or ')'"));
        check("a in", Err("unable to parse requirement: found '' expected: '('"));
        check("a b", Err("unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"));
        assert!(Selector::parse("é/ü/x=1").is_err() && Selector::parse("a\0b").is_err());
    }

    #[test]
    fn labels_match() {
        let labels = json!({"app": "web", "n": "5"});
        for text in ["app", "app=web", "app in (web,api)", "!tier", "tier!=x", "tier notin (x)", "n>4", "n<6", ""] {
            assert!(Selector::parse(text).expect(text).matches(&labels), "{text}");
        }
        for text in ["!app", "app=api", "app notin (web)", "tier", "n>5", "app>1", "app=web,tier"] {
            assert!(!Selector::parse(text).expect(text).matches(&labels), "{text}");
        }
        assert!(!Selector::from_label_selector(&Value::Null).expect("null is a selector").matches(&labels));
        assert!(Selector::from_label_selector(&json!({})).expect("so is an empty one").matches(&labels));
        assert!(Selector::from_map([("app", "web")]).matches(&labels));
    }
}
