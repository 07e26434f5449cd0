//! Questions about the present moment.

use super::Reply;
use super::line::{Ask, help};
use crate::api::object::Kind;
use crate::cluster::Cluster;
use crate::cluster::faults::Fault;
use crate::cluster::network::Shown;
use crate::explain;
use crate::net::traffic::Report;

/// Answers a question.
pub fn answer(cluster: &Cluster, ask: &Ask) -> Reply {
    match ask {
        Ask::Help => Reply::say(help()),
        Ask::Faults => Reply::say(Fault::usages().iter().map(|usage| format!("fault {usage}\n")).collect::<String>()),
        Ask::Traffic => match cluster.traffic().reports() {
            reports if reports.is_empty() => Reply::say("no traffic\n"),
            reports => Reply::say(reports.iter().map(Report::table).collect::<String>()),
        },
        Ask::Check(condition) => {
            let answer = condition.holds(cluster);
            let holds = if answer.holds { "holds" } else { "does not hold" };
            Reply { stdout: format!("{holds}: {condition} ({})\n", answer.found), code: i32::from(!answer.holds), ..Reply::default() }
        }
        Ask::Containers(name) => match cluster.find(Kind::Node, "", name) {
            Some((node, _)) => Reply::say(cluster.nodes().listing(node.number)),
            None => Reply::refuse(format!("error: there is no node {name:?}; try `containers node-1`")),
        },
        Ask::Why(rest) => why(cluster, rest),
        Ask::Trace(rest) => trace(cluster, rest),
        Ask::Rules(rest) => rules(cluster, rest),
    }
}

fn why(cluster: &Cluster, rest: &str) -> Reply {
    let mut namespace = "default".to_owned();
    let (mut object, mut all) = (None, false);
    let mut words = rest.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "--all" => all = true,
            "-n" | "--namespace" => namespace = words.next().unwrap_or("default").to_owned(),
            word => object = Some(word),
        }
    }
    let Some(object) = object else { return Reply::refuse("error: why what? Try `why pod/NAME` or `why deployment/NAME`") };
    match explain::target(cluster, &namespace, object) {
        Ok(id) => Reply::say(explain::told(cluster, id, all)),
        Err(message) => Reply::refuse(format!("error: {message}")),
    }
}

fn trace(cluster: &Cluster, rest: &str) -> Reply {
    let mut namespace = "default";
    let mut ends = Vec::new();
    let mut words = rest.split_whitespace().filter(|word| !matches!(*word, "->" | "→" | "to"));
    while let Some(word) = words.next() {
        match word {
            "-n" | "--namespace" => namespace = words.next().unwrap_or("default"),
            word => ends.push(word),
        }
    }
    let [from, to] = ends[..] else {
        return Reply::refuse("error: trace from whom to whom? Try `trace pod/NAME svc/NAME:80` or `trace node/node-1 pod/NAME`");
    };
    match cluster.trace_packet(namespace, from, to) {
        Ok(trace) => Reply { stdout: trace.story(), code: i32::from(!trace.arrives()), ..Reply::default() },
        Err(message) => Reply::refuse(format!("error: {message}")),
    }
}

fn rules(cluster: &Cluster, rest: &str) -> Reply {
    let mut words = rest.split_whitespace();
    let Some(node) = words.next() else { return Reply::refuse("error: of which node? Try `rules node-1` or `rules node-1 routes`") };
    let what = words.next().unwrap_or("rules");
    let Some((_, shown)) = Shown::ALL.iter().find(|(word, _)| *word == what) else {
        let known: Vec<&str> = Shown::ALL.iter().map(|(word, _)| *word).collect();
        return Reply::refuse(format!("error: {what:?} can't be shown; there are {}", known.join(", ")));
    };
    match cluster.kernel_of(node, *shown) {
        Ok(text) => Reply::say(text),
        Err(message) => Reply::refuse(format!("error: {message}")),
    }
}
