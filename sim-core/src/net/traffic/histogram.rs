//! How often which latency was seen, in a few kilobytes for any number of requests.

use crate::kernel::time::SimDuration;

/// Each power of two is cut into this many parts, so a percentile is at most 1/64 too high.
const PARTS_BITS: u32 = 6;
const PARTS: u64 = 1 << PARTS_BITS;

/// Counts of latencies: evenly wide classes within each power of two.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Histogram {
    /// By class; as long as the highest that was seen.
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    least: u64,
    most: u64,
}

/// The class of a value. 1000 = 0b1111101000 has ten digits; its first seven, 0b1111101 = 125, are the 61st of the 64 parts from 512 to 1023.
fn class(value: u64) -> usize {
    if value < PARTS {
        return value as usize;
    }
    let shift = 63 - value.leading_zeros() - PARTS_BITS;
    (u64::from(shift) * PARTS + (value >> shift)) as usize
}

/// The highest value of a class.
fn highest(class: usize) -> u64 {
    let class = class as u64;
    if class < PARTS {
        return class;
    }
    let shift = class / PARTS - 1;
    let first = class - shift * PARTS;
    first << shift | ((1 << shift) - 1)
}

impl Histogram {
    /// Another one was seen.
    pub fn add(&mut self, latency: SimDuration) {
        let value = latency.as_nanos();
        let class = class(value);
        if class >= self.counts.len() {
            self.counts.resize(class + 1, 0);
        }
        self.counts[class] += 1;
        self.least = if self.count == 0 { value } else { self.least.min(value) };
        self.most = self.most.max(value);
        self.count += 1;
        self.sum += u128::from(value);
    }

    /// How many were seen.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The shortest.
    pub fn min(&self) -> SimDuration {
        SimDuration::from_nanos(self.least)
    }

    /// The longest.
    pub fn max(&self) -> SimDuration {
        SimDuration::from_nanos(self.most)
    }

    /// Their sum by their number; zero if there are none.
    pub fn mean(&self) -> SimDuration {
        SimDuration::from_nanos((self.sum / u128::from(self.count.max(1))) as u64)
    }

    /// What so many thousandths of them don't exceed: 999 is p99.9. At most 1/64 too high, never above the longest.
    pub fn percentile(&self, thousandths: u64) -> SimDuration {
        let wanted = (u128::from(self.count) * u128::from(thousandths)).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (class, count) in self.counts.iter().enumerate() {
            seen += u128::from(*count);
            if seen >= wanted {
                return SimDuration::from_nanos(highest(class).min(self.most));
            }
        }
        self.max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_order_and_narrow() {
        let mut before = 0;
        for value in (0..5_000).chain([1 << 20, (1 << 20) + 1, 1 << 40, u64::MAX]) {
            let class = class(value);
            assert!(class >= before && highest(class) >= value, "{value}");
            assert!(highest(class) - value <= value / 64, "{value} {}", highest(class));
            before = class;
        }
    }

    #[test]
    fn percentiles() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(500), SimDuration::ZERO);
        for n in 1..=1_000 {
            histogram.add(SimDuration::from_micros(n));
        }
        let about = |thousandths: u64, micros: u64| {
            let found = histogram.percentile(thousandths).as_nanos();
            assert!(found >= micros * 1_000 && found <= micros * 1_000 * 65 / 64, "{found}");
        };
        about(500, 500);
        about(900, 900);
        about(990, 990);
        assert_eq!(histogram.percentile(1_000), histogram.max());
        assert_eq!(histogram.min(), SimDuration::from_micros(1));
        assert_eq!(histogram.mean(), SimDuration::from_nanos(500_500));
    }
}
