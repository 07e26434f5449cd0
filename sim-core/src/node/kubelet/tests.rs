//! A small world for the tests of what containers are made from.

use crate::api::meta::{Meta, StrMap, Uid};
use crate::api::object::{Kind, Object};
use crate::api::pod::{Pod, PodSpec, PodStatus, Resources};
use crate::apiserver::convert;
use crate::client::view::View;
use crate::kernel::time::{Epoch, SimTime};
use crate::node::kubelet::environment::{NodeFacts, Setting};
use crate::node::kubelet::past::{Known, Past};
use crate::node::runtime::disk::Files;
use crate::store::Store;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Objects, what a kubelet heard of them, and one pod.
pub struct World {
    store: Store,
    /// What the kubelet knows.
    pub view: View,
    /// What it knew.
    pub past: Past,
    /// The pod `shop/web-1`.
    pub pod: Pod,
    node: NodeFacts,
}

impl Default for World {
    fn default() -> Self {
        let meta = Meta {
            name: "web-1".into(),
            namespace: "shop".into(),
            uid: Uid(7),
            labels: StrMap::from_tree(Some(&json!({"app": "web", "tier": "front"}))),
            annotations: StrMap::from_tree(Some(&json!({"team": "red"}))),
            ..Meta::default()
        };
        let spec = Arc::new(PodSpec::from_tree(&json!({})));
        World {
            store: Store::new(1000),
            view: View::default(),
            past: Past::default(),
            pod: Pod { meta, spec, node_name: "node-1".into(), status: PodStatus::default(), target: "".into() },
            node: NodeFacts {
                name: "node-1".into(),
                address: Ipv4Addr::new(192, 168, 0, 11),
                allocatable: Resources { milli_cpu: 3_900, memory: 8 << 30, ephemeral_storage: 40 << 30 },
            },
        }
    }
}

impl World {
    /// Gives the pod this specification.
    pub fn pod(&mut self, spec: Value) {
        self.pod.spec = Arc::new(PodSpec::from_tree(&spec));
    }

    /// Changes the pod's specification.
    pub fn change_spec(&mut self, change: impl FnOnce(&mut Value)) {
        let mut spec = self.pod.spec.tree.clone();
        change(&mut spec);
        self.pod(spec);
    }

    /// Writes an object, `secs` seconds after the start.
    pub fn put(&mut self, secs: u64, kind: &str, namespace: &str, name: &str, mut tree: Value) {
        let kind = Kind::ALL.iter().copied().find(|known| known.as_str() == kind).expect("a kind");
        tree["metadata"] = json!({"namespace": namespace, "name": name});
        let now = SimTime::from_secs(secs);
        let object: Object = convert::object(kind, &tree, None, Epoch::default(), now);
        match self.store.find(kind, namespace, name) {
            Some(id) => self.store.replace(id, object, now, Default::default()),
            None => drop(self.store.add(object, now, Default::default())),
        }
        self.hear(now);
    }

    /// Deletes an object.
    pub fn remove(&mut self, secs: u64, kind: &str, namespace: &str, name: &str) {
        let kind = Kind::ALL.iter().copied().find(|known| known.as_str() == kind).expect("a kind");
        let id = self.store.find(kind, namespace, name).expect("it is there");
        self.store.remove(id, SimTime::from_secs(secs), Default::default());
        self.hear(SimTime::from_secs(secs));
    }

    fn hear(&mut self, now: SimTime) {
        let change = self.store.change(self.store.revision()).expect("it was just written").clone();
        self.past.note(now, &change, &self.view);
        self.view.apply(&change);
    }

    /// The pod as its kubelet sees it now.
    pub fn setting<'a>(&'a self, disk: &'a dyn Fn(&str) -> Option<&'a Files>) -> Setting<'a> {
        let address = Some(Ipv4Addr::new(10, 244, 1, 7));
        Setting { pod: &self.pod, node: &self.node, address, known: Known::now(&self.view), disk }
    }

    /// The pod as its kubelet saw it then.
    pub fn setting_at<'a>(&'a self, secs: u64, disk: &'a dyn Fn(&str) -> Option<&'a Files>) -> Setting<'a> {
        Setting { known: Known::at(&self.view, &self.past, SimTime::from_secs(secs)), ..self.setting(disk) }
    }
}
