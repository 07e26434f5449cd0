//! `resource.Quantity`: amounts such as `500m`, `1.5Gi` and `2e3`, exact and without floats.
//!
//! Mirrors `staging/src/k8s.io/apimachinery/pkg/api/resource/{quantity,amount,math,scale_int,suffix}.go` of Kubernetes v1.36. As there, an
//! amount is an `int64` with a power of ten where that is enough, and a decimal of any length where it isn't; the two differ in how they
//! round and overflow, and a text that is canonical already is kept as it was written (`+1E` stays `+1E`).
//!
//! Differs in one place: numbers that lie more than `FARTHEST` powers of ten apart are not lined up digit by digit (upstream would try, and
//! run out of memory on `12345678901234567890e999999999`).

mod decimal;

pub(crate) use decimal::Decimal;
use serde_json::Value;
use std::cmp::Ordering;
use std::fmt;

/// The powers of ten below which a parsed amount is rounded up: nano.
const NANO: i32 = -9;
/// The powers of ten of [`Quantity::milli_value`].
const MILLI: i32 = -3;
/// How many powers of ten may lie between two numbers that are lined up digit by digit.
const FARTHEST: i64 = 4096;

/// How an amount is written: `resource.Format`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// `12e6`
    DecimalExponent,
    /// `12Mi`, which is 12 × 2²⁰
    BinarySi,
    /// `12M`, which is 12 × 10⁶
    DecimalSi,
}

impl Format {
    /// The format's name in Go.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::DecimalExponent => "DecimalExponent",
            Format::BinarySi => "BinarySI",
            Format::DecimalSi => "DecimalSI",
        }
    }
}

/// Why a text is not a quantity. Prints Go's message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QuantityError {
    /// The text has not the shape of a number with a suffix.
    Format,
    /// The number cannot be read.
    Numeric,
    /// There is no such suffix.
    Suffix,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            QuantityError::Format => "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            QuantityError::Numeric => "unable to parse numeric part of quantity",
            QuantityError::Suffix => "unable to parse quantity's suffix",
        })
    }
}

impl std::error::Error for QuantityError {}

/// An amount of something: a fixed-point number that remembers how it was written. Compares by value alone.
#[derive(Clone)]
pub struct Quantity {
    amount: Amount,
    format: Format,
    /// The text that it was parsed from, if that counts as canonical.
    text: Option<Box<str>>,
}

/// How a [`Quantity`] holds its number; the dump that names a ReplicaSet shows the difference.
#[derive(Clone)]
pub(crate) enum Amount {
    /// value × 10^scale: `int64Amount`.
    Int { value: i64, scale: i32 },
    /// A decimal of any length: `infDecAmount`.
    Dec(Decimal),
}

impl Quantity {
    /// The whole number `value`, written in `format`.
    pub const fn from_i64(value: i64, format: Format) -> Quantity {
        Quantity { amount: Amount::Int { value, scale: 0 }, format, text: None }
    }

    /// `millis` thousandths, written in `format`.
    pub const fn from_millis(millis: i64, format: Format) -> Quantity {
        Quantity { amount: Amount::Int { value: millis, scale: MILLI }, format, text: None }
    }

    /// Parses what `resource.ParseQuantity` parses.
    ///
    /// # Errors
    /// [`QuantityError`], which prints Go's message.
    pub fn parse(text: &str) -> Result<Quantity, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        if text == "0" {
            return Ok(Quantity { amount: Amount::Int { value: 0, scale: 0 }, format: Format::DecimalSi, text: Some(text.into()) });
        }
        let parts = Parts::split(text)?;
        let (base, exponent, format) = interpret_suffix(parts.suffix).ok_or(QuantityError::Suffix)?;
        match parse_short(text, &parts, base, exponent, format) {
            Some(quantity) => Ok(quantity),
            None => parse_long(&parts, base, exponent, format),
        }
    }

    /// Reads a quantity out of a tree: a string, or a number as JSON writes it. `None` for anything else.
    pub fn from_value(value: &Value) -> Option<Result<Quantity, QuantityError>> {
        match value {
            Value::String(text) => Some(Quantity::parse(text.trim())),
            Value::Number(number) => Some(Quantity::parse(&number.to_string())),
            _ => None,
        }
    }

    /// The amount, rounded away from zero to a whole number. Overflows as in Go when it is beyond an `i64`.
    pub fn value(&self) -> i64 {
        self.scaled_value(0)
    }

    /// The amount in thousandths, rounded away from zero. Overflows as in Go when it is beyond an `i64`.
    pub fn milli_value(&self) -> i64 {
        self.scaled_value(MILLI)
    }

    /// The amount divided by 10^`scale`, rounded up. Overflows as in Go when it is beyond an `i64`.
    pub fn scaled_value(&self, scale: i32) -> i64 {
        match &self.amount {
            Amount::Int { value, scale: own } if *own < scale => divide_rounding_up(*value, i64::from(scale) - i64::from(*own)).0,
            Amount::Int { value, scale: own } => {
                let times = i64::from(*own) - i64::from(scale);
                multiply_by_ten(*value, times).unwrap_or(match times {
                    // Go multiplies at once by these, and the caller takes what overflowed; by others it goes step by step and gives up.
                    1 | 2 | 3 | 6 | 9 if *value != i64::MIN => value.wrapping_mul(10i64.pow(times as u32)),
                    _ => 0,
                })
            }
            Amount::Dec(dec) => dec.scaled_value(-i64::from(scale)),
        }
    }

    /// How the amount is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// −1, 0 or 1.
    pub fn sign(&self) -> i32 {
        match &self.amount {
            Amount::Int { value, .. } => value.signum() as i32,
            Amount::Dec(dec) => dec.sign(),
        }
    }

    /// Whether the amount is nothing.
    pub fn is_zero(&self) -> bool {
        self.sign() == 0
    }

    /// The sum. Keeps this quantity's format, unless this is zero: then the other's.
    #[must_use]
    pub fn add(&self, other: &Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity { amount: self.amount.add(&other.amount), format, text: None }
    }

    /// The difference. Keeps this quantity's format, unless this is zero: then the other's.
    #[must_use]
    pub fn sub(&self, other: &Quantity) -> Quantity {
        self.add(&other.neg_keeping_format())
    }

    /// The amount with its sign turned.
    #[must_use]
    pub fn neg(&self) -> Quantity {
        self.neg_keeping_format()
    }

    /// Rounds away from zero to a multiple of 10^`scale` (defaulting does so to milli); a no-op for amounts that are coarser already.
    #[must_use]
    pub fn round_up(&self, scale: i32) -> Quantity {
        let amount = match &self.amount {
            Amount::Int { scale: own, .. } if *own >= scale => return self.clone(),
            Amount::Int { value, scale: own } => {
                Amount::Int { value: divide_rounding_up(*value, i64::from(scale) - i64::from(*own)).0, scale }
            }
            Amount::Dec(dec) => Amount::Dec(dec.round_up(scale.wrapping_neg())),
        };
        Quantity { amount, format: self.format, text: None }
    }

    fn neg_keeping_format(&self) -> Quantity {
        let amount = match &self.amount {
            Amount::Int { value, scale } => Amount::Int { value: value.wrapping_neg(), scale: *scale },
            Amount::Dec(dec) => Amount::Dec(Decimal { negative: !dec.negative && dec.sign() != 0, ..dec.clone() }),
        };
        Quantity { amount, format: self.format, text: None }
    }

    /// The number as it is held, for the dump that names a ReplicaSet.
    pub(crate) fn amount(&self) -> &Amount {
        &self.amount
    }

    /// The text that was kept from parsing, for the same dump.
    pub(crate) fn kept_text(&self) -> &str {
        self.text.as_deref().unwrap_or("")
    }

    /// `CanonicalizeBytes`: the largest suffix that needs no fraction.
    fn canonical(&self) -> String {
        if self.is_zero() {
            return "0".to_owned();
        }
        if self.format == Format::BinarySi
            && let Some(text) = self.canonical_binary()
        {
            return text;
        }
        let (number, exponent) = match &self.amount {
            Amount::Int { value, scale } => canonical_int(*value, *scale).unwrap_or_else(|| self.amount.decimal().canonical()),
            Amount::Dec(dec) => dec.canonical(),
        };
        match self.format {
            Format::DecimalExponent if exponent != 0 => format!("{number}e{exponent}"),
            Format::DecimalExponent => number,
            // v1.36 drops an exponent that has no suffix: 1000E prints as 1.
            Format::DecimalSi | Format::BinarySi => number + decimal_suffix(exponent),
        }
    }

    /// `512Mi`; `None` if the amount is below 1024 or has a fraction, which is written in decimal.
    fn canonical_binary(&self) -> Option<String> {
        let limit = Quantity::from_i64(1024, Format::BinarySi);
        if *self < limit && *self > limit.neg() {
            return None;
        }
        let (number, exponent) = match &self.amount {
            Amount::Int { value, scale } => {
                if *scale < 0 && !divide_rounding_up(*value, -i64::from(*scale)).1 {
                    return None;
                }
                match self.whole() {
                    Some(whole) => {
                        let (rest, times) = remove_factors(whole, 1024);
                        (rest.to_string(), times)
                    }
                    None => self.amount.decimal().canonical_1024(),
                }
            }
            Amount::Dec(dec) => {
                let rounded = dec.round_up(0);
                if rounded.compare(dec) != Ordering::Equal {
                    return None;
                }
                rounded.canonical_1024()
            }
        };
        // Beyond Ei there is no suffix either.
        let suffix = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].get(exponent as usize).unwrap_or(&"");
        Some(number + suffix)
    }

    /// The amount as a whole number, rounded up, if it fits an `i64`. Only for the short form.
    fn whole(&self) -> Option<i64> {
        match self.amount {
            Amount::Int { value, scale } if scale < 0 => Some(divide_rounding_up(value, -i64::from(scale)).0),
            Amount::Int { value, scale } => multiply_by_ten(value, i64::from(scale)),
            Amount::Dec(_) => None,
        }
    }
}

/// The canonical text, or the original text where Go keeps that.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => f.pad(text),
            None => f.pad(&self.canonical()),
        }
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Default for Quantity {
    /// Nothing, in decimal.
    fn default() -> Quantity {
        Quantity::from_i64(0, Format::DecimalSi)
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Quantity) -> Ordering {
        if let (Amount::Int { value: a, scale: sa }, Amount::Int { value: b, scale: sb }) = (&self.amount, &other.amount) {
            // Both fit an i128 once lined up, while they lie at most 18 powers of ten apart.
            let apart = i64::from(*sa) - i64::from(*sb);
            if apart.abs() <= 18 {
                let factor = 10i128.pow(apart.unsigned_abs() as u32);
                let (fa, fb) = if apart > 0 { (factor, 1) } else { (1, factor) };
                return (i128::from(*a) * fa).cmp(&(i128::from(*b) * fb));
            }
        }
        self.amount.decimal().compare(&other.amount.decimal())
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Quantity) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl Amount {
    fn decimal(&self) -> Decimal {
        match self {
            Amount::Int { value, scale } => Decimal::new(*value < 0, value.unsigned_abs().to_string().bytes(), scale.wrapping_neg()),
            Amount::Dec(dec) => dec.clone(),
        }
    }

    /// Stays short if both are and the sum fits.
    fn add(&self, other: &Amount) -> Amount {
        if let (Amount::Int { value: a, scale: sa }, Amount::Int { value: b, scale: sb }) = (self, other) {
            if *b == 0 {
                return self.clone();
            }
            if *a == 0 {
                return other.clone();
            }
            let scale = *sa.min(sb);
            let a = multiply_by_ten(*a, i64::from(*sa) - i64::from(scale));
            let b = multiply_by_ten(*b, i64::from(*sb) - i64::from(scale));
            if let Some(value) = a.zip(b).and_then(|(a, b)| a.checked_add(b)) {
                return Amount::Int { value, scale };
            }
        }
        Amount::Dec(self.decimal().add(&other.decimal()))
    }
}

/// A quantity's text, taken apart.
struct Parts<'a> {
    negative: bool,
    /// The number as written, with its sign.
    number: &'a str,
    /// The digits before the point, without leading zeros; `0` if there are none.
    whole: &'a str,
    /// The digits after the point.
    fraction: &'a str,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Parts<'a>, QuantityError> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let negative = text.starts_with('-');
        let significant = unsigned.trim_start_matches('0');
        if significant.is_empty() {
            return Ok(Parts { negative, number: "0", whole: "0", fraction: "", suffix: "" });
        }
        let (whole, mut rest) = take_digits(significant);
        let mut fraction = "";
        if let Some(after) = rest.strip_prefix('.') {
            (fraction, rest) = take_digits(after);
        }
        let number = &text[..text.len() - rest.len()];
        let exponent = rest.trim_start_matches(|c: char| "eEinumkKMGTP".contains(c));
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if !take_digits(exponent).1.is_empty() {
            return Err(QuantityError::Format);
        }
        Ok(Parts { negative, number, whole: if whole.is_empty() { "0" } else { whole }, fraction, suffix: rest })
    }
}

fn take_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len()))
}

/// Base, exponent and format that a suffix stands for.
fn interpret_suffix(suffix: &str) -> Option<(u32, i32, Format)> {
    let decimal = |exponent| Some((10, exponent, Format::DecimalSi));
    let binary = |exponent| Some((2, exponent, Format::BinarySi));
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        // Go narrows the exponent to 32 bits without looking.
        _ => suffix.strip_prefix(['e', 'E'])?.parse::<i64>().ok().map(|exponent| (10, exponent as i32, Format::DecimalExponent)),
    }
}

fn decimal_suffix(exponent: i32) -> &'static str {
    match exponent {
        -9 => "n",
        -6 => "u",
        -3 => "m",
        3 => "k",
        6 => "M",
        9 => "G",
        12 => "T",
        15 => "P",
        18 => "E",
        _ => "",
    }
}

/// The fast path: few enough digits for an `i64`. `None` where the slow path has to do it.
fn parse_short(text: &str, parts: &Parts<'_>, base: u32, exponent: i32, format: Format) -> Option<Quantity> {
    let digits = i64::try_from(parts.whole.len() + parts.fraction.len()).ok()?;
    let (room, scale, factor) = if base == 10 {
        (18 - digits, exponent, 1)
    } else if parts.fraction.is_empty() {
        // A power of two has about three decimal digits for each ten bits.
        (15 - digits - i64::from(exponent * 3 / 10) - 1, 0, 1i64 << exponent)
    } else {
        return None;
    };
    let scale = scale.wrapping_sub(parts.fraction.len() as i32);
    if room < 0 || scale < NANO {
        return None;
    }
    let shifted = format!("{}{}", parts.whole, parts.fraction);
    let value: i64 = shifted.parse().ok()?;
    let result = value.checked_mul(factor)?;
    let canonical = match format {
        Format::BinarySi => exponent % 10 == 0 && value & 7 != 0,
        _ => scale % 3 == 0 && !shifted.ends_with("000") && !shifted.starts_with('0'),
    };
    let value = if parts.negative { -result } else { result };
    Some(Quantity { amount: Amount::Int { value, scale }, format, text: canonical.then(|| text.into()) })
}

/// The slow path: any number of digits, rounded up at nano; binary amounts are capped at the largest `i64`.
fn parse_long(parts: &Parts<'_>, base: u32, exponent: i32, mut format: Format) -> Result<Quantity, QuantityError> {
    let number = parts.number.strip_prefix(['-', '+']).unwrap_or(parts.number);
    if !number.bytes().any(|b| b.is_ascii_digit()) {
        return Err(QuantityError::Numeric);
    }
    let mut dec = Decimal::new(false, number.bytes().filter(|b| *b != b'.'), parts.fraction.len() as i32);
    if base == 10 {
        dec.scale = dec.scale.wrapping_sub(exponent);
    } else {
        dec.double(exponent as u32);
    }
    if dec.sign() != 0 {
        dec = dec.round_up(-NANO);
    }
    if format == Format::BinarySi {
        let most = Quantity::from_i64(i64::MAX, format).amount.decimal();
        let one = Quantity::from_i64(1, format).amount.decimal();
        if dec.compare(&most) == Ordering::Greater {
            dec = most;
        } else if dec.sign() > 0 && dec.compare(&one) == Ordering::Less {
            format = Format::DecimalSi;
        }
    }
    dec.negative = parts.negative && dec.sign() != 0;
    Ok(Quantity { amount: Amount::Dec(dec), format, text: None })
}

/// `positiveScaleInt64`: value × 10^times, if that fits.
fn multiply_by_ten(value: i64, times: i64) -> Option<i64> {
    match value {
        0 => Some(0),
        // More than 18 places never fit.
        _ if times > 18 => None,
        _ => value.checked_mul(10i64.pow(times as u32)),
    }
}

/// `negativeScaleInt64`: value / 10^times away from zero, and whether that was exact.
fn divide_rounding_up(value: i64, times: i64) -> (i64, bool) {
    if times > 18 {
        return (value.signum(), value == 0);
    }
    let divisor = 10i64.pow(times as u32);
    let exact = value % divisor == 0;
    (value / divisor + if exact { 0 } else { value.signum() }, exact)
}

fn remove_factors(mut value: i64, base: i64) -> (i64, i32) {
    let mut times = 0;
    while value.unsigned_abs() >= base.unsigned_abs() && value != i64::MIN && value % base == 0 {
        value /= base;
        times += 1;
    }
    (value, times)
}

/// Mantissa and exponent, a multiple of three. `None` if the mantissa then overflows.
fn canonical_int(value: i64, scale: i32) -> Option<(String, i32)> {
    let (amount, times) = remove_factors(value, 10);
    let exponent = scale.wrapping_add(times);
    let spare = exponent.rem_euclid(3);
    let amount = amount.checked_mul([1, 10, 100][spare as usize])?;
    Some((amount.to_string(), exponent.wrapping_sub(spare)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, canonical: &str, value: i64, milli: i64) {
        let quantity = Quantity::parse(text).expect(text);
        assert_eq!((quantity.to_string().as_str(), quantity.value(), quantity.milli_value()), (canonical, value, milli), "{text}");
    }

    #[test]
    fn quantities_parse_round_and_print_as_in_go() {
        check("0", "0", 0, 0);
        check("100m", "100m", 1, 100);
        check("1.5Gi", "1536Mi", 1_610_612_736, 1_610_612_736_000);
        check("1500m", "1500m", 2, 1500);
        check("2000m", "2", 2, 2000);
        check("0.9n", "1n", 1, 1);
        check("+1E", "+1E", 1_000_000_000_000_000_000, 0);
        check("1000E", "1", 0, 0);
        check("8Ei", "9223372036854775807", i64::MAX, -1000);
        check("-1.5", "-1500m", -2, -1500);
        check(".", "0", 0, 0);
        for bad in ["", "1K", "1e", "x", "1.2.3", "1 Gi", "1Gib", "é", "1é"] {
            assert!(Quantity::parse(bad).is_err(), "{bad}");
        }
        for far in ["12345678901234567890e999999999", "1e-2147483648", "1.5e2147483647", "12345678901234567890.5e-2147483648"] {
            let quantity = Quantity::parse(far).expect(far);
            let _ = (quantity.to_string(), quantity.value(), quantity.milli_value());
            let _ = (quantity.add(&quantity).to_string(), quantity.sub(&Quantity::from_i64(1, Format::BinarySi)).to_string());
        }
    }

    #[test]
    fn quantities_add_and_compare_by_value() {
        let parse = |text| Quantity::parse(text).expect(text);
        assert_eq!(parse("1Gi").add(&parse("512Mi")).to_string(), "1536Mi");
        assert_eq!(parse("1").sub(&parse("1500m")).to_string(), "-500m");
        assert_eq!(parse("9223372036854775807").add(&parse("1")).to_string(), "9223372036854775808");
        assert_eq!(parse("9223372036854775808").sub(&parse("9223372036854775809")).to_string(), "-1");
        assert_eq!(parse("1k"), parse("1000"));
        assert!(parse("1Ki") > parse("1k") && parse("-1") < parse("1n") && parse("1e30") > parse("1E"));
    }
}
