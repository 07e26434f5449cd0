//! What several test files share: a cluster to type commands into.

use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::kubectl::{self, Invocation, Outcome};
use sim_core::{Cluster, Config};

/// The Deployment of the walk-through, with `replicas` and the extra spec lines given.
pub(crate) fn deployment(name: &str, replicas: u32, image: &str, extra: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  replicas: {replicas}\n{extra}  selector:\n    matchLabels:\n      app: {name}\n  \
         template:\n    metadata:\n      labels:\n        app: {name}\n    spec:\n      containers:\n      - name: c\n        image: {image}\n"
    )
}

/// A cluster with a terminal.
pub(crate) struct Terminal {
    /// The cluster.
    pub(crate) cluster: Cluster,
}

impl Terminal {
    /// Boots one.
    pub(crate) fn new(config: Config) -> Self {
        Terminal { cluster: Cluster::new(config) }
    }

    /// Types a kubectl line, with `manifest` as the file `m.yaml`; lets a waiting command wait. Answers (stdout, stderr, exit code).
    pub(crate) fn kubectl_with(&mut self, line: &str, manifest: &str) -> (String, String, i32) {
        let args = kubectl::split(line).expect("the line is well quoted");
        let files = [("m.yaml".to_owned(), manifest.to_owned())].into_iter().collect();
        match self.cluster.kubectl(&Invocation { args, files }) {
            Outcome::Done(output) => (output.stdout, output.stderr, output.code),
            Outcome::Waiting(mut output, mut session) => {
                for _ in 0..200_000 {
                    let progress = self.cluster.poll(&mut session);
                    output.stdout.push_str(&progress.output.stdout);
                    output.stderr.push_str(&progress.output.stderr);
                    if progress.done {
                        return (output.stdout, output.stderr, progress.output.code);
                    }
                    let next = [self.cluster.next_at(), progress.deadline].into_iter().flatten().min();
                    self.cluster.run_until(next.expect("a waiting command waits for something"));
                }
                panic!("{line} never ended; so far: {}", output.stdout);
            }
        }
    }

    /// The same, for lines without a file; fails if the command fails.
    pub(crate) fn ok(&mut self, line: &str) -> String {
        let (stdout, stderr, code) = self.kubectl_with(line, "");
        assert_eq!(code, 0, "{line}: {stderr}");
        stdout
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, span: SimDuration) {
        let until: SimTime = self.cluster.now() + span;
        self.cluster.run_until(until);
    }
}
