//! What a line says: the shell's own words, and kubectl's.

use super::Reply;
use crate::cluster::TrafficChange;
use crate::cluster::faults::Fault;
use crate::kernel::time::{SimDuration, SimTime};
use crate::kubectl;
use crate::scenario::{self, Condition, parse_traffic};
use std::collections::BTreeMap;

/// The shell's own words, with what they take and what they do.
pub(super) const WORDS: &[(&str, &str, &str)] = &[
    ("kubectl", "…", "any kubectl command; the word may be left out: `get pods`"),
    ("wait", "SPAN", "lets time pass: `wait 10s`"),
    (
        "until",
        "CONDITION",
        "lets time pass until it holds, ten minutes at most: `until pods ready`, `until deployment/web is complete`, `until quiet`",
    ),
    ("step", "[N]", "handles the next event, or the next N, and says what it was"),
    ("seek", "TIME", "goes to a moment, back or forward: `seek 30s`; acting there begins another story"),
    (
        "fault",
        "FAULT",
        "breaks or mends something: `fault kill node node-2`, `fault cut network of node-2`, `fault registry down`; alone, it lists what there is",
    ),
    (
        "traffic",
        "CLIENT",
        "sends requests: `traffic name: shop, to: svc/web:80, from: node-1, rate: 200/s`; `traffic stop shop` ends it; alone, it tells how they fared",
    ),
    ("check", "CONDITION", "says whether it holds now"),
    (
        "why",
        "OBJECT",
        "tells the causes of an object's last change: `why pod/web-…`; `-n` gives the namespace, `--all` tells the whole chain",
    ),
    ("containers", "NODE", "lists what its runtime runs: sandboxes with their pause containers, and the containers in them"),
    (
        "trace",
        "FROM TO",
        "follows a packet: `trace pod/client svc/web:80`, `trace outside node/node-1:30080`, `trace outside http://shop.example/cart`; without a port it pings; `-n` gives the namespace",
    ),
    ("rules", "NODE [WHAT]", "shows what a node's kernel goes by: its proxy's rules, or its routes, interfaces, neighbours, policies"),
    ("help", "", "this"),
    ("exit", "", "leaves"),
];

/// What a line says.
#[derive(Clone, Debug)]
pub enum Line {
    /// Nothing: it is empty, or a comment.
    Nothing,
    /// Time is to pass.
    Time(Passing),
    /// Something is to be told of the present moment.
    Ask(Ask),
    /// Something is to be broken or mended.
    Fault(Fault),
    /// Simulated clients are to begin, or to stop.
    Traffic(TrafficChange),
    /// kubectl commands, each as words; the next is run when the one before has succeeded.
    Kubectl(Vec<Vec<String>>),
}

/// How time is to pass.
#[derive(Clone, Debug)]
pub enum Passing {
    /// For so long.
    For(SimDuration),
    /// Until something holds.
    Until(Condition),
    /// Until nothing waits any more.
    UntilQuiet,
    /// For so many moments at which something happens.
    Steps(u32),
    /// To a moment, forward or back.
    To(SimTime),
}

/// A question about the present moment.
#[derive(Clone, Debug)]
pub enum Ask {
    /// What can be typed.
    Help,
    /// Which faults there are.
    Faults,
    /// How simulated clients fared.
    Traffic,
    /// Whether something holds.
    Check(Condition),
    /// What a node's runtime runs.
    Containers(String),
    /// Why an object is as it is.
    Why(String),
    /// A packet's way.
    Trace(String),
    /// What a node's kernel goes by.
    Rules(String),
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// It makes no sense: the reply says why.
    pub fn parse(line: &str) -> Result<Line, Reply> {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let owned = || rest.to_owned();
        Ok(match word {
            "" => Line::Nothing,
            comment if comment.starts_with('#') => Line::Nothing,
            "help" | "?" => Line::Ask(Ask::Help),
            // kubectl has a command `wait` too; that one names an object and a condition.
            "wait" if !rest.contains('-') && !rest.contains('/') => match SimDuration::parse(rest) {
                Ok(span) => Line::Time(Passing::For(span)),
                Err(message) => return Err(Reply::refuse(format!("error: {message}; try `wait 10s`"))),
            },
            "seek" => match SimDuration::parse(rest) {
                Ok(span) => Line::Time(Passing::To(SimTime::ZERO + span)),
                Err(message) => return Err(Reply::refuse(format!("error: {message}; try `seek 30s`, counted from the start"))),
            },
            "until" if rest == "quiet" => Line::Time(Passing::UntilQuiet),
            "until" => Line::Time(Passing::Until(Condition::parse(rest).map_err(wrong)?)),
            "check" => Line::Ask(Ask::Check(Condition::parse(rest).map_err(wrong)?)),
            "step" => match if rest.is_empty() { Ok(1) } else { rest.parse::<u32>() } {
                Ok(count) => Line::Time(Passing::Steps(count)),
                Err(_) => return Err(Reply::refuse(format!("error: {rest:?} is no number of events; try `step` or `step 10`"))),
            },
            "fault" if rest.is_empty() => Line::Ask(Ask::Faults),
            "fault" => Line::Fault(Fault::parse(rest).map_err(wrong)?),
            "traffic" if rest.is_empty() => Line::Ask(Ask::Traffic),
            "traffic" => Line::Traffic(parse_traffic(rest).map_err(wrong)?),
            "containers" => Line::Ask(Ask::Containers(owned())),
            "why" => Line::Ask(Ask::Why(owned())),
            "trace" => Line::Ask(Ask::Trace(owned())),
            "rules" => Line::Ask(Ask::Rules(owned())),
            _ => Line::Kubectl(kubectl::split_commands(line).map_err(wrong)?),
        })
    }

    /// Whether it may change anything but the moment: else it only reads, and a copy of the cluster can answer it.
    pub fn acts(&self, files: &BTreeMap<String, String>) -> bool {
        match self {
            Line::Nothing | Line::Time(_) | Line::Ask(_) => false,
            Line::Fault(_) | Line::Traffic(_) => true,
            Line::Kubectl(commands) => {
                let asks_for_text = files.contains_key(kubectl::TO_EDIT);
                commands.iter().any(|words| !(kubectl::only_reads(words) || asks_for_text && kubectl::opens_editor(words)))
            }
        }
    }
}

fn wrong(message: String) -> Reply {
    Reply::refuse(format!("error: {message}"))
}

/// The reply to words that are neither kubectl's nor the shell's; `None` if kubectl knows the verb.
pub(super) fn unknown(words: &[String]) -> Option<Reply> {
    let verb = words.iter().find(|word| *word != "kubectl").map_or("", String::as_str);
    if verb.starts_with('-') || kubectl::verbs().any(|known| known == verb) {
        return None;
    }
    let own = WORDS.iter().map(|(word, ..)| *word);
    let near = scenario::nearest(verb, &own.chain(kubectl::verbs()).collect::<Vec<_>>());
    let hint = near.map_or_else(|| "`help` lists what there is".to_owned(), |near| format!("did you mean `{near}`?"));
    Some(Reply::refuse(format!("error: unknown command {verb:?}; {hint}")))
}

/// What can be typed, as a table.
pub(super) fn help() -> String {
    let rows = WORDS.iter().map(|(word, takes, does)| format!("  {:<18} {does}\n", format!("{word} {takes}")));
    format!("Time stands still until you let it pass.\n{}", rows.collect::<String>())
}
