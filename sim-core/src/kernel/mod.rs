//! The simulation kernel: time, queue, chance, tables, trace. It knows nothing of Kubernetes.
//!
//! Everything here is a plain value: cloning a queue, a table or a trace is how a checkpoint is made.

pub mod chance;
pub mod outbox;
pub mod queue;
pub mod sha256;
pub mod table;
pub mod time;
pub mod trace;
