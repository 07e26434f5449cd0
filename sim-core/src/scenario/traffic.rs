//! What a scenario says of simulated clients: their step, and what can be expected of them.
//!
//! ```text
//! traffic: {name: shop, to: svc/web:80, from: node-1, rate: 200/s, for: 60s}
//! traffic: stop shop
//!
//! traffic/shop lost == 0          traffic/shop success >= 99.9%      traffic/shop p99 < 50ms
//! traffic/shop lost by "connection refused" >= 1                     traffic/shop share of canary > 8%
//! ```

use super::error::{Error, nearest};
use super::expect::{Answer, Op};
use super::words::{Span, from_text};
use crate::api::yaml::typed;
use crate::cluster::Cluster;
use crate::kernel::time::SimDuration;
use crate::net::packet::Protocol;
use crate::net::traffic::client::{Change, Client, KeepAlive, Load, Rate, Retries, RetryOn, Source, Target};
use crate::net::traffic::{Cause, Report};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use std::fmt;

/// What a step says: a client, or `stop NAME`.
#[derive(Clone)]
pub(super) enum Fields {
    Start(Box<ClientFields>),
    Stop(String),
}

/// A client.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ClientFields {
    name: String,
    /// Of Services and pods that don't say theirs.
    namespace: Option<String>,
    to: String,
    from: Option<String>,
    rate: Option<RateFields>,
    users: Option<u32>,
    think: Option<Span>,
    #[serde(default)]
    think_varies: bool,
    keep_alive: Option<KeepFields>,
    #[serde(default)]
    keep_names: bool,
    protocol: Option<ProtocolText>,
    connect_timeout: Option<Span>,
    timeout: Option<Span>,
    #[serde(default)]
    retries: u8,
    retry_on: Option<RetryText>,
    backoff: Option<Span>,
    r#for: Option<Span>,
}

/// A rate, and whether requests come by chance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct RateFields(Rate, bool);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShapeFields {
    poisson: Option<PerSecond>,
    constant: Option<PerSecond>,
    ramp: Option<(PerSecond, PerSecond, Span)>,
    sine: Option<(PerSecond, PerSecond, Span)>,
    arrivals: Option<Arrivals>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
enum Arrivals {
    Even,
    Poisson,
}

#[derive(Clone, Copy)]
struct KeepFields(Option<KeepAlive>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct KeepMap {
    idle: Option<u32>,
    requests: Option<u32>,
    idle_timeout: Option<Span>,
}

#[derive(Deserialize, Clone, Copy)]
enum ProtocolText {
    #[serde(rename = "TCP", alias = "tcp")]
    Tcp,
    #[serde(rename = "UDP", alias = "udp")]
    Udp,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
enum RetryText {
    Connect,
    Any,
}

/// Requests per second, in thousandths: `200/s`, `30/m`, `0.5/s`, `200`.
#[derive(Clone, Copy)]
struct PerSecond(u64);
from_text!(PerSecond, per_second);

/// More requests per second than this are a slip of the finger.
const RATE_MAX: u64 = 1_000_000_000;
/// More users than this are, too.
const USERS_MAX: u32 = 1_000_000;

fn per_second(text: &str) -> Result<PerSecond, String> {
    let bad = || format!("{text:?} is no rate such as 200/s, 0.5/s or 30/m");
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let divisor = match unit.trim() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        _ => return Err(bad()),
    };
    let (whole, fraction) = number.trim().split_once('.').unwrap_or((number.trim(), ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{}, with three decimals at most", bad()));
    }
    let whole: u64 = whole.parse().map_err(|_| bad())?;
    let thousandths: u64 = format!("{fraction:0<3}").parse().map_err(|_| bad())?;
    let rate = whole.checked_mul(1_000).and_then(|rate| rate.checked_add(thousandths)).ok_or_else(bad)? / divisor;
    if rate > RATE_MAX {
        return Err(format!("{text} is too much; the most is {}/s", RATE_MAX / 1_000));
    }
    Ok(PerSecond(rate))
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a client such as {name: shop, to: svc/web:80, rate: 200/s}, or `stop shop`")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Fields, E> {
                let name = text.trim().strip_prefix("stop ").map(str::trim).filter(|name| !name.is_empty());
                let expected = || E::custom(format!("{text:?} is no traffic; expected `stop NAME`, or a client in braces"));
                name.map(|name| Fields::Stop(name.to_owned())).ok_or_else(expected)
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Fields, A::Error> {
                ClientFields::deserialize(MapAccessDeserializer::new(map)).map(|fields| Fields::Start(Box::new(fields)))
            }
        }
        from.deserialize_any(Visitor)
    }
}

impl<'de> Deserialize<'de> for RateFields {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = RateFields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rate such as 200/s, {poisson: 200/s}, {ramp: [10/s, 500/s, 60s]} or {sine: [10/s, 100/s, 24h]}")
            }
            fn visit_u64<E: serde::de::Error>(self, rate: u64) -> Result<RateFields, E> {
                self.visit_str(&rate.to_string())
            }
            fn visit_f64<E: serde::de::Error>(self, rate: f64) -> Result<RateFields, E> {
                self.visit_str(&rate.to_string())
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RateFields, E> {
                per_second(text).map(|rate| RateFields(Rate::Constant(rate.0), false)).map_err(E::custom)
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<RateFields, A::Error> {
                let fields = ShapeFields::deserialize(MapAccessDeserializer::new(map))?;
                fields.rate().map_err(serde::de::Error::custom)
            }
        }
        from.deserialize_any(Visitor)
    }
}

impl ShapeFields {
    fn rate(self) -> Result<RateFields, String> {
        let by_chance = matches!(self.arrivals, Some(Arrivals::Poisson));
        match (self.poisson, self.constant, self.ramp, self.sine) {
            (Some(rate), None, None, None) => Ok(RateFields(Rate::Constant(rate.0), true)),
            (None, Some(rate), None, None) => Ok(RateFields(Rate::Constant(rate.0), by_chance)),
            (None, None, Some((from, to, over)), None) => Ok(RateFields(Rate::Ramp { from: from.0, to: to.0, over: over.0 }, by_chance)),
            (None, None, None, Some((low, high, period))) if low.0 <= high.0 => {
                Ok(RateFields(Rate::Sine { low: low.0, high: high.0, period: period.0 }, by_chance))
            }
            (None, None, None, Some(_)) => Err("a sine goes from its least to its most: [10/s, 100/s, 24h]".to_owned()),
            _ => Err("a rate has exactly one of `constant`, `poisson`, `ramp`, `sine`".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for KeepFields {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = KeepFields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, or something like {idle: 100, requests: 1000, idleTimeout: 90s}")
            }
            fn visit_bool<E>(self, keeps: bool) -> Result<KeepFields, E> {
                Ok(KeepFields(keeps.then(KeepAlive::default)))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<KeepFields, A::Error> {
                let (fields, usual) = (KeepMap::deserialize(MapAccessDeserializer::new(map))?, KeepAlive::default());
                Ok(KeepFields(Some(KeepAlive {
                    idle: fields.idle.unwrap_or(usual.idle),
                    requests: fields.requests.unwrap_or(usual.requests),
                    idle_timeout: fields.idle_timeout.map_or(usual.idle_timeout, |span| span.0),
                })))
            }
        }
        from.deserialize_any(Visitor)
    }
}

impl Fields {
    /// Makes sure that it says one thing.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub(super) fn check(self) -> Result<Change, (String, String)> {
        match self {
            Fields::Stop(name) => Ok(Change::Stop(name)),
            Fields::Start(fields) => fields.client().map(|client| Change::Start(Box::new(client))),
        }
    }
}

impl ClientFields {
    fn client(self) -> Result<Client, (String, String)> {
        let plain = |message: String| (message, String::new());
        let namespace = self.namespace.as_deref().unwrap_or("default");
        let from = self.from.as_deref().unwrap_or("outside");
        if self.name.is_empty() || self.name.contains(char::is_whitespace) {
            return Err((format!("{:?} is no name for traffic", self.name), "use a word: `name: shop`".to_owned()));
        }
        let usual =
            Client::new(&self.name, Source::parse(from, namespace).map_err(plain)?, Target::parse(&self.to, namespace).map_err(plain)?);
        let load = match (self.rate, self.users) {
            (Some(RateFields(rate, poisson)), None) => Load::Open { rate, poisson },
            (None, Some(users)) if users > USERS_MAX => return Err(plain(format!("{users} users are too many; the most is {USERS_MAX}"))),
            (None, Some(users)) => {
                let think = self.think.map_or(SimDuration::from_secs(1), |span| span.0);
                Load::Closed { users, think, varies: self.think_varies }
            }
            (None, None) => usual.load,
            (Some(_), Some(_)) => {
                return Err((
                    "traffic comes at a `rate` or from `users`, not both".to_owned(),
                    "users wait for their answers before they ask again; a rate doesn't wait".to_owned(),
                ));
            }
        };
        if self.users.is_none() && (self.think.is_some() || self.think_varies) {
            return Err(("`think` goes with `users`".to_owned(), "`users: 50` with `think: 100ms`".to_owned()));
        }
        if self.retries == 0 && (self.retry_on.is_some() || self.backoff.is_some()) {
            return Err(("`retryOn` and `backoff` go with `retries`".to_owned(), "`retries: 1`".to_owned()));
        }
        let timeout = self.timeout.map_or(usual.timeout, |span| span.0);
        Ok(Client {
            protocol: match self.protocol {
                Some(ProtocolText::Udp) => Protocol::Udp,
                Some(ProtocolText::Tcp) | None => Protocol::Tcp,
            },
            load,
            lasts: self.r#for.map(|span| span.0),
            keep_alive: self.keep_alive.and_then(|keeps| keeps.0),
            keeps_names: self.keep_names,
            connect_timeout: self.connect_timeout.map_or(usual.connect_timeout, |span| span.0).min(timeout),
            timeout,
            retries: Retries {
                times: self.retries,
                on: match self.retry_on {
                    Some(RetryText::Any) => RetryOn::Any,
                    Some(RetryText::Connect) | None => RetryOn::Connect,
                },
                backoff: self.backoff.map_or(SimDuration::ZERO, |span| span.0),
            },
            ..usual
        })
    }
}

/// Reads what follows the word `traffic`: `stop shop`, or a client with or without its braces.
///
/// # Errors
/// Says what was expected.
pub fn parse(text: &str) -> Result<Change, String> {
    let text = text.trim();
    let braced = if text.starts_with('{') || text.starts_with("stop ") { text.to_owned() } else { format!("{{{text}}}") };
    let fields: Fields = typed::from_str(&braced).map_err(|error| {
        let Error { message, help, .. } = Error::from_yaml("", &braced, &error);
        if help.is_empty() { message } else { format!("{message}; {help}") }
    })?;
    fields.check().map_err(|(message, _)| message)
}

/// What can be said of a client's requests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct TrafficClaim {
    name: String,
    what: What,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum What {
    Count(Counted, Op, u64),
    LostBy(Cause, Op, u64),
    /// In millionths of a percent.
    Success(Op, u64),
    /// Of those that were answered, how many by pods whose names begin so: in millionths of a percent.
    Share(String, Op, u64),
    /// Thousandths of them are no longer; `None`: the mean.
    Latency(Option<u64>, Op, SimDuration),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Counted {
    Sent,
    Ok,
    Lost,
    Pending,
    Retried,
    Connections,
}

const COUNTS: &[(&str, Counted)] = &[
    ("sent", Counted::Sent),
    ("ok", Counted::Ok),
    ("lost", Counted::Lost),
    ("pending", Counted::Pending),
    ("retried", Counted::Retried),
    ("connections", Counted::Connections),
];

const LATENCIES: &[(&str, Option<u64>)] = &[
    ("mean", None),
    ("min", Some(0)),
    ("p50", Some(500)),
    ("p90", Some(900)),
    ("p99", Some(990)),
    ("p99.9", Some(999)),
    ("max", Some(1_000)),
];

/// Reads what follows `traffic/`.
///
/// # Errors
/// Says what was expected.
pub(super) fn claim(rest: &str) -> Result<TrafficClaim, String> {
    const EXPECTED: &str = "expected something like `traffic/shop lost == 0`, `traffic/shop success >= 99.9%`, `traffic/shop p99 < 50ms`, \
         `traffic/shop share of canary > 8%` or `traffic/shop lost by \"connection refused\" >= 1`";
    let (name, rest) = rest.split_once(' ').ok_or(EXPECTED)?;
    let (subject, op, wanted) = compared(rest.trim()).ok_or(EXPECTED)?;
    let number = || wanted.replace('_', "").parse::<u64>().map_err(|_| format!("{wanted:?} is no number"));
    let what = if let Some(cause) = subject.strip_prefix("lost by ") {
        let cause = cause.trim().trim_matches(['"', '\'']);
        What::LostBy(Cause::parse(cause).ok_or_else(|| no_cause(cause))?, op, number()?)
    } else if let Some(pods) = subject.strip_prefix("share of ") {
        What::Share(pods.trim().to_owned(), op, share(wanted)?)
    } else if subject == "success" {
        What::Success(op, share(wanted)?)
    } else if let Some((_, counted)) = COUNTS.iter().find(|(word, _)| *word == subject) {
        What::Count(*counted, op, number()?)
    } else if let Some((_, percentile)) = LATENCIES.iter().find(|(word, _)| *word == subject) {
        What::Latency(*percentile, op, SimDuration::parse(wanted)?)
    } else {
        let words: Vec<&str> =
            COUNTS.iter().map(|(word, _)| *word).chain(["success"]).chain(LATENCIES.iter().map(|(word, _)| *word)).collect();
        let hint = nearest(subject, &words).map_or_else(String::new, |near| format!("; did you mean {near}?"));
        return Err(format!("traffic has no {subject:?}, only {}{hint}", words.join(", ")));
    };
    Ok(TrafficClaim { name: name.to_owned(), what })
}

/// `SUBJECT OP WANTED`; in quotes there is no operator.
fn compared(text: &str) -> Option<(&str, Op, &str)> {
    let (before, wanted) = text.rsplit_once(' ')?;
    let (subject, op) = before.trim_end().rsplit_once(' ')?;
    Some((subject.trim_end(), Op::parse(op)?, wanted))
}

fn no_cause(typed: &str) -> String {
    let known: Vec<&str> = Cause::ALL.iter().map(|cause| cause.as_str()).collect();
    let hint = nearest(typed, &known).map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
    format!("nothing is lost by {typed:?}, only by {}{hint}", known.join(", "))
}

/// `99.9%` in millionths of a percent.
fn share(text: &str) -> Result<u64, String> {
    let bad = || format!("{text:?} is not a percentage such as 99.9%");
    let number = text.strip_suffix('%').ok_or_else(bad)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad());
    }
    let whole: u64 = whole.parse().ok().filter(|whole| *whole <= 100).ok_or_else(bad)?;
    let fraction: u64 = format!("{fraction:0<6}").parse().map_err(|_| bad())?;
    Ok(whole * 1_000_000 + fraction)
}

impl TrafficClaim {
    pub(super) fn holds(&self, cluster: &Cluster) -> Answer {
        match cluster.traffic().report(&self.name) {
            None => Answer { holds: false, found: format!("there is no traffic named {:?}", self.name) },
            Some(report) => self.what.holds(&report),
        }
    }
}

impl What {
    fn holds(&self, report: &Report) -> Answer {
        match self {
            What::Count(counted, op, wanted) => {
                let found = match counted {
                    Counted::Sent => report.sent,
                    Counted::Ok => report.ok,
                    Counted::Lost => report.lost,
                    Counted::Pending => report.pending,
                    Counted::Retried => report.retried,
                    Counted::Connections => report.connections,
                };
                Answer { holds: op.holds(&found, wanted), found: format!("there are {found} of {}{}", report.sent, causes(report)) }
            }
            What::LostBy(cause, op, wanted) => {
                let found = report.lost_by(*cause);
                Answer { holds: op.holds(&found, wanted), found: format!("there are {found}{}", causes(report)) }
            }
            What::Success(op, wanted) => {
                Answer { holds: op.holds(&report.success_ppm, wanted), found: format!("it is {}{}", report.success, causes(report)) }
            }
            What::Share(pods, op, wanted) => {
                // `web-1` is a pod, or the pods of something.
                let is_meant = |pod: &str| pod.strip_prefix(pods.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
                let of = |meant: &dyn Fn(&str) -> bool| -> u64 {
                    report.backends.iter().filter(|served| meant(&served.pod)).map(|served| served.ok).sum()
                };
                let (part, all) = (of(&is_meant), of(&|_| true));
                let found = u128::from(part) * 100_000_000 / u128::from(all.max(1));
                let words = format!("they answered {part} of {all}{}", causes(report));
                Answer { holds: all > 0 && op.holds(&found, &u128::from(*wanted)), found: words }
            }
            What::Latency(percentile, op, wanted) => {
                let latency = &report.latency;
                let found = match percentile {
                    None => latency.mean,
                    Some(0) => latency.min,
                    Some(500) => latency.p50,
                    Some(900) => latency.p90,
                    Some(990) => latency.p99,
                    Some(999) => latency.p999,
                    Some(_) => latency.max,
                };
                Answer { holds: report.ok > 0 && op.holds(&found, wanted), found: format!("it is {found}") }
            }
        }
    }
}

/// `; lost: 12 connection refused, 3 timeout`.
fn causes(report: &Report) -> String {
    let causes: Vec<String> = report.failures.iter().map(|failure| format!("{} {}", failure.count, failure.cause.as_str())).collect();
    if causes.is_empty() { String::new() } else { format!("; lost: {}", causes.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Do, Scenario};

    fn step(traffic: &str) -> Result<String, String> {
        let text = format!("steps:\n- traffic: {traffic}\n");
        let scenario = Scenario::parse(&text, "a.yaml").map_err(|error| error.to_string())?;
        match &scenario.steps[0].what {
            Do::Traffic(change) => Ok(change.to_string()),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn clients() {
        for (text, expected) in [
            ("{name: shop, to: 'svc/web:80'}", "traffic shop: outside → svc/web.default:80, 100/s"),
            (
                "{name: shop, to: 'svc/web:80', from: node-1, rate: 200/s, for: 60s, keepAlive: true}",
                "traffic shop: node-1 → svc/web.default:80, 200/s for 1m0s, connections kept",
            ),
            ("{name: a, to: 'http://x/', rate: 0.5}", "traffic a: outside → http://x/, 0.5/s"),
            (
                "{name: a, to: 'pod/a:80', from: pod/b, rate: {poisson: 30/m}}",
                "traffic a: pod default/b → pod/a:80 in default, 0.5/s by chance",
            ),
            ("{name: a, to: 'a:80', rate: {ramp: [10/s, 500/s, 60s]}}", "traffic a: outside → a:80, 10/s to 500/s over 1m0s"),
            (
                "{name: a, to: 'a:80', rate: {sine: [1/s, 5/s, 24h], arrivals: poisson}}",
                "traffic a: outside → a:80, 1/s to 5/s and back in 24h0m0s by chance",
            ),
            ("{name: a, to: 'a:80', users: 50, think: 100ms}", "traffic a: outside → a:80, 50 users who think for 100ms"),
            ("stop shop", "traffic shop stops"),
        ] {
            assert_eq!(step(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_line_of_the_shell() {
        let shown = |text: &str| parse(text).map_or_else(|error| error, |change| change.to_string());
        assert_eq!(shown("name: a, to: 'svc/web:80', users: 3"), "traffic a: outside → svc/web.default:80, 3 users who think for 1s");
        assert_eq!(shown("stop a"), "traffic a stops");
        assert!(shown("nam: a").contains("did you mean `name`?"), "{}", shown("nam: a"));
    }

    #[test]
    fn slips() {
        for (text, problem) in [
            ("{to: 'a:80'}", "`name` is missing"),
            ("{name: a, to: 'a:80', rat: 5}", "did you mean `rate`?"),
            ("{name: a, to: 'svc/web'}", "says no port"),
            ("{name: a, to: 'a:80', from: deploy/x}", "is no place for a client"),
            ("{name: a, to: 'a:80', rate: fast}", "is no rate such as"),
            ("{name: a, to: 'a:80', rate: 9000000/s}", "too much"),
            ("{name: a, to: 'a:80', rate: {ramp: [1/s, 2/s, 1s], poisson: 1/s}}", "exactly one of"),
            ("{name: a, to: 'a:80', rate: 1/s, users: 3}", "not both"),
            ("{name: a, to: 'a:80', think: 1s}", "`think` goes with `users`"),
            ("{name: a, to: 'a:80', backoff: 1s}", "go with `retries`"),
            ("{name: a b, to: 'a:80'}", "is no name"),
            ("shop", "expected `stop NAME`"),
        ] {
            let error = step(text).expect_err(text);
            assert!(error.contains(problem) && error.contains("a.yaml:2:"), "{text}: {error}");
        }
    }

    #[test]
    fn expectations() {
        for text in [
            "shop lost == 0",
            "shop success >= 99.9%",
            "shop p99 < 50ms",
            "shop p99.9 < 1s",
            "shop mean <= 3ms",
            "shop lost by \"connection refused\" >= 1",
            "shop lost by 503 > 2",
            "shop connections <= 4",
            "shop share of canary > 8%",
        ] {
            assert!(claim(text).is_ok(), "{text}");
        }
        for (text, problem) in [
            ("shop", "expected something like"),
            ("shop lost", "expected something like"),
            ("shop losst == 0", "did you mean lost?"),
            ("shop lost by \"conection refused\" >= 1", "did you mean \"connection refused\"?"),
            ("shop success >= 99.9", "is not a percentage"),
            ("shop share of canary > 8", "is not a percentage"),
            ("shop p99 < 50", "is not a duration"),
            ("shop lost == none", "is no number"),
        ] {
            let error = claim(text).expect_err(text);
            assert!(error.contains(problem), "{text}: {error}");
        }
        assert_eq!(share("99.9%"), Ok(99_900_000));
        assert_eq!(share("100%"), Ok(100_000_000));
    }
}
