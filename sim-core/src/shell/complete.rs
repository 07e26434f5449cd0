//! What Tab offers.

use super::line::WORDS;
use crate::api::object::Kind;
use crate::api::resources;
use crate::cluster::Cluster;
use crate::cluster::faults::Fault;
use crate::cluster::network::Shown;
use crate::kubectl;

/// What could stand at the end of this line: whole words that begin as its last word does.
pub fn complete(cluster: &Cluster, line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let typed = if line.ends_with(char::is_whitespace) { "" } else { words.last().copied().unwrap_or("") };
    let before = words.len() - usize::from(!typed.is_empty());
    let mut found: Vec<String> = match words[..before].iter().copied().filter(|word| *word != "kubectl").collect::<Vec<_>>().as_slice() {
        [] => WORDS.iter().map(|(word, ..)| (*word).to_owned()).chain(kubectl::verbs().map(str::to_owned)).collect(),
        ["rollout"] => ["status", "history", "undo", "pause", "resume", "restart"].map(str::to_owned).to_vec(),
        ["containers" | "rules"] => names(cluster, Kind::Node, "", typed),
        ["rules", _] => Shown::ALL.iter().map(|(word, _)| (*word).to_owned()).collect(),
        ["trace"] => ends(cluster, &[Kind::Pod, Kind::Node, Kind::Deployment], typed),
        ["trace", _] => ends(cluster, &[Kind::Service, Kind::Pod, Kind::Node], typed),
        ["fault", so_far @ ..] => complete_fault(cluster, so_far, typed),
        words => match (typed.split_once('/'), words.last().and_then(|word| kind_named(word))) {
            (Some((kind, _)), _) => kind_named(kind).map_or_else(Vec::new, |known| names(cluster, known, &format!("{kind}/"), typed)),
            (None, Some(kind)) => names(cluster, kind, "", typed),
            (None, None) => Kind::ALL.iter().map(|kind| kind.resource().plural.to_owned()).collect(),
        },
    };
    found.retain(|word| word.starts_with(typed));
    found.sort();
    found.dedup();
    found
}

/// The words that may follow the beginning of a fault: of how it is written, with names in their places.
fn complete_fault(cluster: &Cluster, so_far: &[&str], typed: &str) -> Vec<String> {
    let mut words = Vec::new();
    for usage in Fault::usages() {
        let form: Vec<&str> = usage.split_whitespace().collect();
        let fits = form.iter().zip(so_far).all(|(form, word)| form == word || form.contains("NAME"));
        match form.get(so_far.len()).filter(|_| fits) {
            Some(&"NAME") => words.extend(names(cluster, Kind::Node, "", typed)),
            Some(&"pod/NAME") => words.extend(names(cluster, Kind::Pod, "pod/", typed)),
            Some(word) if !word.contains('[') && !word.contains(']') => words.push((*word).to_owned()),
            _ => {}
        }
    }
    words
}

/// Objects that something can be sent from or to.
fn ends(cluster: &Cluster, kinds: &[Kind], typed: &str) -> Vec<String> {
    let short = |kind: Kind| if kind == Kind::Service { "svc/".to_owned() } else { format!("{}/", kind.resource().singular) };
    kinds.iter().flat_map(|kind| names(cluster, *kind, &short(*kind), typed)).chain(["outside".to_owned()]).collect()
}

/// How many names are offered at most.
const NAMES_MAX: usize = 200;

/// The names of a kind that begin as what was typed does.
fn names(cluster: &Cluster, kind: Kind, prefix: &str, typed: &str) -> Vec<String> {
    let all = cluster.store().list(kind, None).map(|(_, object)| format!("{prefix}{}", object.meta().name));
    all.filter(|name| name.starts_with(typed)).take(NAMES_MAX).collect()
}

fn kind_named(word: &str) -> Option<Kind> {
    resources::lookup(word).and_then(Kind::of)
}
