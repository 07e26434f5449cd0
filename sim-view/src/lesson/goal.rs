//! Goals: a condition that holds now, one that held once, or words that were typed.

use crate::frame::lesson::{self as frame, Both, GoalKind};
use sim_core::api::resources;
use sim_core::kubectl;
use sim_core::scenario::Condition;
use std::fmt;

/// Something to be reached.
#[derive(Clone, Debug)]
pub struct Goal {
    /// How it is reached.
    pub what: What,
    /// How it is said.
    pub say: Both,
}

/// How a goal is reached.
#[derive(Clone, Debug)]
pub enum What {
    /// It holds now. What is lost again has to be reached again.
    That(Condition),
    /// It held at a moment: `replicasets of web == 2, 2`, on the way to something else.
    Once(Condition),
    /// A line with these words was typed: what a learner should have looked at.
    Typed(Typed),
}

impl Goal {
    pub(super) fn frame(&self) -> frame::LessonGoal {
        let (kind, that) = match &self.what {
            What::That(condition) => (GoalKind::That, condition.to_string()),
            What::Once(condition) => (GoalKind::Once, condition.to_string()),
            What::Typed(typed) => (GoalKind::Typed, typed.to_string()),
        };
        frame::LessonGoal { kind, that, say: self.say.clone() }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::That(condition) => write!(f, "{condition}"),
            What::Once(condition) => write!(f, "once {condition}"),
            What::Typed(typed) => write!(f, "typed {typed}"),
        }
    }
}

/// Words that a line must have: `get pods -w`. The first is the command; the others may stand in any order, among others, and in any
/// of their forms: `pods` is `po` and `pod/web-1` too, `-w` is `--watch`, `-o wide` is `--output=wide`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Typed {
    text: String,
    words: Vec<String>,
}

impl Typed {
    /// Reads the words.
    ///
    /// # Errors
    /// There are none, or they aren't well quoted.
    pub fn parse(text: &str) -> Result<Typed, String> {
        let commands = commands(text)?;
        let [words] = &commands[..] else { return Err(format!("expected the words of one command instead of {text:?}")) };
        if words.is_empty() {
            return Err("expected the words of a command, such as `get pods -o wide`".to_owned());
        }
        Ok(Typed { text: text.trim().to_owned(), words: words.clone() })
    }

    /// Whether a line, or one of its commands, has these words.
    pub fn is_in(&self, line: &str) -> bool {
        let (verb, rest) = self.words.split_first().expect("a goal of typed words has some");
        commands(line).is_ok_and(|commands| {
            commands.iter().any(|words| {
                let Some((typed, others)) = words.split_first() else { return false };
                typed == verb && rest.iter().all(|word| others.contains(word))
            })
        })
    }
}

impl fmt::Display for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The commands of a line, each as words in one form only.
fn commands(line: &str) -> Result<Vec<Vec<String>>, String> {
    let commands = kubectl::split_commands(line)?;
    Ok(commands.iter().map(|words| words.iter().filter(|word| *word != "kubectl").flat_map(|word| plain(word)).collect()).collect())
}

/// A word in the form in which it is compared: `deploy,rs` are two resources, `po/web` a resource and a name.
fn plain(word: &str) -> Vec<String> {
    const LONG: &[(&str, &str)] = &[
        ("--watch", "-w"),
        ("--output", "-o"),
        ("--namespace", "-n"),
        ("--all-namespaces", "-A"),
        ("--selector", "-l"),
        ("--filename", "-f"),
        ("--previous", "-p"),
        ("--container", "-c"),
    ];
    let short = |long: &str| LONG.iter().find(|(known, _)| *known == long).map(|(_, short)| (*short).to_owned());
    if let Some((flag, value)) = word.split_once('=').filter(|(flag, _)| flag.starts_with("--")) {
        return match short(flag) {
            Some(flag) => vec![flag, value.to_owned()],
            None => vec![word.to_owned()],
        };
    }
    if let Some(short) = short(word) {
        return vec![short];
    }
    if let Some((flag, value)) = word.split_at_checked(2).filter(|(flag, value)| matches!(*flag, "-o" | "-n" | "-l") && !value.is_empty()) {
        return vec![flag.to_owned(), value.trim_start_matches('=').to_owned()];
    }
    if let Some((kind, name)) = word.split_once('/')
        && let Some(resource) = resources::lookup(kind)
    {
        return vec![resource.plural.to_owned(), name.to_owned()];
    }
    let listed: Option<Vec<String>> = word.split(',').map(|part| resources::lookup(part).map(|found| found.plural.to_owned())).collect();
    listed.unwrap_or_else(|| vec![word.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: &str, line: &str, expected: bool) {
        assert_eq!(Typed::parse(wanted).expect("well written").is_in(line), expected, "{wanted} in {line}");
    }

    #[test]
    fn a_line_may_say_it_in_many_forms() {
        check("get pods -w", "kubectl get po -n dev --watch", true);
        check("get pods -w", "get -w pods", true);
        check("get pods -w", "get pods", false);
        check("get pods -w", "get rs -w", false);
        check("get rs", "kubectl get deploy,rs,pod -n dev", true);
        check("get pods -o wide", "kubectl get pod -owide", true);
        check("get pods -o wide", "kubectl get pods --output=wide", true);
        check("get pods -o wide", "kubectl get pods -o yaml", false);
        check("why pods", "why pod/web-1 -n dev", true);
        check("rollout pause", "set image deploy web nginx=nginx:1.17.2 && kubectl rollout pause deploy web", true);
        check("trace svc", "trace pod/client svc/web:80", true);
        check("describe pod web-1", "describe pods/web-1", true);
        check("get pods", "delete pods --all", false);
        assert!(Typed::parse("kubectl").is_err() && Typed::parse("get 'pods").is_err() && Typed::parse("get pods && get rs").is_err());
    }
}
