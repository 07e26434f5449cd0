//! What the kubelets knew when. A container keeps the variables that it started with, and a volume shows what its pod's last sync found:
//! both are looked up here when somebody asks, instead of being kept for every pod.
//!
//! Takes the place of what `pkg/kubelet/util/manager/watch_based_manager.go` and `pkg/volume/util/atomic_writer.go` leave in memory and on
//! disk, v1.36. Differs: an immutable object that is deleted and made anew is seen; a real kubelet has stopped watching it by then, and
//! shows the old one for as long as any of its pods uses it.

use crate::api::object::{Kind, Object, ObjectId};
use crate::api::record::Record;
use crate::api::service::Service;
use crate::client::view::View;
use crate::kernel::table::Index;
use crate::kernel::time::SimTime;
use crate::store::{Change, Key};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many earlier versions of an object are kept. Who asks for an older one gets the oldest.
const VERSIONS: usize = 64;

/// An object as it was until a moment; none if it wasn't there.
#[derive(Clone, Debug)]
struct Version {
    until: SimTime,
    object: Option<Object>,
}

/// Earlier versions of what containers are made from. Costs one entry for each change.
#[derive(Clone, Debug, Default)]
pub struct Past {
    versions: Index<(Kind, Key), Arc<Vec<Version>>>,
}

/// Whether objects of this kind are kept: those that containers are made from.
pub fn remembers(kind: Kind) -> bool {
    matches!(kind, Kind::ConfigMap | Kind::Secret | Kind::Service)
}

impl Past {
    /// The kubelets hear of a change. `view` hasn't taken it in yet.
    pub fn note(&mut self, now: SimTime, change: &Change, view: &View) {
        if remembers(change.id.kind) {
            self.keep(now, change.id, &Key::of(change.object.meta()), view.get(change.id));
        }
    }

    fn keep(&mut self, now: SimTime, id: ObjectId, key: &Key, before: Option<&Object>) {
        let key = (id.kind, key.clone());
        let version = Version { until: now, object: before.cloned() };
        let Some(versions) = self.versions.get_mut(&key) else {
            self.versions.insert(key, Arc::new(vec![version]));
            return;
        };
        let versions = Arc::make_mut(versions);
        versions.push(version);
        if versions.len() > VERSIONS {
            versions.remove(0);
        }
    }
}

/// What a kubelet knows at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    view: &'a View,
    past: Option<(&'a Past, SimTime)>,
}

impl<'a> Known<'a> {
    /// What it knows now.
    pub fn now(view: &'a View) -> Self {
        Known { view, past: None }
    }

    /// What it knew at `at`.
    pub fn at(view: &'a View, past: &'a Past, at: SimTime) -> Self {
        Known { view, past: Some((past, at)) }
    }

    /// The object of this name, if there was one.
    pub fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<&'a Object> {
        if let Some((past, at)) = self.past
            && let Some(versions) = past.versions.get(&(kind, Key::new(namespace, name)))
            && let Some(version) = as_of(versions, at)
        {
            return version.object.as_ref();
        }
        self.view.get(self.view.find(kind, namespace, name)?)
    }

    /// The ConfigMap or Secret of this name.
    pub fn record(&self, kind: Kind, namespace: &str, name: &str) -> Option<&'a Record> {
        self.find(kind, namespace, name)?.as_record().map(|record| &**record)
    }

    /// The Services of a namespace, by name.
    pub fn services(&self, namespace: &str) -> Vec<&'a Service> {
        let present = self.view.list(Kind::Service, Some(namespace)).map(|(_, object)| (object.meta().name.as_str(), Some(object)));
        let mut found: BTreeMap<&str, Option<&Object>> = present.collect();
        if let Some((past, at)) = self.past {
            let first = (Kind::Service, Key::new(namespace, ""));
            let rows = past.versions.from(&first).take_while(|((kind, key), _)| *kind == Kind::Service && key.namespace == *namespace);
            for ((_, key), versions) in rows {
                if let Some(version) = as_of(versions, at) {
                    found.insert(key.name.as_str(), version.object.as_ref());
                }
            }
        }
        found.into_values().filter_map(|object| object?.as_service().map(|service| &**service)).collect()
    }
}

/// The version that was valid at a moment; none if the present one was.
fn as_of(versions: &[Version], at: SimTime) -> Option<&Version> {
    versions.get(versions.partition_point(|version| version.until <= at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::kubelet::tests::World;
    use serde_json::json;

    #[test]
    fn versions_by_time() {
        let mut world = World::default();
        let value = |world: &World, secs: u64| {
            let known = Known::at(&world.view, &world.past, SimTime::from_secs(secs));
            known.record(Kind::ConfigMap, "shop", "cfg").map(|record| record.body["data"]["k"].clone())
        };
        world.put(10, "ConfigMap", "shop", "cfg", json!({"data": {"k": "old"}}));
        world.put(20, "ConfigMap", "shop", "cfg", json!({"data": {"k": "new"}}));
        world.remove(30, "ConfigMap", "shop", "cfg");
        world.put(40, "ConfigMap", "shop", "cfg", json!({"data": {"k": "again"}}));
        let seen = [9, 10, 19, 20, 29, 30, 39, 40, 99].map(|secs| value(&world, secs));
        let some = |text: &str| Some(json!(text));
        assert_eq!(seen, [None, some("old"), some("old"), some("new"), some("new"), None, None, some("again"), some("again")]);
    }

    #[test]
    fn services_by_time() {
        let mut world = World::default();
        let names = |world: &World, secs: u64| {
            let known = Known::at(&world.view, &world.past, SimTime::from_secs(secs));
            known.services("shop").iter().map(|service| service.meta.name.to_string()).collect::<Vec<_>>().join(" ")
        };
        let spec = json!({"spec": {"clusterIP": "10.96.1.1", "ports": [{"port": 80}]}});
        world.put(1, "Service", "shop", "b", spec.clone());
        world.put(2, "Service", "shop", "a", spec.clone());
        world.put(2, "Service", "shop-2", "other", spec);
        world.remove(3, "Service", "shop", "b");
        assert_eq!([0, 1, 2, 3].map(|secs| names(&world, secs)), ["", "b", "a b", "a"].map(str::to_owned));
        assert_eq!(Known::now(&world.view).services("shop").len(), 1);
    }

    #[test]
    fn only_so_many() {
        let mut world = World::default();
        for n in 0..VERSIONS as u64 + 10 {
            world.put(n, "Secret", "shop", "s", json!({"data": {"n": n.to_string()}}));
        }
        let known = Known::at(&world.view, &world.past, SimTime::ZERO);
        assert!(known.record(Kind::Secret, "shop", "s").is_some(), "the oldest that is kept stands for those before it");
    }
}
