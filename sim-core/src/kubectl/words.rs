//! Splitting a typed line into words and commands, as a shell does: quotes, backslashes, comments and `&&`.

/// Splits a line into words.
///
/// # Errors
/// An unclosed quote, a trailing backslash, or shell syntax that isn't simulated (`|`, `>`, `;`, `` ` ``, `$`).
pub fn split(line: &str) -> Result<Vec<String>, String> {
    match split_commands(line)?.as_slice() {
        [] => Ok(Vec::new()),
        [one] => Ok(one.clone()),
        _ => Err("one command at a time here: && joins several".to_owned()),
    }
}

/// Splits a line into the commands between `&&`, each into words. An empty line has no commands.
///
/// # Errors
/// As [`split`]; also `&&` with nothing before or after it.
pub fn split_commands(line: &str) -> Result<Vec<Vec<String>>, String> {
    let mut commands: Vec<Vec<String>> = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => return Err("unclosed single quote".to_owned()),
                    }
                }
            }
            '"' => double_quoted(&mut chars, word.get_or_insert_default())?,
            '\\' => match chars.next() {
                Some('\n') => {}
                Some(c) => word.get_or_insert_default().push(c),
                None => return Err("a backslash at the end of the line".to_owned()),
            },
            '#' if word.is_none() => break,
            '&' if chars.peek() == Some(&'&') => {
                chars.next();
                last(&mut commands).extend(word.take());
                if last(&mut commands).is_empty() {
                    return Err("nothing before &&".to_owned());
                }
                commands.push(Vec::new());
            }
            '|' | '>' | '<' | ';' | '`' | '&' => {
                return Err(format!("the shell's {c} is not simulated; quote it if you mean the character"));
            }
            c if c.is_whitespace() => last(&mut commands).extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    last(&mut commands).extend(word);
    if last(&mut commands).is_empty() {
        commands.pop();
        if !commands.is_empty() {
            return Err("nothing after &&".to_owned());
        }
    }
    Ok(commands)
}

fn last(commands: &mut [Vec<String>]) -> &mut Vec<String> {
    commands.last_mut().expect("there is always a command under way")
}

fn double_quoted(chars: &mut impl Iterator<Item = char>, word: &mut String) -> Result<(), String> {
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok(()),
            '\\' => match chars.next() {
                Some('\n') => {}
                Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                Some(c) => word.extend(['\\', c]),
                None => break,
            },
            c => word.push(c),
        }
    }
    Err("unclosed double quote".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let seen = split_commands(line).map_or_else(|e| e, |c| format!("{c:?}"));
        assert_eq!(seen, expected, "{line}");
    }

    #[test]
    fn lines() {
        check("", "[]");
        check("  # nothing", "[]");
        check("kubectl get po -l 'a in (b, c)'", r#"[["kubectl", "get", "po", "-l", "a in (b, c)"]]"#);
        check(r#"a "b \"c\" \n" d\ e ''"#, r#"[["a", "b \"c\" \\n", "d e", ""]]"#);
        check("a b && c", r#"[["a", "b"], ["c"]]"#);
        check("a&&b#c", r#"[["a"], ["b#c"]]"#);
        check("a &&", "nothing after &&");
        check("&& a", "nothing before &&");
        check("a 'b", "unclosed single quote");
        check("a | b", "the shell's | is not simulated; quote it if you mean the character");
    }
}
