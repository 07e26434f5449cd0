//! The kubelet's sign of life: it renews its node's lease every 10 s. Mirrors `pkg/kubelet/kubelet.go` (nodeLeaseController) and
//! `component-helpers/apimachinery/lease/controller.go`, v1.36. Derived, not ticked: see [`Heartbeat`].

use crate::api::node::{Heartbeat, LEASE_RENEWAL};
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::{SimDuration, SimTime};

/// The heartbeats of a node that was there from the beginning: each node has a phase of its own.
pub fn from_boot(seed: u64, node: u32) -> Heartbeat {
    let phase = draw(seed, Stream::Heartbeat, u128::from(node)).between(SimDuration::ZERO, LEASE_RENEWAL);
    Heartbeat { first: SimTime::ZERO + phase, stopped: None }
}

/// The heartbeats of a kubelet that starts at `now`: the first thing it does is to renew the lease.
pub fn from_start(now: SimTime) -> Heartbeat {
    Heartbeat { first: now, stopped: None }
}
