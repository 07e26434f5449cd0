//! Whether Go's `time.Parse` can read a time, and what it says if it can't. Mirrors `time/format.go` for the two layouts of the API.

use crate::api::quote::quote;

/// Whole seconds, or with a fraction if there is one.
pub(super) const RFC3339: &str = "2006-01-02T15:04:05Z07:00";
/// Microseconds, always six digits.
pub(super) const RFC3339_MICRO: &str = "2006-01-02T15:04:05.000000Z07:00";

/// The numbers of a layout in order: how they are written in it, how many digits they need and may have, what is wrong beyond the maximum.
const NUMBERS: [(&str, usize, usize, u32, &str); 6] = [
    ("2006", 4, 4, 9999, ""),
    ("01", 2, 2, 12, "month"),
    ("02", 2, 2, 99, ""),
    ("15", 1, 2, 23, "hour"),
    ("04", 2, 2, 59, "minute"),
    ("05", 2, 2, 59, "second"),
];

/// Reads `text` by `layout`.
pub(super) fn check(text: &str, layout: &str) -> Result<(), String> {
    let mismatch = |rest: &str, wanted: &str| {
        format!("parsing time {} as {}: cannot parse {} as {}", quote(text), quote(layout), quote(rest), quote(wanted))
    };
    let beyond = |what: &str| format!("parsing time {}: {what} out of range", quote(text));
    let mut rest = text;
    let mut values = [0; 6];
    for (index, (written, least, most, max, name)) in NUMBERS.into_iter().enumerate() {
        let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if digits < least {
            return Err(mismatch(rest, written));
        }
        let value: u32 = rest[..digits].parse().unwrap_or(0);
        rest = &rest[digits..];
        if !name.is_empty() && (value > max || (name == "month" && value == 0)) {
            return Err(beyond(name));
        }
        values[index] = value;
        if let Some(separator) = ["-", "-", "T", ":", ":"].get(index) {
            rest = rest.strip_prefix(separator).ok_or_else(|| mismatch(rest, separator))?;
        }
    }
    rest = fraction(rest, layout).ok_or_else(|| mismatch(rest, ".000000"))?;
    rest = zone(rest).ok_or_else(|| mismatch(rest, "Z07:00"))?;
    if !rest.is_empty() {
        return Err(format!("parsing time {}: extra text: {}", quote(text), quote(rest)));
    }
    let [year, month, day, ..] = values;
    if day == 0 || day > days_in(year, month) { Err(beyond("day")) } else { Ok(()) }
}

fn fraction<'a>(rest: &'a str, layout: &str) -> Option<&'a str> {
    let after = rest.strip_prefix(['.', ',']);
    let digits = after.map_or(0, |after| after.bytes().take_while(u8::is_ascii_digit).count());
    match after {
        _ if layout == RFC3339_MICRO => after.filter(|_| digits >= 6).map(|after| &after[6..]),
        Some(after) if digits > 0 => Some(&after[digits..]),
        _ => Some(rest),
    }
}

fn zone(rest: &str) -> Option<&str> {
    if let Some(rest) = rest.strip_prefix('Z') {
        return Some(rest);
    }
    let offset = rest.get(..6)?.strip_prefix(['+', '-'])?;
    let two = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    offset.split_once(':').filter(|(hours, minutes)| two(hours) && two(minutes)).map(|_| &rest[6..])
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, layout, want) in [
            ("2026-02-28T10:00:00Z", RFC3339, ""),
            ("2026-02-28T10:00:00.5+02:00", RFC3339, ""),
            ("2026-02-28T10:00:00.123456Z", RFC3339_MICRO, ""),
            ("yesterday", RFC3339, "as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\""),
            ("2026-02-28", RFC3339, "as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\""),
            ("2026-02-28T10:00:00", RFC3339, "as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"Z07:00\""),
            ("2026-13-01T10:00:00Z", RFC3339, ": month out of range"),
            ("2026-02-29T10:00:00Z", RFC3339, ": day out of range"),
            ("2026-02-28T10:00:00Zulu", RFC3339, ": extra text: \"ulu\""),
            ("2026-02-28T10:00:00Z", RFC3339_MICRO, "as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"Z\" as \".000000\""),
        ] {
            let got = check(text, layout).err().unwrap_or_default();
            assert!(if want.is_empty() { got.is_empty() } else { got.ends_with(want) }, "{text}: {got}");
        }
    }
}
