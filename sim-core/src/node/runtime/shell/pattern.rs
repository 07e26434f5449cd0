//! The shell's patterns: `*`, `?`, `[a-z]`.

/// Whether a text has a character that makes it a pattern.
pub fn is_pattern(text: &str) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let special = !escaped && "*?[".contains(c);
        escaped = !escaped && c == '\\';
        special
    })
}

/// Whether the whole text matches.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    matches_from(&pattern, &text)
}

fn matches_from(pattern: &[char], text: &[char]) -> bool {
    // The last star and what of the text stands for it: enough to go back to.
    let (mut p, mut t, mut star) = (0, 0, None);
    loop {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            None if t == text.len() => return true,
            None => None,
            Some(_) => text.get(t).and_then(|c| one(&pattern[p..], *c)),
        };
        match (step, star) {
            (Some(taken), _) => {
                p += taken;
                t += 1;
            }
            (None, Some((at, from))) if from < text.len() => {
                star = Some((at, from + 1));
                p = at + 1;
                t = from + 1;
            }
            (None, _) => return false,
        }
    }
}

/// How much of the pattern one character matches.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['\\', escaped, ..] => (*escaped == c).then_some(2),
        ['[', set @ ..] => {
            let negated = matches!(set.first(), Some('!' | '^'));
            let from = usize::from(negated);
            let close = set.iter().enumerate().skip(from + 1).find(|(_, c)| **c == ']').map(|(i, _)| i);
            let Some(close) = close else { return (c == '[').then_some(1) };
            let set = &set[from..close];
            let mut inside = false;
            let mut i = 0;
            while i < set.len() {
                if i + 2 < set.len() && set[i + 1] == '-' {
                    inside |= (set[i]..=set[i + 2]).contains(&c);
                    i += 3;
                } else {
                    inside |= set[i] == c;
                    i += 1;
                }
            }
            (inside != negated).then_some(close + 2)
        }
        [plain, ..] => (*plain == c).then_some(1),
        [] => None,
    }
}

/// The text without the part at an end that matches.
pub fn cut(text: &str, pattern: &str, suffix: bool, longest: bool) -> String {
    let mut places: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
    // Candidates from the shortest part to the longest.
    if suffix != longest {
        places.reverse();
    }
    for at in places {
        let (head, tail) = text.split_at(at);
        if matches(pattern, if suffix { tail } else { head }) {
            return if suffix { head } else { tail }.to_owned();
        }
    }
    text.to_owned()
}

/// The text with what matches replaced.
pub fn replace(text: &str, pattern: &str, by: &str, all: bool) -> String {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let ends = rest.char_indices().map(|(i, _)| i).chain([rest.len()]).skip(1);
        let longest = ends.filter(|end| matches(pattern, &rest[..*end])).max();
        match longest {
            Some(end) => {
                out.push_str(by);
                rest = &rest[end..];
                if !all {
                    break;
                }
            }
            None => {
                let first = rest.chars().next().map_or(1, char::len_utf8);
                out.push_str(&rest[..first]);
                rest = &rest[first..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("?b", "ab", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("*.*", "a.b", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
        assert_eq!(cut("a.b.c", ".*", true, false), "a.b");
        assert_eq!(cut("a.b.c", ".*", true, true), "a");
        assert_eq!(cut("a.b.c", "*.", false, false), "b.c");
        assert_eq!(cut("a.b.c", "*.", false, true), "c");
        assert_eq!(replace("a.b.c", ".", "-", true), "a-b-c");
        assert_eq!(replace("web-0", "web-", "", false), "0");
    }
}
