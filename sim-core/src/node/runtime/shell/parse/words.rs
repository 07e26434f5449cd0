//! Words: quotes, variables, substitutions.

use super::{Parsed, Parser, parse};
use crate::node::runtime::shell::syntax::{Change, Part, Word};

impl Parser {
    pub(super) fn word(&mut self) -> Parsed<Word> {
        let mut word = Word::new();
        let mut plain = String::new();
        let start = self.at;
        while let Some(c) = self.peek() {
            match c {
                _ if c.is_whitespace() || ";&|<>()".contains(c) => break,
                '\'' => {
                    flush(&mut word, &mut plain);
                    let Some(end) = self.text[self.at + 1..].iter().position(|c| *c == '\'') else { return Err(None) };
                    let text: String = self.text[self.at + 1..self.at + 1 + end].iter().collect();
                    self.at += end + 2;
                    word.push(Part::Text { text, quoted: true });
                }
                '"' => {
                    flush(&mut word, &mut plain);
                    self.at += 1;
                    word.push(Part::Text { text: String::new(), quoted: true });
                    self.quoted_parts(&mut word, Some('"'))?;
                }
                '\\' => {
                    self.at += 1;
                    if let Some(next) = self.peek() {
                        self.at += 1;
                        if next != '\n' {
                            flush(&mut word, &mut plain);
                            word.push(Part::Text { text: next.to_string(), quoted: true });
                        }
                    }
                }
                '$' | '`' => match self.expansion(false)? {
                    Some(part) => {
                        flush(&mut word, &mut plain);
                        word.push(part);
                    }
                    None => plain.push('$'),
                },
                _ => {
                    plain.push(c);
                    self.at += 1;
                }
            }
        }
        if self.at == start {
            return self.unexpected();
        }
        flush(&mut word, &mut plain);
        Ok(word)
    }

    /// Text in which only `$`, backquotes and some backslashes mean anything, up to `end` or to the end of all.
    pub(super) fn quoted_parts(&mut self, word: &mut Word, end: Option<char>) -> Parsed<()> {
        let mut plain = String::new();
        loop {
            match self.peek() {
                None if end.is_none() => break,
                None => return Err(None),
                Some(c) if Some(c) == end => {
                    self.at += 1;
                    break;
                }
                Some('\\') if self.text.get(self.at + 1).is_some_and(|c| "$`\\\n".contains(*c) || Some(*c) == end) => {
                    if self.text[self.at + 1] != '\n' {
                        plain.push(self.text[self.at + 1]);
                    }
                    self.at += 2;
                }
                Some('$' | '`') => match self.expansion(true)? {
                    Some(part) => {
                        word.push(Part::Text { text: std::mem::take(&mut plain), quoted: true });
                        word.push(part);
                    }
                    None => plain.push('$'),
                },
                Some(c) => {
                    plain.push(c);
                    self.at += 1;
                }
            }
        }
        word.push(Part::Text { text: plain, quoted: true });
        Ok(())
    }

    /// What begins with a dollar sign or a backquote; `None` if it is only a dollar sign.
    fn expansion(&mut self, quoted: bool) -> Parsed<Option<Part>> {
        if self.take("`") {
            let Some(end) = self.text[self.at..].iter().position(|c| *c == '`') else { return Err(None) };
            let inner: String = self.text[self.at..self.at + end].iter().collect();
            self.at += end + 1;
            return Ok(Some(Part::Command { list: Box::new(parse(&inner)?), quoted }));
        }
        self.at += 1;
        if self.sees("((") {
            let begin = self.at;
            if let Ok(word) = self.double_parentheses() {
                return Ok(Some(Part::Arithmetic(word)));
            }
            self.at = begin;
        }
        if self.take("(") {
            let list = self.list()?;
            self.blank_lines();
            if !self.take(")") {
                return self.unexpected();
            }
            return Ok(Some(Part::Command { list: Box::new(list), quoted }));
        }
        if self.take("{") {
            return self.braces(quoted).map(Some);
        }
        let special = self.peek().filter(|c| c.is_ascii_digit() || "?#$!@*-".contains(*c));
        let name = match special {
            Some(c) => {
                self.at += 1;
                c.to_string()
            }
            None => self.name(),
        };
        Ok((!name.is_empty()).then_some(Part::Variable { name, change: Change::Plain, quoted }))
    }

    /// The rest of `${…}`.
    fn braces(&mut self, quoted: bool) -> Parsed<Part> {
        let length = self.sees("#") && !self.sees("#}");
        self.at += usize::from(length);
        let special = self.peek().filter(|c| c.is_ascii_digit() || "?#$!@*".contains(*c));
        self.at += usize::from(special.is_some());
        let name = special.map_or_else(|| self.name(), |c| c.to_string());
        if name.is_empty() {
            return Err(Some("bad substitution".to_owned()));
        }
        let colon = self.take(":");
        let operator = self.peek().unwrap_or('}');
        let change = match operator {
            '}' => {
                if length {
                    Change::Length
                } else {
                    Change::Plain
                }
            }
            '-' | '=' | '?' | '+' => {
                self.at += 1;
                Change::Instead { operator, empty_too: colon, word: self.until_brace(None)? }
            }
            '%' | '#' => {
                self.at += 1;
                let longest = self.take(&operator.to_string());
                Change::Cut { suffix: operator == '%', longest, pattern: self.until_brace(None)? }
            }
            '/' => {
                self.at += 1;
                let all = self.take("/");
                let pattern = self.until_brace(Some('/'))?;
                let text = if self.take("/") { self.until_brace(None)? } else { Word::new() };
                Change::Replace { all, pattern, text }
            }
            _ if colon => {
                let text: String = self.text[self.at..].iter().take_while(|c| **c != '}').collect();
                self.at += text.chars().count();
                let (offset, length) = text.split_once(':').map_or((text.as_str(), None), |(o, l)| (o, Some(l)));
                Change::Slice(offset.trim().parse().unwrap_or(0), length.map(|l| l.trim().parse().unwrap_or(0)))
            }
            _ => return Err(Some("bad substitution".to_owned())),
        };
        if !self.take("}") {
            return Err(None);
        }
        Ok(Part::Variable { name, change, quoted })
    }

    /// A word inside `${…}`: up to its brace, which stays, or to `stop`.
    fn until_brace(&mut self, stop: Option<char>) -> Parsed<Word> {
        let mut word = Word::new();
        let mut plain = String::new();
        while let Some(c) = self.peek().filter(|c| *c != '}' && Some(*c) != stop) {
            match c {
                '"' => {
                    self.at += 1;
                    flush(&mut word, &mut plain);
                    self.quoted_parts(&mut word, Some('"'))?;
                }
                '\'' => {
                    let Some(end) = self.text[self.at + 1..].iter().position(|c| *c == '\'') else { return Err(None) };
                    flush(&mut word, &mut plain);
                    word.push(Part::Text { text: self.text[self.at + 1..self.at + 1 + end].iter().collect(), quoted: true });
                    self.at += end + 2;
                }
                '$' | '`' => match self.expansion(true)? {
                    Some(part) => {
                        flush(&mut word, &mut plain);
                        word.push(part);
                    }
                    None => plain.push('$'),
                },
                '\\' => {
                    self.at += 1;
                    if let Some(next) = self.peek() {
                        flush(&mut word, &mut plain);
                        word.push(Part::Text { text: next.to_string(), quoted: true });
                        self.at += 1;
                    }
                }
                _ => {
                    plain.push(c);
                    self.at += 1;
                }
            }
        }
        flush(&mut word, &mut plain);
        Ok(word)
    }
}

fn flush(word: &mut Word, plain: &mut String) {
    if !plain.is_empty() {
        word.push(Part::Text { text: std::mem::take(plain), quoted: false });
    }
}
