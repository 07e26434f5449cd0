//! PodTopologySpread: siblings go to different nodes and zones. Mirrors `plugins/podtopologyspread/{common,filtering,scoring}.go`, v1.36.
//!
//! A pod without constraints of its own gets the cluster's: rather not many on one node (maxSkew 3) or in one zone (maxSkew 5).
//! Everything here works on numbers: a node is its position in the scheduler's list, a value of a topology label is a domain.

use super::{MAX_NODE_SCORE, Rejection};
use crate::api::meta::{Str, StrMap};
use crate::api::selector::{Operator, Requirement, Selector};
use serde_json::Value;
use std::sync::Arc;

/// What the plugin says of a node where there are too many siblings.
pub const REASON: &str = "node(s) didn't match pod topology spread constraints";
/// What the plugin says of a node that doesn't tell where it is.
pub const REASON_LABEL: &str = "node(s) didn't match pod topology spread constraints (missing required label)";
/// The label that tells nodes apart.
pub const HOSTNAME: &str = "kubernetes.io/hostname";
/// The label that tells zones apart.
pub const ZONE: &str = "topology.kubernetes.io/zone";
/// The domain of a node that lacks the label.
pub const NO_DOMAIN: u32 = u32::MAX;

/// One constraint of a pod.
#[derive(Clone, PartialEq, Debug)]
pub struct Constraint {
    /// The label whose values are the domains.
    pub key: Str,
    /// By how much a domain may have more siblings than the least.
    pub max_skew: u32,
    /// With fewer domains than this, the least counts as 0.
    pub min_domains: u32,
    /// Which pods count.
    pub selector: Selector,
    /// Whether only nodes that match the pod's node affinity count (`nodeAffinityPolicy`).
    pub honor_affinity: bool,
    /// Whether only nodes whose taints the pod tolerates count (`nodeTaintsPolicy`).
    pub honor_taints: bool,
}

/// The constraints of a pod.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Constraints {
    /// `DoNotSchedule`
    pub hard: Vec<Constraint>,
    /// `ScheduleAnyway`
    pub soft: Vec<Constraint>,
    /// Whether nodes that lack one of the labels are left out, as with constraints that a user wrote.
    pub require_all: bool,
}

impl Constraints {
    /// What the specification says, for a pod with these labels; `None` if it says nothing.
    pub fn of(spec: &Value, labels: &StrMap) -> Option<Constraints> {
        let list = spec["topologySpreadConstraints"].as_array().filter(|list| !list.is_empty())?;
        let mut all = Constraints { require_all: true, ..Constraints::default() };
        for tree in list {
            let constraint = Constraint {
                key: crate::api::meta::text(tree, "topologyKey"),
                max_skew: number(tree, "maxSkew").unwrap_or(1),
                min_domains: number(tree, "minDomains").unwrap_or(1),
                selector: selector(tree, labels),
                honor_affinity: tree["nodeAffinityPolicy"] != "Ignore",
                honor_taints: tree["nodeTaintsPolicy"] == "Honor",
            };
            if tree["whenUnsatisfiable"] == "ScheduleAnyway" { all.soft.push(constraint) } else { all.hard.push(constraint) }
        }
        Some(all)
    }

    /// The cluster's own for pods that have none (`systemDefaultConstraints`).
    pub fn system_default(selector: &Selector) -> Constraints {
        let constraint = |key: &'static str, max_skew| Constraint {
            key: key.into(),
            max_skew,
            min_domains: 1,
            selector: selector.clone(),
            honor_affinity: true,
            honor_taints: false,
        };
        Constraints { hard: Vec::new(), soft: vec![constraint(HOSTNAME, 3), constraint(ZONE, 5)], require_all: false }
    }
}

fn number(tree: &Value, field: &str) -> Option<u32> {
    tree[field].as_u64().and_then(|n| u32::try_from(n).ok())
}

/// The selector, narrowed by the pod's own values of `matchLabelKeys`.
fn selector(tree: &Value, labels: &StrMap) -> Selector {
    let selector = Selector::from_label_selector(&tree["labelSelector"]).unwrap_or_else(|_| Selector::nothing());
    let keys: Vec<&str> = tree["matchLabelKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if keys.is_empty() || tree["labelSelector"].is_null() {
        return selector;
    }
    let mut requirements = selector.requirements().to_vec();
    for key in keys {
        if let Some(value) = labels.get(key)
            && let Ok(requirement) = Requirement::new(key, Operator::In, vec![value.to_string()])
        {
            requirements.push(requirement);
        }
    }
    Selector::new(requirements)
}

/// How many siblings there are, for one constraint.
#[derive(Clone, Debug)]
pub struct Siblings {
    /// The domain of each node.
    pub domains: Arc<Vec<u32>>,
    /// How many there are on each node.
    pub on_node: Arc<Vec<u32>>,
    /// How many there are in each domain, on nodes that count.
    pub in_domain: Vec<u32>,
}

/// Hard constraints, ready to filter nodes.
#[derive(Clone, Debug, Default)]
pub struct Hard {
    rows: Vec<(Siblings, i64)>,
}

impl Hard {
    /// Adds a constraint. `counts` tells whether a node counts, `own` whether the pod itself matches the selector.
    pub fn add(&mut self, constraint: &Constraint, siblings: Siblings, counts: impl Fn(usize) -> bool, own: bool) {
        let mut present = vec![false; siblings.in_domain.len()];
        for (position, domain) in siblings.domains.iter().enumerate().filter(|(_, d)| **d != NO_DOMAIN) {
            present[*domain as usize] |= counts(position);
        }
        let domains = present.iter().filter(|p| **p).count();
        let least = siblings.in_domain.iter().zip(&present).filter(|(_, p)| **p).map(|(n, _)| i64::from(*n)).min();
        let least = if domains < constraint.min_domains as usize { 0 } else { least.unwrap_or(i64::from(i32::MAX)) };
        // The pod may join n siblings if n + 1 − least ≤ maxSkew; without the 1 if it isn't one itself.
        self.rows.push((siblings, i64::from(constraint.max_skew) + least - i64::from(own)));
    }

    /// Whether there is nothing to filter by.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Rejects a node without the label, or in a domain that has too many siblings already.
    pub fn filter(&self, position: usize) -> Rejection {
        for (siblings, limit) in &self.rows {
            match siblings.domains[position] {
                NO_DOMAIN => return Rejection::SPREAD_LABEL,
                domain if i64::from(siblings.in_domain[domain as usize]) > *limit => return Rejection::SPREAD,
                _ => {}
            }
        }
        Rejection::NONE
    }
}

/// Soft constraints, ready to score nodes.
#[derive(Clone, Debug, Default)]
pub struct Soft {
    rows: Vec<SoftRow>,
    require_all: bool,
}

#[derive(Clone, Debug)]
struct SoftRow {
    siblings: Siblings,
    hostname: bool,
    skew: f64,
}

/// The raw score of a node that isn't scored.
pub const IGNORED: u32 = u32::MAX;

impl Soft {
    /// No constraints yet. See [`Constraints::require_all`].
    pub fn new(require_all: bool) -> Self {
        Soft { rows: Vec::new(), require_all }
    }

    /// Adds a constraint.
    pub fn add(&mut self, constraint: &Constraint, siblings: Siblings) {
        let skew = f64::from(constraint.max_skew.saturating_sub(1));
        self.rows.push(SoftRow { siblings, hostname: constraint.key == HOSTNAME, skew });
    }

    /// Whether there is nothing to score by.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn ignores(&self, position: u32) -> bool {
        self.require_all && self.rows.iter().any(|row| row.siblings.domains[position as usize] == NO_DOMAIN)
    }

    /// The raw scores of the feasible nodes: their siblings, weighted by the logarithm of the number of domains, so that the few
    /// pods of each of many nodes count against the many pods of a few zones. [`IGNORED`] for nodes that aren't scored.
    pub fn raw(&self, feasible: &[u32], raw: &mut Vec<u32>) {
        raw.clear();
        let ignored = if self.require_all { feasible.iter().filter(|p| self.ignores(**p)).count() } else { 0 };
        let weights: Vec<f64> = self.rows.iter().map(|row| libm::log(row.size(self, feasible, ignored) as f64 + 2.0)).collect();
        if let ([row], 0) = (&self.rows[..], ignored) {
            raw.extend(feasible.iter().map(|p| rounded(row.score(*p, weights[0]))));
            return;
        }
        for position in feasible {
            if self.ignores(*position) {
                raw.push(IGNORED);
                continue;
            }
            let sum = self.rows.iter().zip(&weights).fold(0.0, |sum, (row, weight)| sum + row.score(*position, *weight));
            raw.push(rounded(sum));
        }
    }
}

/// `math.Round` of something that isn't negative.
fn rounded(score: f64) -> u32 {
    (score + 0.5) as u32
}

impl SoftRow {
    /// How many domains the feasible nodes lie in; nodes without the label are a domain too, unless they are ignored.
    fn size(&self, all: &Soft, feasible: &[u32], ignored: usize) -> usize {
        if self.hostname {
            return feasible.len() - ignored;
        }
        let mut seen = vec![false; self.siblings.in_domain.len() + 1];
        for position in feasible.iter().filter(|p| ignored == 0 || !all.ignores(**p)) {
            let domain = self.siblings.domains[*position as usize] as usize;
            let last = seen.len() - 1;
            seen[domain.min(last)] = true;
        }
        seen.into_iter().filter(|s| *s).count()
    }

    fn score(&self, position: u32, weight: f64) -> f64 {
        let position = position as usize;
        let domain = self.siblings.domains[position];
        if domain == NO_DOMAIN {
            return 0.0;
        }
        let siblings = if self.hostname { self.siblings.on_node[position] } else { self.siblings.in_domain[domain as usize] };
        f64::from(siblings) * weight + self.skew
    }
}

/// Turns raw scores into 0–100 and adds them to the totals, weighted: fewest siblings score most. Ignored nodes score 0.
///
/// Worked example: raw 3, 3 and 5 give (5 + 3 − 3) / 5 = 100 %, 100 % and (5 + 3 − 5) / 5 = 60 %.
pub fn add_scores(raw: &[u32], totals: &mut [u32], weight: u32) {
    let scored = || raw.iter().copied().filter(|raw| *raw != IGNORED);
    let (least, most) = (scored().min().unwrap_or(0), scored().max().unwrap_or(0));
    // Raw scores stay below 2^25: 2^21 pods in a domain, of which there are fewer than 2^17.
    for (total, raw) in totals.iter_mut().zip(raw) {
        *total += weight
            * match *raw {
                IGNORED => 0,
                _ if most == 0 => MAX_NODE_SCORE,
                raw => ((most - raw) + least).saturating_mul(MAX_NODE_SCORE) / most,
            };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn siblings(domains: &[u32], on_node: &[u32]) -> Siblings {
        let size = domains.iter().filter(|d| **d != NO_DOMAIN).max().map_or(0, |d| *d as usize + 1);
        let mut in_domain = vec![0; size];
        for (domain, n) in domains.iter().zip(on_node).filter(|(d, _)| **d != NO_DOMAIN) {
            in_domain[*domain as usize] += n;
        }
        Siblings { domains: Arc::new(domains.to_vec()), on_node: Arc::new(on_node.to_vec()), in_domain }
    }

    #[test]
    fn fewer_siblings_score_more() {
        let mut soft = Soft::new(false);
        let constraint = |key: &'static str, max_skew| Constraint {
            key: key.into(),
            max_skew,
            min_domains: 1,
            selector: Selector::everything(),
            honor_affinity: true,
            honor_taints: false,
        };
        soft.add(&constraint("zone", 3), siblings(&[0, 0, 1], &[1, 0, 2]));
        let (mut raw, mut totals) = (Vec::new(), vec![0; 3]);
        soft.raw(&[0, 1, 2], &mut raw);
        assert_eq!(raw, [3, 3, 5]);
        add_scores(&raw, &mut totals, 1);
        assert_eq!(totals, [100, 100, 60]);
    }

    #[test]
    fn domains_fill_up_evenly() {
        let check = |on_node: &[u32], max_skew, min_domains, expected: &[bool]| {
            let constraint = Constraint {
                key: "zone".into(),
                max_skew,
                min_domains,
                selector: Selector::everything(),
                honor_affinity: true,
                honor_taints: false,
            };
            let mut hard = Hard::default();
            hard.add(&constraint, siblings(&[0, 1, NO_DOMAIN], on_node), |_| true, true);
            let fits: Vec<bool> = (0..3).map(|p| hard.filter(p).is_none()).collect();
            assert_eq!(fits, expected, "{on_node:?} {max_skew} {min_domains}");
        };
        check(&[1, 0, 0], 1, 1, &[false, true, false]);
        check(&[1, 0, 0], 2, 1, &[true, true, false]);
        check(&[1, 1, 0], 1, 1, &[true, true, false]);
        check(&[1, 1, 0], 1, 3, &[false, false, false]);
    }
}
