//! How much of something a process uses over time: thousandths of a CPU, or bytes of memory.

use crate::kernel::time::SimDuration;

/// An amount that may change while a process runs. Asked for when somebody looks; nothing ticks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Usage {
    /// Always the same.
    Constant(u64),
    /// From one amount to another, in a straight line; then it stays.
    Ramp {
        /// At the start.
        from: u64,
        /// At the end.
        to: u64,
        /// How long it takes to get there.
        over: SimDuration,
    },
    /// Up and down between two amounts, beginning in the middle.
    Sine {
        /// The least.
        low: u64,
        /// The most.
        high: u64,
        /// From one middle on the way up to the next.
        period: SimDuration,
    },
    /// So much at rest, and so much more for each request per second.
    PerRequest {
        /// At rest.
        base: u64,
        /// For each request per second.
        each: u64,
    },
}

impl Usage {
    /// How much after `elapsed`, at `rate` requests per second.
    pub fn at(self, elapsed: SimDuration, rate: u64) -> u64 {
        match self {
            Usage::Constant(amount) => amount,
            Usage::Ramp { to, over, .. } if elapsed >= over => to,
            Usage::Ramp { from, to, over } => {
                let part = |amount: u64| u128::from(amount) * u128::from(elapsed.as_nanos()) / u128::from(over.as_nanos());
                if to >= from { from + part(to - from) as u64 } else { from - part(from - to) as u64 }
            }
            Usage::Sine { low, high, period } => {
                let turn = elapsed.as_nanos() % period.as_nanos().max(1);
                let angle = turn as f64 / period.as_nanos().max(1) as f64 * std::f64::consts::TAU;
                let half = high.saturating_sub(low) / 2;
                // Rounded to whole units, so that the last bits of the sine don't matter.
                let swing = libm::round(libm::sin(angle) * half as f64) as i64;
                (low + half).saturating_add_signed(swing)
            }
            Usage::PerRequest { base, each } => base.saturating_add(each.saturating_mul(rate)),
        }
    }

    /// When a process without requests exceeds `limit` first; `None`: never.
    pub fn exceeds(self, limit: u64) -> Option<SimDuration> {
        if self.at(SimDuration::ZERO, 0) > limit {
            return Some(SimDuration::ZERO);
        }
        match self {
            Usage::Constant(_) | Usage::PerRequest { .. } => None,
            Usage::Ramp { from, to, over } => (to > limit).then(|| {
                let nanos = u128::from(over.as_nanos()) * u128::from(limit - from) / u128::from(to - from);
                SimDuration::from_nanos(nanos as u64 + 1)
            }),
            Usage::Sine { high, period, .. } => (high > limit).then(|| {
                // The rising quarter, halved until the millisecond is found.
                let (mut low, mut high) = (0, period.as_millis() / 4);
                while low < high {
                    let middle = (low + high) / 2;
                    if self.at(SimDuration::from_millis(middle), 0) > limit { high = middle } else { low = middle + 1 }
                }
                SimDuration::from_millis(low)
            }),
        }
    }

    /// The most that it ever is without requests.
    pub fn peak(self) -> u64 {
        match self {
            Usage::Constant(amount) | Usage::PerRequest { base: amount, .. } => amount,
            Usage::Ramp { from, to, .. } => from.max(to),
            Usage::Sine { high, .. } => high,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_over_time() {
        let secs = SimDuration::from_secs;
        let check = |usage: Usage, rows: &[(u64, u64)]| {
            for (at, amount) in rows {
                assert_eq!(usage.at(secs(*at), 3), *amount, "{usage:?} at {at} s");
            }
        };
        check(Usage::Constant(5), &[(0, 5), (99, 5)]);
        check(Usage::Ramp { from: 100, to: 200, over: secs(10) }, &[(0, 100), (5, 150), (10, 200), (60, 200)]);
        check(Usage::Ramp { from: 200, to: 100, over: secs(10) }, &[(5, 150), (60, 100)]);
        check(Usage::Sine { low: 0, high: 100, period: secs(40) }, &[(0, 50), (10, 100), (30, 0), (40, 50)]);
        check(Usage::PerRequest { base: 10, each: 2 }, &[(7, 16)]);
    }

    #[test]
    fn when_a_limit_is_exceeded() {
        let ramp = Usage::Ramp { from: 0, to: 1000, over: SimDuration::from_secs(100) };
        let when = ramp.exceeds(250).expect("it grows beyond");
        assert!(ramp.at(when, 0) >= 250 && when.as_secs() == 25);
        assert_eq!(ramp.exceeds(1000), None);
        assert_eq!(Usage::Constant(9).exceeds(8), Some(SimDuration::ZERO));
        let sine = Usage::Sine { low: 0, high: 100, period: SimDuration::from_secs(40) };
        let when = sine.exceeds(80).expect("it swings beyond");
        assert!(sine.at(when, 0) > 80 && sine.at(when.saturating_sub(SimDuration::from_millis(200)), 0) <= 80, "{when}");
    }
}
