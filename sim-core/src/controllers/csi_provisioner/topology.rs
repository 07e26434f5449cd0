//! Where a new volume can be used. Mirrors `external-provisioner`, `pkg/controller/topology.go` (GenerateAccessibilityRequirements), v6; the
//! driver takes the first of the topologies that it is asked for.

use crate::api::meta::{Str, StrMap};
use crate::api::object::Kind;
use crate::api::storage::{Claim, Class};
use crate::client::view::View;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The label by which a volume's place is told, unless the class names others.
const ZONE: &str = "topology.kubernetes.io/zone";

/// A place: labels and their values.
type Place = BTreeMap<String, String>;

/// The node affinity of a new volume; `None` if it can be used everywhere.
pub(super) fn of_new_volume(view: &View, claim: Claim<'_>, class: Class<'_>) -> Option<Value> {
    if class.record.body["parameters"]["zonal"] == "false" {
        return None;
    }
    let allowed = allowed_places(class.allowed_topologies());
    let place = match claim.selected_node().and_then(|name| view.node_named(name)) {
        // The pod's node decides.
        Some((_, node)) => place_of(&node.meta.labels, &keys(&allowed))?,
        None => {
            let places = if allowed.is_empty() { zones(view) } else { allowed };
            let (hash, index) = spread(&claim.meta().name);
            let at = (u64::from(hash) + u64::from(index)) % (places.len() as u64).max(1);
            places.into_iter().nth(at as usize)?
        }
    };
    let expressions: Vec<Value> = place.into_iter().map(|(key, value)| json!({"key": key, "operator": "In", "values": [value]})).collect();
    Some(json!({"required": {"nodeSelectorTerms": [{"matchExpressions": expressions}]}}))
}

/// Each combination of the values that a class allows, sorted.
fn allowed_places(terms: &Value) -> Vec<Place> {
    let mut all = Vec::new();
    for term in terms.as_array().into_iter().flatten() {
        let mut places = vec![Place::new()];
        for expression in term["matchLabelExpressions"].as_array().into_iter().flatten() {
            let key = expression["key"].as_str().unwrap_or_default();
            let values = || expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let with = |place: &Place, value: &str| {
                let mut place = place.clone();
                place.insert(key.to_owned(), value.to_owned());
                place
            };
            places = places.iter().flat_map(|place| values().map(move |value| with(place, value))).collect();
        }
        all.extend(places.into_iter().filter(|place| !place.is_empty()));
    }
    all.sort();
    all.dedup();
    all
}

fn keys(allowed: &[Place]) -> Vec<String> {
    let mut keys: Vec<String> = allowed.iter().flat_map(BTreeMap::keys).cloned().collect();
    keys.sort();
    keys.dedup();
    if keys.is_empty() { vec![ZONE.to_owned()] } else { keys }
}

/// Where a node is, by these labels; `None` if it has none of them.
fn place_of(labels: &StrMap, keys: &[String]) -> Option<Place> {
    let place: Place = keys.iter().filter_map(|key| Some((key.clone(), labels.get(key).map(Str::to_string)?))).collect();
    (!place.is_empty()).then_some(place)
}

/// The zones that nodes are in, sorted.
fn zones(view: &View) -> Vec<Place> {
    let nodes = view.list(Kind::Node, None).filter_map(|(_, object)| object.as_node());
    let mut zones: Vec<Place> = nodes.filter_map(|node| place_of(&node.meta.labels, &[ZONE.to_owned()])).collect();
    zones.sort();
    zones.dedup();
    zones
}

/// Which place comes first: by the claim's name, so that the claims of a StatefulSet go to one place after the other.
/// `getPVCNameHashAndIndexOffset`; the hash is FNV-1.
fn spread(claim: &str) -> (u32, u32) {
    let (base, index) = match claim.rsplit_once('-').map(|(base, number)| (base, number.parse::<u32>())) {
        Some((base, Ok(number))) => (base, number),
        _ => (claim, 0),
    };
    let hash = base.bytes().fold(0x811c_9dc5_u32, |hash, byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte));
    (hash, index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_of_a_stateful_set_follow_one_another() {
        let (first, zero) = spread("data-web-0");
        assert_eq!((spread("data-web-1"), zero), ((first, 1), 0));
        assert_ne!(spread("data-db-0").0, first);
        assert_eq!(spread("data").1, 0);
    }

    #[test]
    fn allowed_topologies_are_combined() {
        let terms = json!([{"matchLabelExpressions": [{"key": "zone", "values": ["b", "a"]}, {"key": "rack", "values": ["1"]}]}]);
        let places = allowed_places(&terms);
        let shown: Vec<String> = places.iter().map(|place| format!("{}{}", place["zone"], place["rack"])).collect();
        assert_eq!(shown, ["a1", "b1"]);
        assert_eq!(keys(&places), ["rack", "zone"]);
        assert!(allowed_places(&Value::Null).is_empty());
    }
}
