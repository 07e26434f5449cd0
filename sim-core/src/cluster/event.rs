//! The events of a run, and what the trace keeps of them.

use crate::api::object::{Object, ObjectId};
use crate::api::status::ApiError;
use crate::apiserver::request::Write;
use crate::{controllers, node, scheduler};

/// A process of the cluster that has a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Process {
    /// The controller-manager.
    ControllerManager,
    /// The scheduler.
    Scheduler,
    /// A kubelet.
    Kubelet,
}

impl Process {
    /// Its name as people know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Process::ControllerManager => "kube-controller-manager",
            Process::Scheduler => "kube-scheduler",
            Process::Kubelet => "kubelet",
        }
    }
}

/// Everything that can wait in the queue.
#[derive(Clone, Debug)]
pub enum Event {
    /// A request reaches the API server.
    Request {
        /// Who sent it.
        from: Process,
        /// Comes back with the answer.
        token: u64,
        /// What is asked.
        write: Box<Write>,
    },
    /// The answer reaches the one who asked.
    Answer {
        /// Who asked.
        to: Process,
        /// What it was asked with.
        token: u64,
        /// What the server said.
        result: Box<Result<Object, ApiError>>,
    },
    /// A shared watch delivers everything up to a revision.
    Watch {
        /// Whose.
        to: Process,
        /// The revision.
        upto: u64,
    },
    /// A kubelet's watch delivers a change of one of its pods.
    Deliver {
        /// The pod's number.
        pod: u32,
        /// The revision that changed it.
        revision: u64,
    },
    /// A timer of the controller-manager.
    Controllers(Box<controllers::Input>),
    /// A timer of the scheduler.
    Scheduler(Box<scheduler::Input>),
    /// A timer of a kubelet or its runtime.
    Node(Box<node::Input>),
}

/// What the trace keeps of an event: small, and enough to explain it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happened {
    /// The user did something: the number of the input.
    Input(u32),
    /// The API server handled a request.
    Request {
        /// Who asked: `kubelet`, `replicaset-controller`, …
        from: &'static str,
        /// `create`, `update`, …
        verb: &'static str,
        /// `pods`, …
        resource: &'static str,
        /// The object, if the request named one or made one.
        object: Option<ObjectId>,
        /// Whether it succeeded.
        ok: bool,
    },
    /// An answer arrived.
    Answer(Process),
    /// A watch delivered.
    Watch(Process),
    /// A kubelet heard of its pod.
    Deliver(ObjectId),
    /// A timer went off.
    Timer {
        /// Whose.
        of: Process,
        /// The pod or node that it was about, if it was about one.
        about: Option<ObjectId>,
    },
}
