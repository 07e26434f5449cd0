//! Words to arguments: variables, command substitution, arithmetic, splitting at blanks, patterns for file names.

use crate::node::runtime::shell::arithmetic;
use crate::node::runtime::shell::machine::{Done, Machine, Stop};
use crate::node::runtime::shell::pattern;
use crate::node::runtime::shell::syntax::{Change, Part, Word};

/// One argument that is being put together: its text, and which of its characters may be a pattern's.
#[derive(Default)]
struct Field {
    text: String,
    /// The same with quoted characters behind backslashes.
    pattern: String,
    /// Whether it is there even if empty.
    there: bool,
}

impl Field {
    fn push(&mut self, text: &str, quoted: bool) {
        self.text.push_str(text);
        for c in text.chars() {
            if quoted && "*?[]\\".contains(c) {
                self.pattern.push('\\');
            }
            self.pattern.push(c);
        }
        self.there |= quoted || !text.is_empty();
    }
}

impl Machine<'_> {
    /// Words to arguments.
    ///
    /// # Errors
    /// Whatever ends a command substitution.
    pub fn arguments(&mut self, words: &[Word]) -> Result<Vec<String>, Stop> {
        let mut arguments = Vec::new();
        for word in words {
            if let [Part::Text { text, quoted }] = word.as_slice() {
                // Most words are plain.
                if *quoted || !text.contains(['*', '?', '[', '{', '~']) {
                    arguments.push(text.clone());
                    continue;
                }
            }
            for variant in self.braces(word) {
                self.fields(&variant, &mut arguments)?;
            }
        }
        Ok(arguments)
    }

    /// bash's `{a,b}` and `{1..5}` in unquoted text.
    fn braces(&self, word: &Word) -> Vec<Word> {
        let found = word.iter().enumerate().find_map(|(at, part)| match part {
            Part::Text { text, quoted: false } if self.is_bash => brace_list(text).map(|(before, list, after)| (at, before, list, after)),
            _ => None,
        });
        let Some((at, before, list, after)) = found else { return vec![word.clone()] };
        let mut words = Vec::new();
        for item in list {
            let mut variant = word.clone();
            variant[at] = Part::Text { text: format!("{before}{item}{after}"), quoted: false };
            words.extend(self.braces(&variant));
        }
        words
    }

    fn fields(&mut self, word: &Word, arguments: &mut Vec<String>) -> Result<(), Stop> {
        let mut fields = vec![Field::default()];
        for (at, part) in word.iter().enumerate() {
            let last = fields.len() - 1;
            match part {
                Part::Text { text, quoted: false } if at == 0 && text.starts_with('~') => {
                    let home = self.variable("HOME").unwrap_or_default();
                    fields[last].push(&text.replacen('~', &home, 1), false);
                }
                Part::Text { text, quoted } => fields[last].push(text, *quoted),
                Part::Variable { name, change: Change::Plain, quoted } if name == "@" || (name == "*" && !quoted) => {
                    for (i, argument) in self.shell.arguments.clone().iter().enumerate() {
                        if i > 0 {
                            fields.push(Field::default());
                        }
                        let last = fields.len() - 1;
                        fields[last].push(argument, *quoted);
                    }
                }
                part => {
                    let text = self.part(part)?;
                    let quoted = matches!(part, Part::Variable { quoted: true, .. } | Part::Command { quoted: true, .. });
                    if quoted {
                        fields[last].push(&text, true);
                    } else {
                        split_into(&text, &mut fields);
                    }
                }
            }
        }
        for field in fields.into_iter().filter(|field| field.there) {
            let matches = if pattern::is_pattern(&field.pattern) { self.matching_paths(&field.pattern) } else { Vec::new() };
            if matches.is_empty() { arguments.push(field.text) } else { arguments.extend(matches) }
        }
        Ok(())
    }

    /// A word as one text: without splitting and patterns.
    ///
    /// # Errors
    /// Whatever ends a command substitution.
    pub fn text(&mut self, word: &Word) -> Result<String, Stop> {
        let mut text = String::new();
        for part in word {
            text.push_str(&self.part(part)?);
        }
        Ok(text)
    }

    /// A word as a pattern: quoted characters stand for themselves.
    ///
    /// # Errors
    /// Whatever ends a command substitution.
    pub fn pattern(&mut self, word: &Word) -> Result<String, Stop> {
        let mut field = Field::default();
        for part in word {
            let quoted = !matches!(
                part,
                Part::Text { quoted: false, .. } | Part::Variable { quoted: false, .. } | Part::Command { quoted: false, .. }
            );
            let text = self.part(part)?;
            field.push(&text, quoted);
        }
        Ok(field.pattern)
    }

    fn part(&mut self, part: &Part) -> Result<String, Stop> {
        match part {
            Part::Text { text, .. } => Ok(text.clone()),
            Part::Command { list, .. } => self.substituted(list),
            Part::Arithmetic(word) => {
                let expression = self.text(word)?;
                Ok(self.calculated(&expression)?.to_string())
            }
            Part::Variable { name, change, .. } => self.changed(name, change),
        }
    }

    /// The value of an arithmetic expression.
    ///
    /// # Errors
    /// Exit with code 2 after saying what is wrong with it.
    pub fn calculated(&mut self, expression: &str) -> Result<i64, Stop> {
        let mut set = Vec::new();
        let value = arithmetic::evaluate(expression, &|name| self.variable(name).unwrap_or_default(), &mut set);
        for (name, value) in set {
            self.set(&name, &value.to_string());
        }
        match value {
            Ok(value) => Ok(value),
            Err(why) => {
                self.complain_as_shell(&format!("arithmetic {why}"));
                Err(Stop::Exit(2))
            }
        }
    }

    fn changed(&mut self, name: &str, change: &Change) -> Result<String, Stop> {
        let value = self.special(name).or_else(|| self.variable(name));
        if value.is_none() && self.shell.nounset && !matches!(change, Change::Instead { .. }) && !matches!(name, "@" | "*") {
            self.complain_as_shell(&format!("{name}: parameter not set"));
            return Err(Stop::Exit(2));
        }
        match change {
            Change::Plain => Ok(value.unwrap_or_default()),
            Change::Length => Ok(value.unwrap_or_default().chars().count().to_string()),
            Change::Instead { operator, empty_too, word } => {
                let missing = value.as_ref().is_none_or(|value| *empty_too && value.is_empty());
                match (operator, missing) {
                    ('+', true) => Ok(String::new()),
                    ('+', false) => self.text(word),
                    (_, false) => Ok(value.unwrap_or_default()),
                    ('=', true) => {
                        let text = self.text(word)?;
                        self.set(name, &text);
                        Ok(text)
                    }
                    ('?', true) => {
                        let text = self.text(word)?;
                        let text = if text.is_empty() { "parameter not set".to_owned() } else { text };
                        self.complain_as_shell(&format!("{name}: {text}"));
                        Err(Stop::Exit(2))
                    }
                    _ => self.text(word),
                }
            }
            Change::Cut { suffix, longest, pattern } => {
                let pattern = self.pattern(pattern)?;
                Ok(pattern::cut(&value.unwrap_or_default(), &pattern, *suffix, *longest))
            }
            Change::Replace { all, pattern, text } => {
                let (pattern, text) = (self.pattern(pattern)?, self.text(text)?);
                Ok(pattern::replace(&value.unwrap_or_default(), &pattern, &text, *all))
            }
            Change::Slice(offset, length) => {
                let value: Vec<char> = value.unwrap_or_default().chars().collect();
                let count = value.len() as i64;
                let begin = if *offset < 0 { (count + offset).max(0) } else { (*offset).min(count) };
                let end = length.map_or(count, |length| if length < 0 { count + length } else { (begin + length).min(count) });
                Ok(value.get(begin as usize..end.max(begin) as usize).unwrap_or_default().iter().collect())
            }
        }
    }

    /// The existing paths that match, sorted.
    fn matching_paths(&self, pattern: &str) -> Vec<String> {
        let absolute = pattern.starts_with('/');
        let mut found = vec![if absolute { "/".to_owned() } else { String::new() }];
        for piece in pattern.split('/').filter(|piece| !piece.is_empty()) {
            let mut next = Vec::new();
            for directory in &found {
                let within = if directory.is_empty() { self.shell.cwd.clone() } else { self.path(directory) };
                let join = |name: &str| {
                    if directory.is_empty() || directory.ends_with('/') {
                        format!("{directory}{name}")
                    } else {
                        format!("{directory}/{name}")
                    }
                };
                if pattern::is_pattern(piece) {
                    let names = self.disk.names_in(&within).into_iter().filter(|name| !name.starts_with('.') || piece.starts_with('.'));
                    next.extend(names.filter(|name| pattern::matches(piece, name)).map(|name| join(&name)));
                } else {
                    let path = join(&piece.replace('\\', ""));
                    let full = self.path(&path);
                    if self.disk.stat(&full).is_some() || self.disk.is_directory(&full) {
                        next.push(path);
                    }
                }
            }
            found = next;
        }
        found
    }

    /// What `$(…)` prints, without the line ends at its end.
    fn substituted(&mut self, list: &crate::node::runtime::shell::syntax::Node) -> Result<String, Stop> {
        let (ended, chunks) = self.captured(|machine| machine.in_subshell(list));
        let mut text: String = chunks.into_iter().map(|(_, text)| text).collect();
        let done: Done = ended;
        self.shell.last = done?;
        text.truncate(text.trim_end_matches('\n').len());
        Ok(text)
    }
}

/// Splits unquoted text at blanks into fields: the first piece joins the field that is open.
fn split_into(text: &str, fields: &mut Vec<Field>) {
    if text.starts_with(char::is_whitespace) && fields.last().is_some_and(|field| field.there) {
        fields.push(Field::default());
    }
    for (i, piece) in text.split_whitespace().enumerate() {
        if i > 0 {
            fields.push(Field::default());
        }
        let last = fields.len() - 1;
        fields[last].push(piece, false);
    }
    if text.ends_with(char::is_whitespace) && !text.trim().is_empty() {
        fields.push(Field::default());
    }
}

/// `a{1,2}b` as what stands before, the items, and what stands after.
fn brace_list(text: &str) -> Option<(String, Vec<String>, String)> {
    let open = text.find('{')?;
    let close = open + text[open..].find('}')?;
    let inner = &text[open + 1..close];
    let items: Vec<String> = match inner.split_once("..") {
        Some((from, to)) => {
            let (from, to) = (from.parse::<i64>().ok()?, to.parse::<i64>().ok()?);
            if (to - from).abs() > 10_000 {
                return None;
            }
            if from <= to { (from..=to).map(|n| n.to_string()).collect() } else { (to..=from).rev().map(|n| n.to_string()).collect() }
        }
        None if inner.contains(',') => inner.split(',').map(str::to_owned).collect(),
        None => return None,
    };
    Some((text[..open].to_owned(), items, text[close + 1..].to_owned()))
}
