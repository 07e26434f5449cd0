//! Moments as kubectl prints them: ages counted back from now, and RFC 1123 dates in `describe`.

use crate::api::human_duration;
use crate::kernel::time::{Epoch, SimDuration, SimTime};

/// What time it is, and where the calendar begins.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The present moment.
    pub now: SimTime,
    /// The calendar moment of the run's start.
    pub epoch: Epoch,
}

impl Clock {
    /// How long ago a timestamp of an object was: `83s`, `4d2h`; `<unknown>` when it has none.
    pub fn since(&self, timestamp: &str) -> String {
        self.elapsed(timestamp).map_or_else(|| "<unknown>".to_owned(), human_duration::human)
    }

    /// The time that has passed since a timestamp; zero if it lies in the future. `None` when there is none.
    pub fn elapsed(&self, timestamp: &str) -> Option<SimDuration> {
        self.epoch.parse(timestamp).map(|at| self.now.since(at))
    }

    /// A timestamp as Go prints a time: `2006-01-02 15:04:05 +0000 UTC`; Go's zero time when there is none.
    pub fn go_time(&self, timestamp: &str) -> String {
        let known = timestamp.strip_suffix('Z').and_then(|body| body.split_once('T'));
        let (date, time) = known.unwrap_or(("0001-01-01", "00:00:00"));
        format!("{date} {time} +0000 UTC")
    }

    /// A timestamp in the manner of `Mon, 02 Jan 2006 15:04:05 +0000`; Go's zero time when there is none.
    pub fn rfc1123(&self, timestamp: &str) -> String {
        let Some(at) = self.epoch.parse(timestamp) else { return "Mon, 01 Jan 0001 00:00:00 +0000".to_owned() };
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (y, mo, d, h, mi, s) = self.epoch.civil(at);
        let days = (self.epoch.unix_secs + at.as_secs() as i64).div_euclid(86_400).rem_euclid(7);
        format!("{}, {d:02} {} {y:04} {h:02}:{mi:02}:{s:02} +0000", DAYS[days as usize], MONTHS[mo as usize - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let clock = Clock { now: SimTime::from_secs(90), epoch: Epoch { unix_secs: 1_795_451_400 } };
        assert_eq!(clock.rfc1123("2026-11-23T16:30:30Z"), "Mon, 23 Nov 2026 16:30:30 +0000");
        assert_eq!(clock.since("2026-11-23T16:30:30Z"), "60s");
        assert_eq!(clock.since(""), "<unknown>");
    }
}
