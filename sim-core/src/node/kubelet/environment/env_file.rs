//! Files that a `fileKeyRef` reads: `NAME='value'` lines, a part of what a shell would take. Mirrors `pkg/kubelet/util/env/env_util.go`,
//! v1.36 (`EnvFiles` is beta, and on).

/// The value of `key`; empty if it isn't there.
///
/// A value stands in single quotes, says what it says, and may go over several lines; a comment may follow. A blank after `=` makes it
/// empty. Lines that are blank or begin with `#` are skipped.
///
/// # Errors
/// `invalid environment variable format at line 3: …`, if anything before the key is malformed.
pub fn value_of(content: &str, key: &str) -> Result<String, String> {
    let wrong = |line: usize, what: &str| Err(format!("invalid environment variable format at line {line}: {what}"));
    let mut lines = content.lines().enumerate().map(|(index, line)| (index + 1, line));
    while let Some((number, line)) = lines.next() {
        let line = line.trim_start_matches(BLANK);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else { return wrong(number, "missing '='") };
        if name.trim_end_matches(BLANK).is_empty() {
            return wrong(number, "empty variable name");
        }
        if name.ends_with(BLANK) {
            return wrong(number, "whitespace before '=' is not allowed");
        }
        let mut found = String::new();
        if !value.starts_with(BLANK) {
            let Some(mut rest) = value.strip_prefix('\'') else { return wrong(number, "value must be enclosed in single quotes") };
            let mut last = number;
            let after = loop {
                if let Some((end, after)) = rest.split_once('\'') {
                    found.push_str(end);
                    break after.trim_start_matches(BLANK);
                }
                found.push_str(rest);
                found.push('\n');
                let Some(next) = lines.next() else {
                    return Err(format!("invalid environment variable format starting at line {number}: unclosed single quote"));
                };
                (last, rest) = next;
            };
            if !after.is_empty() && !after.starts_with('#') {
                return wrong(last, "unexpected content after closing quote");
            }
        }
        if name == key {
            return Ok(found);
        }
    }
    Ok(String::new())
}

const BLANK: [char; 2] = [' ', '\t'];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, expected: Result<&str, &str>) {
        assert_eq!(value_of(content, "K").as_deref(), expected.map_err(str::to_owned).as_deref(), "{content:?}");
    }

    #[test]
    fn values() {
        check("K='v'", Ok("v"));
        check("# K='no'\n\n  \tA='1'\n\tK='v' # why\n", Ok("v"));
        check("K='first\n  second'\n", Ok("first\n  second"));
        check("A='it''", Err("invalid environment variable format at line 1: unexpected content after closing quote"));
        check("K='$HOME \\n'", Ok("$HOME \\n"));
        check("K='a'\nK='b'", Ok("a"));
        check("K= 'v'", Ok(""));
        check("A='1'", Ok(""));
        check("", Ok(""));
        check("K='v'\nnonsense", Ok("v"));
        check("A='1'\nnonsense\nK='v'", Err("invalid environment variable format at line 2: missing '='"));
        check("='v'", Err("invalid environment variable format at line 1: empty variable name"));
        check(" = 'v'", Err("invalid environment variable format at line 1: empty variable name"));
        check("K ='v'", Err("invalid environment variable format at line 1: whitespace before '=' is not allowed"));
        check("K=v", Err("invalid environment variable format at line 1: value must be enclosed in single quotes"));
        check("K=\"v\"", Err("invalid environment variable format at line 1: value must be enclosed in single quotes"));
        check("K=", Err("invalid environment variable format at line 1: value must be enclosed in single quotes"));
        check("K='v' x", Err("invalid environment variable format at line 1: unexpected content after closing quote"));
        check("A='x\ny' z", Err("invalid environment variable format at line 2: unexpected content after closing quote"));
        check("A='x\ny", Err("invalid environment variable format starting at line 1: unclosed single quote"));
    }
}
