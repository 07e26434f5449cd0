//! How much of a node a pod is sure of. Mirrors `ComputePodQOS` of `pkg/apis/core/v1/helper/qos/qos.go`, v1.36; kubectl has a copy.

use crate::api::quantity::Quantity;
use serde_json::Value;
use std::collections::BTreeMap;

/// The resources that count.
const COUNTED: [&str; 2] = ["cpu", "memory"];

/// `Guaranteed` if each container limits CPU and memory and asks for just as much, `BestEffort` if nobody asks for or limits anything,
/// `Burstable` otherwise. What is written for the pod as a whole counts instead of what its containers say.
pub fn class(spec: &Value) -> &'static str {
    let own = &spec["resources"];
    let containers = ["containers", "initContainers"].iter().flat_map(|list| spec[*list].as_array().into_iter().flatten());
    let parts: Vec<&Value> = if own.is_object() { vec![own] } else { containers.map(|container| &container["resources"]).collect() };
    let (mut requests, mut limits) = (Sum::new(), Sum::new());
    let mut guaranteed = true;
    for part in parts {
        add(&mut requests, &part["requests"]);
        let limited = add(&mut limits, &part["limits"]);
        // A pod that only asks is found out below.
        guaranteed &= limited == COUNTED.len() || own.is_object() && limited == 0;
    }
    match guaranteed && requests == limits {
        _ if requests.is_empty() && limits.is_empty() => "BestEffort",
        true => "Guaranteed",
        false => "Burstable",
    }
}

type Sum = BTreeMap<&'static str, Quantity>;

/// Adds what is more than nothing; answers how many resources that were.
fn add(sum: &mut Sum, list: &Value) -> usize {
    let amounts = COUNTED.iter().filter_map(|name| {
        let amount = Quantity::from_value(&list[*name]).and_then(Result::ok).filter(|amount| amount.sign() > 0)?;
        Some((*name, amount))
    });
    amounts.fold(0, |count, (name, amount)| {
        let more = sum.get(name).map_or(amount.clone(), |before| before.add(&amount));
        sum.insert(name, more);
        count + 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(spec: Value, expected: &str) {
        assert_eq!(class(&spec), expected, "{spec}");
    }

    /// A container with these requests and limits of CPU and memory; none for an empty text.
    fn container(requests: [&str; 2], limits: [&str; 2]) -> Value {
        let list = |amounts: [&str; 2]| {
            let given = COUNTED.iter().zip(amounts).filter(|(_, amount)| !amount.is_empty());
            Value::Object(given.map(|(name, amount)| ((*name).to_owned(), Value::from(amount))).collect())
        };
        json!({"resources": {"requests": list(requests), "limits": list(limits)}})
    }

    #[test]
    fn of_containers() {
        let (none, full) = (container(["", ""], ["", ""]), container(["1", "1Gi"], ["1000m", "1024Mi"]));
        check(json!({"containers": [none]}), "BestEffort");
        check(json!({"containers": [{"resources": {"requests": {"ephemeral-storage": "1Gi"}}}]}), "BestEffort");
        check(json!({"containers": [container(["0", ""], ["", ""])]}), "BestEffort");
        check(json!({"containers": [full]}), "Guaranteed");
        check(json!({"containers": [full, container(["2", "2Gi"], ["2", "2Gi"])], "initContainers": [full]}), "Guaranteed");
        check(json!({"containers": [full, none]}), "Burstable");
        check(json!({"containers": [full], "initContainers": [none]}), "Burstable");
        check(json!({"containers": [container(["1", "1Gi"], ["2", "1Gi"])]}), "Burstable");
        check(json!({"containers": [container(["0", "1Gi"], ["1", "1Gi"])]}), "Burstable");
        check(json!({"containers": [container(["1", ""], ["1", ""])]}), "Burstable");
        check(json!({"containers": [container(["", "1Gi"], ["", ""])]}), "Burstable");
    }

    #[test]
    fn of_pods() {
        let pod = |resources: Value, container: Value| json!({"resources": resources, "containers": [container]});
        let none = json!({});
        check(pod(json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}), none.clone()), "Guaranteed");
        check(pod(json!({"requests": {"cpu": "1", "memory": "1Gi"}}), none), "Burstable");
        check(pod(json!({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}), container(["1", "1Gi"], ["1", "1Gi"])), "Burstable");
    }
}
