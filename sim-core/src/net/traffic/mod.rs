//! Simulated clients: what becomes of each of their requests, and why.
//!
//! Requests are no events of the cluster's queue. Between two of its events the world is constant, so [`Traffic::advance`] plays all that
//! clients do up to the next event, by a small queue of its own; every request meets the rules, sandboxes and listeners of its moment. A
//! million requests are a second's work, and a checkpoint holds counts and what is in flight, never a list of requests.
//!
//! - [`client`]: what a client does. [`arrivals`]: when its requests come.
//! - [`reach`]: what is asked of the network; `cluster/` answers.
//! - [`engine`]: a request's way. [`server`]: the processes' end of it. [`pick`]: who is chosen.
//! - [`outcome`]: why requests fail. [`stats`], [`histogram`], [`report`]: what is told in the end.

pub mod client;
pub mod histogram;
pub mod outcome;
pub mod reach;
pub mod report;
mod stats;
