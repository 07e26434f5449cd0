//! Which volume suits a claim best: used by the controller that binds, and by the scheduler for claims that wait for a pod.
//! Mirrors `FindMatchingVolume` in `k8s.io/component-helpers/storage/volume/pv_helpers.go`, and
//! `pkg/controller/volume/persistentvolume/index.go`, v1.36.

use super::{Claim, Volume};
use crate::api::meta::StrMap;
use crate::api::selector::Selector;

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// The controller, for a claim that is bound at once.
    AtOnce,
    /// The controller, for a claim that waits for a pod: only volumes that are kept for it count.
    Later,
    /// The scheduler, for a node with these labels.
    OnNode(&'a StrMap),
}

/// The volume that suits a claim: one that is kept for it, else the smallest that is large enough.
///
/// The controller looks at volumes with exactly the wanted access modes first, then at those with more: a claim of 1Gi gets a volume of 10Gi
/// that can only be written by one node before one of 2Gi that others can read too. The scheduler only asks that the modes be there.
pub fn find_matching_volume<'a>(
    claim: Claim<'_>,
    volumes: impl Iterator<Item = Volume<'a>>,
    wanted: Wanted<'_>,
    is_taken: impl Fn(Volume<'_>) -> bool,
) -> Option<Volume<'a>> {
    let modes = claim.access_modes();
    let has_modes = |volume: &Volume<'a>| {
        let own = volume.access_modes();
        modes.iter().all(|mode| own.contains(mode))
    };
    let suits = |volume: Volume<'_>| match wanted {
        Wanted::OnNode(labels) => volume.suits_node(labels),
        Wanted::AtOnce | Wanted::Later => true,
    };
    let requested = claim.requested();
    let candidates: Vec<Volume<'a>> = volumes
        .filter(|volume| (!volume.has_claim() || volume.is_bound_to(claim)) && !is_taken(*volume))
        .filter(|volume| volume.capacity() >= requested && volume.mode() == claim.mode() && volume.meta().deletion.is_none())
        .collect();
    let is_scheduler = matches!(wanted, Wanted::OnNode(_));
    if is_scheduler {
        if let Some(kept) = candidates.iter().find(|volume| volume.is_bound_to(claim)) {
            return suits(*kept).then_some(*kept);
        }
        return smallest(claim, candidates.into_iter().filter(has_modes).filter(|volume| suits(*volume)));
    }
    // Sets of access modes, the smallest first; of equally large ones the order is a map's in the original, the alphabet's here.
    let mut sets: Vec<Vec<&str>> = candidates.iter().filter(|volume| has_modes(volume)).map(|volume| sorted(*volume)).collect();
    sets.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    sets.dedup();
    sets.into_iter().find_map(|set| {
        let of_set = || candidates.iter().copied().filter(|volume| sorted(*volume) == set);
        let kept = of_set().find(|volume| volume.is_bound_to(claim));
        kept.or_else(|| if matches!(wanted, Wanted::AtOnce) { smallest(claim, of_set()) } else { None })
    })
}

fn sorted<'a>(volume: Volume<'a>) -> Vec<&'a str> {
    let mut modes = volume.access_modes();
    modes.sort_unstable();
    modes.dedup();
    modes
}

/// The smallest of those that are available, of the claim's class, and have the labels that it selects; the first of equal ones.
fn smallest<'a>(claim: Claim<'_>, volumes: impl Iterator<Item = Volume<'a>>) -> Option<Volume<'a>> {
    let tree = &claim.record.body["spec"]["selector"];
    let selector = if tree.is_null() { None } else { Some(Selector::from_label_selector(tree).ok()?) };
    volumes
        .filter(|volume| volume.phase() == "Available" && volume.class() == claim.class())
        .filter(|volume| selector.as_ref().is_none_or(|selector| selector.matches(&volume.meta().labels)))
        .min_by(|a, b| a.capacity().cmp(&b.capacity()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::Meta;
    use crate::api::object::{Kind, Object};
    use crate::api::patch::merge;
    use crate::api::record::Record;
    use serde_json::{Value, json};

    fn object(kind: Kind, tree: &Value) -> Object {
        let meta = Meta { uid: crate::api::meta::Uid(7), ..Meta::from_tree(tree) };
        Record { kind, meta, body: Record::body_of(tree, None) }.into()
    }

    fn volume(name: &str, size: &str, modes: &[&str], more: Value) -> Object {
        let mut tree = json!({"metadata": {"name": name}, "status": {"phase": "Available"},
            "spec": {"capacity": {"storage": size}, "accessModes": modes, "storageClassName": "st"}});
        tree = merge(&tree, &more);
        object(Kind::PersistentVolume, &tree)
    }

    /// Which volume a claim of this size and these modes gets.
    #[track_caller]
    fn check(size: &str, modes: &[&str], more: Value, wanted: Wanted<'_>, expected: Option<&str>) {
        let on = |node: &str| {
            json!({"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "host", "operator": "In", "values": [node]}]}]}}}})
        };
        let volumes = [
            volume("big", "20Gi", &["ReadWriteOnce"], json!({})),
            volume("small-shared", "2Gi", &["ReadWriteOnce", "ReadOnlyMany"], json!({})),
            volume("labelled", "5Gi", &["ReadWriteOnce"], json!({"metadata": {"labels": {"disk": "fast"}}})),
            volume("block", "1Gi", &["ReadWriteOnce"], json!({"spec": {"volumeMode": "Block"}})),
            volume("released", "3Gi", &["ReadWriteOnce"], json!({"status": {"phase": "Released"}})),
            volume("kept", "9Gi", &["ReadWriteMany"], json!({"spec": {"claimRef": {"namespace": "default", "name": "kept-for"}}})),
            volume("on-a", "4Gi", &["ReadWriteOnce"], on("a")),
            volume("classless", "1Gi", &["ReadWriteOnce"], json!({"spec": {"storageClassName": ""}})),
        ];
        let mut tree = json!({"metadata": {"name": "c", "namespace": "default"},
            "spec": {"accessModes": modes, "storageClassName": "st", "resources": {"requests": {"storage": size}}}});
        tree = merge(&tree, &more);
        let claim = object(Kind::PersistentVolumeClaim, &tree);
        let claim = Claim::of(&claim).expect("it is a claim");
        let found = find_matching_volume(claim, volumes.iter().filter_map(Volume::of), wanted, |_| false);
        assert_eq!(found.map(|volume| volume.meta().name.as_str()), expected);
    }

    #[test]
    fn exact_modes_first_then_the_smallest() {
        let (once, at_once) = (&["ReadWriteOnce"][..], Wanted::AtOnce);
        check("1Gi", once, json!({}), at_once, Some("on-a"));
        check("5Gi", once, json!({}), at_once, Some("labelled"));
        check("6Gi", once, json!({}), at_once, Some("big"));
        check("21Gi", once, json!({}), at_once, None);
        check("1Gi", &["ReadOnlyMany"], json!({}), at_once, Some("small-shared"));
        check("1Gi", once, json!({"spec": {"selector": {"matchLabels": {"disk": "fast"}}}}), at_once, Some("labelled"));
        check("1Gi", once, json!({"spec": {"volumeMode": "Block"}}), at_once, Some("block"));
        check("1Gi", once, json!({"spec": {"storageClassName": ""}}), at_once, Some("classless"));
        check("1Gi", once, json!({"spec": {"storageClassName": "other"}}), at_once, None);
    }

    #[test]
    fn what_is_kept_for_a_claim_goes_before_all_and_waits_for_nobody() {
        let kept_for = json!({"metadata": {"name": "kept-for"}});
        check("1Gi", &["ReadWriteMany"], kept_for.clone(), Wanted::AtOnce, Some("kept"));
        check("1Gi", &["ReadWriteMany"], kept_for.clone(), Wanted::Later, Some("kept"));
        check("10Gi", &["ReadWriteMany"], kept_for, Wanted::AtOnce, None);
        check("1Gi", &["ReadWriteMany"], json!({}), Wanted::AtOnce, None);
        check("1Gi", &["ReadWriteOnce"], json!({}), Wanted::Later, None);
    }

    #[test]
    fn the_scheduler_asks_for_a_node() {
        let labels = |host: &str| StrMap::from_tree(Some(&json!({"host": host})));
        check("1Gi", &["ReadWriteOnce"], json!({}), Wanted::OnNode(&labels("a")), Some("small-shared"));
        check("3Gi", &["ReadWriteOnce"], json!({}), Wanted::OnNode(&labels("a")), Some("on-a"));
        check("3Gi", &["ReadWriteOnce"], json!({}), Wanted::OnNode(&labels("b")), Some("labelled"));
    }
}
