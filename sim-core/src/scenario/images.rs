//! What a scenario says about images: how long they take, what their processes do, use, write and log.

use super::words::{Amount, Ready, Span, from_text};
use crate::api::meta::Str;
use crate::api::probe::ProbeKind;
use crate::kernel::time::SimDuration;
use crate::node::runtime::program::{Failing, Program, Says, Serves, Writes};
use crate::node::runtime::usage::Usage;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use std::fmt;
use std::marker::PhantomData;

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ImageFields {
    pull: Option<Span>,
    size: Option<Amount>,
    start: Option<Span>,
    start_error: Option<String>,
    ready_after: Option<Ready>,
    serves_after: Option<Ready>,
    ports: Option<Vec<ShortOr<PortFields>>>,
    stop: Option<Ready>,
    stop_code: Option<i32>,
    crash_after: Option<Span>,
    runs_for: Option<Span>,
    exit_code: Option<i32>,
    cpu: Option<ShortOr<UsageFields>>,
    memory: Option<ShortOr<UsageFields>>,
    #[serde(default)]
    fails: Vec<FailingFields>,
    #[serde(default)]
    writes: Vec<WriteFields>,
    #[serde(default)]
    logs: Vec<ShortOr<SayFields>>,
    #[serde(default)]
    missing: bool,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct PortFields {
    port: i32,
    latency: Option<Span>,
    capacity: Option<u64>,
}

/// An amount over time. One of three shapes: from/to/over, low/high/period, base/perRequest.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct UsageFields {
    from: Option<Amount>,
    to: Option<Amount>,
    over: Option<Span>,
    low: Option<Amount>,
    high: Option<Amount>,
    period: Option<Span>,
    base: Option<Amount>,
    per_request: Option<Amount>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct FailingFields {
    probe: Option<ProbeName>,
    from: Option<Span>,
    to: Option<Ready>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct WriteFields {
    path: String,
    size: ShortOr<UsageFields>,
    after: Option<Span>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct SayFields {
    text: String,
    after: Option<Span>,
    every: Option<Span>,
}

#[derive(Clone, Copy)]
struct ProbeName(ProbeKind);
from_text!(ProbeName, |text| {
    let found = ProbeKind::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text));
    found.map(ProbeName).ok_or_else(|| format!("there is no probe {text:?}; expected startup, readiness or liveness"))
});

/// A text or number that says it all, or a map of fields.
#[derive(Clone)]
enum ShortOr<T> {
    Short(String),
    Fields(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ShortOr<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Visitor<T> {
            type Value = ShortOr<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a single value or a map of fields")
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(ShortOr::Short(text.to_owned()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(ShortOr::Short(number.to_string()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(ShortOr::Short(number.to_string()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(ShortOr::Short(number.to_string()))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(ShortOr::Fields)
            }
        }
        from.deserialize_any(Visitor(PhantomData))
    }
}

/// What amounts are counted in.
#[derive(Clone, Copy)]
enum Unit {
    MilliCpu,
    Bytes,
}

impl Unit {
    fn of(self, amount: Amount) -> u64 {
        let amount = match self {
            Unit::MilliCpu => amount.milli,
            Unit::Bytes => amount.whole,
        };
        u64::try_from(amount).unwrap_or(0)
    }
}

impl ShortOr<UsageFields> {
    fn usage(&self, unit: Unit) -> Result<Usage, String> {
        match self {
            ShortOr::Short(text) => Amount::parse(text).map(|amount| Usage::Constant(unit.of(amount))),
            ShortOr::Fields(fields) => fields.usage(unit),
        }
    }
}

impl UsageFields {
    fn usage(&self, unit: Unit) -> Result<Usage, String> {
        let f = self;
        match (f.from, f.to, f.over, f.low, f.high, f.period, f.base, f.per_request) {
            (from, Some(to), Some(over), None, None, None, None, None) => {
                Ok(Usage::Ramp { from: from.map_or(0, |from| unit.of(from)), to: unit.of(to), over: over.0 })
            }
            (None, None, None, low, Some(high), Some(period), None, None) => {
                Ok(Usage::Sine { low: low.map_or(0, |low| unit.of(low)), high: unit.of(high), period: period.0 })
            }
            (None, None, None, None, None, None, base, Some(each)) => {
                Ok(Usage::PerRequest { base: base.map_or(0, |base| unit.of(base)), each: unit.of(each) })
            }
            _ => Err("an amount over time is one of {from, to, over}, {low, high, period} or {base, perRequest}".to_owned()),
        }
    }
}

impl ShortOr<PortFields> {
    fn serves(&self) -> Result<Serves, String> {
        match self {
            ShortOr::Short(text) => {
                let port = text.parse().map_err(|_| format!("{text:?} is not a port"))?;
                Ok(Serves { port, latency: SimDuration::ZERO, capacity: 0 })
            }
            ShortOr::Fields(fields) => Ok(Serves {
                port: fields.port,
                latency: fields.latency.map_or(SimDuration::ZERO, |span| span.0),
                capacity: fields.capacity.unwrap_or(0),
            }),
        }
    }
}

impl ShortOr<SayFields> {
    fn says(&self) -> Says {
        let zero = SimDuration::ZERO;
        match self {
            ShortOr::Short(text) => Says { text: text.clone().into(), after: zero, every: zero },
            ShortOr::Fields(fields) => Says {
                text: fields.text.clone().into(),
                after: fields.after.map_or(zero, |span| span.0),
                every: fields.every.map_or(zero, |span| span.0),
            },
        }
    }
}

impl ImageFields {
    /// The program; what isn't said is as `usual`.
    ///
    /// # Errors
    /// Says what makes no sense.
    pub(super) fn program(&self, usual: Program) -> Result<Program, String> {
        let span = |given: Option<Span>, usual: SimDuration| given.map_or(usual, |span| span.0);
        let fails = self.fails.iter().map(|fields| Failing {
            probe: fields.probe.map(|name| name.0),
            from: span(fields.from, SimDuration::ZERO),
            to: fields.to.map_or(SimDuration::MAX, |to| to.0),
        });
        let writes = self.writes.iter().map(|fields| {
            let size = fields.size.usage(Unit::Bytes)?;
            Ok(Writes { path: Str::from(fields.path.clone()), size, after: span(fields.after, SimDuration::ZERO) })
        });
        let usage = |given: &Option<ShortOr<UsageFields>>, unit, usual| given.as_ref().map_or(Ok(usual), |given| given.usage(unit));
        Ok(Program {
            pull: span(self.pull, usual.pull),
            size: self.size.map_or(usual.size, |amount| Unit::Bytes.of(amount)),
            missing: self.missing,
            start: span(self.start, usual.start),
            start_error: self.start_error.clone().map(Str::from).or(usual.start_error),
            ready_after: self.ready_after.map_or(usual.ready_after, |ready| ready.0),
            serves_after: self.serves_after.map(|ready| ready.0).or(usual.serves_after),
            serves: match &self.ports {
                None => usual.serves,
                Some(ports) => Some(ports.iter().map(ShortOr::serves).collect::<Result<_, _>>()?),
            },
            stop: self.stop.map_or(usual.stop, |stop| stop.0),
            stop_code: self.stop_code.unwrap_or(usual.stop_code),
            crash_after: self.crash_after.map(|span| span.0).or(usual.crash_after),
            exit_code: self.exit_code.unwrap_or(usual.exit_code),
            runs_for: self.runs_for.map(|span| span.0).or(usual.runs_for),
            cpu: usage(&self.cpu, Unit::MilliCpu, usual.cpu)?,
            memory: usage(&self.memory, Unit::Bytes, usual.memory)?,
            fails: fails.collect(),
            writes: writes.collect::<Result<_, String>>()?,
            says: self.logs.iter().map(ShortOr::says).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::yaml::typed;

    fn program(text: &str) -> Result<Program, String> {
        let fields: ImageFields = typed::from_str(text).map_err(|error| error.to_string())?;
        fields.program(Program::default())
    }

    #[test]
    fn behaviours_are_data() {
        let text = "{ports: [80, {port: 8080, latency: 5ms, capacity: 10}], stop: never, stopCode: 143, servesAfter: 3s,
            cpu: 250m, memory: {from: 10Mi, to: 1Gi, over: 1m}, fails: [{probe: liveness, from: 20s, to: 1m}, {}],
            writes: [{path: /data/x, size: 10Mi, after: 2s}], logs: [hello, {text: tick, every: 5s}]}";
        let program = program(text).expect("it makes sense");
        let serves = program.serves.as_ref().expect("ports");
        assert_eq!((serves[0].port, serves[1].capacity, serves[1].latency.as_millis()), (80, 10, 5));
        assert_eq!((program.stop, program.stop_code), (SimDuration::MAX, 143));
        assert_eq!(program.cpu, Usage::Constant(250));
        assert_eq!(program.memory, Usage::Ramp { from: 10 << 20, to: 1 << 30, over: SimDuration::from_secs(60) });
        assert_eq!((program.fails[0].probe, program.fails[1].to), (Some(ProbeKind::Liveness), SimDuration::MAX));
        assert_eq!(program.writes[0].size, Usage::Constant(10 << 20));
        assert_eq!((program.says[0].text.as_str(), program.says[1].every.as_secs()), ("hello", 5));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let check = |text: &str, part: &str| {
            let said = program(text).expect_err(text);
            assert!(said.contains(part), "{text}: {said}");
        };
        check("{memory: {from: 1, high: 2}}", "one of {from, to, over}");
        check("{cpu: many}", "\"many\" is not a quantity");
        check("{fails: [{probe: health}]}", "there is no probe \"health\"");
        check("{ports: [http]}", "\"http\" is not a port");
    }
}
