//! The client-side rate limit: a token bucket. Mirrors `client-go/util/flowcontrol/throttle.go`, v1.36.
//!
//! The controller-manager's default is 20 requests a second with a burst of 30 (`--kube-api-qps`, `--kube-api-burst`), for each controller and
//! its events: this, not the API server, is what paces a plain cluster.

use crate::kernel::time::{SimDuration, SimTime};

/// A bucket of tokens, filled steadily. Integer arithmetic: it counts the time that the next token is due.
#[derive(Clone, Debug)]
pub struct RateLimit {
    /// `None`: no limit.
    interval: Option<SimDuration>,
    burst: u64,
    /// When the bucket would be full again.
    full_at: SimTime,
}

impl RateLimit {
    /// `qps` requests a second in the long run, up to `burst` at once; no limit if `qps` is 0.
    pub fn new(qps: u64, burst: u64) -> Self {
        let interval = (qps > 0).then(|| SimDuration::from_nanos(1_000_000_000 / qps));
        RateLimit { interval, burst: burst.max(1), full_at: SimTime::ZERO }
    }

    /// One in every `interval` in the long run, up to `burst` at once.
    pub fn every(interval: SimDuration, burst: u64) -> Self {
        RateLimit { interval: Some(interval), burst, full_at: SimTime::ZERO }
    }

    /// Takes a token if there is one now.
    pub fn accept(&mut self, now: SimTime) -> bool {
        let Some(interval) = self.interval else { return true };
        let full_at = self.full_at.max(now) + interval;
        let there = full_at <= now + interval * self.burst;
        if there {
            self.full_at = full_at;
        }
        there
    }

    /// Takes a token and says when the request may go: now, or when its token is due.
    pub fn reserve(&mut self, now: SimTime) -> SimTime {
        let Some(interval) = self.interval else { return now };
        // With the bucket full at F, `burst` tokens are there at F, one fewer an interval before, and so on.
        self.full_at = self.full_at.max(now) + interval;
        (self.full_at - interval * self.burst).max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let mut limit = RateLimit::new(20, 30);
        let at: Vec<u64> = (0..50).map(|_| limit.reserve(SimTime::ZERO).as_nanos() / 1_000_000).collect();
        assert!(at[..30].iter().all(|t| *t == 0), "{at:?}");
        assert_eq!(&at[30..34], [50, 100, 150, 200]);
        assert_eq!(at[49], 1_000);
        let later = SimTime::from_secs(60);
        assert_eq!(limit.reserve(later), later);
        assert_eq!(RateLimit::new(0, 1).reserve(later), later);
    }
}
