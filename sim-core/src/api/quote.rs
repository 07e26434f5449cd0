//! `strconv.Quote`: how Go's messages put text into quotes (`%q`).

use serde_json::Value;
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

/// A tree as Go's `%v` prints it: `map[image:nginx:2 name:web]`, `[a b]`.
pub fn shown_by_go(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(shown_by_go).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_key(|(name, _)| name.as_str());
            let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!("{name}:{}", shown_by_go(value))).collect();
            format!("map[{}]", fields.join(" "))
        }
        other => other.to_string(),
    }
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
