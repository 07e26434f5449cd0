//! Probes and lifecycle hooks of containers. Mirrors Probe, ProbeHandler and Lifecycle of `k8s.io/api/core/v1/types.go`, v1.36.

use crate::api::container::{ContainerPort, int};
use crate::api::meta::{Str, text};
use crate::kernel::time::SimDuration;
use serde_json::Value;

/// What a probe is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ProbeKind {
    /// Whether the container has started. Until then the others don't ask.
    Startup,
    /// Whether it may get requests.
    Readiness,
    /// Whether it must be started again.
    Liveness,
}

impl ProbeKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [ProbeKind; 3] = [ProbeKind::Startup, ProbeKind::Readiness, ProbeKind::Liveness];

    /// As events spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ProbeKind::Startup => "Startup",
            ProbeKind::Readiness => "Readiness",
            ProbeKind::Liveness => "Liveness",
        }
    }
}

/// A port by its number or its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Port {
    /// The number.
    Number(i32),
    /// The name of one of the container's ports.
    Name(Str),
}

impl Port {
    fn from_tree(tree: &Value) -> Port {
        match tree.as_str() {
            Some(name) => Port::Name(Str::from(name.to_owned())),
            None => Port::Number(tree.as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or(0)),
        }
    }

    /// The number, if one of the container's ports has this name.
    pub fn number(&self, ports: &[ContainerPort]) -> Option<i32> {
        match self {
            Port::Number(number) => Some(*number),
            Port::Name(name) => ports.iter().find(|port| port.name == *name).map(|port| port.port),
        }
    }
}

/// What is done: asked by a probe, or called by a hook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Handler {
    /// GET.
    Http {
        /// `https` instead of `http`.
        tls: bool,
        /// Another host than the pod; mostly empty.
        host: Str,
        /// Where.
        port: Port,
        /// Begins with a slash.
        path: Str,
    },
    /// Open a connection.
    Tcp {
        /// Another host than the pod; mostly empty.
        host: Str,
        /// Where.
        port: Port,
    },
    /// Run a command in the container.
    Exec(Vec<Str>),
    /// Ask gRPC's health service.
    Grpc {
        /// Where.
        port: i32,
        /// Of which service; mostly empty.
        service: Str,
    },
    /// Wait: hooks only.
    Sleep(SimDuration),
}

impl Handler {
    fn from_tree(tree: &Value) -> Option<Handler> {
        if let Some(command) = tree.get("exec") {
            let words = command["command"].as_array().into_iter().flatten().filter_map(Value::as_str);
            return Some(Handler::Exec(words.map(|word| Str::from(word.to_owned())).collect()));
        }
        if let Some(get) = tree.get("httpGet") {
            let path = get["path"].as_str().unwrap_or("/");
            let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
            return Some(Handler::Http {
                tls: get["scheme"] == "HTTPS",
                host: text(get, "host"),
                port: Port::from_tree(&get["port"]),
                path: path.into(),
            });
        }
        if let Some(socket) = tree.get("tcpSocket") {
            return Some(Handler::Tcp { host: text(socket, "host"), port: Port::from_tree(&socket["port"]) });
        }
        if let Some(grpc) = tree.get("grpc") {
            return Some(Handler::Grpc { port: int(grpc, "port"), service: text(grpc, "service") });
        }
        let sleep = tree.get("sleep")?;
        Some(Handler::Sleep(SimDuration::from_secs(sleep["seconds"].as_u64().unwrap_or(0))))
    }
}

/// A probe with its times.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Probe {
    /// What it asks.
    pub handler: Handler,
    /// From the container's start until it may ask first.
    pub initial_delay: SimDuration,
    /// How long an answer may take.
    pub timeout: SimDuration,
    /// From one question to the next.
    pub period: SimDuration,
    /// So many good answers in a row make it pass.
    pub successes: u32,
    /// So many bad answers in a row make it fail.
    pub failures: u32,
    /// The grace period of a container that is killed for failing it; the pod's if unset.
    pub grace: Option<i64>,
}

impl Probe {
    /// Reads a defaulted probe. None if there is none, or it says nothing to ask.
    fn from_tree(tree: &Value) -> Option<Probe> {
        let number = |field: &str, usual: u64| tree[field].as_u64().filter(|n| *n > 0).unwrap_or(usual);
        let seconds = |field: &str, usual: u64| SimDuration::from_secs(number(field, usual));
        let count = |field: &str, usual: u64| u32::try_from(number(field, usual)).unwrap_or(u32::MAX);
        Some(Probe {
            handler: Handler::from_tree(tree)?,
            initial_delay: seconds("initialDelaySeconds", 0),
            timeout: seconds("timeoutSeconds", 1),
            period: seconds("periodSeconds", 10),
            successes: count("successThreshold", 1),
            failures: count("failureThreshold", 3),
            grace: tree["terminationGracePeriodSeconds"].as_i64(),
        })
    }
}

/// A container's probes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Probes([Option<Probe>; 3]);

impl Probes {
    /// Reads those of a defaulted container; None if it has none.
    pub(super) fn from_tree(container: &Value) -> Option<Box<Probes>> {
        let probes = ["startupProbe", "readinessProbe", "livenessProbe"].map(|field| Probe::from_tree(&container[field]));
        probes.iter().any(Option::is_some).then(|| Box::new(Probes(probes)))
    }

    /// The probe of this kind.
    pub fn get(&self, kind: ProbeKind) -> Option<&Probe> {
        self.0[kind as usize].as_ref()
    }
}

/// What is called when a container has started and before it is stopped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hooks {
    /// Right after its start: until it is done, the container doesn't count as started.
    pub post_start: Option<Handler>,
    /// Before TERM, on the grace period's account.
    pub pre_stop: Option<Handler>,
}

impl Hooks {
    /// Reads those of a defaulted container; None if it has none.
    pub(super) fn from_tree(container: &Value) -> Option<Box<Hooks>> {
        let hook = |field: &str| Handler::from_tree(&container["lifecycle"][field]);
        let hooks = Hooks { post_start: hook("postStart"), pre_stop: hook("preStop") };
        (hooks.post_start.is_some() || hooks.pre_stop.is_some()).then(|| Box::new(hooks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn probes_are_read_with_their_defaults() {
        let container = json!({
            "readinessProbe": {"httpGet": {"path": "healthz", "port": "web"}, "periodSeconds": 5},
            "livenessProbe": {"exec": {"command": ["cat", "/tmp/healthy"]}, "failureThreshold": 1},
            "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        });
        let probes = Probes::from_tree(&container).expect("there are some");
        assert_eq!(probes.get(ProbeKind::Startup), None);
        let ready = probes.get(ProbeKind::Readiness).expect("a readiness probe");
        assert_eq!((ready.period.as_secs(), ready.timeout.as_secs(), ready.successes, ready.failures), (5, 1, 1, 3));
        let Handler::Http { path, port, .. } = &ready.handler else { panic!("{ready:?}") };
        let ports = [ContainerPort { name: "web".into(), port: 8080, protocol: "TCP".into(), host_port: 0 }];
        assert_eq!((path.as_str(), port.number(&ports), port.number(&[])), ("/healthz", Some(8080), None));
        let live = probes.get(ProbeKind::Liveness).expect("a liveness probe");
        assert_eq!((live.failures, &live.handler), (1, &Handler::Exec(vec!["cat".into(), "/tmp/healthy".into()])));
        let hooks = Hooks::from_tree(&container).expect("a hook");
        assert_eq!((hooks.post_start, hooks.pre_stop), (None, Some(Handler::Sleep(SimDuration::from_secs(5)))));
        assert_eq!(Probes::from_tree(&json!({"readinessProbe": {"periodSeconds": 3}})), None);
    }
}
