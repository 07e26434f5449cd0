//! What a lifecycle hook does and how long it takes. Mirrors `pkg/kubelet/lifecycle/handlers.go`, v1.36.

use crate::api::probe::Handler;
use crate::kernel::time::SimDuration;
use crate::node::kubelet::Turn;
use crate::node::kubelet::pod_worker::PodWorker;

/// How long a command or a request takes that nothing is known about.
const QUICK: SimDuration = SimDuration::from_millis(50);

/// How a hook went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hook {
    /// How long it took.
    pub takes: SimDuration,
    /// What went wrong, if anything did.
    pub failure: Option<String>,
}

impl PodWorker {
    /// Calls a hook of a running container.
    pub fn call(&self, turn: &Turn<'_>, index: usize, handler: &Handler) -> Hook {
        let done = |takes| Hook { takes, failure: None };
        match handler {
            Handler::Sleep(span) => done(*span),
            Handler::Exec(command) => {
                let facts = turn.kubelet.facts();
                match turn.inside(&facts).ask(self, index, command, turn.now) {
                    // A command that nothing is known about does what it should.
                    None => done(QUICK),
                    Some(asked) if asked.code == 0 => done(QUICK + asked.takes),
                    Some(asked) => {
                        let failure = format!("rpc error: code = Unknown desc = command exited with {}: {}", asked.code, asked.text);
                        Hook { takes: QUICK + asked.takes, failure: Some(failure) }
                    }
                }
            }
            Handler::Http { port, path, .. } => match port.number(&self.spec_of(index).ports) {
                Some(port) if self.listens_on(turn.images, index, port) => done(QUICK),
                Some(port) => {
                    let address = self.address.map(|address| address.to_string()).unwrap_or_default();
                    let failure = format!("Get \"http://{address}:{port}{path}\": dial tcp {address}:{port}: connect: connection refused");
                    Hook { takes: QUICK, failure: Some(failure) }
                }
                None => Hook { takes: SimDuration::ZERO, failure: Some("couldn't find port".to_owned()) },
            },
            Handler::Tcp { .. } | Handler::Grpc { .. } => done(QUICK),
        }
    }
}
