//! What is wrong with a scenario file, and where, shown as rustc shows it.

use crate::api::decode::edit_distance;
use crate::api::yaml::typed::{self, Problem};
use std::fmt;

/// What is wrong with a scenario, with its place in the file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Error {
    /// The file.
    pub file: String,
    /// From one; 0 if the place isn't known.
    pub line: usize,
    /// From one, in characters.
    pub column: usize,
    /// What is wrong and what was expected.
    pub message: String,
    /// How to mend it; empty if there is nothing to say.
    pub help: String,
    /// The line of the file.
    pub source: String,
}

impl Error {
    /// An error at a line and a column of `text`.
    pub fn at(file: &str, text: &str, (line, column): (usize, usize), message: impl Into<String>) -> Self {
        let source = line.checked_sub(1).and_then(|above| text.lines().nth(above)).unwrap_or_default().to_owned();
        Error { file: file.to_owned(), line, column, message: message.into(), help: String::new(), source }
    }

    /// The same error, with what to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Adds to what the YAML reader says what may stand there instead.
    pub fn from_yaml(file: &str, text: &str, error: &typed::Error) -> Self {
        let told = Error::at(file, text, error.place(), error.to_string());
        let (Problem::UnknownField(typed, expected) | Problem::UnknownVariant(typed, expected)) = error.problem() else { return told };
        let list = format!("expected one of {}", quoted(expected));
        let help = nearest(typed, expected).map_or(list.clone(), |near| format!("did you mean `{near}`? {list}"));
        told.help(help)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if self.line == 0 {
            write!(f, "\n  --> {}", self.file)?;
        } else {
            let number = self.line.to_string();
            let margin = " ".repeat(number.len());
            let indent: String =
                self.source.chars().take(self.column.saturating_sub(1)).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            write!(
                f,
                "\n{margin}--> {}:{}:{}\n{margin} |\n{number} | {}\n{margin} | {indent}^",
                self.file, self.line, self.column, self.source
            )?;
        }
        if !self.help.is_empty() {
            write!(f, "\n  = help: {}", self.help.replace('\n', "\n          "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The word that was probably meant: at most a third of it differs.
pub fn nearest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let scored = known.iter().map(|word| (edit_distance(&typed, &word.to_lowercase()), *word));
    scored.filter(|(edits, word)| *edits <= word.len().max(typed.len()) / 3).min().map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        assert_eq!(nearest("step", &["name", "steps", "seed"]), Some("steps"));
        assert_eq!(nearest("readyafter", &["readyAfter", "start"]), Some("readyAfter"));
        assert_eq!(nearest("bananas", &["name", "steps", "seed"]), None);
    }

    #[test]
    fn errors_point_at_their_place() {
        let error = Error::at("a.yaml", "x: 1\n  y: 2\n", (2, 3), "unknown field `y`").help("remove it");
        assert_eq!(error.to_string(), "unknown field `y`\n --> a.yaml:2:3\n  |\n2 |   y: 2\n  |   ^\n  = help: remove it");
    }
}
