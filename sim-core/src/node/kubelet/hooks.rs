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
            // `sleep 5` and `sh -c "sleep 5; nginx -s quit"` are what people write to wait for endpoints to go.
            Handler::Exec(command) => done(QUICK + seconds_of_sleep(command.iter().map(|word| word.as_str()))),
            Handler::Http { port, path, .. } => {
                let program = self.program(turn, index);
                match port.number(&self.spec_of(index).ports) {
                    Some(port) if program.listens_on(port) => done(QUICK),
                    Some(port) => {
                        let address = self.address.map(|address| address.to_string()).unwrap_or_default();
                        let failure =
                            format!("Get \"http://{address}:{port}{path}\": dial tcp {address}:{port}: connect: connection refused");
                        Hook { takes: QUICK, failure: Some(failure) }
                    }
                    None => Hook { takes: SimDuration::ZERO, failure: Some("couldn't find port".to_owned()) },
                }
            }
            Handler::Tcp { .. } | Handler::Grpc { .. } => done(QUICK),
        }
    }
}

/// How long the `sleep`s of a command line take together.
fn seconds_of_sleep<'a>(words: impl Iterator<Item = &'a str>) -> SimDuration {
    let mut total = SimDuration::ZERO;
    let mut after_sleep = false;
    for word in words.flat_map(|word| word.split([' ', ';', '&', '\n', '"', '\''])).filter(|word| !word.is_empty()) {
        if after_sleep
            && let Ok(span) =
                SimDuration::parse(&if word.bytes().all(|c| c.is_ascii_digit()) { format!("{word}s") } else { word.to_owned() })
        {
            total = total + span;
        }
        after_sleep = word == "sleep" || word.ends_with("/sleep");
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeps_of_a_command() {
        let check = |words: &[&str], secs: u64| assert_eq!(seconds_of_sleep(words.iter().copied()).as_secs(), secs, "{words:?}");
        check(&["sleep", "5"], 5);
        check(&["/bin/sh", "-c", "sleep 5; nginx -s quit; sleep 2s"], 7);
        check(&["nginx", "-s", "quit"], 0);
    }
}
