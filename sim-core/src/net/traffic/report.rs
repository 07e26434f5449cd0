//! What there is to tell about a client's requests: as data, and as a table.

use super::outcome::Cause;
use super::stats::{Example, Second, Stats};
use crate::kernel::time::{SimDuration, SimTime};
use serde::{Serialize, Serializer};
use std::fmt::Write as _;

/// The most points of a time series: longer runs get wider ones.
const POINTS: u64 = 1_000;

/// What became of a client's requests.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The client's name.
    pub name: String,
    /// Where it sits.
    pub from: String,
    /// Whom it asked.
    pub to: String,
    /// Since when, in seconds since the start of the run.
    #[serde(serialize_with = "moment")]
    pub since: SimTime,
    /// Requests that were begun.
    pub sent: u64,
    /// Those that were answered.
    pub ok: u64,
    /// Those that failed for good.
    pub lost: u64,
    /// Those that wait for an answer.
    pub pending: u64,
    /// Attempts that failed and were repeated.
    pub retried: u64,
    /// Connections that were made.
    pub connections: u64,
    /// Requests that weren't sent because the client's own pod or node wasn't there.
    pub unsent: u64,
    /// Answered by ended ones, in millionths of a percent, rounded down.
    pub success_ppm: u64,
    /// The same in words: `99.97%`, with as many digits as matter.
    pub success: String,
    /// How long answers took.
    pub latency: Latencies,
    /// Why requests failed.
    pub failures: Vec<Failure>,
    /// Who answered.
    pub backends: Vec<Served>,
    /// How it went over time.
    pub series: Series,
}

/// How long answers took, in nanoseconds in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latencies {
    /// The shortest.
    #[serde(serialize_with = "span")]
    pub min: SimDuration,
    /// The mean.
    #[serde(serialize_with = "span")]
    pub mean: SimDuration,
    /// Half of them took no longer.
    #[serde(serialize_with = "span")]
    pub p50: SimDuration,
    /// Nine of ten.
    #[serde(serialize_with = "span")]
    pub p90: SimDuration,
    /// 99 of a hundred.
    #[serde(serialize_with = "span")]
    pub p99: SimDuration,
    /// 999 of a thousand.
    #[serde(serialize_with = "span")]
    pub p999: SimDuration,
    /// The longest.
    #[serde(serialize_with = "span")]
    pub max: SimDuration,
}

/// How often requests failed for one cause.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The cause.
    pub cause: Cause,
    /// What is behind it.
    pub why: &'static str,
    /// How often.
    pub count: u64,
    /// Of all that ended: `2.5%`.
    pub share: String,
    /// When first.
    #[serde(serialize_with = "moment")]
    pub first: SimTime,
    /// When last.
    #[serde(serialize_with = "moment")]
    pub last: SimTime,
    /// The first few, each in a sentence.
    pub examples: Vec<String>,
}

/// What a backend did.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Served {
    /// The pod.
    pub pod: String,
    /// Its node.
    pub node: String,
    /// Connections that went to it.
    pub connections: u64,
    /// Requests that it answered.
    pub ok: u64,
    /// Requests that came to it and failed.
    pub lost: u64,
}

/// How it went over time.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// How many seconds a point stands for.
    pub width: u64,
    /// The points at which something happened, in order.
    pub points: Vec<Point>,
}

/// A point of a time series.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// Its first second.
    pub second: u64,
    /// Answered.
    pub ok: u64,
    /// Failed.
    pub failed: u64,
    /// The mean latency of those answered, in nanoseconds.
    pub mean: u64,
    /// The longest, in nanoseconds.
    pub max: u64,
}

fn moment<S: Serializer>(at: &SimTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(at.as_nanos() as f64 / 1e9)
}

fn span<S: Serializer>(span: &SimDuration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(span.as_nanos())
}

/// `part` of `whole` in percent, rounded down, with as many digits as it takes to tell one of them: 999 of 1,000 are 99.9%, 1 of 30,000
/// is 0.003%. All or nothing is 100% or 0%.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 || part == 0 || part >= whole {
        return if whole > 0 && part >= whole { "100%".to_owned() } else { "0%".to_owned() };
    }
    let digits = whole.checked_ilog10().unwrap_or(0).saturating_sub(1).clamp(1, 9);
    let scale = 10u128.pow(digits);
    let scaled = u128::from(part) * 100 * scale / u128::from(whole);
    let fraction = format!("{:0width$}", scaled % scale, width = digits as usize);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{}%", scaled / scale) } else { format!("{}.{fraction}%", scaled / scale) }
}

/// A share in a table: one digit after the point, more only for what would be nothing then.
fn share(part: u64, whole: u64) -> String {
    let tenths = (u128::from(part) * 1_000 + u128::from(whole) / 2) / u128::from(whole.max(1));
    if tenths == 0 { percent(part, whole) } else { format!("{}.{}%", tenths / 10, tenths % 10) }
}

/// What the report of a client is made of, besides its counts.
pub(super) struct About {
    pub(super) name: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) since: SimTime,
    pub(super) pending: u64,
    /// By server: its pod and node.
    pub(super) servers: Vec<(String, String)>,
}

impl Report {
    pub(super) fn new(about: About, stats: &Stats) -> Report {
        let lost = stats.lost_count();
        let ended = stats.ok + lost;
        let latency = &stats.latency;
        let mut backends: Vec<Served> = Vec::new();
        for (share, (pod, node)) in
            stats.shares.iter().zip(&about.servers).filter(|(share, _)| share.connections + share.ok + share.failed > 0)
        {
            // What was sent to an address that nobody has is told with the failures.
            if pod.is_empty() && node.is_empty() {
                continue;
            }
            // Several runs of a pod's process are one row.
            let row = match backends.iter_mut().find(|row| row.pod == *pod && row.node == *node) {
                Some(row) => row,
                None => {
                    backends.push(Served { pod: pod.clone(), node: node.clone(), connections: 0, ok: 0, lost: 0 });
                    backends.last_mut().expect("it was just pushed")
                }
            };
            row.connections += share.connections;
            row.ok += share.ok;
            row.lost += share.failed;
        }
        backends.sort();
        let failures = stats.failed.iter().map(|(cause, failures)| Failure {
            cause: *cause,
            why: cause.why(),
            count: failures.count,
            share: share(failures.count, ended),
            first: failures.first,
            last: failures.last,
            examples: failures.examples.iter().map(Example::sentence).collect(),
        });
        Report {
            sent: stats.sent,
            ok: stats.ok,
            lost,
            pending: about.pending,
            retried: stats.retried,
            connections: stats.connections,
            unsent: stats.unsent,
            success_ppm: if ended == 0 { 100_000_000 } else { (u128::from(stats.ok) * 100_000_000 / u128::from(ended)) as u64 },
            success: if ended == 0 { "100%".to_owned() } else { percent(stats.ok, ended) },
            latency: Latencies {
                min: latency.min(),
                mean: latency.mean(),
                p50: latency.percentile(500),
                p90: latency.percentile(900),
                p99: latency.percentile(990),
                p999: latency.percentile(999),
                max: latency.max(),
            },
            failures: failures.collect(),
            backends,
            series: Series::new(stats),
            name: about.name,
            from: about.from,
            to: about.to,
            since: about.since,
        }
    }

    /// How many failed for a cause.
    pub fn lost_by(&self, cause: Cause) -> u64 {
        self.failures.iter().find(|failure| failure.cause == cause).map_or(0, |failure| failure.count)
    }

    /// As a table of plain text.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let share = |count: u64| share(count, self.ok + self.lost);
        let _ = writeln!(out, "traffic/{}: {} → {}", self.name, self.from, self.to);
        let _ = write!(
            out,
            "  {} requests, {} answered ({}), {} lost",
            thousands(self.sent),
            thousands(self.ok),
            self.success,
            thousands(self.lost)
        );
        if self.lost > 0 {
            let _ = write!(out, " ({})", share(self.lost));
        }
        for (count, what) in
            [(self.pending, "wait for an answer"), (self.retried, "attempts repeated"), (self.unsent, "not sent: the client was gone")]
        {
            if count > 0 {
                let _ = write!(out, ", {} {what}", thousands(count));
            }
        }
        let _ = writeln!(out, "; {} connections", thousands(self.connections));
        if self.ok > 0 {
            let l = &self.latency;
            let shown = [("min", l.min), ("mean", l.mean), ("p50", l.p50), ("p90", l.p90), ("p99", l.p99), ("max", l.max)];
            let shown: Vec<String> = shown.iter().map(|(name, span)| format!("{name} {}", rounded(*span))).collect();
            let _ = writeln!(out, "  latency  {}", shown.join("  "));
        }
        for failure in &self.failures {
            let _ = writeln!(
                out,
                "  lost     {:>8} {:>8}  {}, {} to {}: {}",
                thousands(failure.count),
                failure.share,
                failure.cause.as_str(),
                failure.first,
                failure.last,
                failure.why
            );
            for example in failure.examples.iter().take(1) {
                let _ = writeln!(out, "           e.g. {example}");
            }
        }
        for row in &self.backends {
            let lost = if row.lost > 0 { format!(", {} lost", thousands(row.lost)) } else { String::new() };
            let node = if row.node.is_empty() { String::new() } else { format!(" on {}", row.node) };
            let _ = writeln!(out, "  backend  {:>8} {:>8}  {}{node}{lost}", thousands(row.ok), share(row.ok), row.pod);
        }
        out
    }
}

impl Series {
    fn new(stats: &Stats) -> Series {
        let all = || stats.seconds.from(0).map(|(_, second)| *second).chain([stats.second]).filter(|second| second.ok + second.failed > 0);
        let (first, last) = (all().next().map_or(0, |second| second.second), all().last().map_or(0, |second| second.second));
        let width = (last - first + 1).div_ceil(POINTS);
        let mut series = Series { width, points: Vec::new() };
        let mut sum = 0;
        for Second { second, ok, failed, sum: latencies, most } in all() {
            let second = first + (second - first) / width * width;
            if series.points.last().is_none_or(|point| point.second != second) {
                series.points.push(Point { second, ..Point::default() });
                sum = 0;
            }
            let point = series.points.last_mut().expect("it was just made sure of");
            sum += latencies;
            point.ok += ok;
            point.failed += failed;
            point.mean = sum / point.ok.max(1);
            point.max = point.max.max(most);
        }
        series
    }
}

impl Example {
    /// Tells it: when, who, and what was behind it.
    fn sentence(&self) -> String {
        let whom = match &self.to {
            None => String::new(),
            Some(met) if met.node.is_empty() => format!(" to {}:{}", met.address, met.port),
            Some(met) => format!(" to {}:{} (pod {} on {})", met.address, met.port, met.pod, met.node),
        };
        let (at, known) = (self.at, self.known);
        let mut told = match self.cause {
            Cause::Refused => format!("at {at} a connection{whom} was refused"),
            Cause::Rejected => format!("at {at} a connection was refused by a rule of {}: no endpoints", self.rules_of),
            Cause::BlackHole => format!("at {at} packets{whom} vanished; the client gave up at {known}"),
            Cause::Dropped => format!("at {at} packets were dropped by a rule of {}; the client gave up at {known}", self.rules_of),
            Cause::AddressGone => format!("at {at} packets were sent{whom}, an address that nobody has any more; known at {known}"),
            Cause::NoRoute => format!("at {at} {} had no route{whom}", self.rules_of),
            Cause::Killed => format!("a request of {at}{whom} was reset at {known}: the process was killed"),
            Cause::Crashed => format!("a request of {at}{whom} was reset at {known}: the process ended by itself"),
            Cause::Terminated => format!("a request of {at}{whom} was broken off at {known}: the process had got TERM and ended"),
            Cause::TimedOut => format!("a request of {at}{whom} had no answer at {known}: too many were waiting there"),
            Cause::Policy => format!("at {at} packets{whom} were stopped by NetworkPolicy {}", self.note),
            Cause::UnknownName => format!("at {at} a name server said NXDOMAIN"),
            Cause::SilentNames => format!("at {at} a name server was asked and hadn't answered by {known}"),
            Cause::Unavailable => format!("at {at} {} answered 503: it knows no endpoints", self.rules_of),
            Cause::BadGateway => format!("at {at} {} answered 502: a connection{whom} was refused or broken off", self.rules_of),
            Cause::GatewayTimeout => format!("at {at} {} asked{whom} and answered 504 at {known}", self.rules_of),
            Cause::NotFound => format!("at {at} {} answered 404: no rule for this host and path", self.rules_of),
            Cause::ServerError => format!("at {at} {} answered 500: its route can't be used", self.rules_of),
            Cause::Redirected => format!("at {at} {} sent the client elsewhere", self.rules_of),
            Cause::NoPorts => format!("at {at} the client had no port left"),
        };
        if let Some(stopped) = self.stopped.filter(|stopped| *stopped <= known) {
            let what = if self.cause.is_before_the_request() { "no process has taken any since" } else { "TERM or its end had come at" };
            let _ = write!(told, ": {what} {stopped}");
        }
        if self.cause == Cause::Refused && self.is_too_early {
            told.push_str(": no process has listened there yet");
        }
        if self.named && self.to.is_some() {
            let _ = match self.named_until {
                Some(until) => write!(told, "; {}'s rules still named it until {until}", self.rules_of),
                None => write!(told, "; {}'s rules named it", self.rules_of),
            };
        }
        told
    }
}

/// `1234567` as `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Three digits that matter: `1.23ms`.
fn rounded(span: SimDuration) -> SimDuration {
    let nanos = span.as_nanos();
    let scale = 10u64.pow(nanos.checked_ilog10().unwrap_or(0).saturating_sub(2));
    SimDuration::from_nanos((nanos + scale / 2) / scale * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_the_digits_that_matter() {
        for (part, whole, expected) in [
            (0, 0, "0%"),
            (0, 10, "0%"),
            (10, 10, "100%"),
            (969, 1_000, "96.9%"),
            (999_999, 1_000_000, "99.9999%"),
            (1, 30_000, "0.003%"),
            (1, 2, "50%"),
            (29_999, 30_000, "99.996%"),
        ] {
            assert_eq!(percent(part, whole), expected, "{part} of {whole}");
        }
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!((share(1, 3), share(1, 30_000), share(372, 12_000)), ("33.3%".to_owned(), "0.003%".to_owned(), "3.1%".to_owned()));
        assert_eq!(thousands(123), "123");
        assert_eq!(rounded(SimDuration::from_nanos(1_234_567)).to_string(), "1.23ms");
    }
}
