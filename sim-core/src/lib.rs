//! Podarium's model: a Kubernetes v1.36 cluster as a pure, deterministic state machine.
//!
//! Nothing here reads a clock, a file or the environment. A run is `(seed, configuration, inputs)`; equal runs are equal bit for bit,
//! native and in the browser. Start with [`cluster::Cluster`], which owns everything, then follow a request:
//! [`kubectl`] → [`apiserver`] → [`store`] → [`client`] → [`controllers`], [`scheduler`], [`node`].

pub mod api;
pub mod apiserver;
pub mod client;
pub mod cluster;
pub mod controllers;
pub mod explain;
pub mod kernel;
pub mod kubectl;
pub mod net;
pub mod node;
pub mod scenario;
pub mod scheduler;
pub mod shell;
pub mod store;
pub mod timeline;

pub use cluster::{Cluster, Config};
pub use timeline::Timeline;
