//! Compares the model with what a real Kubernetes v1.36 control plane decided: the recordings in `tests/oracle/`.

mod api;
mod kubectl;
mod mask;
mod patch;
mod recording;
mod sessions;
mod traces;
mod vectors;
mod vectors_deployment;

use sim_core::net::config::{Backend, NetworkConfig};

pub use api::run_api;
pub use kubectl::{RecordedState, run_kubectl};
pub use patch::run_patch;
pub use sessions::run_sessions;
pub use traces::run_traces;
pub use vectors::run_vectors;

/// The recordings are of a control plane alone: nothing connects its nodes, and no cloud is behind it.
fn no_network() -> NetworkConfig {
    NetworkConfig { backend: Backend::None, cloud: false, ..NetworkConfig::default() }
}

/// How one recording went.
#[derive(Clone, Debug, Default)]
pub struct FileScore {
    /// The file's name, without its endings.
    pub name: String,
    /// Rows on which the model agrees.
    pub passed: usize,
    /// Rows that were compared.
    pub total: usize,
    /// Rows that were not: there is no rule for them yet.
    pub apart: usize,
    /// The first row on which the model differs: what went in, what should have come out, what did.
    pub first_miss: Option<String>,
}
