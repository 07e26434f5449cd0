//! CronJob schedules: when `*/15 8-18 * * MON-FRI` comes round next.
//!
//! Mirrors `github.com/robfig/cron/v3` (`parser.go`, `spec.go`, `constantdelay.go`) as Kubernetes v1.36 uses it
//! (`pkg/util/parsers/parsers.go`), messages included, with Go's arithmetic on local time where clocks are turned. Differs: a time zone has the
//! rule that holds since 2025 for all years (`timezones.txt`, from the public-domain tz database 2025b), so the clock changes of Morocco, which
//! follow the moon, and older rules are missing.

use crate::api::intstr::atoi;
use crate::api::quote::quote;
use crate::kernel::time::{Epoch, SimTime};

/// A schedule that was understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Schedule {
    /// At certain times of certain days.
    Spec(Spec),
    /// `@every 1h30m`: the same number of seconds again and again.
    Every {
        /// At least one.
        seconds: i64,
    },
}

/// Which minutes, hours, days, months and weekdays: a bit for each, and `STAR` if all were meant. Seconds are always zero.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spec {
    minute: u64,
    hour: u64,
    day: u64,
    month: u64,
    weekday: u64,
    zone: Zone,
}

/// Set where a field was `*` or `?`: such a day or weekday doesn't count as an alternative to the other.
const STAR: u64 = 1 << 63;

struct Bounds {
    min: u64,
    max: u64,
    names: &'static [&'static str],
}

const MINUTE: Bounds = Bounds { min: 0, max: 59, names: &[] };
const HOUR: Bounds = Bounds { min: 0, max: 23, names: &[] };
const DAY: Bounds = Bounds { min: 1, max: 31, names: &[] };
const MONTH: Bounds =
    Bounds { min: 1, max: 12, names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] };
const WEEKDAY: Bounds = Bounds { min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

impl Schedule {
    /// Parses five fields or a descriptor, with `TZ=Zone ` or `CRON_TZ=Zone ` before it if wanted; else the zone is UTC.
    ///
    /// # Errors
    /// The library's message.
    pub fn parse(text: &str) -> Result<Schedule, String> {
        if text.is_empty() {
            return Err("empty spec string".to_owned());
        }
        let (mut rest, mut zone) = (text, Zone::UTC);
        if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
            let start = text.find('=').map_or(0, |i| i + 1);
            let Some(end) = text.find(' ') else {
                // Upstream the library panics here, and Kubernetes makes an error of it.
                return Err("invalid schedule format: runtime error: slice bounds out of range [:-1]".to_owned());
            };
            let name = &text[start..end];
            zone = Zone::load(name).map_err(|why| format!("provided bad location {name}: {why}"))?;
            rest = text[end..].trim();
        }
        if rest.starts_with('@') {
            return parse_descriptor(rest, zone);
        }
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
        };
        Ok(Schedule::Spec(Spec {
            minute: parse_field(minute, &MINUTE)?,
            hour: parse_field(hour, &HOUR)?,
            day: parse_field(day, &DAY)?,
            month: parse_field(month, &MONTH)?,
            weekday: parse_field(weekday, &WEEKDAY)?,
            zone,
        }))
    }

    /// As the CronJob controller does (`formatSchedule`): `spec.schedule`, in the zone of `spec.timeZone` unless it names one itself.
    ///
    /// # Errors
    /// The library's message.
    pub fn parse_in(text: &str, time_zone: Option<&str>) -> Result<Schedule, String> {
        match time_zone {
            Some(zone) if !text.contains("TZ") && is_time_zone(zone) => Schedule::parse(&format!("TZ={zone} {text}")),
            _ => Schedule::parse(text),
        }
    }

    /// The first time after `after`, in seconds since 1970. `None` if there is none within five years.
    pub fn next_unix(&self, after: i64) -> Option<i64> {
        match self {
            Schedule::Every { seconds } => after.checked_add(*seconds),
            Schedule::Spec(spec) => spec.next(after),
        }
    }

    /// The first time after `after`. `None` if there is none within five years.
    pub fn next(&self, epoch: Epoch, after: SimTime) -> Option<SimTime> {
        let start = epoch.unix_secs.checked_add(i64::try_from(after.as_secs()).ok()?)?;
        let secs = u64::try_from(self.next_unix(start)? - epoch.unix_secs).ok()?;
        secs.checked_mul(1_000_000_000).map(SimTime::from_nanos)
    }
}

impl Spec {
    /// The library's search: the coarsest field that doesn't fit is moved on, and when that carries into the next coarser one, all are looked
    /// at again.
    fn next(&self, after: i64) -> Option<i64> {
        // Beyond that, years have no calendar here.
        if after.unsigned_abs() > 1 << 50 {
            return None;
        }
        let mut local = self.zone.local(after + 1);
        // Whether the finer fields were set to their start already.
        let mut started = false;
        let last_year = local.year + 5;
        'again: while local.year <= last_year {
            while self.month >> local.month & 1 == 0 {
                let day = if started { local } else { local.midnight(1) };
                started = true;
                local = self.zone.date(Local { month: day.month + 1, ..day });
                if local.month == 1 {
                    continue 'again;
                }
            }
            while !self.matches_day(&local) {
                let day = if started { local } else { self.zone.date(local.midnight(local.day)) };
                started = true;
                local = self.zone.date(Local { day: day.day + 1, ..day });
                // Where clocks are turned at midnight, the day begins at 23:00 or 01:00.
                if local.hour != 0 {
                    let hours = if local.hour > 12 { 24 - local.hour } else { -local.hour };
                    local = self.zone.local(local.unix + hours * 3600);
                }
                if local.day == 1 {
                    continue 'again;
                }
            }
            while self.hour >> local.hour & 1 == 0 {
                let hour = if started { local } else { self.zone.date(Local { minute: 0, second: 0, ..local }) };
                started = true;
                local = self.zone.local(hour.unix + 3600);
                if local.hour == 0 {
                    continue 'again;
                }
            }
            while self.minute >> local.minute & 1 == 0 {
                let minute = if started { local.unix } else { local.unix - local.unix.rem_euclid(60) };
                started = true;
                local = self.zone.local(minute + 60);
                if local.minute == 0 {
                    continue 'again;
                }
            }
            while local.second != 0 {
                started = true;
                local = self.zone.local(local.unix + 1);
                if local.second == 0 {
                    continue 'again;
                }
            }
            return Some(local.unix);
        }
        None
    }

    /// A day of the month and a weekday are alternatives, unless one of them is `*`.
    fn matches_day(&self, local: &Local) -> bool {
        let day = self.day >> local.day & 1 != 0;
        let weekday = self.weekday >> local.weekday() & 1 != 0;
        if (self.day | self.weekday) & STAR != 0 { day && weekday } else { day || weekday }
    }
}

fn parse_descriptor(text: &str, zone: Zone) -> Result<Schedule, String> {
    let all = |bounds: &Bounds| bits(bounds.min, bounds.max, 1) | STAR;
    let first = |bounds: &Bounds| 1u64 << bounds.min;
    let yearly = Spec { minute: first(&MINUTE), hour: first(&HOUR), day: first(&DAY), month: first(&MONTH), weekday: all(&WEEKDAY), zone };
    let daily = Spec { day: all(&DAY), month: all(&MONTH), ..yearly.clone() };
    Ok(Schedule::Spec(match text {
        "@yearly" | "@annually" => yearly,
        "@monthly" => Spec { month: all(&MONTH), ..yearly },
        "@weekly" => Spec { weekday: first(&WEEKDAY), ..daily },
        "@daily" | "@midnight" => daily,
        "@hourly" => Spec { hour: all(&HOUR), ..daily },
        _ => {
            let every = text.strip_prefix("@every ").ok_or_else(|| format!("unrecognized descriptor: {text}"))?;
            let nanos = parse_duration(every).map_err(|why| format!("failed to parse duration {text}: {why}"))?;
            return Ok(Schedule::Every { seconds: (nanos / 1_000_000_000).max(1) });
        }
    }))
}

fn parse_field(text: &str, bounds: &Bounds) -> Result<u64, String> {
    text.split(',').filter(|range| !range.is_empty()).try_fold(0, |bits, range| Ok(bits | parse_range(range, bounds)?))
}

/// `*`, `5`, `1-5`, and any of them with `/2` behind it (`5/2` is from 5 to the end).
fn parse_range(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = parts[0].split('-').collect();
    let all = matches!(ends[0], "*" | "?");
    let start = if all { bounds.min } else { parse_number_or_name(ends[0], bounds)? };
    let mut end = match ends[..] {
        _ if all => bounds.max,
        [_] => start,
        [_, end] => parse_number_or_name(end, bounds)?,
        _ => return Err(format!("too many hyphens: {text}")),
    };
    let mut step = 1;
    match parts[..] {
        [_] => {}
        [_, every] => {
            step = parse_number(every)?;
            if ends.len() == 1 {
                end = bounds.max;
            }
        }
        _ => return Err(format!("too many slashes: {text}")),
    }
    let Bounds { min, max, .. } = bounds;
    if start < *min {
        return Err(format!("beginning of range ({start}) below minimum ({min}): {text}"));
    }
    if end > *max {
        return Err(format!("end of range ({end}) above maximum ({max}): {text}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    Ok(bits(start, end, step) | if all && step == 1 { STAR } else { 0 })
}

fn parse_number_or_name(text: &str, bounds: &Bounds) -> Result<u64, String> {
    match bounds.names.iter().position(|name| text.to_lowercase() == *name) {
        Some(index) => Ok(bounds.min + index as u64),
        None => parse_number(text),
    }
}

fn parse_number(text: &str) -> Result<u64, String> {
    let number = atoi(text).map_err(|why| format!("failed to parse int from {text}: {why}"))?;
    u64::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {text}"))
}

/// Every `step`-th bit; all numbers are below 60 but the step.
fn bits(min: u64, max: u64, step: u64) -> u64 {
    (min..=max).filter(|n| (n - min).is_multiple_of(step)).fold(0, |bits, n| bits | 1 << n)
}

/// `time.ParseDuration`, in nanoseconds: as [`crate::kernel::time::SimDuration::parse`], but with a sign and with Go's messages.
fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = split_digits(rest);
        let (fraction, after) = after.strip_prefix('.').map_or(("", after), split_digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let (unit, after) = after.split_at(after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len()));
        rest = after;
        let nanos: u64 = match unit {
            "" => return Err(format!("time: missing unit in duration {}", quote(text))),
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(format!("time: unknown unit {} in duration {}", quote(unit), quote(text))),
        };
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        // Digits beyond the fifteenth are below a nanosecond, even of an hour.
        let fraction = &fraction[..fraction.len().min(15)];
        let part = fraction.parse::<u128>().unwrap_or(0) * u128::from(nanos) / 10u128.pow(fraction.len() as u32);
        let sum = whole.checked_mul(nanos).and_then(|n| n.checked_add(part as u64)).and_then(|n| n.checked_add(total));
        total = sum.filter(|n| *n <= 1 << 63).ok_or_else(invalid)?;
    }
    if text.starts_with('-') {
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| invalid())
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Whether a CronJob's `spec.timeZone` may have this name.
pub fn is_time_zone(name: &str) -> bool {
    Zone::load(name).is_ok()
}

/// A time zone's rule: the offset, and the other one for part of the year if clocks are turned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Zone {
    /// Seconds east of Greenwich.
    standard: i64,
    summer: Option<Summer>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Summer {
    /// Seconds east of Greenwich.
    offset: i64,
    start: Turn,
    end: Turn,
}

/// `M3.2.0/2`: at two on the second Sunday of March.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Turn {
    month: i64,
    /// 1–5, where 5 is the last.
    week: i64,
    weekday: i64,
    /// Seconds after midnight; may lie on another day.
    second: i64,
}

/// A moment as clocks show it. The fields may be out of range in what [`Zone::date`] is asked.
#[derive(Clone, Copy)]
struct Local {
    unix: i64,
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Local {
    fn midnight(self, day: i64) -> Local {
        Local { day, hour: 0, minute: 0, second: 0, ..self }
    }

    /// 0 for Sunday.
    fn weekday(&self) -> i64 {
        weekday_of(days_from_civil(self.year, self.month, self.day))
    }
}

impl Zone {
    const UTC: Zone = Zone { standard: 0, summer: None };

    /// `time.LoadLocation`.
    fn load(name: &str) -> Result<Zone, String> {
        if matches!(name, "" | "UTC" | "Local") {
            return Ok(Zone::UTC);
        }
        if name.contains("..") || name.starts_with(['/', '\\']) {
            return Err("time: invalid location name".to_owned());
        }
        let rules = include_str!("timezones.txt").lines().filter_map(|line| line.split_once(' '));
        let rule = rules.filter(|(_, names)| names.split(' ').any(|n| n == name)).map(|(rule, _)| rule).next();
        rule.and_then(Zone::parse).ok_or_else(|| format!("unknown time zone {name}"))
    }

    /// Reads the POSIX form: `EST5EDT,M3.2.0,M11.1.0`.
    fn parse(rule: &str) -> Option<Zone> {
        let mut parts = rule.split(',');
        let offsets = parts.next()?;
        let (standard, rest) = take_offset(skip_name(offsets))?;
        let mut zone = Zone { standard: -standard, summer: None };
        if !rest.is_empty() {
            let offset = match skip_name(rest) {
                "" => zone.standard + 3600,
                text => -take_offset(text)?.0,
            };
            zone.summer = Some(Summer { offset, start: Turn::parse(parts.next()?)?, end: Turn::parse(parts.next()?)? });
        }
        Some(zone)
    }

    fn offset(&self, unix: i64) -> i64 {
        let Some(summer) = self.summer else {
            return self.standard;
        };
        let year = civil_from_days((unix + self.standard).div_euclid(86_400)).0;
        let start = summer.start.local_seconds(year) - self.standard;
        let end = summer.end.local_seconds(year) - summer.offset;
        // In the south, summer lasts over the new year.
        let is_summer = if start < end { (start..end).contains(&unix) } else { !(end..start).contains(&unix) };
        if is_summer { summer.offset } else { self.standard }
    }

    fn local(&self, unix: i64) -> Local {
        let seconds = unix + self.offset(unix);
        let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
        let rest = seconds.rem_euclid(86_400);
        Local { unix, year, month, day, hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60 }
    }

    /// Go's `time.Date`: a time that is skipped or comes twice takes the offset of one side.
    fn date(&self, wanted: Local) -> Local {
        let days =
            days_from_civil(wanted.year + (wanted.month - 1).div_euclid(12), (wanted.month - 1).rem_euclid(12) + 1, 1) + wanted.day - 1;
        let seconds = days * 86_400 + wanted.hour * 3600 + wanted.minute * 60 + wanted.second;
        let guess = self.offset(seconds);
        let offset = if guess == 0 { 0 } else { self.offset(seconds - guess) };
        self.local(seconds - offset)
    }
}

impl Turn {
    fn parse(text: &str) -> Option<Turn> {
        let (date, time) = text.strip_prefix('M')?.split_once('/').unwrap_or((text.strip_prefix('M')?, "2"));
        let mut numbers = date.split('.').map(str::parse::<i64>);
        let (month, week, weekday) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some(Turn { month, week, weekday, second: take_offset(time)?.0 })
    }

    /// The moment in that year, in seconds since 1970 of the clock before it is turned.
    fn local_seconds(&self, year: i64) -> i64 {
        let first = days_from_civil(year, self.month, 1);
        let mut day = first + (self.weekday - weekday_of(first)).rem_euclid(7) + (self.week - 1) * 7;
        if civil_from_days(day).1 != self.month {
            day -= 7;
        }
        day * 86_400 + self.second
    }
}

/// What follows a zone's abbreviation, which is letters or stands in angle brackets.
fn skip_name(text: &str) -> &str {
    match text.strip_prefix('<').and_then(|t| t.split_once('>')) {
        Some((_, rest)) => rest,
        None => text.trim_start_matches(|c: char| c.is_ascii_alphabetic()),
    }
}

/// `-5:30` in seconds, and what follows.
fn take_offset(text: &str) -> Option<(i64, &str)> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (number, rest) = unsigned.split_at(unsigned.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(unsigned.len()));
    let mut seconds = 0;
    for (part, unit) in number.split(':').zip([3600, 60, 1]) {
        seconds += part.parse::<i64>().ok()? * unit;
    }
    Some((if text.starts_with('-') { -seconds } else { seconds }, rest))
}

/// Days since 1970-01-01 of a date in the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = year.rem_euclid(400) * 365 + year.rem_euclid(400) / 4 - year.rem_euclid(400) / 100 + of_year;
    year.div_euclid(400) * 146_097 + of_era - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + days.div_euclid(146_097) * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// 0 for Sunday; 1970-01-01 was a Thursday.
fn weekday_of(days: i64) -> i64 {
    (days + 4).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schedule: &str, from: &str, expected: Result<&[&str], &str>) {
        let epoch = Epoch { unix_secs: 0 };
        let mut at = epoch.parse(from).expect(from);
        match (Schedule::parse(schedule), expected) {
            (Err(found), Err(expected)) => assert_eq!(found, expected),
            (Ok(parsed), Ok(expected)) => {
                for next in expected {
                    at = parsed.next(epoch, at).expect("there is a next time");
                    assert_eq!(epoch.rfc3339(at), *next, "{schedule}");
                }
            }
            (found, _) => panic!("{schedule}: {found:?}"),
        }
    }

    #[test]
    fn schedules_come_round() {
        check("*/15 * * * *", "2024-02-28T23:59:59Z", Ok(&["2024-02-29T00:00:00Z", "2024-02-29T00:15:00Z"]));
        check("0 0 13 * FRI", "2026-01-01T00:00:00Z", Ok(&["2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z", "2026-01-13T00:00:00Z"]));
        check("0 0 29 2 *", "2024-02-29T00:00:00Z", Ok(&["2028-02-29T00:00:00Z"]));
        check("@every 90s", "2026-01-01T00:00:00Z", Ok(&["2026-01-01T00:01:30Z"]));
        check("@every -5m", "2026-01-01T00:00:00Z", Ok(&["2026-01-01T00:00:01Z"]));
        // New York skips 02:30 on March 8th and sees 01:30 twice on November 1st.
        let spring = ["2026-03-07T07:30:00Z", "2026-03-09T06:30:00Z"];
        check("TZ=America/New_York 30 2 * * *", "2026-03-07T00:00:00Z", Ok(&spring));
        check("TZ=America/New_York 30 1 * * *", "2026-11-01T00:00:00Z", Ok(&["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"]));
        check("CRON_TZ=Australia/Sydney 0 9 * * *", "2026-01-01T00:00:00Z", Ok(&["2026-01-01T22:00:00Z"]));
        check("TZ=Asia/Kolkata 0 9 * * *", "2026-01-01T00:00:00Z", Ok(&["2026-01-01T03:30:00Z"]));
        let never = Schedule::parse("59 23 31 2 *").expect("it parses");
        assert_eq!(never.next_unix(0), None);
    }

    #[test]
    fn bad_schedules_are_explained() {
        let from = "2026-01-01T00:00:00Z";
        check("* * * *", from, Err("expected exactly 5 fields, found 4: [* * * *]"));
        check("0 0 * * 7", from, Err("end of range (7) above maximum (6): 7"));
        check("1-2-3 * * * *", from, Err("too many hyphens: 1-2-3"));
        check("*/0 * * * *", from, Err("step of range should be a positive number: */0"));
        check("@every 5x", from, Err("failed to parse duration @every 5x: time: unknown unit \"x\" in duration \"5x\""));
        check("TZ=0", from, Err("invalid schedule format: runtime error: slice bounds out of range [:-1]"));
        for text in ["TZ=../etc * * * * *", "@", "* * * * -1", "99999999999999999999 * * * *", "1-*/2 * * * *", "é * * * *"] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
        let rules = include_str!("timezones.txt").lines().filter_map(|line| line.split_once(' '));
        assert!(rules.clone().count() > 50 && rules.clone().all(|(rule, _)| Zone::parse(rule).is_some()));
    }
}
