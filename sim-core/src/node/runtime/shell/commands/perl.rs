//! The one program of perl that everybody runs: digits of pi, from the documentation of Jobs.

use crate::kernel::time::SimDuration;
use crate::node::runtime::shell::machine::{Done, Machine};

/// More digits than this are cut off.
const DIGITS_MAX: usize = 5_000;

/// `perl -Mbignum=bpi -wle 'print bpi(2000)'`
pub(super) fn perl(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let script = argv.last().map_or("", String::as_str);
    if let Some(count) =
        script.split_once("bpi(").and_then(|(_, rest)| rest.split_once(')')).and_then(|(count, _)| count.trim().parse::<usize>().ok())
    {
        let count = count.min(DIGITS_MAX);
        // 2,000 digits take about four seconds; the effort grows with the square.
        machine.advance(SimDuration::from_millis((count as u64).pow(2) / 1_000))?;
        if machine.limit < SimDuration::MAX {
            let digits = pi(count);
            machine.say(&format!("{digits}\n"));
        }
        return Ok(0);
    }
    if let Some(text) = script.trim().strip_prefix("print ").map(|rest| rest.trim_matches([' ', ';', '"', '\''])) {
        machine.say(&format!("{text}\n"));
        return Ok(0);
    }
    machine.complain("perl: this program isn't simulated");
    Ok(255)
}

/// So many digits of pi, the first among them, by the spigot of Rabinowitz and Wagon.
fn pi(count: usize) -> String {
    let more = count + 10;
    let len = more * 10 / 3 + 1;
    let mut rest = vec![2u32; len];
    let mut digits: Vec<u8> = Vec::with_capacity(more);
    for _ in 0..more {
        let mut carry = 0;
        for i in (0..len).rev() {
            let value = rest[i] * 10 + carry;
            let by = 2 * i as u32 + 1;
            if i == 0 {
                rest[0] = value % 10;
                carry = value / 10;
            } else {
                rest[i] = value % by;
                carry = value / by * i as u32;
            }
        }
        // A ten is carried into the digits before.
        let mut at = digits.len();
        digits.push((carry % 10) as u8);
        let mut carry = carry / 10;
        while carry > 0 && at > 0 {
            at -= 1;
            let sum = u32::from(digits[at]) + carry;
            digits[at] = (sum % 10) as u8;
            carry = sum / 10;
        }
    }
    // Rounded as bignum does.
    let up = digits.get(count).is_some_and(|digit| *digit >= 5);
    digits.truncate(count);
    if up {
        for digit in digits.iter_mut().rev() {
            *digit = (*digit + 1) % 10;
            if *digit != 0 {
                break;
            }
        }
    }
    let text: String = digits.iter().map(|digit| (b'0' + digit) as char).collect();
    match text.split_at_checked(1) {
        Some((first, rest)) if !rest.is_empty() => format!("{first}.{rest}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits() {
        assert_eq!(pi(10), "3.141592654");
        assert_eq!(pi(41), "3.1415926535897932384626433832795028841972");
        assert!(pi(1001).ends_with("2164201989"));
    }
}
