//! What the parts of the control plane say to each other.

use super::Ref;
use serde::Serialize;
use ts_rs::TS;

/// A part of the control plane, or of a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// The user.
    User,
    /// kube-apiserver.
    ApiServer,
    /// etcd.
    Etcd,
    /// A controller of kube-controller-manager.
    Controller,
    /// kube-scheduler.
    Scheduler,
    /// A kubelet.
    Kubelet,
    /// A kube-proxy.
    Proxy,
}

/// Who says or hears something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// What it is.
    pub role: Role,
    /// Which: a controller's name (`replicaset-controller`; empty for all of the controller-manager), a node's name; else empty.
    pub name: String,
}

/// What is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum MessageKind {
    /// The user does something.
    Input,
    /// A request to the API server.
    Request,
    /// The API server writes into etcd.
    Commit,
    /// The API server's answer.
    Answer,
    /// A watch delivers changes.
    Watch,
    /// Something goes on inside of one part: a timer, a decision.
    Work,
}

/// Something that went from one part to another.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The event's number: `why` can be asked about it. Several messages may come of one event. 0 for a proxy's `Work`: that is derived.
    #[ts(type = "number")]
    pub event: u64,
    /// The event that caused it; 0 for what the user did.
    #[ts(type = "number")]
    pub cause: u64,
    /// When it was sent.
    #[ts(type = "number")]
    pub sent: u64,
    /// When it arrived.
    #[ts(type = "number")]
    pub at: u64,
    /// What it is.
    pub kind: MessageKind,
    /// Who sent it.
    pub from: Party,
    /// Who got it; the same as `from` for `Work`.
    pub to: Party,
    /// `create`, `update`, …; empty for what isn't a request.
    pub verb: String,
    /// `pods`, …; may be empty.
    pub resource: String,
    /// About which object, if about one.
    pub object: Option<Ref>,
    /// Whether it succeeded.
    pub ok: bool,
    /// What a controller decided, or what the user did, in words; may be empty.
    pub text: String,
}
