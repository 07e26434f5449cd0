//! Who a pod of a StatefulSet is: `<set>-<ordinal>`, and how that pod is made. Mirrors the identity functions of
//! `pkg/controller/statefulset/stateful_set_utils.go`, v1.36.

use super::{Update, claims};
use crate::api::meta::{Meta, Str};
use crate::api::object::Kind;
use crate::api::pod::{Pod, PodSpec, PodStatus, PodTemplate};
use crate::api::stateful_set::{StatefulSet, StatefulUpdate};
use crate::controllers::deployment::controller_reference;
use crate::controllers::history::template_of;
use std::sync::Arc;

/// The label with the pod's own name.
const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
/// The label with its ordinal.
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";
/// The label with the name of its revision.
const REVISION: &str = "controller-revision-hash";

/// The set and the ordinal that a pod's name speaks of. `web-db-2`: `web-db` and 2. An ordinal that no number of 32 bits holds is none.
pub fn parse(pod: &str) -> Option<(&str, i32)> {
    let (parent, digits) = pod.rsplit_once('-')?;
    let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| numeric).map(|ordinal| (parent, ordinal))
}

/// Whether a pod is called like one of the set's, whatever comes after the last dash as long as it is digits.
pub fn is_member(set: &str, pod: &str) -> bool {
    pod.rsplit_once('-').is_some_and(|(parent, digits)| parent == set && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// The ordinal of one of the set's pods.
pub fn ordinal(pod: &Pod) -> Option<i32> {
    parse(&pod.meta.name).map(|(_, ordinal)| ordinal)
}

/// The name of a pod's revision.
pub fn revision(pod: &Pod) -> Option<&Str> {
    pod.meta.labels.get(REVISION)
}

/// Whether a pod's name and the label of it are as they should be. `identityMatches`.
pub fn matches(set: &StatefulSet, pod: &Pod) -> bool {
    let own = parse(&pod.meta.name)
        .is_some_and(|(parent, ordinal)| set.meta.name == parent && pod.meta.name == format!("{parent}-{ordinal}").as_str());
    own && pod.meta.labels.get(POD_NAME) == Some(&pod.meta.name)
}

/// A pod's metadata with the labels of its identity.
pub fn labelled(meta: &Meta, ordinal: i32) -> Meta {
    let mut meta = meta.clone();
    meta.labels.set(POD_NAME, meta.name.clone());
    meta.labels.set(POD_INDEX, ordinal.to_string());
    meta
}

impl Update<'_> {
    /// The revision that a new pod is made from. While an update is held by a partition, the pods before it come back as they were:
    /// with partition 2 and ordinals from 0, those of 0 and 1. `newVersionedStatefulSetPod`.
    pub(super) fn is_old(&self, ordinal: i32) -> bool {
        match self.set.spec.update {
            StatefulUpdate::OnDelete => false,
            StatefulUpdate::RollingUpdate { partition } => {
                let kept = partition.unwrap_or(self.set.status.current_replicas);
                i64::from(ordinal) < i64::from(self.set.spec.start) + i64::from(kept)
            }
        }
    }

    /// The name of the revision that a new pod is made from.
    pub(super) fn revision_for(&self, ordinal: i32) -> &Str {
        let revisions = &self.revisions;
        if self.is_old(ordinal) { revisions.current.name() } else { revisions.update.name() }
    }

    /// A new pod. `newStatefulSetPod`.
    pub(super) fn new_pod(&self, ordinal: i32) -> Pod {
        let (set, revisions) = (self.set, &self.revisions);
        let old = self.is_old(ordinal) && revisions.current.name() != revisions.update.name();
        let remembered = old.then(|| template_of(&revisions.current.revision.data));
        let template = remembered.as_ref().unwrap_or(&set.spec.template);
        let name = Str::from(format!("{}-{ordinal}", set.meta.name));
        let mut labels = template.labels.clone();
        labels.set(REVISION, self.revision_for(ordinal).clone());
        let meta = Meta {
            generate_name: Str::from(format!("{}-", set.meta.name)),
            name: name.clone(),
            namespace: set.meta.namespace.clone(),
            labels,
            annotations: template.annotations.clone(),
            owners: Some(Arc::new(vec![controller_reference(Kind::StatefulSet, &set.meta)])),
            ..Meta::default()
        };
        Pod {
            meta: labelled(&meta, ordinal),
            spec: Arc::new(own_spec(set, template, &name, ordinal)),
            target: Str::EMPTY,
            node_name: template.spec.node_name.clone(),
            status: PodStatus::default(),
        }
    }
}

/// The template's specification with what is the pod's own: its host name, its subdomain, its claims. `initIdentity` and `updateStorage`.
fn own_spec(set: &StatefulSet, template: &PodTemplate, name: &Str, ordinal: i32) -> PodSpec {
    let mut tree = template.spec.tree.clone();
    tree["hostname"] = name.as_str().into();
    if !set.spec.service_name.is_empty() {
        tree["subdomain"] = set.spec.service_name.as_str().into();
    }
    claims::mount(set, &mut tree, ordinal);
    PodSpec::from_tree(&tree)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_set_and_ordinal() {
        assert_eq!(parse("web-db-2"), Some(("web-db", 2)));
        assert_eq!((parse("web"), parse("web-"), parse("web-x"), parse("web-99999999999")), (None, None, None, None));
        assert!(is_member("web", "web-0") && is_member("web", "web-99999999999"));
        assert!(!is_member("web", "web-db-0") && !is_member("web", "web-0x"));
    }
}
