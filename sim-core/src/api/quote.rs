//! `strconv.Quote`: how Go's messages put text into quotes (`%q`).

use std::fmt::Write as _;

/// `text` in double quotes, with what cannot be printed escaped as Go escapes it.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            ' '..='~' => out.push(c),
            _ => escape(&mut out, c),
        }
    }
    out.push('"');
    out
}

fn escape(out: &mut String, c: char) {
    let code = u32::from(c);
    let written = if code < 0x80 {
        write!(out, "\\x{code:02x}")
    } else if c.escape_debug().count() == 1 {
        // What Rust would print as it is, Go prints too.
        out.write_char(c)
    } else if code < 0x1_0000 {
        write!(out, "\\u{code:04x}")
    } else {
        write!(out, "\\U{code:08x}")
    };
    written.expect("a String takes all that is written");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, quoted: &str) {
        assert_eq!(quote(text), quoted);
    }

    #[test]
    fn text_is_quoted_as_in_go() {
        check("", r#""""#);
        check("a \"b\" \\", r#""a \"b\" \\""#);
        check("\n\u{1}\u{7f}é'", r#""\n\x01\x7fé'""#);
        check("\u{200b}\u{e0001}", r#""\u200b\U000e0001""#);
    }
}
