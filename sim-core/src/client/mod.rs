//! client-go's part: informers, work queues, expectations, plans and the runner that carries them out, the client-side rate limit,
//! the event recorder. Controllers decide; everything about *when* and *how often* lives here, once.

pub mod cohort;
pub mod events;
pub mod pace;
pub mod plan;
pub mod rate_limit;
pub mod roster;
pub mod runner;
pub mod view;
pub mod work_queue;

use crate::apiserver::request::Write;

/// A request on its way to the API server. The token comes back with the answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// Chosen by the sender; `u64::MAX` when it doesn't care for the answer.
    pub token: u64,
    /// What is asked.
    pub write: Write,
}

/// The token of a request whose answer nobody waits for.
pub const NO_ANSWER: u64 = u64::MAX;
