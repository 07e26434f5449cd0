//! The outbox: all that a process may ask for. It sends requests and sets alarms; it never touches the world itself.

use crate::kernel::time::{SimDuration, SimTime};

/// Things with their times.
pub type Timed<T> = Vec<(SimTime, T)>;

/// What a process asked for while it handled one input. `R` is what it can send, `W` what it can be woken with.
#[derive(Debug)]
pub struct Outbox<R, W> {
    now: SimTime,
    sent: Timed<R>,
    alarms: Timed<W>,
}

impl<R, W> Outbox<R, W> {
    /// An empty outbox at this moment.
    pub fn new(now: SimTime) -> Self {
        Outbox { now, sent: Vec::new(), alarms: Vec::new() }
    }

    /// The moment being handled.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Sends `request` now.
    pub fn send(&mut self, request: R) {
        self.sent.push((self.now, request));
    }

    /// Sends `request` at `at`, or now if that is past. This is how a client-side rate limit holds a request back.
    pub fn send_at(&mut self, at: SimTime, request: R) {
        self.sent.push((at.max(self.now), request));
    }

    /// Wakes the process with `input` after `delay`.
    pub fn wake_after(&mut self, delay: SimDuration, input: W) {
        self.alarms.push((self.now + delay, input));
    }

    /// Wakes the process with `input` at `at`, or at once if that is past.
    pub fn wake_at(&mut self, at: SimTime, input: W) {
        self.alarms.push((at.max(self.now), input));
    }

    /// Takes out what was asked, in order: what was sent, then the alarms.
    pub fn drain(&mut self) -> (Timed<R>, Timed<W>) {
        (std::mem::take(&mut self.sent), std::mem::take(&mut self.alarms))
    }
}
