//! Rust text as tidy reads it: without comments and literals, without tests.

/// `text` up to its inline test module; nothing of a file of tests. A line `#[cfg(test)]` before anything else, such as `mod tests;`, ends nothing.
pub(super) fn before_tests<'a>(path: &str, text: &'a str) -> &'a str {
    if path.ends_with("/tests.rs") || path.contains("/tests/") {
        return "";
    }
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let opens_a_module = |next: &&str| next.contains("mod ") && next.trim_end().ends_with('{');
        if line.trim_end() == "#[cfg(test)]" && lines.peek().is_some_and(opens_a_module) {
            return &text[..at];
        }
        at += line.len();
    }
    text
}

/// `text` with every comment and every literal of characters blanked out; lines stay where they are.
pub(super) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let in_a_name = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let blank = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => string(rest),
            '\'' => character(rest),
            'r' | 'b' | 'c' if !in_a_name => raw_string(rest),
            _ => 0,
        };
        let taken = if blank > 0 { blank } else { first.len_utf8() };
        let (this, after) = rest.split_at(taken);
        if blank > 0 {
            out.extend(this.chars().map(|c| if c == '\n' { c } else { ' ' }));
        } else {
            out.push_str(this);
        }
        rest = after;
    }
    out
}

/// The length of the comment that `rest` starts with; they nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of the string literal that `rest` starts with.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of the character literal that `rest` starts with; 0 where it is a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => rest.char_indices().skip(3).find(|(_, c)| *c == '\'').map_or(rest.len(), |(at, _)| at + 1),
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}

/// The length of the raw string literal that `rest` starts with; 0 where it is none.
fn raw_string(rest: &str) -> usize {
    let Some(after) = rest.strip_prefix("br").or_else(|| rest.strip_prefix("cr")).or_else(|| rest.strip_prefix('r')) else { return 0 };
    let hashes = after.len() - after.trim_start_matches('#').len();
    if !after[hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let body = rest.len() - after.len() + hashes + 1;
    rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `code` with each run of blanks as one.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let words: Vec<_> = code(text).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        assert_eq!(words.join(" "), expected, "{text}");
    }

    #[test]
    fn only_code_is_left() {
        check("a // b\nc", "a \nc");
        check("a /* b /* c */ d */ e", "a e");
        check(r#"a "b // \" c" d"#, "a d");
        check(r###"a r#"b " c"# d"###, "a d");
        check(r#"a br"b" d bar"e" f"#, "a d bar f");
        check(r"fn a<'b>(c: &'b str) -> char { '\'' }", "fn a<'b>(c: &'b str) -> char { }");
        check("'é' 'x' b'y' r#match", "b r#match");
        check("\"one\ntwo\" three", "\n three");
    }

    #[test]
    fn lines_stay_where_they_are() {
        let text = "a\n/* b\n*/ c\n\"d\ne\"\n";
        assert_eq!(code(text).lines().count(), text.lines().count());
    }

    #[test]
    fn tests_end_a_file_only_where_they_stand_in_it() {
        for (text, expected) in [
            ("a\n#[cfg(test)]\nmod tests {\n}\n", "a\n"),
            ("#[cfg(test)]\nmod tests;\na\n", "#[cfg(test)]\nmod tests;\na\n"),
            ("#[cfg(test)]\nfn a() {}\nb\n", "#[cfg(test)]\nfn a() {}\nb\n"),
        ] {
            assert_eq!(before_tests("src/a.rs", text), expected);
        }
        assert_eq!(before_tests("src/a/tests.rs", "a\n"), "");
    }
}
