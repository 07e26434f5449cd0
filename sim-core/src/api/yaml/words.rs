//! How goyaml, which kubectl reads manifests with, says that a text isn't YAML: its sentence, and the line that it gives. Mirrors
//! `go.yaml.in/yaml/v2` (`parserc.go`, `scannerc.go`, and `fail` in `decode.go`).
//!
//! Our own parser finds the same mistakes, but names other places: it points at the bracket that isn't closed, where goyaml points at the
//! end of the text. Left out: what only one of the two refuses.

use granit_parser::{ErrorKind, ScanError};

/// What goyaml says, and the line (from 1) that it gives, if any.
pub(super) fn describe(error: &ScanError, text: &str) -> (String, Option<usize>) {
    let line = error.marker().line();
    // The parser's mistakes are a token's, and goyaml counts its line from 0; the scanner's are a character's, and it corrects the count.
    let parser = |line: usize, words: &str| (words.to_owned(), (line > 1).then(|| line - 1));
    let scanner = |line: usize, words: &str| (words.to_owned(), (line > 1).then_some(line));
    match error.kind() {
        ErrorKind::UnknownAnchor => (format!("unknown anchor '{}' referenced", alias(text, line, error.marker().col())), None),
        ErrorKind::ExpectedNodeContent | ErrorKind::MisplacedFlowCollectionEnd => parser(line, NODE),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::UnexpectedEofBlockMapping
        | ErrorKind::InvalidIndentation
        | ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => parser(line, "did not find expected key"),
        ErrorKind::ExpectedBlockSequenceEntry | ErrorKind::UnexpectedEofBlockSequence => {
            parser(line, "did not find expected '-' indicator")
        }
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::UnexpectedEofImplicitFlowMapping => parser(line, separator('{')),
        ErrorKind::ExpectedFlowSequenceSeparator => parser(line, separator('[')),
        ErrorKind::UnclosedFlowCollection { open } => parser(last_line(text), unclosed(text, *open)),
        ErrorKind::UnexpectedEofFlowSequence => parser(last_line(text), unclosed(text, '[')),
        ErrorKind::UnexpectedEofFlowMapping => parser(last_line(text), unclosed(text, '{')),
        ErrorKind::MismatchedFlowCollectionEnd { open, .. } => parser(line, separator(*open)),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => scanner(next_line(text, line), "could not find expected ':'"),
        ErrorKind::UnclosedQuotedScalar => scanner(last_line(text), "found unexpected end of stream"),
        ErrorKind::DocumentIndicatorInQuotedScalar => scanner(line, "found unexpected document indicator"),
        ErrorKind::UnknownQuotedScalarEscape => scanner(line, "found unknown escape character"),
        ErrorKind::InvalidQuotedScalarHexEscape => scanner(line, "did not find expected hexdecimal number"),
        ErrorKind::InvalidBlockScalarHeader => scanner(line, "did not find expected comment or line break"),
        ErrorKind::ZeroBlockScalarIndent => scanner(line, "found an indentation indicator equal to 0"),
        ErrorKind::MissingAnchorOrAliasName => scanner(line, "did not find expected alphabetic or numeric character"),
        ErrorKind::UnexpectedCharacter { .. }
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::PlainScalarStartsWithDashFlowIndicator => scanner(line, "found character that cannot start any token"),
        // The rest has goyaml's words, after what was being read.
        other => {
            let words = other.to_string();
            let words = words.strip_prefix("while ").and_then(|rest| Some(rest.split_once(", ")?.1)).unwrap_or(&words);
            scanner(line, words)
        }
    }
}

const NODE: &str = "did not find expected node content";

fn separator(open: char) -> &'static str {
    if open == '{' { "did not find expected ',' or '}'" } else { "did not find expected ',' or ']'" }
}

/// What is missed at the end of the text, if a collection isn't closed: after a value, what separates it from the next; else a value.
fn unclosed(text: &str, open: char) -> &'static str {
    let mut lines = text.lines().map(|line| line.split(" #").next().unwrap_or(line).trim_end());
    let last = lines.rfind(|line| !line.is_empty() && !line.trim_start().starts_with('#'));
    if last.is_some_and(|line| line.ends_with(['[', '{', ',', ':'])) { NODE } else { separator(open) }
}

/// The line on which the text ends, from 1. kubectl ends the last line, if the file doesn't.
fn last_line(text: &str) -> usize {
    text.lines().count() + 1
}

/// The line (from 1) of what follows a line: the next that isn't blank or a comment, or the end.
fn next_line(text: &str, line: usize) -> usize {
    let speaks = |line: &str| !matches!(line.trim_start().chars().next(), None | Some('#'));
    let next = text.lines().enumerate().skip(line).find(|(_, line)| speaks(line));
    next.map_or_else(|| last_line(text), |(index, _)| index + 1)
}

/// The name after the `*` at a place: line from 1, column from 0.
fn alias(text: &str, line: usize, column: usize) -> String {
    let rest = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().chars().skip(column);
    rest.skip_while(|c| *c == '*').take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect()
}

#[cfg(test)]
mod tests {
    use crate::api::yaml::documents;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let message = documents(text).expect_err("it isn't YAML").kubectl_message();
        assert_eq!(message.trim_start_matches("error converting YAML to JSON: yaml: "), want, "{text}");
    }

    #[test]
    fn goyamls_words() {
        check("a: 1\nb: {name: x\n", "line 2: did not find expected ',' or '}'");
        check("a: 1\nb: [1, 2\n", "line 2: did not find expected ',' or ']'");
        check("a: [", "line 1: did not find expected node content");
        check("a: 1\nb: [\n", "line 2: did not find expected node content");
        check("a: 1\nb: *foo\n", "unknown anchor 'foo' referenced");
        check("a: 1\nb:\n- name: a\n image: b\n", "line 3: did not find expected key");
        check("a: 1\nb: c: d\n", "line 2: mapping values are not allowed in this context");
        check("a: 1\nb\nc: 2\n", "line 3: could not find expected ':'");
        check("a: 1\nb: \"c\n", "line 3: found unexpected end of stream");
        check("a: 1\nb: \"\\q\"\n", "line 2: found unknown escape character");
        check("a: 1\nb:\n\tc: 1\n", "line 3: found character that cannot start any token");
        check("a: 1\nb: @c\n", "line 2: found character that cannot start any token");
    }
}
