//! The small words of a scenario file: spans of time, quantities, percentages, taints.

use crate::api::meta::Str;
use crate::api::pod::{Taint, TaintEffect};
use crate::api::quantity::Quantity;
use crate::kernel::time::SimDuration;
use serde::Deserialize;

/// Deserializes a type from a text by a function; its error becomes the message.
macro_rules! from_text {
    ($type:ty, $parse:expr) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                let parse: fn(&str) -> Result<$type, String> = $parse;
                parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

/// A span of time: `500ms`, `10s`, `1m30s`.
#[derive(Clone, Copy)]
pub(super) struct Span(pub(super) SimDuration);
from_text!(Span, |text| SimDuration::parse(text).map(Span));

/// A span that may be `never`.
#[derive(Clone, Copy)]
pub(super) struct Ready(pub(super) SimDuration);
from_text!(Ready, |text| if text == "never" { Ok(Ready(SimDuration::MAX)) } else { SimDuration::parse(text).map(Ready) });

/// A quantity: `4`, `500m`, `16Gi`.
#[derive(Clone, Copy)]
pub(super) struct Amount {
    /// Thousandths.
    pub(super) milli: i64,
    /// Rounded up.
    pub(super) whole: i64,
}
from_text!(Amount, Amount::parse);

impl Amount {
    /// Reads a quantity that isn't negative.
    pub(super) fn parse(text: &str) -> Result<Amount, String> {
        let quantity = Quantity::parse(text).map_err(|error| format!("{text:?} is not a quantity such as 4, 500m or 16Gi: {error}"))?;
        if quantity.milli_value() < 0 {
            return Err(format!("{text} is negative"));
        }
        Ok(Amount { milli: quantity.milli_value(), whole: quantity.value() })
    }
}

/// A percentage, with or without its sign.
#[derive(Clone, Copy)]
pub(super) struct Percent(pub(super) u64);
from_text!(Percent, |text| {
    let number = text.trim_end_matches('%').parse().ok().filter(|percent| *percent <= 100);
    number.map(Percent).ok_or_else(|| format!("{text:?} is not a percentage from 0 to 100"))
});

/// A taint as kubectl writes it: `key=value:NoSchedule`.
#[derive(Clone)]
pub(super) struct TaintText(pub(super) Taint);
from_text!(TaintText, |text| {
    let bad = || format!("{text:?} is not a taint such as key=value:NoSchedule");
    let (pair, effect) = text.rsplit_once(':').ok_or_else(bad)?;
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    let effect = TaintEffect::parse(effect).ok_or_else(|| format!("{}; effects are NoSchedule, PreferNoSchedule, NoExecute", bad()))?;
    Ok(TaintText(Taint { key: Str::from(key.to_owned()), value: Str::from(value.to_owned()), effect, added: None }))
});

pub(super) use from_text;
