//! Command-line flags with kubectl's own words for what is wrong with them. Mirrors `github.com/spf13/pflag` as kubectl v1.36 uses it.

use std::collections::BTreeMap;

use super::failure::{Answer, Failure};
use crate::kernel::time::SimDuration;

/// What may follow a flag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takes {
    /// Nothing, or `=true`, `=false`.
    Nothing,
    /// A value, after `=` or in the next word.
    Value,
    /// A value after `=`; alone it means this one.
    Optional(&'static str),
    /// kubectl has it, we don't: using it is refused by name.
    Refused,
}

/// One flag of a command.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// The long name, without dashes.
    pub long: &'static str,
    /// The letter, or a space if it has none.
    pub short: char,
    /// What follows it.
    pub takes: Takes,
}

/// A flag with a value.
pub const fn value(long: &'static str) -> Flag {
    Flag { long, short: ' ', takes: Takes::Value }
}

/// A flag with a value and a letter.
pub const fn short(long: &'static str, short: char) -> Flag {
    Flag { long, short, takes: Takes::Value }
}

/// A flag that is on or off.
pub const fn switch(long: &'static str) -> Flag {
    Flag { long, short: ' ', takes: Takes::Nothing }
}

/// A flag that is on or off, with a letter.
pub const fn short_switch(long: &'static str, short: char) -> Flag {
    Flag { long, short, takes: Takes::Nothing }
}

/// A flag whose value may be left out.
pub const fn optional(long: &'static str, alone: &'static str) -> Flag {
    Flag { long, short: ' ', takes: Takes::Optional(alone) }
}

/// A flag that kubectl has and the simulator doesn't.
pub const fn refused(long: &'static str) -> Flag {
    Flag { long, short: ' ', takes: Takes::Refused }
}

/// The flags of commands that work on objects which are named, selected or in files.
pub const OBJECTS: &[Flag] =
    &[short("output", 'o'), short("selector", 'l'), short("filename", 'f'), short("kustomize", 'k'), short_switch("recursive", 'R')];

/// Flags that every command has.
const GLOBAL: &[Flag] = &[
    short("namespace", 'n'),
    value("request-timeout"),
    refused("as"),
    refused("as-group"),
    refused("as-uid"),
    refused("cache-dir"),
    refused("certificate-authority"),
    refused("client-certificate"),
    refused("client-key"),
    refused("cluster"),
    refused("context"),
    refused("insecure-skip-tls-verify"),
    refused("kubeconfig"),
    refused("log-flush-frequency"),
    refused("match-server-version"),
    refused("password"),
    refused("profile"),
    refused("server"),
    refused("token"),
    refused("user"),
    refused("username"),
    Flag { long: "v", short: 'v', takes: Takes::Refused },
    refused("warnings-as-errors"),
];

/// Looks a flag up by a test.
type Find<'f> = dyn Fn(&dyn Fn(&Flag) -> bool) -> Option<Flag> + 'f;

/// The words of a command line, sorted into flags and arguments.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// The command, such as `rollout undo`: for messages.
    pub command: String,
    /// Arguments in order.
    pub args: Vec<String>,
    /// How many arguments stood before `--`, if there was one.
    pub dash: Option<usize>,
    /// Flags in the order in which they were typed, for `--record`.
    given: Vec<(&'static str, String)>,
    values: BTreeMap<&'static str, Vec<String>>,
}

impl Parsed {
    /// Sorts words by the command's flags. `--` ends the flags.
    ///
    /// # Errors
    /// Unknown flags, missing values, values where none belong, and flags that aren't simulated.
    pub fn new(command: &str, flags: &[&[Flag]], words: &[String]) -> Answer<Parsed> {
        let mut parsed = Parsed { command: command.to_owned(), ..Parsed::default() };
        let find = |test: &dyn Fn(&Flag) -> bool| flags.iter().flat_map(|group| group.iter()).chain(GLOBAL).find(|f| test(f)).copied();
        let usage = |message: String| Failure::Bare(format!("error: {message}\nSee 'kubectl {command} --help' for usage."));
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--" {
                parsed.dash = Some(parsed.args.len());
                parsed.args.extend(words.by_ref().cloned());
            } else if let Some(long) = word.strip_prefix("--") {
                let (name, given) = long.split_once('=').map_or((long, None), |(n, v)| (n, Some(v.to_owned())));
                let Some(flag) = find(&|f| f.long == name) else {
                    return Err(usage(format!("unknown flag: --{name}")));
                };
                let needed = || usage(format!("flag needs an argument: --{name}"));
                parsed.take(flag, given, &mut words, needed, &usage)?;
            } else if word.len() > 1 && word.starts_with('-') {
                parsed.letters(word, &find, &mut words, &usage)?;
            } else {
                parsed.args.push(word.clone());
            }
        }
        Ok(parsed)
    }

    /// `-w`, `-n dev`, `-ndev`, `-n=dev`, `-Aw`.
    fn letters<'a>(
        &mut self,
        word: &str,
        find: &Find<'_>,
        words: &mut impl Iterator<Item = &'a String>,
        usage: &impl Fn(String) -> Failure,
    ) -> Answer<()> {
        let mut rest = &word[1..];
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            let Some(flag) = find(&|f| f.short == letter) else {
                return Err(usage(format!("unknown shorthand flag: '{letter}' in -{}", &word[1..])));
            };
            let needed = || usage(format!("flag needs an argument: '{letter}' in {word}"));
            match flag.takes {
                Takes::Value if !rest.is_empty() => {
                    let given = rest.strip_prefix('=').unwrap_or(rest).to_owned();
                    return self.take(flag, Some(given), words, needed, usage);
                }
                Takes::Nothing if rest.starts_with('=') => {
                    return self.take(flag, Some(rest[1..].to_owned()), words, needed, usage);
                }
                _ => self.take(flag, None, words, needed, usage)?,
            }
        }
        Ok(())
    }

    fn take<'a>(
        &mut self,
        flag: Flag,
        given: Option<String>,
        words: &mut impl Iterator<Item = &'a String>,
        needed: impl Fn() -> Failure,
        usage: &impl Fn(String) -> Failure,
    ) -> Answer<()> {
        let value = match (flag.takes, given) {
            (Takes::Refused, _) => return Err(Failure::not_simulated(&format!("kubectl {} --{}", self.command, flag.long))),
            (Takes::Nothing, None) => "true".to_owned(),
            (Takes::Nothing, Some(text)) => match text.as_str() {
                "true" | "True" | "TRUE" | "t" | "T" | "1" => "true".to_owned(),
                "false" | "False" | "FALSE" | "f" | "F" | "0" => "false".to_owned(),
                _ => return Err(usage(invalid_argument(&flag, &text, "strconv.ParseBool", "invalid syntax"))),
            },
            (Takes::Optional(alone), None) => alone.to_owned(),
            (Takes::Value, None) => words.next().cloned().ok_or_else(needed)?,
            (_, Some(text)) => text,
        };
        self.given.push((flag.long, value.clone()));
        self.values.entry(flag.long).or_default().push(value);
        Ok(())
    }

    /// Whether the flag was given at all.
    pub fn has(&self, long: &str) -> bool {
        self.values.contains_key(long)
    }

    /// Whether a switch is on.
    pub fn on(&self, long: &str) -> bool {
        self.get(long) == Some("true")
    }

    /// Whether a switch is on, when it is on unless switched off.
    pub fn on_unless_off(&self, long: &str) -> bool {
        self.get(long) != Some("false")
    }

    /// The last value given.
    pub fn get(&self, long: &str) -> Option<&str> {
        self.values.get(long).and_then(|all| all.last()).map(String::as_str)
    }

    /// The last value given, or nothing.
    pub fn text(&self, long: &str) -> &str {
        self.get(long).unwrap_or("")
    }

    /// All values given.
    pub fn all(&self, long: &str) -> &[String] {
        self.values.get(long).map_or(&[], Vec::as_slice)
    }

    /// All values given, split at commas.
    pub fn list(&self, long: &str) -> Vec<String> {
        self.all(long).iter().flat_map(|v| v.split(',')).map(str::to_owned).collect()
    }

    /// An integer.
    ///
    /// # Errors
    /// Go's words when it isn't one.
    pub fn int(&self, long: &'static str) -> Answer<Option<i64>> {
        self.bounded(long, i64::MIN, i64::MAX)
    }

    /// An integer of 32 bits.
    ///
    /// # Errors
    /// Go's words when it isn't one.
    pub fn int32(&self, long: &'static str) -> Answer<Option<i64>> {
        self.bounded(long, i64::from(i32::MIN), i64::from(i32::MAX))
    }

    fn bounded(&self, long: &'static str, low: i64, high: i64) -> Answer<Option<i64>> {
        let Some(text) = self.get(long) else { return Ok(None) };
        match text.parse::<i64>() {
            Ok(number) if (low..=high).contains(&number) => Ok(Some(number)),
            _ => {
                let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
                let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                let why = if numeric { "value out of range" } else { "invalid syntax" };
                Err(self.invalid_value(long, text, &format!("strconv.ParseInt: parsing {text:?}: {why}")))
            }
        }
    }

    /// pflag's words for a value that its flag can't have.
    pub fn invalid_value(&self, long: &str, text: &str, why: &str) -> Failure {
        let message = format!("invalid argument {text:?} for \"--{long}\" flag: {why}");
        Failure::Bare(format!("error: {message}\nSee 'kubectl {} --help' for usage.", self.command))
    }

    /// A duration in Go's syntax. Negative ones come back as `None` inside: kubectl reads them as a week.
    ///
    /// # Errors
    /// Go's words when it isn't one.
    pub fn duration(&self, long: &'static str) -> Answer<Option<SimDuration>> {
        let Some(text) = self.get(long) else { return Ok(None) };
        if let Some(positive) = text.strip_prefix('-')
            && SimDuration::parse(positive).is_ok()
        {
            return Ok(Some(SimDuration::from_secs(168 * 3600)));
        }
        match SimDuration::parse(text) {
            Ok(span) => Ok(Some(span)),
            Err(_) => {
                let why = if text.chars().all(|c| c.is_ascii_digit()) { "missing unit in duration" } else { "invalid duration" };
                let message = format!("invalid argument {text:?} for \"--{long}\" flag: time: {why} {text:?}");
                Err(Failure::Bare(format!("error: {message}\nSee 'kubectl {} --help' for usage.", self.command)))
            }
        }
    }

    /// The command line as `--record` writes it down: `kubectl create --filename=web.yaml --record=true`.
    pub fn recorded(&self) -> String {
        let mut line = format!("kubectl {}", self.command);
        for arg in &self.args {
            line.push(' ');
            line.push_str(arg);
        }
        for (long, value) in &self.given {
            line.push_str(&format!(" --{long}={value}"));
        }
        line
    }

    /// A failure that points at the command's help.
    pub fn usage(&self, message: impl Into<String>) -> Failure {
        Failure::usage(&self.command, message)
    }
}

fn invalid_argument(flag: &Flag, text: &str, parser: &str, why: &str) -> String {
    let name = if flag.short == ' ' { format!("--{}", flag.long) } else { format!("-{}, --{}", flag.short, flag.long) };
    format!("invalid argument {text:?} for {name:?} flag: {parser}: parsing {text:?}: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] = &[short("output", 'o'), short_switch("watch", 'w'), optional("dry-run", "unchanged"), refused("prune")];

    fn check(line: &str, expected: Result<&str, &str>) {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let seen = Parsed::new("get", &[FLAGS], &words).map(|p| format!("{:?} {:?} {:?}", p.args, p.values, p.dash));
        match (seen, expected) {
            (Ok(seen), Ok(expected)) => assert_eq!(seen, expected, "{line}"),
            (Err(failure), Err(expected)) => assert_eq!(failure.render(), expected, "{line}"),
            (seen, _) => panic!("{line}: {seen:?}"),
        }
    }

    #[test]
    fn words() {
        check("pods -w -o wide", Ok(r#"["pods"] {"output": ["wide"], "watch": ["true"]} None"#));
        check("-owide -n=dev --watch=false x", Ok(r#"["x"] {"namespace": ["dev"], "output": ["wide"], "watch": ["false"]} None"#));
        check("a -- -w b", Ok(r#"["a", "-w", "b"] {} Some(1)"#));
        check("--dry-run x --dry-run=server", Ok(r#"["x"] {"dry-run": ["unchanged", "server"]} None"#));
        check("--foo", Err("error: unknown flag: --foo\nSee 'kubectl get --help' for usage.\n"));
        check("-o", Err("error: flag needs an argument: 'o' in -o\nSee 'kubectl get --help' for usage.\n"));
        check("-xw", Err("error: unknown shorthand flag: 'x' in -xw\nSee 'kubectl get --help' for usage.\n"));
        check("--output", Err("error: flag needs an argument: --output\nSee 'kubectl get --help' for usage.\n"));
        check("--prune", Err("error: kubectl get --prune is not simulated yet\n"));
    }
}
