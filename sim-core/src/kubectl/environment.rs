//! Names of environment variables, and files of `NAME=value` lines, as kubectl reads them. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/util/env_file.go` and `IsEnvVarName` of
//! `staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go`, v1.36.
//!
//! Differs: a name without `=` gets no value; kubectl would take it from its own environment, and here there is none.

use super::failure::{Answer, Failure};
use crate::api::quote::quote;

/// What is wrong with a name. kubectl still has the stricter rule from before the API server's was relaxed.
pub fn name_errors(name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.bytes().all(fits) {
        wrong.push(
            "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a \
             digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"
                .to_owned(),
        );
    }
    match name {
        "." | ".." => wrong.push(format!("must not be '{name}'")),
        _ if name.starts_with("..") => wrong.push("must not start with '..'".to_owned()),
        _ => {}
    }
    wrong
}

/// Refuses a name that isn't one.
///
/// # Errors
/// `"a b" is not a valid key name: …`.
pub fn check_name(name: &str) -> Answer<()> {
    match name_errors(name) {
        why if why.is_empty() => Ok(()),
        why => Err(Failure::Plain(format!("{} is not a valid key name: {}", quote(name), why.join(";")))),
    }
}

/// The variables of an env file, in order. Blank lines and comments are left out.
///
/// # Errors
/// A name that isn't one.
pub fn file_entries(content: &str) -> Answer<Vec<(String, String)>> {
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    let mut found = Vec::new();
    for line in content.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        check_name(name)?;
        found.push((name.to_owned(), value.to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, expected: &[(&str, &str)]) {
        let found = file_entries(content).expect("well formed");
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, expected, "{content:?}");
    }

    #[test]
    fn files() {
        check("A=1\nB=two\n", &[("A", "1"), ("B", "two")]);
        check("\u{feff}A=1=2\r\n\n  # no\n  B\n", &[("A", "1=2"), ("B", "")]);
        assert!(file_entries("1A=x").is_err());
        assert_eq!(name_errors("..a").len(), 1);
        assert_eq!(name_errors("a-b.c_D9"), Vec::<String>::new());
    }
}
