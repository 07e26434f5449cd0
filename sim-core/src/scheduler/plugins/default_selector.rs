//! Which pods count as siblings if a pod has no spread constraints of its own. Mirrors `plugins/helper/spread.go`, v1.36.

use crate::api::meta::StrMap;
use crate::api::selector::Selector;

/// What all Services of the pod's namespace that select it, and the ReplicaSet or StatefulSet that owns it, select together.
/// `None` if there is neither: such pods aren't spread.
pub fn default_selector<'a>(labels: &StrMap, services: impl Iterator<Item = &'a StrMap>, owner: Option<&Selector>) -> Option<Selector> {
    let mut merged = StrMap::default();
    for selector in services.filter(|selector| !selector.is_empty() && labels.contains_all(selector)) {
        selector.iter().for_each(|(key, value)| merged.set(key.clone(), value.clone()));
    }
    let own = Selector::from_map(merged.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    let all = own.requirements().iter().chain(owner.map_or(&[][..], Selector::requirements));
    let mut requirements: Vec<_> = Vec::new();
    for requirement in all {
        // A Service and a ReplicaSet often ask for the same label.
        if !requirements.contains(requirement) {
            requirements.push(requirement.clone());
        }
    }
    let selector = Selector::new(requirements);
    (!selector.is_empty()).then_some(selector)
}
