//! Events: what controllers tell about objects. Mirrors `k8s.io/api/core/v1/types.go` (Event), v1.36.

use crate::api::meta::{Meta, Str, Uid};
use crate::api::object::Kind;
use crate::kernel::time::{Epoch, SimTime};
use serde_json::{Value, json};

/// `Normal` or `Warning`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventType {
    /// Information.
    Normal,
    /// Something may be wrong.
    Warning,
}

impl EventType {
    /// As the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        }
    }
}

/// The object that an event is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectReference {
    /// `Pod`
    pub kind: &'static str,
    /// `v1`
    pub api_version: &'static str,
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// Its UID.
    pub uid: Uid,
    /// The revision that the reporter had seen.
    pub resource_version: u64,
    /// The part: `spec.containers{nginx}`; mostly empty.
    pub field_path: Str,
}

impl ObjectReference {
    /// A reference to an object as a component knows it, without a part and a revision.
    pub fn to(kind: Kind, meta: &Meta) -> ObjectReference {
        ObjectReference {
            kind: kind.as_str(),
            api_version: kind.api_version(),
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            uid: meta.uid,
            resource_version: 0,
            field_path: Str::EMPTY,
        }
    }

    /// The same with the revision of the object as the component saw it.
    pub fn seen(kind: Kind, meta: &Meta) -> ObjectReference {
        ObjectReference { resource_version: meta.resource_version, ..ObjectReference::to(kind, meta) }
    }

    /// The same without its UID: some components know objects by their names alone.
    #[must_use]
    pub fn by_name(mut self) -> ObjectReference {
        self.uid = Uid::NONE;
        self
    }
}

/// An event. `new_style` ones come through `events.k8s.io` and carry `eventTime` and an action instead of a source and counts.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// Metadata.
    pub meta: Meta,
    /// What it is about.
    pub about: ObjectReference,
    /// One word.
    pub reason: Str,
    /// One sentence.
    pub message: Str,
    /// Normal or Warning.
    pub event_type: EventType,
    /// Who says so: `deployment-controller`, `kubelet`, …
    pub component: &'static str,
    /// The node, for kubelets; else empty.
    pub host: Str,
    /// When it happened first.
    pub first: SimTime,
    /// When it happened last.
    pub last: SimTime,
    /// How often.
    pub count: u32,
    /// The action of a new-style event (`Binding`); empty for others.
    pub action: &'static str,
}

impl Event {
    /// As the API server serves it in `v1`.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        let about = &self.about;
        let mut involved = json!({"kind": about.kind, "apiVersion": about.api_version, "name": about.name.as_str()});
        // Some components tell of an object by its name alone.
        if about.uid != Uid::NONE {
            involved["uid"] = about.uid.to_string().into();
        }
        for (field, text) in [("namespace", &about.namespace), ("fieldPath", &about.field_path)] {
            if !text.is_empty() {
                involved[field] = text.as_str().into();
            }
        }
        if about.resource_version != 0 {
            involved["resourceVersion"] = about.resource_version.to_string().into();
        }
        let mut tree = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": self.meta.to_tree(epoch), "involvedObject": involved,
            "reason": self.reason.as_str(), "message": self.message.as_str(), "type": self.event_type.as_str(),
            "reportingComponent": self.component, "reportingInstance": self.host.as_str(),
        });
        if self.action.is_empty() {
            let mut source = json!({"component": self.component});
            if !self.host.is_empty() {
                source["host"] = self.host.as_str().into();
            }
            tree["source"] = source;
            tree["firstTimestamp"] = epoch.rfc3339(self.first).into();
            tree["lastTimestamp"] = epoch.rfc3339(self.last).into();
            tree["count"] = self.count.into();
            tree["eventTime"] = Value::Null;
        } else {
            tree["source"] = json!({});
            tree["firstTimestamp"] = Value::Null;
            tree["lastTimestamp"] = Value::Null;
            tree["eventTime"] = epoch.rfc3339_micros(self.first).into();
            tree["action"] = self.action.into();
            if self.count > 1 {
                tree["series"] = json!({"count": self.count, "lastObservedTime": epoch.rfc3339_micros(self.last)});
            }
            tree["reportingInstance"] = format!("{}-podarium", self.component).into();
        }
        tree
    }
}
