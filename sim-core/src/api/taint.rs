//! Taints of nodes and tolerations of pods. Mirrors `k8s.io/api/core/v1/{types,toleration}.go`, v1.36.

use crate::api::meta::{Str, text};
use crate::kernel::time::SimTime;
use serde_json::Value;

/// What a taint does to pods that don't tolerate it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TaintEffect {
    /// New pods stay away.
    NoSchedule,
    /// New pods rather stay away.
    PreferNoSchedule,
    /// New pods stay away and running ones leave.
    NoExecute,
}

impl TaintEffect {
    /// As the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            TaintEffect::NoSchedule => "NoSchedule",
            TaintEffect::PreferNoSchedule => "PreferNoSchedule",
            TaintEffect::NoExecute => "NoExecute",
        }
    }

    /// From the API's spelling.
    pub fn parse(text: &str) -> Option<Self> {
        [TaintEffect::NoSchedule, TaintEffect::PreferNoSchedule, TaintEffect::NoExecute].into_iter().find(|e| e.as_str() == text)
    }
}

/// A mark of a node that keeps pods away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taint {
    /// The key.
    pub key: Str,
    /// The value; may be empty.
    pub value: Str,
    /// What it does.
    pub effect: TaintEffect,
    /// When a NoExecute taint was added.
    pub added: Option<SimTime>,
}

/// A pod's permission to ignore taints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Toleration {
    /// Empty: any key (with `exists`).
    pub key: Str,
    /// Whether any value will do.
    pub exists: bool,
    /// The value, unless `exists`.
    pub value: Str,
    /// `None`: all effects.
    pub effect: Option<TaintEffect>,
    /// For how long, for NoExecute; `None`: for ever.
    pub seconds: Option<i64>,
}

impl Toleration {
    pub(super) fn from_tree(tree: &Value) -> Self {
        Toleration {
            key: text(tree, "key"),
            exists: tree["operator"] == "Exists",
            value: text(tree, "value"),
            effect: tree["effect"].as_str().and_then(TaintEffect::parse),
            seconds: tree["tolerationSeconds"].as_i64(),
        }
    }

    /// Whether this toleration covers the taint. `staging/src/k8s.io/api/core/v1/toleration.go`, ToleratesTaint.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        self.effect.is_none_or(|effect| effect == taint.effect)
            && (self.key.is_empty() || self.key == taint.key)
            && (self.exists || self.value == taint.value)
    }
}
