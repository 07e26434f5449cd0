//! `kubectl top`, in a cluster without a metrics server: nothing is measured here. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/top/top_{node,pod}.go`, v1.36.

use super::failure::{Answer, Failure};
use super::flags::{Flag, short, short_switch, switch, value};
use super::{Call, Next};
use crate::api::selector::Selector;

/// The flags of `top node`.
pub const NODE_FLAGS: &[Flag] = &[
    short("selector", 'l'),
    switch("no-headers"),
    switch("show-capacity"),
    switch("show-swap"),
    switch("use-protocol-buffers"),
    value("sort-by"),
];

/// The flags of `top pod`.
pub const POD_FLAGS: &[Flag] = &[
    short("selector", 'l'),
    short_switch("all-namespaces", 'A'),
    switch("containers"),
    switch("no-headers"),
    switch("show-swap"),
    switch("sum"),
    switch("use-protocol-buffers"),
    value("field-selector"),
    value("sort-by"),
];

/// Runs `kubectl top node`.
pub fn node(call: &mut Call<'_>) -> Answer<Next> {
    let chosen = !call.flags.text("selector").is_empty();
    run(call, "node [NAME | -l label]", chosen, "only one of NAME or --selector can be provided")
}

/// Runs `kubectl top pod`.
pub fn pod(call: &mut Call<'_>) -> Answer<Next> {
    let chosen = ["selector", "field-selector"].iter().any(|flag| !call.flags.text(flag).is_empty());
    run(call, "pod [NAME | -l label]", chosen, "only one of NAME or selector can be provided")
}

fn run(call: &Call<'_>, usage: &str, chosen: bool, both: &str) -> Answer<Next> {
    if call.flags.args.len() > 1 {
        return Err(call.flags.usage(usage));
    }
    if !matches!(call.flags.text("sort-by"), "" | "cpu" | "memory") {
        return Err(Failure::plain("--sort-by accepts only cpu or memory"));
    }
    if chosen && call.flags.args.first().is_some_and(|name| !name.is_empty()) {
        return Err(Failure::plain(both));
    }
    Selector::parse(call.flags.text("selector")).map_err(Failure::Plain)?;
    Err(Failure::plain("Metrics API not available"))
}
