//! `kubectl get`: tables and objects. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/get/get.go`, v1.36.
//!
//! The real server makes the tables' cells; the row functions are therefore those of `pkg/printers/internalversion`.

pub mod cluster;
pub mod extension;
pub mod network;
pub mod others;
pub mod pod_summary;
pub mod pods;
pub mod storage;
pub mod watch;
pub mod workloads;

use serde_json::Value;

use super::age::Clock;
use super::failure::{Answer, Failure};
use super::field::{at, entry, namespace, pairs};
use super::flags::{Flag, Parsed, refused, short, short_switch, switch, value};
use super::output::{Output, custom_table, list, shown};
use super::table::Table;
use super::target::{self, Group, Named, Rules, Targets, nothing_named};
use super::{Call, Next, sorting};
use crate::api::resources::{self, Resource};
use crate::api::selector::Selector;
use crate::api::status::{ApiError, Reason};

/// One cell of a row.
pub type Cell = String;

/// The flags of `get`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("selector", 'l'),
    short("label-columns", 'L'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short_switch("all-namespaces", 'A'),
    short_switch("watch", 'w'),
    short_switch("recursive", 'R'),
    switch("watch-only"),
    switch("output-watch-events"),
    switch("show-labels"),
    switch("show-kind"),
    switch("no-headers"),
    switch("ignore-not-found"),
    switch("show-managed-fields"),
    switch("allow-missing-template-keys"),
    switch("server-print"),
    value("chunk-size"),
    value("field-selector"),
    value("sort-by"),
    value("subresource"),
    refused("raw"),
    refused("template"),
];

/// `<none>` for nothing.
pub fn or_none(text: &str) -> Cell {
    if text.is_empty() { "<none>".to_owned() } else { text.to_owned() }
}

/// `a=b,c=d`, or `<none>`. Go's `labels.FormatLabels` sorts what it joins, so `a-b=1` goes before `a=1`.
pub fn labels_or_none(object: &Value, path: &str) -> Cell {
    let mut labels: Vec<String> = pairs(object, path).iter().map(|(k, v)| format!("{k}={v}")).collect();
    labels.sort_unstable();
    or_none(&labels.join(","))
}

/// A label selector as `metav1.FormatLabelSelector` shows it.
pub fn format_selector(selector: &Value) -> Cell {
    match Selector::from_label_selector(selector) {
        Err(_) => "<error>".to_owned(),
        Ok(_) if selector.is_null() => "<none>".to_owned(),
        Ok(selector) => or_none(&selector.to_string()),
    }
}

/// `True`, `False`, or `<unset>`.
pub fn title_case_bool(value: &Value) -> Cell {
    match value.as_bool() {
        None => "<unset>".to_owned(),
        Some(true) => "True".to_owned(),
        Some(false) => "False".to_owned(),
    }
}

/// The columns of a resource: names with `_` for spaces, `*` after those that only wide tables have.
fn columns(resource: &Resource) -> &'static str {
    match (resource.group, resource.plural) {
        ("", "pods") => pods::COLUMNS,
        ("apps", "deployments") => workloads::DEPLOYMENT,
        ("apps", "replicasets") | ("", "replicationcontrollers") => workloads::REPLICA_SET,
        ("apps", "statefulsets") => workloads::STATEFUL_SET,
        ("apps", "daemonsets") => workloads::DAEMON_SET,
        ("batch", "jobs") => workloads::JOB,
        ("batch", "cronjobs") => workloads::CRON_JOB,
        ("", "nodes") => cluster::NODE,
        ("", "namespaces") => cluster::NAMESPACE,
        ("coordination.k8s.io", "leases") => cluster::LEASE,
        ("" | "events.k8s.io", "events") => cluster::EVENT,
        ("", "services") => network::SERVICE,
        ("", "endpoints") => network::ENDPOINTS,
        ("discovery.k8s.io", "endpointslices") => network::ENDPOINT_SLICE,
        ("networking.k8s.io", "ingresses") => network::INGRESS,
        (_, plural) if plural.ends_with("/scale") => workloads::SCALE,
        (group, plural) => others::columns(group, plural),
    }
}

/// All cells of an object, wide ones included.
fn row(resource: &Resource, object: &Value, clock: &Clock, wide: bool) -> Vec<Cell> {
    match (resource.group, resource.plural) {
        ("", "pods") => pods::row(object, clock),
        ("apps", "deployments") => workloads::deployment(object, clock),
        ("apps", "replicasets") => workloads::replica_set(object, clock),
        ("", "replicationcontrollers") => workloads::replication_controller(object, clock),
        ("apps", "statefulsets") => workloads::stateful_set(object, clock),
        ("apps", "daemonsets") => workloads::daemon_set(object, clock),
        ("batch", "jobs") => workloads::job(object, clock),
        ("batch", "cronjobs") => workloads::cron_job(object, clock),
        ("", "nodes") => cluster::node(object, clock),
        ("", "namespaces") => cluster::namespace(object, clock),
        ("coordination.k8s.io", "leases") => cluster::lease(object, clock),
        ("" | "events.k8s.io", "events") => cluster::event(object, clock),
        ("", "services") => network::service(object, clock, wide),
        ("", "endpoints") => network::endpoints(object, clock),
        ("discovery.k8s.io", "endpointslices") => network::endpoint_slice(object, clock),
        ("networking.k8s.io", "ingresses") => network::ingress(object, clock, wide),
        (_, plural) if plural.ends_with("/scale") => workloads::scale(object, clock),
        (group, plural) => others::row(group, plural, object, clock),
    }
}

/// How tables are to look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Style {
    wide: bool,
    headers: bool,
    namespaces: bool,
    kinds: bool,
    labels: bool,
    label_columns: Vec<String>,
}

impl Style {
    fn of(flags: &Parsed, wide: bool) -> Style {
        Style {
            wide,
            headers: !flags.on("no-headers"),
            namespaces: flags.on("all-namespaces"),
            kinds: flags.on("show-kind"),
            labels: flags.on("show-labels"),
            label_columns: if flags.has("label-columns") { flags.list("label-columns") } else { Vec::new() },
        }
    }

    /// The header of a resource's table.
    pub fn header(&self, resource: &Resource) -> Vec<Cell> {
        let mut cells = Vec::new();
        if self.namespaces && resource.namespaced {
            cells.push("NAMESPACE".to_owned());
        }
        let visible = columns(resource).split(' ').filter(|c| self.wide || !c.ends_with('*'));
        cells.extend(visible.map(|c| c.trim_end_matches('*').replace('_', " ")));
        cells.extend(self.label_columns.iter().map(|l| l.rsplit('/').next().unwrap_or(l).to_uppercase()));
        if self.labels {
            cells.push("LABELS".to_owned());
        }
        cells
    }

    /// The row of an object.
    pub fn row(&self, resource: &Resource, object: &Value, clock: &Clock) -> Vec<Cell> {
        let names = columns(resource).split(' ');
        let all = names.zip(row(resource, object, clock, self.wide));
        let mut cells: Vec<Cell> = Vec::new();
        if self.namespaces && resource.namespaced {
            cells.push(namespace(object).to_owned());
        }
        for (column, cell) in all.filter(|(c, _)| self.wide || !c.ends_with('*')) {
            let cell = one_line(cell);
            cells.push(if self.kinds && column == "NAME" { format!("{}/{cell}", resource.qualified_singular()) } else { cell });
        }
        let label = |key: &String| entry(object, "metadata.labels", key).unwrap_or("").to_owned();
        cells.extend(self.label_columns.iter().map(label));
        if self.labels {
            cells.push(labels_or_none(object, "metadata.labels"));
        }
        cells
    }
}

/// Tables cut cells at the first line break.
fn one_line(cell: Cell) -> Cell {
    match cell.find(['\n', '\r', '\u{c}']) {
        Some(end) => format!("{}...", &cell[..end]),
        None => cell,
    }
}

/// Runs `kubectl get`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let args = call.flags.args.clone();
    let output = Output::of(&call.flags, true)?;
    call.flags.int("chunk-size")?;
    if nothing_named(call, &args) {
        call.err.push_str(
            "You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of supported resources.\n\n",
        );
        return Err(call.flags.usage(
            "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource \
             (e.g. kubectl explain pods).",
        ));
    }
    check_flags(call, &output)?;
    if call.flags.on("watch") || call.flags.on("watch-only") {
        return watch::start(call, output);
    }
    let rules = Rules { type_alone: true, ..Rules::default() };
    let mut targets = target::find(call, &args, rules)?;
    warn_of_endpoints(call, &targets);
    if call.flags.on("ignore-not-found") {
        targets.failures.retain(|f| !f.is_not_found());
    }
    subresource(&mut targets, call.flags.text("subresource"))?;
    if let Output::Human { wide } = output { human(call, targets, wide) } else { generic(call, targets, &output) }
}

fn check_flags(call: &Call<'_>, output: &Output) -> Answer<()> {
    let watching = call.flags.on("watch") || call.flags.on("watch-only");
    if call.flags.on("show-labels") && !matches!(output, Output::Human { .. }) {
        return Err(Failure::Plain(format!("--show-labels option cannot be used with {} printer", call.flags.text("output"))));
    }
    if call.flags.on("output-watch-events") && !watching {
        return Err(Failure::plain("--output-watch-events option can only be used with --watch or --watch-only"));
    }
    if !call.flags.text("subresource").is_empty() && matches!(target::parse(&call.flags.args)?, Named::Types(_)) {
        return Err(Failure::plain("subresource cannot be used when bulk resources are specified"));
    }
    if call.flags.get("server-print") == Some("false") {
        return Err(Failure::not_simulated("kubectl get --server-print=false"));
    }
    Ok(())
}

/// The server warns whoever reads the old Endpoints.
pub fn warn_of_endpoints(call: &mut Call<'_>, targets: &Targets) {
    if targets.groups.iter().any(|g| g.resource.plural == "endpoints") {
        call.err.push_str("Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n");
    }
}

fn subresource(targets: &mut Targets, wanted: &str) -> Answer<()> {
    for group in targets.groups.iter_mut().filter(|_| !wanted.is_empty()) {
        let of_this = |sub: &&'static Resource| sub.plural.rsplit('/').next() == Some(wanted);
        let found = resources::subresources(group.resource).find(of_this);
        let found = found.ok_or_else(|| ApiError::new(Reason::NotFound, "the server could not find the requested resource"))?;
        match wanted {
            // These serve the whole object.
            "status" | "resize" | "ephemeralcontainers" => {}
            "scale" => {
                group.infos.iter_mut().for_each(|info| info.object = scale_of(group.resource, &info.object));
                group.resource = found;
            }
            other => return Err(Failure::not_simulated(&format!("kubectl get --subresource={other}"))),
        }
    }
    Ok(())
}

/// The `Scale` of an object with replicas.
fn scale_of(resource: &Resource, object: &Value) -> Value {
    let metadata = at(object, "metadata");
    let mut kept = serde_json::Map::new();
    for key in ["creationTimestamp", "name", "namespace", "resourceVersion", "uid"] {
        if let Some(value) = metadata.get(key) {
            kept.insert(key.to_owned(), value.clone());
        }
    }
    let selector = match resource.plural {
        "replicationcontrollers" => Selector::from_map(pairs(object, "spec.selector")).to_string(),
        _ => Selector::from_label_selector(at(object, "spec.selector")).map_or_else(|_| String::new(), |s| s.to_string()),
    };
    serde_json::json!({
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": kept,
        "spec": {"replicas": at(object, "spec.replicas")},
        "status": {"replicas": at(object, "status.replicas").as_i64().unwrap_or(0), "selector": selector},
    })
}

/// Tables, one for each type.
fn human(call: &mut Call<'_>, mut targets: Targets, wide: bool) -> Answer<Next> {
    let clock = call.clock();
    let mut style = Style::of(&call.flags, wide);
    let several = targets.groups.windows(2).any(|w| w[0].resource != w[1].resource);
    style.kinds |= several;
    let sort = call.flags.text("sort-by").to_owned();
    if !sort.is_empty() && targets.groups.len() > 1 {
        // kubectl looks for the path in the tables here, not in the objects.
        let path = sort.trim_matches(['{', '}']);
        let path = format!("{{.{}}}", path.strip_prefix('.').unwrap_or(path));
        return Err(Failure::Plain(format!("couldn't find any field with path {path:?} in the list of objects")));
    }
    let all_namespaced = !style.namespaces && targets.groups.iter().all(|g| g.resource.namespaced);
    let mut written = false;
    let mut start = 0;
    while start < targets.groups.len() {
        let resource = targets.groups[start].resource;
        let end = targets.groups[start..].iter().position(|g| g.resource != resource).map_or(targets.groups.len(), |n| start + n);
        let objects = sorted(&targets.groups[start..end], &sort);
        start = end;
        if objects.is_empty() {
            continue;
        }
        let header = style.headers.then(|| style.header(resource));
        let rows = objects.into_iter().map(|object| style.row(resource, object, &clock));
        let rows: Vec<Vec<Cell>> = header.into_iter().chain(rows).collect();
        if written && style.headers {
            call.out.push('\n');
        }
        call.out.push_str(&Table::default().lay_out(&rows));
        written = true;
    }
    let failures = std::mem::take(&mut targets.failures);
    if !written && failures.is_empty() && !call.flags.on("ignore-not-found") {
        let whole = "No resources found\n".to_owned();
        let text = if all_namespaced { format!("No resources found in {} namespace.\n", call.namespace()) } else { whole };
        call.err.push_str(&text);
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

/// The objects of some groups; a list that can't be sorted shows nothing, as in kubectl.
fn sorted<'t>(groups: &'t [Group], path: &str) -> Vec<&'t Value> {
    let mut all = Vec::new();
    for group in groups {
        let mut objects: Vec<&Value> = group.infos.iter().map(|info| &info.object).collect();
        if group.resource.plural == "flowschemas" {
            // The server's table has them in the order in which they are tried.
            objects.sort_by_key(|object| at(object, "spec.matchingPrecedence").as_i64());
        }
        if path.is_empty() || objects.len() < 2 {
            all.extend(objects);
        } else if let Ok(order) = sorting::order(&objects, path) {
            all.extend(order.into_iter().map(|i| objects[i]));
        }
    }
    all
}

/// `-o yaml` and the like: one object bare, several as a list.
fn generic(call: &mut Call<'_>, targets: Targets, output: &Output) -> Answer<Next> {
    let failures = targets.failures.clone();
    let single = targets.single;
    let managed = call.flags.on("show-managed-fields");
    let mut objects: Vec<Value> = targets.infos().into_iter().map(|info| shown(info.object, managed)).collect();
    let sort = call.flags.text("sort-by");
    if !sort.is_empty() && objects.len() > 1 {
        let borrowed: Vec<&Value> = objects.iter().collect();
        let order = sorting::order(&borrowed, sort).map_err(Failure::Plain)?;
        objects = order.into_iter().map(|i| objects[i].clone()).collect();
    }
    let failure = Failure::all(failures);
    if let (true, Some(failure)) = (objects.is_empty(), &failure) {
        return Err(failure.clone());
    }
    if objects.is_empty() && (single || call.flags.on("ignore-not-found")) {
        return Ok(Next::Done);
    }
    let text = match (output, objects.as_slice()) {
        (Output::CustomColumns(columns), objects) => {
            let text = custom_table(columns, &objects.iter().collect::<Vec<_>>());
            if call.flags.on("no-headers") { text.split_once('\n').map_or(String::new(), |(_, rest)| rest.to_owned()) } else { text }
        }
        (output, [one]) if single => output.object(one).unwrap_or_default(),
        (output, _) => output.object(&list(objects)).unwrap_or_default(),
    };
    call.out.push_str(&text);
    failure.map_or(Ok(Next::Done), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::resources::lookup;
    use crate::kernel::time::{Epoch, SimTime};
    use crate::kubectl::field::text;
    use serde_json::json;

    #[test]
    fn subresources() {
        let targets = |word: &str, object: Value| {
            let resource = lookup(word).expect("in the table");
            let infos = vec![target::Info::of(resource, object)];
            Targets { groups: vec![Group { resource, infos }], ..Targets::default() }
        };
        let mut found = targets("rc", json!({"metadata": {"name": "x"}, "spec": {"replicas": 2, "selector": {"a": "b"}}}));
        assert_eq!(subresource(&mut found, "scale"), Ok(()));
        let scale = &found.groups[0].infos[0].object;
        assert_eq!((text(scale, "kind"), text(scale, "status.selector")), ("Scale", "a=b"));
        for (word, wanted) in [("ds", "scale"), ("cm", "status"), ("po", "foo")] {
            let refused = subresource(&mut targets(word, json!({})), wanted).expect_err("no such subresource");
            assert_eq!(refused.render(), "Error from server (NotFound): the server could not find the requested resource\n");
        }
        assert_eq!(subresource(&mut targets("po", json!({})), "resize"), Ok(()));
    }

    #[test]
    fn rows_and_headers_agree() {
        let clock = Clock { now: SimTime::from_secs(5), epoch: Epoch::default() };
        for resource in crate::api::resources::all() {
            let object = json!({"metadata": {"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z"}});
            let cells = row(resource, &object, &clock, true);
            assert_eq!(cells.len(), columns(resource).split(' ').count(), "{}", resource.plural);
        }
        let pods = lookup("pods").expect("pods");
        let scale = resources::subresources(lookup("deployments").expect("deployments")).next().expect("deployments/scale");
        assert_eq!(Style::default().header(scale), ["NAME", "DESIRED", "AVAILABLE", "AGE"]);
        assert_eq!(Style { headers: true, ..Style::default() }.header(pods), ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]);
    }
}
