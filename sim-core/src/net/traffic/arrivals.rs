//! When requests come. All in integers: a rate is in thousandths of a request per second, so rate × nanoseconds counts in 10⁻¹² requests.

use super::client::Rate;
use crate::kernel::time::{SimDuration, SimTime};

/// One request, in the unit of rate × nanoseconds. At 200 requests/s, 200,000 thousandths, it takes 10¹² / 200,000 = 5,000,000 ns.
const ONE: u64 = 1_000_000_000_000;
/// A rate that changes is taken for a straight line in steps of at least this.
const STEP: SimDuration = SimDuration::from_millis(10);
/// A change, or a period, is cut into so many steps.
const STEPS: u64 = 1_024;

/// An exponentially distributed number from uniform bits.
pub(super) fn exponential(bits: u64, mean: u64) -> u64 {
    let uniform = ((bits >> 11) + 1) as f64 / (1u64 << 53) as f64;
    // Rounded to whole units, so that the last bits of the logarithm don't matter.
    libm::round(-libm::log(uniform) * mean as f64) as u64
}

impl Rate {
    /// The rate after so long.
    fn at(self, elapsed: SimDuration) -> u64 {
        match self {
            Rate::Constant(rate) => rate,
            Rate::Ramp { to, over, .. } if elapsed >= over => to,
            Rate::Ramp { from, to, over } => {
                let part = |amount: u64| (u128::from(amount) * u128::from(elapsed.as_nanos()) / u128::from(over.as_nanos().max(1))) as u64;
                if to >= from { from + part(to - from) } else { from - part(from - to) }
            }
            Rate::Sine { low, high, period } => {
                let period = period.as_nanos().max(1);
                let angle = (elapsed.as_nanos() % period) as f64 / period as f64 * std::f64::consts::TAU;
                let half = high.saturating_sub(low) / 2;
                let swing = libm::round(libm::sin(angle) * half as f64) as i64;
                (low + half).saturating_add_signed(swing)
            }
        }
    }

    /// Whether it is the same for ever from then on.
    fn is_settled(self, elapsed: SimDuration) -> bool {
        match self {
            Rate::Constant(_) => true,
            Rate::Ramp { over, .. } => elapsed >= over,
            Rate::Sine { .. } => false,
        }
    }

    /// When the first request comes: at once, unless there are none yet.
    pub(super) fn first(self, start: SimTime) -> Option<SimTime> {
        if self.at(SimDuration::ZERO) > 0 { Some(start) } else { self.next(start, (start, 0), None) }
    }

    /// When the next request comes after the one at `from`, of which there were `count` with it, if it all began at `start`; `None`: never.
    /// `bits` are uniform and make the gap vary; without them it doesn't.
    pub(super) fn next(self, start: SimTime, (from, count): (SimTime, u64), bits: Option<u64>) -> Option<SimTime> {
        if let (Rate::Constant(rate @ 1..), None) = (self, bits) {
            // Counted from the start: 3 requests/s are 3 in each second, although a third of one is no whole number of nanoseconds.
            return Some(start + SimDuration::from_nanos((u128::from(count) * u128::from(ONE) / u128::from(rate)) as u64));
        }
        let mut wanted = bits.map_or(ONE, |bits| exponential(bits, ONE));
        let mut at = from;
        let step = match self {
            Rate::Constant(_) => STEP,
            // Half of the difference is nothing in whole thousandths: there is never any.
            Rate::Sine { low: 0, high: 0..=1, .. } => return None,
            Rate::Ramp { over: whole, .. } | Rate::Sine { period: whole, .. } => {
                STEP.max(SimDuration::from_nanos(whole.as_nanos() / STEPS))
            }
        };
        loop {
            let elapsed = at.since(start);
            let rate = self.at(elapsed);
            if self.is_settled(elapsed) {
                return (rate > 0).then(|| at + SimDuration::from_nanos(wanted.div_ceil(rate).max(1)));
            }
            let mean = (rate + self.at(elapsed + step)) / 2;
            let area = u128::from(mean) * u128::from(step.as_nanos());
            if area >= u128::from(wanted) {
                return Some(at + SimDuration::from_nanos(wanted.div_ceil(mean.max(1)).max(1)));
            }
            wanted -= area as u64;
            at += step;
            if at == SimTime::MAX {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::chance::{Stream, draw};

    /// How many requests come in each of the first seconds.
    fn counts(rate: Rate, poisson: bool, seconds: u64) -> Vec<u64> {
        let mut counts = vec![0; seconds as usize];
        let (mut at, mut number) = (SimTime::ZERO, 0);
        loop {
            number += 1;
            let bits = poisson.then(|| draw(1, Stream::Traffic, u128::from(number)).bits());
            match rate.next(SimTime::ZERO, (at, number), bits) {
                Some(next) if next.as_secs() < seconds => at = next,
                _ => return counts,
            }
            counts[at.as_secs() as usize] += 1;
        }
    }

    #[test]
    fn rates() {
        assert_eq!(counts(Rate::Constant(3_000), false, 3), [2, 3, 3], "the one at 0 isn't counted");
        assert_eq!(counts(Rate::Constant(0), false, 3), [0, 0, 0]);
        let ramp = counts(Rate::Ramp { from: 0, to: 100_000, over: SimDuration::from_secs(10) }, false, 12);
        assert!((695..=705).contains(&ramp.iter().sum::<u64>()), "500 + 200: {ramp:?}");
        assert!(ramp.windows(2).all(|pair| pair[0] <= pair[1]), "{ramp:?}");
        let down = counts(Rate::Ramp { from: 100_000, to: 0, over: SimDuration::from_secs(10) }, false, 12);
        assert_eq!(down[10..], [0, 0]);
        let sine = counts(Rate::Sine { low: 0, high: 200_000, period: SimDuration::from_secs(40) }, false, 40);
        assert!(sine[9] > 190 && sine[30] < 10, "{sine:?}");
    }

    #[test]
    fn poisson_varies_as_much_as_it_should() {
        let counts = counts(Rate::Constant(100_000), true, 1_000);
        let total: u64 = counts.iter().sum();
        assert!((98_500..101_500).contains(&total), "{total}");
        // The variance of a Poisson distribution is its mean.
        let variance = counts.iter().map(|count| count.abs_diff(100).pow(2)).sum::<u64>() / 1_000;
        assert!((85..115).contains(&variance), "{variance}");
    }
}
