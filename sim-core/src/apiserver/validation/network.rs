//! Rules for addresses: mirrors `apimachinery/pkg/util/validation/ip.go` and `ValidateEndpointIP`, v1.36 (strict since v1.36).

use super::path::{Errors, Path};
use crate::api::status::FieldError;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Reads an address as Go's older parser did: leading zeros are allowed and decimal.
pub fn parse_ip(text: &str) -> Option<IpAddr> {
    if let Ok(ip) = text.parse::<Ipv6Addr>() {
        return Some(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4));
    }
    let parts: Vec<&str> = text.split('.').collect();
    let digits = |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    if parts.len() != 4 || !parts.iter().all(digits) {
        return None;
    }
    let mut octets = [0; 4];
    for (octet, part) in octets.iter_mut().zip(parts) {
        let significant = part.trim_start_matches('0');
        *octet = if significant.is_empty() { 0 } else { significant.parse::<u8>().ok()? };
    }
    Some(IpAddr::V4(Ipv4Addr::from(octets)))
}

fn has_leading_zeros(text: &str) -> bool {
    text.split('.').any(|part| part.len() > 1 && part.starts_with('0')) && !text.contains(':')
}

/// An IP address in its one spelling. Returns whether it is valid.
pub fn ip(path: &Path<'_>, text: &str, errors: &mut Errors) {
    if parse_ip(text).is_none() {
        errors.push(FieldError::invalid_text(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
    } else if has_leading_zeros(text) {
        errors.push(FieldError::invalid_text(path, text, "must not have leading 0s"));
    } else if text.contains(':') && matches!(parse_ip(text), Some(IpAddr::V4(_))) {
        errors.push(FieldError::invalid_text(path, text, "must not be an IPv4-mapped IPv6 address"));
    }
}

/// Reads an address and a length of prefix as Go's older parser did.
pub fn parse_cidr(text: &str) -> Option<(IpAddr, u32)> {
    let (ip, length) = text.split_once('/')?;
    let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
    let (ip, length) = (parse_ip(ip)?, digits.then(|| length.parse::<u32>().ok())??);
    let bits = if ip.is_ipv4() { 32 } else { 128 };
    (length <= bits).then_some((ip, length))
}

/// Whether every address of the second range is in the first, and not the other way round.
pub fn is_strict_subset((ip, length): (IpAddr, u32), (of_ip, of_length): (IpAddr, u32)) -> bool {
    let within = match (ip, of_ip) {
        (IpAddr::V4(a), IpAddr::V4(b)) => of_length == 0 || (u32::from(a) ^ u32::from(b)) >> (32 - of_length) == 0,
        (IpAddr::V6(a), IpAddr::V6(b)) => of_length == 0 || (u128::from(a) ^ u128::from(b)) >> (128 - of_length) == 0,
        _ => false,
    };
    within && length > of_length
}

/// `10.0.0.0/8`, with no bit set beyond the prefix.
pub fn cidr(path: &Path<'_>, text: &str, errors: &mut Errors) {
    let (ip_text, length_text) = text.split_once('/').unwrap_or_default();
    let Some((ip, length)) = parse_cidr(text) else {
        let why = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
        return errors.push(FieldError::invalid_text(path, text, why));
    };
    let host_bits = match ip {
        IpAddr::V4(ip) => length < 32 && u32::from(ip) << length != 0,
        IpAddr::V6(ip) => length < 128 && u128::from(ip) << length != 0,
    };
    if has_leading_zeros(ip_text) || (length_text.len() > 1 && length_text.starts_with('0')) {
        errors.push(FieldError::invalid_text(path, text, "must not have leading 0s in IP or prefix length"));
    } else if ip_text.contains(':') && ip.is_ipv4() {
        errors.push(FieldError::invalid_text(path, text, "must not have an IPv4-mapped IPv6 address"));
    } else if host_bits {
        errors.push(FieldError::invalid_text(path, text, "must not have bits set beyond the prefix length"));
    }
}

/// An address that traffic from elsewhere can reach.
pub fn endpoint_ip(path: &Path<'_>, text: &str, errors: &mut Errors) {
    let Some(ip) = parse_ip(text) else {
        return errors.push(FieldError::invalid_text(path, text, "must be a valid IP address"));
    };
    let (link_local, link_local_multicast) = match ip {
        IpAddr::V4(ip) => (ip.is_link_local(), ip.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(ip) => (ip.is_unicast_link_local(), ip.segments()[0] & 0xff0f == 0xff02),
    };
    if ip.is_unspecified() {
        errors.push(FieldError::invalid_text(path, text, &format!("may not be unspecified ({text})")));
    }
    if ip.is_loopback() {
        errors.push(FieldError::invalid_text(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)"));
    }
    if link_local {
        errors.push(FieldError::invalid_text(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"));
    }
    if link_local_multicast {
        let why = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)";
        errors.push(FieldError::invalid_text(path, text, why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: fn(&Path<'_>, &str, &mut Errors), text: &str, want: &str) {
        let mut errors = Errors::new();
        rule(&Path::of("x"), text, &mut errors);
        let got = errors.first().map_or(String::new(), |e| e.body.clone());
        assert!(if want.is_empty() { got.is_empty() } else { got.contains(want) }, "{text}: {got}");
    }

    #[test]
    fn addresses() {
        check(ip, "10.0.0.1", "");
        check(ip, "10.0.0", "must be a valid IP address, (e.g.");
        check(ip, "010.0.0.1", "must not have leading 0s");
        check(ip, "::ffff:1.2.3.4", "must not be an IPv4-mapped");
        check(cidr, "10.0.0.0/8", "");
        check(cidr, "10.0.0.1/8", "must not have bits set");
        check(cidr, "10.0.0.0/33", "must be a valid CIDR");
        let subset = |a: &str, b: &str| Some(is_strict_subset(parse_cidr(a)?, parse_cidr(b)?));
        assert_eq!(subset("10.1.0.0/16", "10.0.0.0/8"), Some(true));
        assert_eq!(subset("11.1.0.0/16", "10.0.0.0/8"), Some(false));
        assert_eq!(subset("10.0.0.0/8", "10.0.0.0/8"), Some(false));
        assert_eq!(subset("2001:db8::/64", "0.0.0.0/0"), Some(false));
        check(endpoint_ip, "127.0.0.1", "may not be in the loopback range");
        check(endpoint_ip, "0.0.0.0", "may not be unspecified (0.0.0.0)");
    }
}
