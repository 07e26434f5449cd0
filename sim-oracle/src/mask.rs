//! What differs between a recorded run and a replayed one, taken out of a word on both sides.

/// The letters of generated suffixes.
const SUFFIX: &str = "bcdfghjklmnpqrstvwxz2456789";

/// A word without pods' suffixes, names of nodes, addresses and ages.
pub(crate) fn word(word: &str) -> String {
    let trimmed = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_suffix = |suffix: &str| suffix.len() == 5 && suffix.chars().all(|c| SUFFIX.contains(c));
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let is_age = trimmed.ends_with(['s', 'm', 'h', 'd']) && trimmed.starts_with(|c: char| c.is_ascii_digit());
    match trimmed.rsplit_once('-') {
        Some((stem, suffix)) if is_suffix(suffix) => word.replace(trimmed, &format!("{stem}-*")),
        Some(("node", number)) if is_number(number) => word.replace(trimmed, "node-*"),
        _ if trimmed.split('.').count() == 4 && trimmed.split('.').all(is_number) => word.replace(trimmed, "IP"),
        _ if is_age && trimmed.chars().all(|c| c.is_ascii_digit() || "smhd".contains(c)) => word.replace(trimmed, "AGE"),
        _ => word.to_owned(),
    }
}
