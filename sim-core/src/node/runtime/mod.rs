//! The simulated container runtime: sandboxes with their addresses, containers, images. Takes the place of containerd behind the CRI.

pub mod addresses;
pub mod cgroup;
pub mod container;
pub mod disk;
pub mod image;
pub mod images;
pub mod log;
pub mod program;
pub mod shell;
pub mod usage;

use crate::kernel::time::SimDuration;

/// From the request for a sandbox until its pause container runs and its network is set up.
pub const SANDBOX: SimDuration = SimDuration::from_millis(200);
