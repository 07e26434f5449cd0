//! Terms of a node selector: which nodes a pod or a volume wants. Mirrors `component-helpers/scheduling/corev1/nodeaffinity`, v1.36.

use crate::api::meta::{Str, StrMap};
use crate::api::selector::{Operator, Requirement};
use serde_json::Value;

/// Requirements that must all hold. An empty term matches nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Term {
    labels: Vec<Requirement>,
    /// `metadata.name` in, or not in, these.
    names: Vec<(bool, Vec<String>)>,
    /// It can't be compiled; validation has refused it before.
    broken: bool,
}

impl Term {
    /// Compiles a `NodeSelectorTerm`.
    pub fn from_tree(tree: &Value) -> Term {
        let list = |field: &str| tree[field].as_array().map_or(&[][..], |list| list);
        let mut term = Term::default();
        for expression in list("matchExpressions") {
            let operator = match expression["operator"].as_str().unwrap_or_default() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                "Gt" => Operator::GreaterThan,
                "Lt" => Operator::LessThan,
                _ => {
                    term.broken = true;
                    continue;
                }
            };
            match Requirement::new(expression["key"].as_str().unwrap_or_default(), operator, strings(&expression["values"])) {
                Ok(requirement) => term.labels.push(requirement),
                Err(_) => term.broken = true,
            }
        }
        for field in list("matchFields") {
            term.names.push((field["operator"] == "In", strings(&field["values"])));
        }
        term
    }

    /// Whether a node of this name with these labels has what the term asks for.
    pub fn matches(&self, name: &str, labels: &StrMap) -> bool {
        let named = |(within, names): &(bool, Vec<String>)| names.iter().any(|own| own == name) == *within;
        let empty = self.labels.is_empty() && self.names.is_empty();
        !self.broken && !empty && self.labels.iter().all(|r| r.matches(labels)) && self.names.iter().all(named)
    }

    /// What it says of `metadata.name`: whether it must be one of these, or must not.
    pub fn names(&self) -> &[(bool, Vec<String>)] {
        &self.names
    }
}

fn strings(tree: &Value) -> Vec<String> {
    tree.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether a node's labels are among the topologies that a StorageClass allows; none given: all are.
/// `pkg/apis/core/v1/helper/helpers.go`, MatchTopologySelectorTerms.
pub fn is_allowed_topology(terms: &Value, labels: &StrMap) -> bool {
    let Some(terms) = terms.as_array().filter(|terms| !terms.is_empty()) else { return true };
    let holds = |expression: &Value| {
        let own = labels.get(expression["key"].as_str().unwrap_or_default()).map(Str::as_str);
        own.is_some_and(|own| expression["values"].as_array().into_iter().flatten().any(|value| value == own))
    };
    terms.iter().any(|term| {
        let expressions = term["matchLabelExpressions"].as_array().map_or(&[][..], |all| all);
        !expressions.is_empty() && expressions.iter().all(holds)
    })
}
