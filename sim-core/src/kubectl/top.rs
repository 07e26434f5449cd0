//! `kubectl top`: what a metrics-server has measured. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/top/top_{node,pod}.go` and
//! `staging/src/k8s.io/kubectl/pkg/metricsutil/`, v1.36. Left out: swap, of which no node has any.

use super::api::Measured;
use super::failure::{Answer, Failure};
use super::field::{at, name, namespace, text};
use super::flags::{Flag, short, short_switch, switch, value};
use super::sorting::go_sort;
use super::table::Table;
use super::{Call, Next, field_selector, target};
use crate::api::quantity::Quantity;
use crate::api::selector::Selector;
use crate::api::status::ApiError;
use crate::kernel::time::{SimDuration, SimTime};
use serde_json::Value;

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

/// How long a pod may be without metrics before that is worth an error: `metricsCreationDelay`.
const CREATION_DELAY: SimDuration = SimDuration::from_secs(120);
/// What stands where nothing is known.
const UNKNOWN: &str = "<unknown>";

/// Runs `kubectl top node`.
pub fn node(call: &mut Call<'_>) -> Answer<Next> {
    let chosen = !call.flags.text("selector").is_empty();
    let selector = check(call, "node [NAME | -l label]", chosen, "only one of NAME or --selector can be provided")?;
    let all = call.api.metrics(Measured::Nodes).ok_or_else(|| Failure::plain("Metrics API not available"))?;
    let only = call.flags.args.first().filter(|name| !name.is_empty()).cloned();
    let called = only.clone().unwrap_or_default();
    let metrics = chosen_metrics(all, only.as_deref(), ("nodemetrics", &called), |object| matches(&selector, object))?;
    if metrics.is_empty() {
        return Err(Failure::plain("metrics not available yet"));
    }
    let resource = target::resource("nodes")?;
    let nodes = match &only {
        Some(name) => vec![call.api.get(resource, "", name)?],
        None => call.api.list(resource, None, &selector)?,
    };
    let of = if call.flags.on("show-capacity") { "status.capacity" } else { "status.allocatable" };
    let mut rows = Vec::new();
    if !call.flags.on("no-headers") {
        rows.push(["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"].map(str::to_owned).to_vec());
    }
    for index in sorted(&metrics, call.flags.text("sort-by"), &|object| used(at(object, "usage"))) {
        let (cpu, memory) = used(at(&metrics[index], "usage"));
        let node = nodes.iter().find(|node| name(node) == name(&metrics[index]));
        let mut row = vec![name(&metrics[index]).to_owned()];
        for (shown, used, field) in [(cores(cpu), cpu, "cpu"), (mebibytes(memory), memory * 1000, "memory")] {
            row.push(shown);
            if let Some(available) = node.map(|node| milli(&at(node, of)[field])) {
                row.push(format!("{}%", if available == 0 { 0 } else { i128::from(used) * 100 / i128::from(available) }));
            }
        }
        rows.push(row);
    }
    // Nodes that couldn't be asked come last.
    for node in nodes.iter().filter(|node| !metrics.iter().any(|known| name(known) == name(node))) {
        rows.push([name(node), UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN].map(str::to_owned).to_vec());
    }
    call.out.push_str(&laid_out(rows));
    Ok(Next::Done)
}

/// Runs `kubectl top pod`.
pub fn pod(call: &mut Call<'_>) -> Answer<Next> {
    let chosen = ["selector", "field-selector"].iter().any(|flag| !call.flags.text(flag).is_empty());
    let selector = check(call, "pod [NAME | -l label]", chosen, "only one of NAME or selector can be provided")?;
    let all = call.api.metrics(Measured::Pods).ok_or_else(|| Failure::plain("Metrics API not available"))?;
    let resource = target::resource("pods")?;
    let fields = field_selector::parse(resource, call.flags.text("selector"), call.flags.text("field-selector"))?;
    let everywhere = call.flags.on("all-namespaces");
    let here = call.namespace().to_owned();
    let only = call.flags.args.first().filter(|name| !name.is_empty()).cloned();
    let within = |object: &Value| everywhere || namespace(object) == here;
    let wanted = |object: &Value| within(object) && matches(&selector, object) && fields.matches(object);
    let metrics = match &only {
        Some(name) => {
            let (called, known) = (format!("{here}/{name}"), all.into_iter().filter(within).collect());
            chosen_metrics(known, only.as_deref(), ("podmetrics", &called), within)?
        }
        None => all.into_iter().filter(wanted).collect(),
    };
    if metrics.is_empty() {
        let pods = call.api.list(resource, (!everywhere).then_some(here.as_str()), &selector)?;
        let pods: Vec<&Value> = pods.iter().filter(|pod| fields.matches(pod)).collect();
        if let Some(failure) = why_none(call, &pods) {
            return Err(failure);
        }
        let place = if everywhere { String::new() } else { format!(" in {here} namespace.") };
        call.err.push_str(&format!("No resources found{place}\n"));
        return Ok(Next::Done);
    }
    let rows = pod_rows(call, &metrics, everywhere);
    call.out.push_str(&laid_out(rows));
    Ok(Next::Done)
}

/// The lines about pods, or about their containers, with the sum at the end if it is asked for.
fn pod_rows(call: &Call<'_>, metrics: &[Value], with_namespace: bool) -> Vec<Vec<String>> {
    let (containers, sort_by) = (call.flags.on("containers"), call.flags.text("sort-by"));
    let leading = [with_namespace.then_some("NAMESPACE"), containers.then_some("POD")];
    let columns: Vec<String> = leading.into_iter().flatten().chain(["NAME", "CPU(cores)", "MEMORY(bytes)"]).map(str::to_owned).collect();
    // The sum goes under the columns of the header; without one, nobody counts those in front.
    let width = if call.flags.on("no-headers") { 3 } else { columns.len() };
    let mut rows = if call.flags.on("no-headers") { Vec::new() } else { vec![columns] };
    let parts = |object: &Value| at(object, "containers").as_array().cloned().unwrap_or_default();
    let sum =
        |object: &Value| parts(object).iter().map(|part| used(&part["usage"])).fold((0, 0), |sum, more| (sum.0 + more.0, sum.1 + more.1));
    let mut total = (0, 0);
    for index in sorted(metrics, sort_by, &sum) {
        let object = &metrics[index];
        let whole = sum(object);
        total = (total.0 + whole.0, total.1 + whole.1);
        let place = with_namespace.then(|| namespace(object).to_owned());
        if !containers {
            rows.push(place.into_iter().chain([name(object).to_owned(), cores(whole.0), mebibytes(whole.1)]).collect());
            continue;
        }
        let parts = parts(object);
        for index in sorted(&parts, sort_by, &|part| used(&part["usage"])) {
            let (cpu, memory) = used(&parts[index]["usage"]);
            let own = [name(object), text(&parts[index], "name")].map(str::to_owned);
            rows.push(place.iter().cloned().chain(own).chain([cores(cpu), mebibytes(memory)]).collect());
        }
    }
    if call.flags.on("sum") {
        let blank = |count: usize| vec![String::new(); count];
        rows.push(blank(width - 2).into_iter().chain(["________".to_owned(), "________".to_owned()]).collect());
        rows.push(blank(width - 2).into_iter().chain([cores(total.0), mebibytes(total.1)]).collect());
    }
    rows
}

/// Why there are no metrics although there are pods; none: there are no pods. `verifyEmptyMetrics`.
fn why_none(call: &Call<'_>, pods: &[&Value]) -> Option<Failure> {
    let (now, epoch) = (call.api.now(), call.api.epoch());
    for pod in pods {
        let created = epoch.parse(text(pod, "metadata.creationTimestamp")).unwrap_or(SimTime::ZERO);
        let age = now.since(created);
        if age > CREATION_DELAY {
            return Some(Failure::plain(format!("Metrics not available for pod {}/{}, age: {age}", namespace(pod), name(pod))));
        }
    }
    (!pods.is_empty()).then(|| Failure::plain("metrics not available yet"))
}

/// The metrics of one object, or of those that are wanted.
fn chosen_metrics(
    all: Vec<Value>,
    only: Option<&str>,
    (plural, called): (&str, &str),
    wanted: impl Fn(&Value) -> bool,
) -> Answer<Vec<Value>> {
    let Some(only) = only else { return Ok(all.into_iter().filter(wanted).collect()) };
    let found: Vec<Value> = all.into_iter().filter(|object| name(object) == only).collect();
    if found.is_empty() {
        return Err(ApiError::not_found("metrics.k8s.io", plural, called).into());
    }
    Ok(found)
}

fn check(call: &Call<'_>, usage: &str, chosen: bool, both: &str) -> Answer<Selector> {
    if call.flags.args.len() > 1 {
        return Err(call.flags.usage(usage));
    }
    if !matches!(call.flags.text("sort-by"), "" | "cpu" | "memory") {
        return Err(Failure::plain("--sort-by accepts only cpu or memory"));
    }
    if chosen && call.flags.args.first().is_some_and(|name| !name.is_empty()) {
        return Err(Failure::plain(both));
    }
    Selector::parse(call.flags.text("selector")).map_err(Failure::Plain)
}

fn matches(selector: &Selector, object: &Value) -> bool {
    let labels = crate::api::meta::StrMap::from_tree(object["metadata"].get("labels"));
    selector.matches(&labels)
}

/// Every cell ends in a tab, the last one too: lines end in spaces.
fn laid_out(mut rows: Vec<Vec<String>>) -> String {
    rows.iter_mut().for_each(|row| row.push(String::new()));
    Table::default().lay_out(&rows)
}

/// The order of things: by what they use, the most first, or else by name. Metrics come sorted by namespace and name.
fn sorted(objects: &[Value], by: &str, used: &dyn Fn(&Value) -> (i64, i64)) -> Vec<usize> {
    let amounts: Vec<(i64, i64)> = objects.iter().map(used).collect();
    let label = |i: usize| {
        (
            namespace(&objects[i]).to_owned(),
            match name(&objects[i]) {
                "" => text(&objects[i], "name").to_owned(),
                name => name.to_owned(),
            },
        )
    };
    go_sort(objects.len(), &|a, b| match by {
        "cpu" => amounts[a].0 > amounts[b].0,
        "memory" => amounts[a].1 > amounts[b].1,
        _ => label(a) < label(b),
    })
}

/// Thousandths of a CPU, and bytes.
fn used(usage: &Value) -> (i64, i64) {
    (milli(&usage["cpu"]), milli(&usage["memory"]) / 1000)
}

fn milli(amount: &Value) -> i64 {
    Quantity::from_value(amount).and_then(Result::ok).map_or(0, |quantity| quantity.milli_value())
}

fn cores(milli_cpu: i64) -> String {
    format!("{milli_cpu}m")
}

fn mebibytes(bytes: i64) -> String {
    format!("{}Mi", bytes >> 20)
}
