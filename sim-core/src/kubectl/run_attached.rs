//! `kubectl run -i --rm` and `kubectl debug --attach`: waits for the container, shows what it prints, and says how it ended. Mirrors the
//! second half of `(*RunOptions).Run` and `handleAttachPod` of `staging/src/k8s.io/kubectl/pkg/cmd/run/run.go`, v1.36.
//!
//! What differs: nobody types into the container; lines printed before kubectl could attach are shown too.

use serde_json::Value;

use super::api::Api;
use super::failure::Failure;
use super::field::{items, text};
use super::logs::{Follow, from_now};
use super::{Invocation, Progress, target};
use crate::kernel::time::{SimDuration, SimTime};

/// How long kubectl waits for the pod to run: `--pod-running-timeout`.
const TIMEOUT: SimDuration = SimDuration::from_secs(60);

/// What is known when somebody begins to watch a container.
#[derive(Clone, Debug, PartialEq)]
pub struct Attached {
    ns: String,
    pod: String,
    container: String,
    /// Whether the pod goes when the session ends.
    remove: bool,
    deadline: SimTime,
    follow: Option<Follow>,
    prompt: bool,
}

impl Attached {
    /// Begins to wait. `prompt`: somebody could type.
    pub fn new(now: SimTime, pod: (&str, &str), container: &str, remove: bool, prompt: bool) -> Attached {
        let (ns, pod) = (pod.0.to_owned(), pod.1.to_owned());
        Attached { ns, pod, container: container.to_owned(), remove, deadline: now + TIMEOUT, follow: None, prompt }
    }

    fn status<'p>(&self, pod: &'p Value) -> Option<&'p Value> {
        let lists = ["status.containerStatuses", "status.initContainerStatuses", "status.ephemeralContainerStatuses"].iter();
        lists.flat_map(|list| items(pod, list)).find(|status| text(status, "name") == self.container)
    }

    /// Shows what has happened since the last look.
    pub fn poll(&mut self, api: &mut dyn Api) -> Progress {
        let mut progress = Progress::default();
        let pod = match target::resource("pods").and_then(|pods| Ok(api.get(pods, &self.ns, &self.pod)?)) {
            Ok(pod) => pod,
            Err(failure) => {
                progress.end(Some(failure));
                return progress;
            }
        };
        let state = self.status(&pod).map(|status| &status["state"]);
        let begun = state.is_some_and(|state| ["running", "terminated"].iter().any(|kind| state.get(kind).is_some()));
        if self.follow.is_none() {
            if !begun {
                progress.deadline = Some(self.deadline);
                if api.now() >= self.deadline {
                    progress.end(Some(Failure::plain("timed out waiting for the condition")));
                    self.leave(&mut progress);
                }
                return progress;
            }
            if self.prompt {
                progress.output.stderr.push_str("If you don't see a command prompt, try pressing enter.\n");
            }
            self.follow = Some(from_now(&self.ns, &self.pod, &self.container, None, None));
        }
        if let Some(follow) = &mut self.follow {
            let seen = follow.poll(api);
            progress.output.stdout.push_str(&seen.output.stdout);
            progress.output.stderr.push_str(&seen.output.stderr);
            (progress.deadline, progress.done) = (seen.deadline, seen.done);
        }
        // The end is told when the kubelet has reported it.
        let ended = state.and_then(|state| state.get("terminated"));
        let never = text(&pod, "spec.restartPolicy") == "Never";
        progress.done = match (progress.done, ended) {
            (true, Some(ended)) if never => {
                let code = super::field::int(ended, "exitCode");
                if code != 0 {
                    let reason = text(ended, "reason");
                    progress.output.stderr.push_str(&format!("pod {}/{} terminated ({reason})\n", self.ns, self.pod));
                    progress.output.code = i32::try_from(code).unwrap_or(1);
                }
                true
            }
            (true, None) if never => false,
            (true, _) => {
                let message = format!(
                    "Session ended, resume using 'kubectl attach {} -c {} -i -t' command when the pod is running\n",
                    self.pod, self.container
                );
                progress.output.stdout.push_str(if self.prompt && !self.remove { &message } else { "" });
                true
            }
            (false, _) => false,
        };
        if progress.done {
            self.leave(&mut progress);
        }
        progress
    }

    /// `--rm`: the pod goes.
    fn leave(&self, progress: &mut Progress) {
        if self.remove {
            let words = ["delete", "pod", &self.pod, "-n", &self.ns, "--wait=false", "--ignore-not-found"];
            progress.then = Some(Invocation { args: words.map(str::to_owned).to_vec(), ..Invocation::default() });
        }
    }
}
