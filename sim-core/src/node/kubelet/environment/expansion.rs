//! `$(NAME)` in variables, commands and paths. Mirrors `third_party/forked/golang/expansion/expand.go`, v1.36.

/// Puts `value(NAME)` in the place of each `$(NAME)`. `$$` is a dollar sign; anything else after one stays, and so does what isn't closed.
pub fn expand(text: &str, mut value: impl FnMut(&str) -> String) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            expanded.push('$');
            rest = after;
        } else if let Some((name, after)) = after.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            expanded.push_str(&value(name));
            rest = after;
        } else {
            expanded.push('$');
            rest = after;
        }
    }
    expanded + rest
}

/// What stands for a name that nobody knows: itself.
pub fn unknown(name: &str) -> String {
    format!("$({name})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expansion() {
        let check = |text: &str, expected: &str| {
            let value = |name: &str| match name {
                "A" => "one".to_owned(),
                "EMPTY" => String::new(),
                "NESTED" => "$(A)".to_owned(),
                _ => unknown(name),
            };
            assert_eq!(expand(text, value), expected, "{text}");
        };
        check("plain", "plain");
        check("$(A)", "one");
        check("x-$(A)-$(A)y", "x-one-oney");
        check("$(EMPTY)", "");
        check("$(B)", "$(B)");
        check("$$(A)", "$(A)");
        check("$$$(A)", "$one");
        check("$$$$(A)", "$$(A)");
        check("$(NESTED)", "$(A)");
        check("$(A", "$(A");
        check("$(A$(A)", "$(A$(A)");
        check("$A ${A} $", "$A ${A} $");
        check("$", "$");
        check("$$", "$");
        check("$()", "$()");
        check("é$(A)é", "éoneé");
    }
}
