//! Moments as text: the patterns of `date +FORMAT`, which programs' log lines use too.

use crate::kernel::time::{Epoch, SimTime};

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// A moment in UTC, in a pattern of `strftime(3)`; `%3N` are milliseconds.
pub fn format(epoch: Epoch, at: SimTime, pattern: &str) -> String {
    let (year, month, day, hour, minute, second) = epoch.civil(at);
    let unix = epoch.unix_secs + at.as_secs() as i64;
    let days = unix.div_euclid(86_400);
    let weekday = (days + 4).rem_euclid(7) as usize;
    let mut day_of_year = 0;
    // Days since the first of January, counted back month by month.
    let lengths = [31, if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    for length in lengths.iter().take(month as usize - 1) {
        day_of_year += length;
    }
    day_of_year += day;
    let nanos = at.as_nanos() % 1_000_000_000;
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let padded = chars.next_if_eq(&'-').is_none();
        let digits = chars.next_if(char::is_ascii_digit);
        let two = |n: u32| if padded { format!("{n:02}") } else { n.to_string() };
        let piece = match chars.next() {
            Some('Y') => year.to_string(),
            Some('y') => two((year % 100) as u32),
            Some('m') => two(month),
            Some('d') => two(day),
            Some('e') => {
                if padded {
                    format!("{day:2}")
                } else {
                    day.to_string()
                }
            }
            Some('H') => two(hour),
            Some('I') => two((hour + 11) % 12 + 1),
            Some('p') => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            Some('M') => two(minute),
            Some('S') => two(second),
            Some('s') => unix.to_string(),
            Some('N') => {
                let width = digits.and_then(|d| d.to_digit(10)).unwrap_or(9) as usize;
                format!("{nanos:09}")[..width.min(9)].to_owned()
            }
            Some('j') => format!("{day_of_year:03}"),
            Some('u') => (if weekday == 0 { 7 } else { weekday }).to_string(),
            Some('w') => weekday.to_string(),
            Some('a') => DAYS[weekday][..3].to_owned(),
            Some('A') => DAYS[weekday].to_owned(),
            Some('b' | 'h') => MONTHS[month as usize - 1][..3].to_owned(),
            Some('B') => MONTHS[month as usize - 1].to_owned(),
            Some('F') => format(epoch, at, "%Y-%m-%d"),
            Some('T' | 'X') => format(epoch, at, "%H:%M:%S"),
            Some('R') => format(epoch, at, "%H:%M"),
            Some('D' | 'x') => format(epoch, at, "%m/%d/%y"),
            Some('c') => format(epoch, at, "%a %b %e %H:%M:%S %Y"),
            Some('Z') => "UTC".to_owned(),
            Some('z') => "+0000".to_owned(),
            Some('n') => "\n".to_owned(),
            Some('t') => "\t".to_owned(),
            Some('%') => "%".to_owned(),
            Some(other) => format!("%{other}"),
            None => "%".to_owned(),
        };
        out.push_str(&piece);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let at = SimTime::from_nanos(5_123_456_789);
        for (pattern, expected) in [
            ("%a %b %e %H:%M:%S %Z %Y", "Thu Jan  1 00:00:05 UTC 2026"),
            ("%Y/%m/%d %T", "2026/01/01 00:00:05"),
            ("%FT%T.%3NZ", "2026-01-01T00:00:05.123Z"),
            ("%s %j %-d %%", "1767225605 001 1 %"),
        ] {
            assert_eq!(format(Epoch::default(), at, pattern), expected);
        }
    }
}
