//! The five points. Both sides pass through the same functions; what may differ is masked the same way on both.

use super::objects;
use super::recorded::{Change, Command, Recorded, owner};
use super::replay::Replayed;
use crate::FileScore;
use crate::mask;
use serde_json::Value;
use sim_core::api::resources;
use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::kubectl::rollout_status;
use std::collections::{BTreeMap, BTreeSet};

/// Rows that were compared.
#[derive(Default)]
pub(crate) struct Rows {
    passed: usize,
    total: usize,
    apart: usize,
    first_miss: Option<String>,
}

impl Rows {
    fn row(&mut self, what: &str, recorded: &str, replayed: &str) {
        self.total += 1;
        if recorded == replayed {
            self.passed += 1;
        } else if self.first_miss.is_none() {
            self.first_miss = Some(format!("{what}\nrecorded {recorded}\nreplayed {replayed}"));
        }
    }

    pub(crate) fn into_score(self, score: FileScore) -> FileScore {
        FileScore { passed: self.passed, total: self.total, apart: self.apart, first_miss: self.first_miss, ..score }
    }
}

/// A word without what differs between runs, zones among it: pods get their nodes' as labels. The recorded kubelets made up the ids of
/// containers and images.
fn mask(word: &str) -> String {
    if word.starts_with("fake://") || word.starts_with("containerd://") || word.contains("@sha256:") {
        return "ID".to_owned();
    }
    if let Some((node, address)) = word.split_once('/')
        && address.parse::<std::net::Ipv4Addr>().is_ok()
    {
        return format!("{}/IP", mask::word(node));
    }
    match word.split_once("topology.kubernetes.io/zone=") {
        Some((labels, _)) => format!("{labels}topology.kubernetes.io/zone=*"),
        None => mask::word(word),
    }
}

fn masked(line: &str) -> String {
    line.split_whitespace().map(mask).collect::<Vec<_>>().join(" ")
}

/// Lines as a person compares them: masked, rows of a table in any order, since names decide it and names differ.
fn lines(text: &str, ordered: bool) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(masked).filter(|line| !line.is_empty()).collect();
    if ordered {
        // `rollout status` repeats itself with every change that it sees; how many come before it looks is a matter of milliseconds.
        lines.dedup();
    } else {
        lines.sort();
    }
    lines
}

/// Point 1: each command's exit code and output.
pub(crate) fn commands(recorded: &Recorded, replayed: &Replayed) -> Rows {
    let mut rows = Rows::default();
    for (wanted, got) in recorded.commands.iter().zip(&replayed.outputs) {
        let Some(got) = got.as_ref().filter(|got| !got.stderr.contains("is not simulated")) else {
            rows.apart += 1;
            continue;
        };
        let (left, mut right) = match (objects::lines(&wanted.stdout, masked), objects::lines(&got.stdout, masked)) {
            (Some(left), Some(right)) if prints_objects(&wanted.line) => (left, right),
            _ => (shown(wanted), shown(got)),
        };
        if wanted.line.contains(" rollout status ")
            && let Some(told) = told_by_recording(wanted, &recorded.changes)
        {
            right = told;
            right.extend(lines(&got.stderr, true));
            right.push(format!("exit code {}", got.code));
        }
        let differing = left.iter().zip(&right).find(|(a, b)| a != b);
        let (a, b) = differing.map_or_else(
            || (left.get(right.len()).cloned().unwrap_or_default(), right.get(left.len()).cloned().unwrap_or_default()),
            |(a, b)| (a.clone(), b.clone()),
        );
        rows.row(&wanted.line, &a, &b);
    }
    rows
}

fn prints_objects(line: &str) -> bool {
    ["-o json", "-o yaml"].iter().any(|format| line.ends_with(format) || line.contains(&format!("{format} ")))
}

/// Race "status lines": `rollout status` says a line for every version of the object that it sees, and which it sees first is a matter
/// of chance: kubectl starts in 0.1 to 0.7 s, and the recorder saw each version up to 50 ms before or after kubectl did. So its words are judged by the versions that were recorded while it ran: from one of those at its start on, it must
/// have said exactly this. (That the versions themselves agree is what the other points are for.)
fn told_by_recording(command: &Command, changes: &[Change]) -> Option<Vec<String>> {
    let (kind, name) = command.line.split_whitespace().find_map(|word| word.split_once('/'))?;
    let resource = resources::lookup(kind)?.plural;
    let end = command.at + command.took + SimDuration::from_millis(50);
    let looked = command.at + SimDuration::from_millis(700);
    let versions: Vec<&Change> = of(changes, resource).filter(|c| c.object["metadata"]["name"] == name && c.at <= end).collect();
    let first = versions.iter().rposition(|c| c.at <= command.at).unwrap_or(0);
    let firsts = (first..versions.len()).filter(|first| versions[*first].at <= looked || *first == 0);
    let wanted = lines(&command.stdout, true);
    let told = |first: usize| {
        let mut said = String::new();
        for version in &versions[first..] {
            let Some((sentence, done)) = rollout_status(&version.object) else { break };
            said.push_str(&sentence);
            said.push('\n');
            if done {
                break;
            }
        }
        lines(&said, true)
    };
    let mut all: Vec<Vec<String>> = firsts.map(told).collect();
    let same = all.iter().position(|told| *told == wanted).unwrap_or(0);
    (!all.is_empty()).then(|| all.swap_remove(same))
}

fn shown(command: &Command) -> Vec<String> {
    let ordered = command.line.contains("rollout status");
    let mut all = lines(&command.stdout, ordered);
    all.extend(lines(&command.stderr, ordered));
    all.push(format!("exit code {}", command.code));
    all
}

fn of<'a>(changes: &'a [Change], resource: &'a str) -> impl Iterator<Item = &'a Change> {
    changes.iter().filter(move |change| change.resource == resource)
}

fn name(object: &Value) -> String {
    mask(object["metadata"]["name"].as_str().unwrap_or_default())
}

/// Compares two maps from a name to a text.
fn maps(what: &str, recorded: &BTreeMap<String, String>, replayed: &BTreeMap<String, String>) -> Rows {
    let mut rows = Rows::default();
    let names: BTreeSet<&String> = recorded.keys().chain(replayed.keys()).collect();
    for name in names {
        let text = |map: &BTreeMap<String, String>| map.get(name).cloned().unwrap_or_else(|| "nothing".to_owned());
        rows.row(&format!("{what} {name}"), &text(recorded), &text(replayed));
    }
    rows
}

/// A size that lasts for less than this may be missing: pods that become ready this close together are seen by one reconcile or by two.
/// In the recordings, gaps of up to 300 ms are the load of the machine (their README).
const FLEETING: SimDuration = SimDuration::from_millis(300);

/// The sizes that each ReplicaSet was given, with their times.
fn size_steps(changes: &[Change]) -> BTreeMap<String, Vec<(String, SimTime)>> {
    let mut all: BTreeMap<String, Vec<(String, SimTime)>> = BTreeMap::new();
    for change in of(changes, "replicasets") {
        let steps = all.entry(name(&change.object)).or_default();
        let size = if change.verb == "DELETED" { "gone".to_owned() } else { change.object["spec"]["replicas"].to_string() };
        if steps.last().is_none_or(|(last, _)| *last != size) {
            steps.push((size, change.at));
        }
    }
    all
}

/// The statuses that each StatefulSet and DaemonSet had, with their times.
fn status_steps(changes: &[Change]) -> BTreeMap<String, Vec<(String, SimTime)>> {
    let mut all: BTreeMap<String, Vec<(String, SimTime)>> = BTreeMap::new();
    for change in of(changes, "statefulsets").chain(of(changes, "daemonsets")).filter(|change| change.verb != "DELETED") {
        let steps = all.entry(format!("{}/{}", change.resource, name(&change.object))).or_default();
        let fields = change.object["status"].as_object().into_iter().flatten();
        let status = fields.map(|(field, value)| format!("{field}={value}")).collect::<Vec<_>>().join(" ");
        if steps.last().is_none_or(|(last, _)| *last != status) {
            steps.push((status, change.at));
        }
    }
    all
}

/// Point 2, of StatefulSets and DaemonSets: their statuses in order. What a status says depends on how many pods a cache has seen when a
/// controller looks, so one that only one side had is tolerated if it was gone within [`FLEETING`]: race "fleeting sizes".
pub(crate) fn statuses(recorded: &[Change], replayed: &[Change]) -> Rows {
    let (left, right) = (status_steps(recorded), status_steps(replayed));
    let mut rows = Rows::default();
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    for name in names {
        let steps = |side: &BTreeMap<String, Vec<(String, SimTime)>>| side.get(name).cloned().unwrap_or_default();
        let (a, b) = (steps(&left), steps(&right));
        let shared = shared(&a, &b);
        let alone = |steps: &[(String, SimTime)], place: fn(&(usize, usize)) -> usize| {
            let lasts = |at: usize| steps.get(at + 1).is_none_or(|(_, next)| next.since(steps[at].1) >= FLEETING);
            (0..steps.len()).find(|at| lasts(*at) && !shared.iter().any(|pair| place(pair) == *at)).map(|at| steps[at].0.clone())
        };
        let told = |found: Option<String>| found.unwrap_or_default();
        rows.row(&format!("statuses of {name}"), &told(alone(&a, |pair| pair.0)), &told(alone(&b, |pair| pair.1)));
    }
    rows
}

/// The longest sequence of steps that both have, as pairs of places.
fn shared(a: &[(String, SimTime)], b: &[(String, SimTime)]) -> Vec<(usize, usize)> {
    let mut best = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, (left, _)) in a.iter().enumerate().rev() {
        for (j, (right, _)) in b.iter().enumerate().rev() {
            best[i][j] = if left == right { best[i + 1][j + 1] + 1 } else { best[i + 1][j].max(best[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < a.len() && j < b.len() {
        if a[i].0 == b[j].0 {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if best[i + 1][j] >= best[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// The steps without the fleeting ones, but with the first and the last.
fn lasting(steps: &[(String, SimTime)]) -> Vec<&str> {
    let lasts = |at: usize| at == 0 || steps.get(at + 1).is_none_or(|(_, next)| next.since(steps[at].1) >= FLEETING);
    let mut kept: Vec<&str> = (0..steps.len()).filter(|at| lasts(*at)).map(|at| steps[at].0.as_str()).collect();
    kept.dedup();
    kept
}

/// Race "fleeting sizes": ReplicaSets whose sizes agree once those that lasted for less than [`FLEETING`] are left out on both sides.
fn fleeting(recorded: &[Change], replayed: &[Change]) -> BTreeSet<String> {
    let (left, right) = (size_steps(recorded), size_steps(replayed));
    let differs = |name: &&String| {
        let (Some(a), Some(b)) = (left.get(*name), right.get(*name)) else { return false };
        let sizes = |steps: &[(String, SimTime)]| steps.iter().map(|(size, _)| size.clone()).collect::<Vec<_>>();
        sizes(a) != sizes(b) && lasting(a) == lasting(b)
    };
    left.keys().filter(differs).cloned().collect()
}

/// Point 2: the sizes that each ReplicaSet was given, in order.
pub(crate) fn sizes(recorded: &[Change], replayed: &[Change]) -> Rows {
    let tolerated = fleeting(recorded, replayed);
    let sizes = |changes: &[Change]| {
        let told = |name: &str, steps: Vec<(String, SimTime)>| {
            let all = || steps.iter().map(|(size, _)| size.as_str()).collect();
            let shown: Vec<&str> = if tolerated.contains(name) { lasting(&steps) } else { all() };
            shown.join(" ")
        };
        size_steps(changes).into_iter().map(|(name, steps)| (name.clone(), told(&name, steps))).collect()
    };
    maps("sizes of", &sizes(recorded), &sizes(replayed))
}

/// Point 3: each object's conditions: what changed, in order. What volumes and claims have instead is a phase.
pub(crate) fn conditions(recorded: &[Change], replayed: &[Change]) -> Rows {
    let transitions = |changes: &[Change]| {
        let mut all: BTreeMap<String, (BTreeMap<String, String>, Vec<String>)> = BTreeMap::new();
        let with_phase = || of(changes, "persistentvolumes").chain(of(changes, "persistentvolumeclaims"));
        for change in of(changes, "deployments").chain(of(changes, "replicasets")).chain(with_phase()) {
            let (state, steps) = all.entry(format!("{} {}", change.resource, name(&change.object))).or_default();
            if change.resource.starts_with("persistentvolume") {
                let phase = change.object["status"]["phase"].as_str().unwrap_or_default().to_owned();
                if state.insert("phase".to_owned(), phase.clone()).as_ref() != Some(&phase) {
                    steps.push(phase);
                }
            }
            for condition in change.object["status"]["conditions"].as_array().into_iter().flatten() {
                let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
                let now = format!("{}/{}", text("status"), text("reason"));
                if state.insert(text("type"), now.clone()) != Some(now.clone()) {
                    steps.push(format!("{}={now}", text("type")));
                }
            }
        }
        all.into_iter().map(|(name, (_, steps))| (name, steps.join(" "))).collect()
    };
    maps("conditions of", &transitions(recorded), &transitions(replayed))
}

/// How a combined event begins.
const COMBINED: &str = "(combined from similar events): ";

/// Point 4: the events of each object, counts aside. The kubelet's aren't compared: it was a fake.
///
/// Where sizes were fleeting, the events that tell of them are compared without their numbers. Race "popped message": from the tenth message
/// on, the recorder forgets one of the others, whichever a Go map yields first (`EventAggregate`, PopAny); so whether a message that comes
/// again is combined is chance. That events of an object were combined at all is compared, and that each was told in one way or the other.
pub(crate) fn events(recorded: &[Change], replayed: &[Change]) -> Rows {
    let tolerated = fleeting(recorded, replayed);
    let told = |message: &str| {
        let message = masked(message);
        let message = message.trim_start_matches(COMBINED).to_owned();
        match message.split_once(" from ") {
            Some((scaled, _)) if tolerated.iter().any(|set| scaled.ends_with(&format!("replica set {set}"))) => scaled.to_owned(),
            _ => message,
        }
    };
    let seen = |changes: &[Change]| -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for change in of(changes, "events").filter(|change| change.verb != "DELETED") {
            let event = &change.object;
            let component = event["source"]["component"].as_str().or(event["reportingComponent"].as_str()).unwrap_or_default();
            if component.contains("kubelet") {
                continue;
            }
            let text = |field: &str| event[field].as_str().unwrap_or_default();
            let about = &event["involvedObject"];
            let about = format!("{}/{}", about["kind"].as_str().unwrap_or_default(), mask(about["name"].as_str().unwrap_or_default()));
            if text("message").starts_with(COMBINED) {
                all.insert(format!("{about}: {} {} combined", text("type"), text("reason")), "seen".to_owned());
            }
            all.insert(format!("{about}: {} {} {}", text("type"), text("reason"), told(text("message"))), "seen".to_owned());
        }
        all
    };
    maps("event", &seen(recorded), &seen(replayed))
}

/// Point 5: the order of each pod's changes, by owner: how many pods went through which steps.
pub(crate) fn pods(recorded: &[Change], replayed: &[Change]) -> Rows {
    let steps = |changes: &[Change]| {
        let mut pods: BTreeMap<String, (String, Vec<&'static str>)> = BTreeMap::new();
        for change in of(changes, "pods") {
            let uid = change.object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
            let (_, steps) = pods.entry(uid).or_insert_with(|| (mask(&owner(&change.object)), Vec::new()));
            let mut step = |word: &'static str, holds: bool| {
                if holds && !steps.contains(&word) {
                    steps.push(word);
                }
            };
            let ready = change.object["status"]["conditions"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|c| c["type"] == "Ready" && c["status"] == "True");
            step("created", true);
            step("bound", change.object["spec"]["nodeName"].is_string());
            step("ready", ready);
            step("deleting", change.object["metadata"]["deletionTimestamp"].is_string());
            step("gone", change.verb == "DELETED");
        }
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (owner, steps) in pods.into_values() {
            all.entry(owner).or_default().push(steps.join(">"));
        }
        let told = |mut ways: Vec<String>| {
            ways.sort();
            ways.join(" ")
        };
        all.into_iter().map(|(owner, ways)| (owner, told(ways))).collect()
    };
    maps("pods of", &steps(recorded), &steps(replayed))
}
