//! Virtual time: integer nanoseconds since the cluster booted. No floats, no clock.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};

/// A moment of virtual time: nanoseconds since the run began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(u64);

/// A span of virtual time, in nanoseconds. Never negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimDuration(u64);

impl SimTime {
    /// The moment the run begins.
    pub const ZERO: SimTime = SimTime(0);
    /// Later than anything that happens.
    pub const MAX: SimTime = SimTime(u64::MAX);

    /// The moment `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        SimTime(nanos)
    }
    /// The moment `secs` seconds after the start.
    pub const fn from_secs(secs: u64) -> Self {
        SimTime(secs * 1_000_000_000)
    }
    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
    /// Whole seconds since the start, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000_000_000
    }
    /// The time that has passed since `earlier`; zero if `earlier` is later.
    pub const fn since(self, earlier: SimTime) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }
    /// This moment with the fraction of a second cut off, as `metav1.Time` stores it.
    pub const fn truncated_to_secs(self) -> SimTime {
        SimTime(self.0 - self.0 % 1_000_000_000)
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: SimDuration = SimDuration(0);
    /// Longer than any run.
    pub const MAX: SimDuration = SimDuration(u64::MAX);

    /// `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        SimDuration(nanos)
    }
    /// `micros` microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        SimDuration(micros.saturating_mul(1_000))
    }
    /// `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        SimDuration(millis.saturating_mul(1_000_000))
    }
    /// `secs` seconds.
    pub const fn from_secs(secs: u64) -> Self {
        SimDuration(secs.saturating_mul(1_000_000_000))
    }
    /// The span in nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }
    /// Whole seconds, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000_000_000
    }
    /// Whether this is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
    /// This span less `other`; zero if `other` is longer.
    pub const fn saturating_sub(self, other: SimDuration) -> SimDuration {
        SimDuration(self.0.saturating_sub(other.0))
    }

    /// Parses Go's duration syntax: `300ms`, `1m30s`, `1.5h`; a bare `0` is allowed.
    ///
    /// # Errors
    /// Returns what was expected, when the text is not such a duration, is negative or too large.
    pub fn parse(text: &str) -> Result<SimDuration, String> {
        let bad = || format!("{text:?} is not a duration; expected something like 500ms, 10s, 1m30s or 2h");
        if text == "0" {
            return Ok(SimDuration::ZERO);
        }
        let mut rest = text;
        let mut total: u128 = 0;
        if rest.is_empty() {
            return Err(bad());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let whole = &rest[..digits];
            rest = &rest[digits..];
            let mut fraction = "";
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
                fraction = &after[..end];
                rest = &after[end..];
            }
            if whole.is_empty() && fraction.is_empty() {
                return Err(bad());
            }
            let unit_end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
            let unit: u128 = match &rest[..unit_end] {
                "ns" => 1,
                "us" | "µs" | "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                _ => return Err(bad()),
            };
            rest = &rest[unit_end..];
            let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| bad())? };
            total = whole.checked_mul(unit).and_then(|n| n.checked_add(total)).ok_or_else(bad)?;
            let mut scale = unit;
            for digit in fraction.bytes() {
                scale /= 10;
                total += u128::from(digit - b'0') * scale;
            }
        }
        u64::try_from(total).map(SimDuration).map_err(|_| bad())
    }
}

impl Add<SimDuration> for SimTime {
    type Output = SimTime;
    fn add(self, span: SimDuration) -> SimTime {
        SimTime(self.0.saturating_add(span.0))
    }
}
impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, span: SimDuration) {
        *self = *self + span;
    }
}
impl Add for SimDuration {
    type Output = SimDuration;
    fn add(self, other: SimDuration) -> SimDuration {
        SimDuration(self.0.saturating_add(other.0))
    }
}
impl Sub<SimDuration> for SimTime {
    type Output = SimTime;
    fn sub(self, span: SimDuration) -> SimTime {
        SimTime(self.0.saturating_sub(span.0))
    }
}
impl Mul<u64> for SimDuration {
    type Output = SimDuration;
    fn mul(self, times: u64) -> SimDuration {
        SimDuration(self.0.saturating_mul(times))
    }
}

/// Prints as Go's `time.Duration` does: `1m30s`, `1.5s`, `250ms`, `0s`.
impl fmt::Display for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn fraction(f: &mut fmt::Formatter<'_>, whole: u64, rest: u64, width: usize, unit: &str) -> fmt::Result {
            if rest == 0 {
                return write!(f, "{whole}{unit}");
            }
            let digits = format!("{rest:0width$}");
            write!(f, "{whole}.{}{unit}", digits.trim_end_matches('0'))
        }
        let nanos = self.0;
        match nanos {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{nanos}ns"),
            1_000..1_000_000 => fraction(f, nanos / 1_000, nanos % 1_000, 3, "µs"),
            1_000_000..1_000_000_000 => fraction(f, nanos / 1_000_000, nanos % 1_000_000, 6, "ms"),
            _ => {
                let secs = nanos / 1_000_000_000;
                let (hours, minutes, secs) = (secs / 3600, secs / 60 % 60, secs % 60);
                if hours > 0 {
                    write!(f, "{hours}h")?;
                }
                if hours > 0 || minutes > 0 {
                    write!(f, "{minutes}m")?;
                }
                fraction(f, secs, nanos % 1_000_000_000, 9, "s")
            }
        }
    }
}

impl fmt::Debug for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Prints the time since the start, in seconds with three decimals: `12.345s`.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}s", self.as_secs(), self.0 / 1_000_000 % 1000)
    }
}

impl fmt::Debug for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where virtual time stands in the calendar: the wall-clock moment of [`SimTime::ZERO`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Epoch {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub unix_secs: i64,
}

impl Default for Epoch {
    /// 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Epoch { unix_secs: 1_767_225_600 }
    }
}

impl Epoch {
    /// `2026-01-01T00:00:05Z`: RFC 3339 with whole seconds, as `metav1.Time` prints.
    pub fn rfc3339(self, at: SimTime) -> String {
        let (y, mo, d, h, mi, s) = self.civil(at);
        format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z")
    }

    /// `2026-01-01T00:00:05.123456Z`: RFC 3339 with microseconds, as `metav1.MicroTime` prints.
    pub fn rfc3339_micros(self, at: SimTime) -> String {
        let (y, mo, d, h, mi, s) = self.civil(at);
        format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{:06}Z", at.as_nanos() / 1_000 % 1_000_000)
    }

    /// Year, month (1–12), day, hour, minute and second of a moment, in UTC.
    pub fn civil(self, at: SimTime) -> (i64, u32, u32, u32, u32, u32) {
        let secs = self.unix_secs + at.as_secs() as i64;
        let (days, rest) = (secs.div_euclid(86_400), secs.rem_euclid(86_400) as u32);
        let (y, m, d) = civil_from_days(days);
        (y, m, d, rest / 3600, rest / 60 % 60, rest % 60)
    }

    /// Parses RFC 3339 in UTC (`Z`), with or without a fraction. Moments before the epoch become [`SimTime::ZERO`].
    pub fn parse(self, text: &str) -> Option<SimTime> {
        let body = text.strip_suffix('Z')?;
        let (date, time) = body.split_once('T')?;
        let mut date = date.splitn(3, '-').map(str::parse::<i64>);
        let (y, m, d) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
        let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
        let mut clock = clock.splitn(3, ':').map(str::parse::<i64>);
        let (h, mi, s) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
        let secs = days_from_civil(y, m, d) * 86_400 + h * 3600 + mi * 60 + s - self.unix_secs;
        let mut nanos = 0u64;
        for (i, digit) in fraction.bytes().take(9).enumerate() {
            nanos += u64::from(digit.checked_sub(b'0').filter(|d| *d < 10)?) * 10u64.pow(8 - i as u32);
        }
        let secs = u64::try_from(secs).unwrap_or(0);
        Some(SimTime(secs.checked_mul(1_000_000_000)?.checked_add(nanos)?))
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
fn days_from_civil(y: i64, m: i64, d: i64) -> i64 {
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + d - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month as u32, (doy - (153 * mp + 2) / 5 + 1) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, nanos: u64, printed: &str) {
        let parsed = SimDuration::parse(text).expect(text);
        assert_eq!(parsed.as_nanos(), nanos, "{text}");
        assert_eq!(parsed.to_string(), printed, "{text}");
    }

    #[test]
    fn durations_parse_and_print_as_in_go() {
        check("0", 0, "0s");
        check("300ms", 300_000_000, "300ms");
        check("1.5s", 1_500_000_000, "1.5s");
        check("1m30s", 90_000_000_000, "1m30s");
        check("2h", 7_200_000_000_000, "2h0m0s");
        check("10us", 10_000, "10µs");
        for bad in ["", "10", "s", "1x", "-1s", "1s ", "99999999999h"] {
            assert!(SimDuration::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_calendar_round_trips() {
        let epoch = Epoch::default();
        assert_eq!(epoch.rfc3339(SimTime::ZERO), "2026-01-01T00:00:00Z");
        let leap = Epoch { unix_secs: 1_709_164_800 };
        assert_eq!(leap.rfc3339(SimTime::from_secs(86_399)), "2024-02-29T23:59:59Z");
        let at = SimTime::from_nanos(1_234_567_891_234_567_000);
        assert_eq!(epoch.parse(&epoch.rfc3339_micros(at)), Some(at));
    }
}
