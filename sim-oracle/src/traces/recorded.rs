//! A trace as it was recorded.

use crate::recording::read_lines;
use serde_json::Value;
use sim_core::api::{resources, yaml};
use sim_core::kernel::time::{Epoch, SimDuration, SimTime};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// A change that a watch delivered.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// `pods`
    pub(crate) resource: String,
    /// `ADDED`, `MODIFIED`, `DELETED`
    pub(crate) verb: &'static str,
    /// The object after it.
    pub(crate) object: Value,
    /// When it was seen.
    pub(crate) at: SimTime,
}

/// A command line with what it printed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Command {
    /// As typed.
    pub(crate) line: String,
    /// When it was typed.
    pub(crate) at: SimTime,
    /// How long it took.
    pub(crate) took: SimDuration,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
    /// Exit code.
    pub(crate) code: i64,
}

/// What happened to a pod on its node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    /// When it was bound.
    pub(crate) bound: SimTime,
    /// Statuses, by how long after the binding.
    pub(crate) statuses: Vec<(SimDuration, Value)>,
    /// How long after the deletion it was gone.
    pub(crate) gone: Option<SimDuration>,
}

/// A kubelet that stopped or started.
#[derive(Clone, Debug)]
pub(crate) struct Power {
    pub(crate) at: SimTime,
    pub(crate) node: String,
    pub(crate) on: bool,
}

/// A whole trace.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) namespace: String,
    pub(crate) epoch: Epoch,
    pub(crate) nodes: Vec<Value>,
    pub(crate) changes: Vec<Change>,
    pub(crate) commands: Vec<Command>,
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) powers: Vec<Power>,
    /// By owner and number among its pods; pods without owner by their names and 0.
    pub(crate) lives: BTreeMap<(String, usize), Life>,
    /// Names of pods, with their keys among the lives.
    pub(crate) pods: BTreeMap<String, (String, usize)>,
    /// What the kubelets told: when, of which pod, the event.
    pub(crate) told: Vec<(SimTime, (String, usize), Value)>,
    /// Whether kubelets told of containers that they killed.
    pub(crate) tells_killing: bool,
    /// Topology labels of nodes, as their pods carry them.
    pub(crate) topology: BTreeMap<String, Vec<(String, String)>>,
    pub(crate) end: SimTime,
}

/// Who made a pod: its controller's name, or its own.
pub(crate) fn owner(pod: &Value) -> String {
    let owners = pod["metadata"]["ownerReferences"].as_array().map_or(&[][..], |list| list);
    let controller = owners.iter().find(|owner| owner["controller"] == true);
    controller.map_or(&pod["metadata"]["name"], |owner| &owner["name"]).as_str().unwrap_or_default().to_owned()
}

/// Which of its owner's pods a pod is, so that one here and one there can be told to be the same: a StatefulSet's by its name, others by
/// their number alone.
pub(crate) fn identity(pod: &Value) -> String {
    let owners = pod["metadata"]["ownerReferences"].as_array().map_or(&[][..], |list| list);
    let lasting = owners.iter().any(|owner| owner["controller"] == true && owner["kind"] == "StatefulSet");
    if lasting { pod["metadata"]["name"].as_str().unwrap_or_default().to_owned() } else { owner(pod) }
}

impl Recorded {
    /// Reads `NAME.cmds.jsonl`, `NAME.jsonl.gz` and the manifests.
    pub(crate) fn read(folder: &Path, name: &str) -> io::Result<Recorded> {
        let lines = read_lines(&folder.join(format!("{name}.jsonl.gz")))?;
        let start = lines.iter().find_map(|line| line["ts"].as_str()).unwrap_or("2026-01-01T00:00:00Z").to_owned();
        let zero = Epoch { unix_secs: 0 };
        let unix = zero.parse(&start).unwrap_or_default();
        // A second earlier, so that the nodes are there before the first command; or more, so that the model looks at pending claims when the
        // recorded controller did: every 15 s from when it was started.
        let before = volume_resync(&lines).map_or(1, |second| (unix.as_secs() + 14 - second) % 15 + 1);
        let epoch = Epoch { unix_secs: (unix.as_secs() - before) as i64 };
        let time = |line: &Value| line["ts"].as_str().and_then(|ts| precise(epoch, ts)).unwrap_or_default();
        let mut recorded = Recorded {
            namespace: name.replace('_', "-"),
            epoch,
            nodes: Vec::new(),
            changes: Vec::new(),
            commands: Vec::new(),
            files: BTreeMap::new(),
            powers: Vec::new(),
            lives: BTreeMap::new(),
            pods: BTreeMap::new(),
            told: Vec::new(),
            tells_killing: false,
            topology: BTreeMap::new(),
            end: SimTime::ZERO,
        };
        let mut begins: Vec<SimTime> = Vec::new();
        for line in &lines {
            let at = time(line);
            recorded.end = recorded.end.max(at);
            let text = line["text"].as_str().unwrap_or_default();
            match (line["resource"].as_str().unwrap_or_default(), line["type"].as_str().unwrap_or_default()) {
                ("MARK", _) => {
                    if line["phase"] == "start" {
                        begins.push(at);
                    } else if let Some((word, node)) = text.split_once(" kubelet ") {
                        recorded.powers.push(Power { at, node: node.to_owned(), on: word == "START" });
                    }
                }
                ("nodes", "INITIAL") => recorded.nodes.push(line["object"].clone()),
                (resource, verb) => {
                    let verb = ["ADDED", "MODIFIED", "DELETED"].into_iter().find(|known| *known == verb);
                    if let Some(verb) = verb {
                        recorded.changes.push(Change { resource: resource.to_owned(), verb, object: line["object"].clone(), at });
                    }
                }
            }
        }
        for (line, at) in read_lines(&folder.join(format!("{name}.cmds.jsonl")))?.iter().zip(begins) {
            let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
            recorded.commands.push(Command {
                line: text("cmd"),
                at,
                took: SimDuration::from_nanos((line["dur"].as_f64().unwrap_or(0.0) * 1e9) as u64),
                stdout: text("stdout"),
                stderr: text("stderr"),
                code: line["rc"].as_i64().unwrap_or(0),
            });
        }
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if file.starts_with(&format!("{name}.")) && file.ends_with(".yaml") {
                recorded.files.insert(file, std::fs::read_to_string(&path)?);
            }
        }
        let by_uid: Known;
        (recorded.lives, recorded.pods, by_uid) = lives(&recorded.changes, &recorded.powers);
        recorded.topology = topology(&recorded.changes);
        let events = recorded.changes.iter().filter(|change| change.resource == "events" && change.verb != "DELETED");
        // Of containers that are killed, the player tells when it happens: which of several equal pods goes is chance.
        let from_kubelet = |change: &&Change| change.object["source"]["component"] == "kubelet";
        recorded.tells_killing = events.clone().filter(from_kubelet).any(|change| change.object["reason"] == "Killing");
        let kubelets = events.filter(from_kubelet).filter(|change| change.object["reason"] != "Killing");
        let about = |change: &Change| {
            let key = by_uid.get(change.object["involvedObject"]["uid"].as_str()?)?;
            Some((change.at, key.clone(), change.object.clone()))
        };
        recorded.told = kubelets.filter_map(about).collect();
        Ok(recorded)
    }

    /// Whether a change is the first of a pod that neither a controller nor a command of the trace made.
    pub(crate) fn is_made_by_hand(&self, change: &Change) -> bool {
        let meta = &change.object["metadata"];
        let name = meta["name"].as_str().unwrap_or_default();
        let used = |file: &str| self.commands.iter().any(|command| command.line.contains(file));
        let by_command = || self.files.iter().any(|(file, text)| used(file) && text.contains(name)) || used(name);
        change.resource == "pods" && change.verb == "ADDED" && meta["ownerReferences"].is_null() && !by_command()
    }

    /// How long the recorded machine took from a change of a Deployment to what its controller did about the ReplicaSets, in the middle:
    /// one watch and one request. `None` if nothing of the kind was recorded.
    pub(crate) fn reaction(&self) -> Option<SimDuration> {
        let mut asked: Option<(SimTime, i64)> = None;
        let mut gaps = Vec::new();
        for change in &self.changes {
            let meta = &change.object["metadata"];
            match change.resource.as_str() {
                "deployments" => {
                    let generation = meta["generation"].as_i64().unwrap_or_default();
                    if change.object["status"]["observedGeneration"].as_i64() != Some(generation)
                        && asked.is_none_or(|(_, known)| known != generation)
                    {
                        asked = Some((change.at, generation));
                    }
                }
                "replicasets" if change.object["status"]["observedGeneration"].as_i64() != meta["generation"].as_i64() => {
                    // What comes later than this isn't the answer to it.
                    gaps.extend(asked.take().map(|(at, _)| change.at.since(at)).filter(|gap| *gap < SimDuration::from_millis(300)));
                }
                _ => {}
            }
        }
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).copied()
    }

    /// A kind that the trace's manifests need and the model doesn't act on. What was refused isn't needed.
    pub(crate) fn unserved_kind(&self) -> Option<String> {
        let refused = |file: &str| self.commands.iter().any(|command| command.code != 0 && command.line.contains(file));
        let files = self.files.iter().filter(|(file, _)| !refused(file));
        let documents = files.flat_map(|(_, text)| yaml::documents(text).unwrap_or_default());
        documents.into_iter().find_map(|document| {
            let (version, kind) = (document.tree["apiVersion"].as_str()?, document.tree["kind"].as_str()?);
            let served = resources::by_kind(version, kind).is_some_and(|resource| resource.is_simulated());
            (!served).then(|| kind.to_owned())
        })
    }
}

/// The second, modulo 15, at which the recorded persistent volume controller looked at everything: when it most often repeated itself.
fn volume_resync(lines: &[Value]) -> Option<u64> {
    let mut counts = [0; 15];
    let repeated = lines.iter().filter(|line| line["resource"] == "events" && line["type"] == "MODIFIED");
    for line in repeated.filter(|line| line["object"]["source"]["component"] == "persistentvolume-controller") {
        let at = line["ts"].as_str().and_then(|ts| precise(Epoch { unix_secs: 0 }, ts))?;
        counts[(at.as_secs() % 15) as usize] += 1;
    }
    let most = counts.iter().copied().max().filter(|most| *most > 0)?;
    counts.iter().position(|count| *count == most).map(|second| second as u64)
}

/// A time with its fraction of a second.
fn precise(epoch: Epoch, text: &str) -> Option<SimTime> {
    let (whole, fraction) = text.trim_end_matches('Z').split_once('.').unwrap_or((text.trim_end_matches('Z'), ""));
    let nanos: u64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Some(epoch.parse(&format!("{whole}Z"))? + SimDuration::from_nanos(nanos))
}

/// What pods tell of their nodes' labels: they get the topology labels at binding.
fn topology(changes: &[Change]) -> BTreeMap<String, Vec<(String, String)>> {
    let pods = changes.iter().filter(|change| change.resource == "pods").map(|change| &change.object);
    let told = pods.filter_map(|pod| {
        let labels = pod["metadata"]["labels"].as_object()?.iter().filter(|(key, _)| key.starts_with("topology.kubernetes.io/"));
        let labels: Vec<_> = labels.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
        Some((pod["spec"]["nodeName"].as_str()?.to_owned(), labels))
    });
    told.filter(|(_, labels)| !labels.is_empty()).collect()
}

/// What a status says of a disruption of its pod.
fn disruption(status: &Value) -> Option<&Value> {
    status["conditions"].as_array()?.iter().find(|condition| condition["type"] == "DisruptionTarget")
}

type Lives = BTreeMap<(String, usize), Life>;
/// Which pod something is: its identity and number, by name or UID.
type Known = BTreeMap<String, (String, usize)>;

/// The pods' lives, and which they are by name (of several with the same name, the last) and by UID.
fn lives(changes: &[Change], powers: &[Power]) -> (Lives, Known, Known) {
    struct Seen {
        key: (String, usize),
        bound: Option<SimTime>,
        deleted: Option<SimTime>,
        status: Value,
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut pods: BTreeMap<String, Seen> = BTreeMap::new();
    let mut lives = Lives::new();
    let mut names = BTreeMap::new();
    for change in changes.iter().filter(|change| change.resource == "pods") {
        let name = change.object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let seen = pods.entry(name).or_insert_with(|| {
            let identity = identity(&change.object);
            let count = counts.entry(identity.clone()).or_default();
            *count += 1;
            Seen { key: (identity, *count - 1), bound: None, deleted: None, status: Value::Null }
        });
        names.insert(change.object["metadata"]["name"].as_str().unwrap_or_default().to_owned(), seen.key.clone());
        let life = lives.entry(seen.key.clone()).or_default();
        if change.verb == "DELETED" {
            life.gone = seen.deleted.map(|deleted| change.at.since(deleted));
            continue;
        }
        if seen.bound.is_none() && change.object["spec"]["nodeName"].is_string() {
            seen.bound = Some(change.at);
            life.bound = change.at;
        }
        if seen.deleted.is_none() && change.object["metadata"]["deletionTimestamp"].is_string() {
            seen.deleted = Some(change.at);
        }
        let status = &change.object["status"];
        // The kubelet speaks as soon as there is a start time, and while its node is up. That a pod is to go, it hears from others.
        let of_node = powers.iter().rfind(|power| change.object["spec"]["nodeName"] == power.node.as_str() && power.at <= change.at);
        let speaks = status["startTime"].is_string() && of_node.is_none_or(|power| power.on);
        let by_kubelet = speaks && *status != seen.status && disruption(status) == disruption(&seen.status);
        if let Some(bound) = seen.bound.filter(|_| by_kubelet && seen.deleted.is_none()) {
            life.statuses.push((change.at.since(bound), status.clone()));
        }
        seen.status = status.clone();
    }
    let by_uid = pods.into_iter().map(|(uid, seen)| (uid, seen.key)).collect();
    (lives, names, by_uid)
}
