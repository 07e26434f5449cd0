//! What a scenario says of its nodes: how large they are, what is reserved, when pods are evicted.

use super::words::{Amount, Span, TaintText};
use crate::api::pod::Resources;
use crate::cluster::NodeConfig;
use crate::kernel::time::SimDuration;
use crate::node::kubelet::config::{self, KubeletConfig, Threshold};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A node of the list.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NodeFields {
    name: String,
    cpu: Option<Amount>,
    memory: Option<Amount>,
    pods: Option<i64>,
    disk: Option<Amount>,
    pids: Option<u64>,
    /// Bytes a second that images come in with.
    pull_rate: Option<Amount>,
    /// `kubeReserved` and `systemReserved` together.
    reserved: Option<ReservedFields>,
    /// Signal → amount that must be left.
    eviction_hard: Option<BTreeMap<String, String>>,
    #[serde(default)]
    eviction_soft: BTreeMap<String, String>,
    #[serde(default)]
    eviction_soft_grace_period: BTreeMap<String, Span>,
    #[serde(default)]
    eviction_minimum_reclaim: BTreeMap<String, String>,
    eviction_max_pod_grace_period: Option<i64>,
    eviction_pressure_transition_period: Option<Span>,
    shutdown_grace_period: Option<Span>,
    shutdown_grace_period_critical_pods: Option<Span>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    taints: Vec<TaintText>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct ReservedFields {
    cpu: Option<Amount>,
    memory: Option<Amount>,
    disk: Option<Amount>,
}

impl NodeFields {
    /// The node as the cluster is told of it.
    ///
    /// # Errors
    /// A threshold that makes no sense, in words that name the node.
    pub(super) fn config(&self) -> Result<NodeConfig, String> {
        let usual = NodeConfig::named(self.name.clone());
        let whole = |amount: Option<Amount>, usual: i64| amount.map_or(usual, |amount| amount.whole);
        Ok(NodeConfig {
            milli_cpu: self.cpu.map_or(usual.milli_cpu, |amount| amount.milli),
            memory: whole(self.memory, usual.memory),
            disk: whole(self.disk, usual.disk),
            pods: self.pods.unwrap_or(usual.pods),
            labels: self.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            taints: self.taints.iter().map(|taint| taint.0.clone()).collect(),
            kubelet: self.kubelet().map_err(|message| format!("node {}: {message}", self.name))?,
            ..usual
        })
    }

    fn kubelet(&self) -> Result<KubeletConfig, String> {
        let usual = KubeletConfig::default();
        let span = |given: Option<Span>, usual: SimDuration| given.map_or(usual, |span| span.0);
        let reserved = self.reserved.as_ref().map_or_else(Resources::default, |reserved| Resources {
            milli_cpu: reserved.cpu.map_or(0, |amount| amount.milli),
            memory: reserved.memory.map_or(0, |amount| amount.whole),
            ephemeral_storage: reserved.disk.map_or(0, |amount| amount.whole),
        });
        let mut soft = self.thresholds(&self.eviction_soft)?;
        for threshold in &mut soft {
            let signal = threshold.signal.as_str();
            let grace = self.eviction_soft_grace_period.get(signal);
            let grace = grace
                .filter(|grace| !grace.0.is_zero())
                .ok_or_else(|| format!("evictionSoft {signal} has no grace period; write `evictionSoftGracePeriod: {{{signal}: 1m}}`"))?;
            threshold.grace = grace.0;
        }
        Ok(KubeletConfig {
            reserved,
            eviction_hard: self.eviction_hard.as_ref().map(|hard| self.thresholds(hard)).transpose()?,
            eviction_soft: soft,
            pod_grace_max: self.eviction_max_pod_grace_period.unwrap_or(usual.pod_grace_max),
            transition: span(self.eviction_pressure_transition_period, usual.transition),
            shutdown_grace: span(self.shutdown_grace_period, usual.shutdown_grace),
            shutdown_grace_critical: span(self.shutdown_grace_period_critical_pods, usual.shutdown_grace_critical),
            pids: self.pids.unwrap_or(usual.pids),
            pull_rate: self.pull_rate.map(|rate| u64::try_from(rate.whole).unwrap_or(0)),
            ..usual
        })
    }

    fn thresholds(&self, given: &BTreeMap<String, String>) -> Result<Vec<Threshold>, String> {
        let one = |(signal, value): (&String, &String)| {
            let mut threshold = Threshold::parse(signal, value)?;
            if let Some(reclaim) = self.eviction_minimum_reclaim.get(signal) {
                threshold.reclaim = config::Amount::parse(reclaim)?;
            }
            Ok(threshold)
        };
        given.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;

    #[test]
    fn nodes_say_what_they_keep() {
        let read = |node: &str| Scenario::parse(&format!("cluster:\n  nodes:\n  - {node}\nsteps: []\n"), "s.yaml");
        let node = "{name: a, memory: 4Gi, disk: 20Gi, reserved: {memory: 500Mi}, evictionHard: {memory.available: 10%}, \
                    evictionSoft: {memory.available: 1Gi}, evictionSoftGracePeriod: {memory.available: 30s}}";
        let config = read(node).map_err(|error| error.to_string()).expect("it is valid").config.nodes[0].clone();
        assert_eq!((config.disk >> 30, config.kubelet.reserved.memory >> 20), (20, 500));
        assert_eq!((config.kubelet.eviction_hard.map(|hard| hard.len()), config.kubelet.eviction_soft[0].grace.as_secs()), (Some(1), 30));
        let refused = |node: &str, part: &str| {
            let error = read(node).map(|_| ()).expect_err("it makes no sense").to_string();
            assert!(error.contains(part), "{error}");
        };
        refused("{name: a, evictionSoft: {memory.available: 1Gi}}", "has no grace period");
        refused("{name: a, evictionHard: {memory.left: 1Gi}}", "there is no eviction signal");
        refused("{name: a, evictionHard: {memory.available: much}}", "neither a quantity");
    }
}
