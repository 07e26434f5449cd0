//! How long ago: the ages of `kubectl get` (`3s`, `2m2s`, `4d2h`).
//!
//! Mirrors `staging/src/k8s.io/apimachinery/pkg/util/duration/duration.go` of Kubernetes v1.36.

use crate::kernel::time::SimDuration;

const SECOND: i64 = 1_000_000_000;

/// Two or three significant figures: the unit gets finer only while the number is small.
pub fn human(span: SimDuration) -> String {
    human_nanos(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX))
}

/// One unit only: `119s` is `1m`.
pub fn short(span: SimDuration) -> String {
    short_nanos(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX))
}

/// [`human`] of nanoseconds that may be negative, as when clocks differ: up to a second ago is `0s`, else `<invalid>`.
pub fn human_nanos(nanos: i64) -> String {
    let seconds = nanos / SECOND;
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    // The second unit is left out when it is zero.
    let pair = |big: i64, unit: char, small: i64, small_unit: char| match small {
        0 => format!("{big}{unit}"),
        _ => format!("{big}{unit}{small}{small_unit}"),
    };
    match (seconds, hours) {
        (..-1, _) => "<invalid>".to_owned(),
        (..0, _) => "0s".to_owned(),
        (..120, _) => format!("{seconds}s"),
        (..600, _) => pair(minutes, 'm', seconds % 60, 's'),
        (..10_800, _) => format!("{minutes}m"),
        (_, ..8) => pair(hours, 'h', minutes % 60, 'm'),
        (_, ..48) => format!("{hours}h"),
        (_, ..192) => pair(days, 'd', hours % 24, 'h'),
        (_, ..17_520) => format!("{days}d"),
        (_, ..70_080) => pair(years, 'y', days % 365, 'd'),
        _ => format!("{years}y"),
    }
}

/// [`short`] of nanoseconds that may be negative.
pub fn short_nanos(nanos: i64) -> String {
    let seconds = nanos / SECOND;
    let hours = seconds / 3600;
    match (seconds, hours) {
        (..-1, _) => "<invalid>".to_owned(),
        (..0, _) => "0s".to_owned(),
        (..60, _) => format!("{seconds}s"),
        (..3600, _) => format!("{}m", seconds / 60),
        (_, ..24) => format!("{hours}h"),
        (_, ..8760) => format!("{}d", hours / 24),
        _ => format!("{}y", hours / 24 / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds: i64, long: &str, brief: &str) {
        assert_eq!((human_nanos(seconds * SECOND).as_str(), short_nanos(seconds * SECOND).as_str()), (long, brief), "{seconds}");
    }

    #[test]
    fn ages_print_as_in_kubectl() {
        check(-2, "<invalid>", "<invalid>");
        check(-1, "0s", "0s");
        check(119, "119s", "1m");
        check(120, "2m", "2m");
        check(122, "2m2s", "2m");
        check(10_799, "179m", "2h");
        check(4 * 3600 + 60, "4h1m", "4h");
        check(4 * 86_400 + 7200, "4d2h", "4d");
        check(3 * 365 * 86_400 + 86_400, "3y1d", "3y");
        assert_eq!(human(SimDuration::MAX), "292y");
    }
}
