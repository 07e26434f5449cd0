//! What a scenario file says, as types. Unknown fields are refused, every message has a place.

use super::ask::Ask;
use super::error::Error;
use super::expect::Condition;
use super::images::ImageFields;
use super::network::NetworkFields;
use super::nodes::NodeFields;
use super::traffic;
use super::words::{Percent, Span, from_text};
use crate::api::yaml::typed::{self, Placed};
use crate::cluster::faults::Fault;
use crate::cluster::invariants::Invariant;
use crate::cluster::{Config, NodeConfig, TrafficChange};
use crate::kernel::time::{SimDuration, SimTime};
use crate::kubectl;
use crate::node::runtime::image::{Images, Pattern};
use crate::node::runtime::program::Program;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// A scenario, checked.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file it was read from, for messages.
    pub file: String,
    /// Its name; the file's, if it gives none.
    pub name: String,
    /// What it shows.
    pub description: String,
    /// The seed of a run that asks for no other.
    pub seed: u64,
    /// The cluster at the start.
    pub config: Config,
    /// Manifests of static pods, each with its node.
    pub static_pods: Vec<(String, serde_json::Value)>,
    /// Manifests by path, given inline or handed in.
    pub files: BTreeMap<String, String>,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// What must hold at points in time.
    pub checks: Vec<Check>,
    /// What must hold after every event.
    pub invariants: Vec<Invariant>,
    /// What a run may cost.
    pub limits: Limits,
}

/// What a run may cost before it is given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Events.
    pub events: u64,
    /// Virtual time.
    pub time: SimDuration,
}

/// One step, with its place in the file.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is done.
    pub what: Do,
    /// `scenario.yaml:12:3`
    pub place: String,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Do {
    /// Runs kubectl command lines.
    Kubectl {
        /// As written, without the word kubectl.
        line: String,
        /// Its commands (several if joined with `&&`), each as words.
        commands: Vec<Vec<String>>,
        /// What goes to standard input.
        stdin: Option<String>,
        /// How it must end.
        expect: CommandExpect,
        /// For how long a command that waits may wait.
        timeout: Option<SimDuration>,
    },
    /// Lets time pass.
    Wait(SimDuration),
    /// Lets time pass until something holds.
    Until(Condition, SimDuration),
    /// Lets time pass until nothing would change any more.
    UntilQuiet(Option<SimDuration>),
    /// Breaks or mends something.
    Fault(Fault),
    /// Simulated clients begin, or stop.
    Traffic(TrafficChange),
    /// Tells of a packet's way.
    Trace(Ask),
    /// Checks something now.
    Check(Condition),
}

/// How a command must end.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CommandExpect {
    /// Its exit code; `None` where the scenario says nothing, which means 0.
    pub exit: Option<i32>,
    /// Texts that must be in what it prints.
    pub output: Vec<String>,
}

/// Something that must hold at a time.
#[derive(Clone, Debug)]
pub struct Check {
    /// When.
    pub at: At,
    /// What.
    pub that: Condition,
    /// Where it stands in the file.
    pub place: String,
}

/// When a check is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// After the last step.
    End,
    /// At a moment of the run.
    Time(SimTime),
}

/// One text or several.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text(pub Vec<String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    name: Option<String>,
    #[serde(default)]
    description: String,
    seed: Option<u64>,
    #[serde(default)]
    cluster: ClusterFields,
    #[serde(default)]
    files: BTreeMap<String, String>,
    steps: Vec<Placed<StepFields>>,
    #[serde(default)]
    expect: Vec<Placed<CheckFields>>,
    #[serde(default)]
    invariants: Vec<InvariantText>,
    #[serde(default)]
    limits: LimitFields,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct LimitFields {
    events: Option<u64>,
    time: Option<Span>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ClusterFields {
    #[serde(default)]
    nodes: Nodes,
    #[serde(default)]
    latency: LatencyFields,
    #[serde(default)]
    client_limits: ClientLimits,
    #[serde(default)]
    images: BTreeMap<String, ImageFields>,
    jitter: Option<Percent>,
    metrics_server: Option<bool>,
    #[serde(default)]
    network: NetworkFields,
    #[serde(default)]
    static_pods: Vec<StaticPodFields>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct StaticPodFields {
    node: String,
    manifest: serde_json::Value,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct LatencyFields {
    api: Option<Span>,
    watch: Option<Span>,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "camelCase")]
enum ClientLimits {
    #[default]
    Default,
    Off,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct StepFields {
    kubectl: Option<String>,
    apply: Option<String>,
    expect: Option<ExpectFields>,
    wait: Option<Span>,
    until: Option<Goal>,
    timeout: Option<Span>,
    fault: Option<FaultText>,
    traffic: Option<traffic::Fields>,
    trace: Option<Ask>,
    check: Option<Condition>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct ExpectFields {
    exit: Option<i32>,
    #[serde(default)]
    output: Text,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct CheckFields {
    #[serde(default)]
    at: AtText,
    that: Condition,
}

/// How long a command or an `until` waits if nobody says.
pub(super) const PATIENCE: SimDuration = SimDuration::from_secs(600);

impl Scenario {
    /// Reads a scenario. `file` is its path, for messages.
    ///
    /// # Errors
    /// The text is no YAML, or says something that a scenario can't; with the place.
    pub fn parse(text: &str, file: &str) -> Result<Scenario, Error> {
        let fields: File = typed::from_str(text).map_err(|error| Error::from_yaml(file, text, &error))?;
        let mut steps = Vec::new();
        for step in fields.steps {
            let at = step.place;
            let what = step.value.check().map_err(|(message, help)| Error::at(file, text, at, message).help(help))?;
            steps.push(Step { what, place: format!("{file}:{}:{}", at.0, at.1) });
        }
        let checks = fields.expect.into_iter().map(|check| {
            let (line, column) = check.place;
            Check { at: check.value.at.0, that: check.value.that, place: format!("{file}:{line}:{column}") }
        });
        let config = fields.cluster.config().map_err(|message| {
            let line = text.lines().position(|line| line.trim_start().starts_with("cluster:")).map_or(0, |above| above + 1);
            Error::at(file, text, (line, line.min(1)), message)
        })?;
        let stem = file.rsplit(['/', '\\']).next().unwrap_or(file).trim_end_matches(".yaml").trim_end_matches(".yml");
        Ok(Scenario {
            file: file.to_owned(),
            name: fields.name.unwrap_or_else(|| stem.to_owned()),
            description: fields.description,
            seed: fields.seed.unwrap_or(1),
            config,
            static_pods: fields.cluster.static_pods.into_iter().map(|pod| (pod.node, pod.manifest)).collect(),
            files: fields.files,
            steps,
            checks: checks.collect(),
            invariants: fields.invariants.into_iter().map(|text| text.0).collect(),
            limits: Limits {
                events: fields.limits.events.unwrap_or(5_000_000),
                time: fields.limits.time.map_or(SimDuration::from_secs(24 * 3600), |span| span.0),
            },
        })
    }

    /// The paths that its commands read and that aren't given inline, each once.
    pub fn files_needed(&self) -> Vec<String> {
        let mut needed = Vec::new();
        for step in &self.steps {
            let Do::Kubectl { commands, .. } = &step.what else { continue };
            for path in commands.iter().flat_map(|words| kubectl::files_needed(words)) {
                let inline = self.files.contains_key(&path)
                    || self.files.keys().any(|file| file.starts_with(&format!("{}/", path.trim_end_matches('/'))));
                if path != "-" && !inline && !needed.contains(&path) {
                    needed.push(path);
                }
            }
        }
        needed
    }
}

impl StepFields {
    /// Makes sure that the step is one thing.
    fn check(self) -> Result<Do, (String, String)> {
        const KINDS: &str = "a step is one of `kubectl`, `apply`, `wait`, `until`, `fault`, `traffic`, `trace`, `check`";
        let bad = |message: String| (message, KINDS.to_owned());
        let given = [
            ("kubectl", self.kubectl.is_some()),
            ("apply", self.apply.is_some()),
            ("wait", self.wait.is_some()),
            ("until", self.until.is_some()),
            ("fault", self.fault.is_some()),
            ("traffic", self.traffic.is_some()),
            ("trace", self.trace.is_some()),
            ("check", self.check.is_some()),
        ];
        let mut kinds = given.iter().filter(|(_, given)| *given).map(|(kind, _)| *kind);
        let kind = kinds.next().ok_or_else(|| bad("this step does nothing".to_owned()))?;
        if let Some(other) = kinds.next() {
            return Err(bad(format!("this step has both `{kind}` and `{other}`: make two steps of it")));
        }
        if self.expect.is_some() && !matches!(kind, "kubectl" | "apply") {
            return Err((
                format!("`expect` doesn't go with `{kind}`"),
                "to check something, use a step `check: deployment/web ready == 3`".to_owned(),
            ));
        }
        if self.timeout.is_some() && !matches!(kind, "kubectl" | "apply" | "until") {
            return Err((format!("`timeout` doesn't go with `{kind}`"), String::new()));
        }
        let timeout = self.timeout.map(|span| span.0);
        let expect = self.expect.map_or_else(CommandExpect::default, |e| CommandExpect { exit: e.exit, output: e.output.0 });
        let command = |line: String, stdin: Option<String>| {
            let commands = kubectl::split_commands(&line).map_err(|message| (format!("{message} in {line:?}"), String::new()))?;
            let bare = commands.into_iter().map(|mut words| {
                if words.first().is_some_and(|word| word == "kubectl") {
                    words.remove(0);
                }
                words
            });
            let commands: Vec<Vec<String>> = bare.collect();
            if commands.iter().any(Vec::is_empty) || commands.is_empty() {
                return Err(("an empty command line".to_owned(), "write what follows the word kubectl: `get pods -o wide`".to_owned()));
            }
            let line = line.trim().strip_prefix("kubectl ").unwrap_or(line.trim()).to_owned();
            Ok(Do::Kubectl { line, commands, stdin, expect, timeout })
        };
        if let Some(line) = self.kubectl {
            return command(line, None);
        }
        if let Some(manifest) = self.apply {
            return command("apply -f -".to_owned(), Some(manifest));
        }
        if let Some(span) = self.wait {
            return Ok(Do::Wait(span.0));
        }
        if let Some(FaultText(fault)) = self.fault {
            return Ok(Do::Fault(fault));
        }
        if let Some(fields) = self.traffic {
            return fields.check().map(Do::Traffic);
        }
        if let Some(ask) = self.trace {
            return Ok(Do::Trace(ask));
        }
        match (self.until, self.check) {
            (Some(Goal::Quiet), _) => Ok(Do::UntilQuiet(timeout)),
            (Some(Goal::That(condition)), _) => Ok(Do::Until(condition, timeout.unwrap_or(PATIENCE))),
            (None, Some(condition)) => Ok(Do::Check(condition)),
            (None, None) => Err(bad("this step does nothing".to_owned())),
        }
    }
}

impl ClusterFields {
    fn config(&self) -> Result<Config, String> {
        let mut config = Config::default();
        if let Some(span) = self.latency.api {
            config.api_latency = span.0;
        }
        if let Some(span) = self.latency.watch {
            config.watch_latency = span.0;
        }
        if self.client_limits == ClientLimits::Off {
            config.controller_qps = 0;
            config.scheduler_qps = 0;
        }
        config.metrics = self.metrics_server.unwrap_or(config.metrics);
        config.network = self.network.config()?;
        config.nodes = match &self.nodes {
            Nodes::Count(count) => (1..=*count).map(|n| NodeConfig::named(format!("node-{n}"))).collect(),
            Nodes::Each(nodes) => nodes.iter().map(NodeFields::config).collect::<Result<_, _>>()?,
        };
        let mut names: Vec<&str> = config.nodes.iter().map(|node| node.name.as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("there are two nodes named {:?}", pair[0]));
        }
        let rule = |(pattern, fields): (&String, &ImageFields)| {
            let program = fields.program(Program::default()).map_err(|message| format!("image {pattern}: {message}"))?;
            Ok((Pattern::parse(pattern), program))
        };
        config.images = Images { rules: self.images.iter().map(rule).collect::<Result<_, String>>()?, ..Images::default() };
        if let Some(Percent(percent)) = self.jitter {
            config.images.jitter_percent = percent;
        }
        Ok(config)
    }
}

/// The nodes: how many, or which.
enum Nodes {
    Count(u32),
    Each(Vec<NodeFields>),
}

impl Default for Nodes {
    fn default() -> Self {
        Nodes::Count(3)
    }
}

/// More nodes than this are a slip of the finger: Kubernetes itself is built for 5,000.
const NODES_MAX: u64 = 50_000;

impl<'de> Deserialize<'de> for Nodes {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Nodes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of nodes, or a list such as [{name: node-1, cpu: 4, memory: 16Gi}]")
            }
            fn visit_u64<E: serde::de::Error>(self, count: u64) -> Result<Nodes, E> {
                if count > NODES_MAX {
                    return Err(E::custom(format!("{count} nodes are too many; the most is {NODES_MAX}")));
                }
                Ok(Nodes::Count(count as u32))
            }
            fn visit_i64<E: serde::de::Error>(self, count: i64) -> Result<Nodes, E> {
                let count = u64::try_from(count).map_err(|_| E::custom(format!("there can't be {count} nodes")))?;
                self.visit_u64(count)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Nodes, A::Error> {
                let mut nodes = Vec::new();
                while let Some(node) = items.next_element()? {
                    nodes.push(node);
                }
                Ok(Nodes::Each(nodes))
            }
        }
        from.deserialize_any(Visitor)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of texts")
            }
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(vec![text.to_owned()]))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Text, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(Text(texts))
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// A promise that is to be watched over the whole run.
struct InvariantText(Invariant);
from_text!(InvariantText, |text| {
    let found = Invariant::ALL.into_iter().find(|invariant| invariant.as_str() == text);
    found.map(InvariantText).ok_or_else(|| {
        let known: Vec<&str> = Invariant::ALL.iter().map(|known| known.as_str()).collect();
        format!("there is no invariant {text:?}; expected one of {}", known.join(", "))
    })
});

#[derive(Clone)]
struct FaultText(Fault);
from_text!(FaultText, |text| Fault::parse(text).map(FaultText));

/// `end`, or a time since the start.
#[derive(Clone, Copy)]
struct AtText(At);
impl Default for AtText {
    fn default() -> Self {
        AtText(At::End)
    }
}
from_text!(AtText, |text| {
    if text == "end" {
        return Ok(AtText(At::End));
    }
    let span = SimDuration::parse(text).map_err(|message| format!("{message}, or `end`"))?;
    Ok(AtText(At::Time(SimTime::ZERO + span)))
});

/// What an `until` waits for.
#[derive(Clone)]
enum Goal {
    Quiet,
    That(Condition),
}
from_text!(Goal, |text| if text.trim() == "quiet" { Ok(Goal::Quiet) } else { Condition::parse(text).map(Goal::That) });
from_text!(Condition, Condition::parse);
