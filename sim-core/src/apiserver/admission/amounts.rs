//! Lists of resources with their quantities, and what a pod asks for and may use in all.
//! Mirrors `staging/src/k8s.io/component-helpers/resource/helpers.go` and `staging/src/k8s.io/apiserver/pkg/quota/v1/resources.go`, v1.36.

use crate::api::quantity::{Format, Quantity};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Quantities by resource name.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Amounts(pub BTreeMap<String, Quantity>);

impl Amounts {
    /// Reads `{"cpu": "1", …}`; what can't be read was refused before.
    pub fn from_tree(tree: &Value) -> Amounts {
        let pairs = tree.as_object().into_iter().flatten();
        Amounts(pairs.filter_map(|(name, value)| Some((name.clone(), Quantity::from_value(value)?.ok()?))).collect())
    }

    /// As a tree.
    pub fn to_tree(&self) -> Value {
        Value::Object(self.0.iter().map(|(name, amount)| (name.clone(), Value::from(amount.to_string()))).collect::<Map<_, _>>())
    }

    /// Of one resource.
    pub fn get(&self, name: &str) -> Option<&Quantity> {
        self.0.get(name)
    }

    /// Counts `number` of something.
    pub fn count(&mut self, name: impl Into<String>, number: i64) {
        self.0.insert(name.into(), Quantity::from_i64(number, Format::DecimalSi));
    }

    /// Adds what the other has.
    pub fn add(&mut self, other: &Amounts) {
        for (name, amount) in &other.0 {
            let sum = self.0.get(name).map_or_else(|| amount.clone(), |own| own.add(amount));
            self.0.insert(name.clone(), sum);
        }
    }

    /// Takes the other's where it is more.
    pub fn raise_to(&mut self, other: &Amounts) {
        for (name, amount) in &other.0 {
            if self.0.get(name).is_none_or(|own| own < amount) {
                self.0.insert(name.clone(), amount.clone());
            }
        }
    }

    /// Takes away what the other has; nothing falls below zero.
    pub fn subtract(&mut self, other: &Amounts) {
        for (name, amount) in &mut self.0 {
            if let Some(less) = other.0.get(name) {
                let left = amount.sub(less);
                *amount = if left.sign() < 0 { Quantity::from_i64(0, amount.format()) } else { left };
            }
        }
    }

    /// Only these resources.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(&str) -> bool) -> Amounts {
        Amounts(self.0.iter().filter(|(name, _)| wanted(name)).map(|(name, amount)| (name.clone(), amount.clone())).collect())
    }

    /// `cpu=1,pods=3`
    pub fn pretty(&self) -> String {
        self.0.iter().map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>().join(",")
    }
}

/// What a pod's containers ask for (`"requests"`) or may use (`"limits"`) in all: those that run side by side together, or the most that an
/// init container needs beside the sidecars started before it, if that is more.
pub fn of_pod(spec: &Value, what: &str) -> Amounts {
    let list = |field: &str| spec[field].as_array().map_or(&[][..], Vec::as_slice).iter();
    let of = |container: &Value| Amounts::from_tree(&container["resources"][what]);
    let mut total = Amounts::default();
    list("containers").for_each(|container| total.add(&of(container)));
    let (mut sidecars, mut peak) = (Amounts::default(), Amounts::default());
    for container in list("initContainers") {
        let mut here = of(container);
        if container["restartPolicy"] == "Always" {
            sidecars.add(&here);
            here = sidecars.clone();
        } else {
            here.add(&sidecars);
        }
        peak.raise_to(&here);
    }
    total.add(&sidecars);
    total.raise_to(&peak);
    let overhead = Amounts::from_tree(&spec["overhead"]);
    // A limit that nobody set isn't made by overhead.
    total.add(&if what == "requests" { overhead } else { overhead.only(|name| total.get(name).is_some()) });
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_needs_its_containers_or_its_hungriest_init_container() {
        let asks = |cpu: &str| json!({"requests": {"cpu": cpu}});
        let spec = json!({
            "containers": [{"resources": asks("100m")}, {"resources": asks("200m")}],
            "initContainers": [{"resources": asks("50m"), "restartPolicy": "Always"}, {"resources": asks("1")}],
            "overhead": {"cpu": "10m", "memory": "1Mi"},
        });
        assert_eq!(of_pod(&spec, "requests").pretty(), "cpu=1060m,memory=1Mi");
        assert_eq!(of_pod(&spec, "limits").pretty(), "");
    }
}
