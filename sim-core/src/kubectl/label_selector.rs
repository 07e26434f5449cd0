//! The text of a label selector as the object that manifests have. Mirrors `ParseToLabelSelector` of
//! `staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go`, v1.36.

use serde_json::{Map, Value, json};

use super::failure::{Answer, Failure};
use crate::api::quote::quote;
use crate::api::selector::{Operator, Selector};

/// `app=web,tier in (a,b)` as `matchLabels` and `matchExpressions`.
///
/// # Errors
/// What can't be read, and operators that objects can't have.
pub fn parsed(text: &str) -> Answer<Value> {
    let selector = Selector::parse(text).map_err(|why| Failure::Plain(format!("couldn't parse the selector string \"{text}\": {why}")))?;
    let (mut labels, mut expressions) = (Map::new(), Vec::new());
    for requirement in selector.requirements() {
        let operator = match requirement.operator() {
            Operator::Equals | Operator::DoubleEquals => {
                let value = requirement.values().first().map_or("", String::as_str);
                labels.insert(requirement.key().to_owned(), Value::from(value));
                continue;
            }
            Operator::In => "In",
            Operator::NotIn => "NotIn",
            Operator::Exists => "Exists",
            Operator::DoesNotExist => "DoesNotExist",
            Operator::NotEquals => return Err(Failure::Plain(format!("{} is not a valid label selector operator", quote("!=")))),
            Operator::GreaterThan => return Err(Failure::plain("\"gt\" isn't supported in label selectors")),
            Operator::LessThan => return Err(Failure::plain("\"lt\" isn't supported in label selectors")),
        };
        let mut expression = json!({"key": requirement.key(), "operator": operator});
        let mut values = requirement.values().to_vec();
        values.sort_unstable();
        if !values.is_empty() {
            expression["values"] = json!(values);
        }
        expressions.push(expression);
    }
    let mut object = Map::new();
    if !expressions.is_empty() {
        object.insert("matchExpressions".into(), Value::Array(expressions));
    }
    if !labels.is_empty() {
        object.insert("matchLabels".into(), Value::Object(labels));
    }
    Ok(Value::Object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Value, &str>) {
        assert_eq!(parsed(text).map_err(|failure| failure.message()), expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn selectors() {
        check("a=b,c==d", Ok(json!({"matchLabels": {"a": "b", "c": "d"}})));
        let expressions = json!({"matchExpressions": [
            {"key": "a", "operator": "In", "values": ["x", "y"]}, {"key": "b", "operator": "DoesNotExist"}]});
        check("a in (y,x),!b", Ok(expressions));
        check("a!=b", Err("\"!=\" is not a valid label selector operator"));
        check("a>1", Err("\"gt\" isn't supported in label selectors"));
    }
}
