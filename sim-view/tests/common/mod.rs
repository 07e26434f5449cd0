//! What several test files share: a cluster to type commands into.

use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::kubectl::{self, Invocation, Outcome};
use sim_core::{Cluster, Config};

/// A Deployment with this many replicas of an image.
pub(crate) fn deployment(name: &str, replicas: u32, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  replicas: {replicas}\n  selector:\n    matchLabels:\n      \
         app: {name}\n  template:\n    metadata:\n      labels:\n        app: {name}\n    spec:\n      containers:\n      - name: c\n        image: {image}\n"
    )
}

/// A cluster that has booted.
pub(crate) fn cluster() -> Cluster {
    let mut cluster = Cluster::new(Config::default());
    wait(&mut cluster, 5_000);
    cluster
}

/// Types a kubectl line that doesn't wait, with `manifest` as the file `m.yaml`.
pub(crate) fn kubectl(cluster: &mut Cluster, line: &str, manifest: &str) -> String {
    let args = kubectl::split(line).expect("the line is well quoted");
    let files = [("m.yaml".to_owned(), manifest.to_owned())].into_iter().collect();
    match cluster.kubectl(&Invocation { args, files }) {
        Outcome::Done(output) => {
            assert_eq!(output.code, 0, "{line}: {}", output.stderr);
            output.stdout
        }
        Outcome::Waiting(output, _) => output.stdout,
    }
}

/// Lets time pass.
pub(crate) fn wait(cluster: &mut Cluster, millis: u64) {
    let until: SimTime = cluster.now() + SimDuration::from_millis(millis);
    cluster.run_until(until);
}
