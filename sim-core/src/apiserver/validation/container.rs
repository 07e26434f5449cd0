//! Rules for containers: ports, environment, mounts, probes, hooks, restart rules. Mirrors `validateContainers`,
//! `validateInitContainers` and what they call in `pkg/apis/core/validation/validation.go`, v1.36.

use super::names;
use super::path::{Errors, Path};
use super::pod::Scope;
use super::resources;
use super::rules::{Row, Rule, complain, entries, is_true, items, number, text, walk};
use super::security;
use super::volume;
use crate::api::quote::quote;
use crate::api::status::FieldError;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What every container keeps.
static CONTAINER: &[Row] = &[
    Row("name", Rule::RequiredText(names::dns_label)),
    Row("image", Rule::Required("")),
    Row("terminationMessagePolicy", Rule::RequiredOneOf(&["File", "FallbackToLogsOnError"])),
    Row("ports", Rule::Check(ports)),
    Row("env", Rule::Each(ENV)),
    Row("envFrom", Rule::Check(env_from)),
    Row("", Rule::Check(volume_mounts)),
    Row("", Rule::Check(volume_devices)),
    Row("imagePullPolicy", Rule::RequiredOneOf(&["Always", "IfNotPresent", "Never"])),
    Row("resources", Rule::Check(resources::container)),
    Row("resizePolicy", Rule::Check(resize_policy)),
    Row("securityContext", Rule::IfSet(security::container)),
];

/// What runs beside the pod's life: containers and sidecars.
static LIFE: &[Row] = &[
    Row("lifecycle", Rule::Object(LIFECYCLE)),
    Row("livenessProbe", Rule::Object(ONCE_PROBE)),
    Row("readinessProbe", Rule::Object(READINESS_PROBE)),
    Row("startupProbe", Rule::Object(ONCE_PROBE)),
];

static LIFECYCLE: &[Row] =
    &[Row("postStart", Rule::IfSet(handler)), Row("preStop", Rule::IfSet(handler)), Row("stopSignal", Rule::IfSet(stop_signal))];

static PROBE: &[Row] = &[
    Row("", Rule::Check(handler)),
    Row("initialDelaySeconds", Rule::NonNegative),
    Row("timeoutSeconds", Rule::NonNegative),
    Row("periodSeconds", Rule::NonNegative),
    Row("successThreshold", Rule::NonNegative),
    Row("failureThreshold", Rule::NonNegative),
    Row("terminationGracePeriodSeconds", Rule::IfSet(positive_grace)),
];

static ONCE_PROBE: &[Row] = &[Row("", Rule::Object(PROBE)), Row("successThreshold", Rule::Check(must_be_one))];

static READINESS_PROBE: &[Row] = &[Row("", Rule::Object(PROBE)), Row("terminationGracePeriodSeconds", Rule::IfSet(no_grace))];

/// The ways to ask a container: exactly one.
static HANDLERS: &[(&str, &[Row])] = &[
    ("exec", &[Row("command", Rule::Required(""))]),
    ("httpGet", HTTP_GET),
    ("tcpSocket", &[Row("port", Rule::PortNumberOrName)]),
    ("grpc", &[Row("port", Rule::PortNumberOrName)]),
    ("sleep", &[Row("", Rule::Check(sleep))]),
];

static HTTP_GET: &[Row] = &[
    Row("path", Rule::Required("")),
    Row("port", Rule::PortNumberOrName),
    Row("scheme", Rule::ExactlyOneOf(&["HTTP", "HTTPS"])),
    Row("httpHeaders", Rule::Check(http_headers)),
];

static ENV: &[Row] = &[Row("name", Rule::RequiredText(names::env_name)), Row("", Rule::Check(env_value_from))];

static KEY_SELECTOR: &[Row] = &[Row("name", Rule::Check(reference_name)), Row("key", Rule::RequiredText(names::config_key))];

static ENV_SOURCES: &[(&str, &[Row])] = &[
    ("fieldRef", &[Row("", Rule::Check(env_field))]),
    ("resourceFieldRef", &[Row("", Rule::Check(env_resource))]),
    ("configMapKeyRef", KEY_SELECTOR),
    ("secretKeyRef", KEY_SELECTOR),
    ("fileKeyRef", FILE_KEY),
];

static FILE_KEY: &[Row] = &[
    Row("key", Rule::RequiredText(names::env_name)),
    Row("volumeName", Rule::RequiredText(names::dns_label)),
    Row("path", Rule::Required("")),
    Row("path", Rule::Check(|path, value, _, errors| volume::no_backsteps(path, text(value), errors))),
];

static RESTART_RULE: &[Row] =
    &[Row("action", Rule::ExactlyOneOf(&["Restart", "RestartAllContainers"])), Row("exitCodes", Rule::Check(exit_codes))];

/// The containers of a pod.
pub fn containers(path: &Path<'_>, list: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    if items(list).is_empty() {
        return errors.push(FieldError::required(path, ""));
    }
    let mut seen = BTreeSet::new();
    for (i, container) in items(list).iter().enumerate() {
        let path = path.index(i);
        walk(CONTAINER, container, &path, scope, errors);
        if !seen.insert(text(&container["name"])) {
            errors.push(FieldError::duplicate(path.child("name"), &Value::from(text(&container["name"]))));
        }
        walk(LIFE, container, &path, scope, errors);
        restart_policy(&path, container, errors);
    }
    host_ports(path, items(list), errors);
}

/// The containers that run before those, and sidecars.
pub fn init_containers(path: &Path<'_>, list: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let mut seen: BTreeSet<&str> = items(&scope.spec["containers"]).iter().map(|c| text(&c["name"])).collect();
    for (i, container) in items(list).iter().enumerate() {
        let at = path.index(i);
        walk(CONTAINER, container, &at, scope, errors);
        restart_policy(&at, container, errors);
        let name = text(&container["name"]);
        if seen.contains(name) {
            errors.push(FieldError::duplicate(at.child("name"), &Value::from(name)));
        } else if !name.is_empty() {
            seen.insert(name);
        }
        host_ports(path, std::slice::from_ref(container), errors);
        let sidecar = text(&container["restartPolicy"]) == "Always";
        if sidecar {
            walk(LIFE, container, &at, scope, errors);
            continue;
        }
        for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            if !container[field].is_null() {
                let why = "may not be set for init containers without restartPolicy=Always";
                errors.push(FieldError::forbidden(at.child(field), why));
            }
        }
        for (j, policy) in items(&container["resizePolicy"]).iter().enumerate() {
            if text(&policy["restartPolicy"]) == "RestartContainer" {
                let why = "must not be set to 'RestartContainer' for non-sidecar initContainers";
                let place = at.child("resizePolicy");
                errors.push(FieldError::invalid_text(place.index(j).child("restartPolicy"), "RestartContainer", why));
            }
        }
    }
}

fn restart_policy(path: &Path<'_>, container: &Value, errors: &mut Errors) {
    let supported = ["Always", "Never", "OnFailure"];
    let (policy, rules) = (&container["restartPolicy"], items(&container["restartPolicyRules"]));
    let at = path.child("restartPolicy");
    if policy.is_null() {
        if rules.is_empty() {
            return;
        }
        errors.push(FieldError::required(at, "must specify restartPolicy when restart rules are used"));
    } else if !supported.contains(&text(policy)) {
        errors.push(FieldError::not_supported(at, policy, &supported));
    }
    let at = path.child("restartPolicyRules");
    if rules.len() > 20 {
        errors.push(FieldError::too_many(at, rules.len(), 20));
    }
    for (i, rule) in rules.iter().enumerate() {
        walk(RESTART_RULE, rule, &at.index(i), &Scope::none(), errors);
    }
}

fn exit_codes(path: &Path<'_>, codes: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if codes.is_null() {
        return errors.push(FieldError::required(path, "must be specified"));
    }
    if !["In", "NotIn"].contains(&text(&codes["operator"])) {
        errors.push(FieldError::not_supported(path.child("operator"), &Value::from(text(&codes["operator"])), &["In", "NotIn"]));
    }
    let count = items(&codes["values"]).len();
    if count > 255 {
        errors.push(FieldError::too_many(path.child("values"), count, 255));
    }
}

fn ports(path: &Path<'_>, list: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    static REST: &[Row] = &[Row("protocol", Rule::RequiredOneOf(&["SCTP", "TCP", "UDP"]))];
    let mut seen = BTreeSet::new();
    for (i, port) in items(list).iter().enumerate() {
        let at = path.index(i);
        let name = text(&port["name"]);
        if !name.is_empty() {
            let wrong = names::port_name(name);
            if wrong.is_empty() && !seen.insert(name) {
                errors.push(FieldError::duplicate(at.child("name"), &port["name"]));
            }
            complain(&at.child("name"), name, wrong, errors);
        }
        let number_at = |field: &'static str, required: bool, errors: &mut Errors| match number(&port[field]) {
            0 if required => errors.push(FieldError::required(at.child(field), "")),
            0..=65535 => {}
            _ => errors.push(FieldError::invalid(at.child(field), &port[field], &names::range_error(1, 65535))),
        };
        number_at("containerPort", true, errors);
        number_at("hostPort", false, errors);
        walk(REST, port, &at, scope, errors);
    }
}

fn host_ports(path: &Path<'_>, containers: &[Value], errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (i, container) in containers.iter().enumerate() {
        for (j, port) in items(&container["ports"]).iter().enumerate().filter(|(_, p)| number(&p["hostPort"]) != 0) {
            let key = format!("{}/{}/{}", text(&port["protocol"]), text(&port["hostIP"]), number(&port["hostPort"]));
            if seen.contains(&key) {
                errors.push(FieldError::duplicate(format!("{}.ports[{j}].hostPort", path.index(i)), &Value::from(key)));
            } else {
                seen.insert(key);
            }
        }
    }
}

fn env_value_from(path: &Path<'_>, variable: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let source = &variable["valueFrom"];
    if source.is_null() {
        return;
    }
    let path = path.child("valueFrom");
    let mut count = 0;
    for (name, rows) in ENV_SOURCES.iter().filter(|(name, _)| !source[*name].is_null()) {
        count += 1;
        walk(rows, &source[*name], &path.child(name), scope, errors);
    }
    let why = if count == 0 {
        "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
    } else if !text(&variable["value"]).is_empty() {
        "may not be specified when `value` is not empty"
    } else if count > 1 {
        "may not have more than one field specified at a time"
    } else {
        return;
    };
    errors.push(FieldError::invalid_text(path, "", why));
}

/// Upstream takes `""` for a name here, and says so in the words for a subdomain.
fn reference_name(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    complain(path, text(value), names::dns_subdomain(text(value)), errors);
}

static ENV_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

fn env_field(path: &Path<'_>, selector: &Value, _: &Scope<'_>, errors: &mut Errors) {
    field_selector(path, selector, ENV_FIELDS, errors);
}

fn env_resource(path: &Path<'_>, selector: &Value, _: &Scope<'_>, errors: &mut Errors) {
    resources::field_selector(path, selector, false, errors);
}

/// `fieldRef`: a field of the pod, if it is among those that this place offers.
pub fn field_selector(path: &Path<'_>, selector: &Value, offered: &[&str], errors: &mut Errors) {
    let (version, field) = (text(&selector["apiVersion"]), text(&selector["fieldPath"]));
    if version.is_empty() {
        return errors.push(FieldError::required(path.child("apiVersion"), ""));
    }
    if field.is_empty() {
        return errors.push(FieldError::required(path.child("fieldPath"), ""));
    }
    let (base, subscript) = match field.split_once("['").and_then(|(base, rest)| Some((base, rest.strip_suffix("']")?))) {
        Some((base, key)) if !key.is_empty() => (base, Some(key)),
        _ => (field, None),
    };
    let problem = match (version, base, subscript) {
        ("v1", "metadata.annotations" | "metadata.labels", _) => None,
        ("v1", _, Some(_)) => Some(format!("field label does not support subscript: {field}")),
        ("v1", "metadata.name" | "metadata.namespace" | "metadata.uid" | "spec.nodeName" | "spec.restartPolicy", None)
        | ("v1", "spec.serviceAccountName" | "spec.schedulerName" | "status.phase" | "status.hostIP" | "status.hostIPs", None)
        | ("v1", "status.podIP" | "status.podIPs" | "spec.host", None) => None,
        ("v1", _, None) => Some(format!("field label not supported: {field}")),
        _ => Some(format!("unsupported pod version: {version}")),
    };
    if let Some(problem) = problem {
        let why = format!("error converting fieldPath: {problem}");
        return errors.push(FieldError::invalid_text(path.child("fieldPath"), field, &why));
    }
    match (base, subscript) {
        ("metadata.annotations", Some(key)) => {
            let key = key.to_lowercase();
            complain(path, &key, names::qualified_name(&key), errors);
        }
        (_, Some(key)) => complain(path, key, names::qualified_name(key), errors),
        (base, None) => {
            let base = if base == "spec.host" { "spec.nodeName" } else { base };
            if !offered.contains(&base) {
                errors.push(FieldError::not_supported(path.child("fieldPath"), &Value::from(base), offered));
            }
        }
    }
}

fn env_from(path: &Path<'_>, list: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    static REFERENCE: &[Row] = &[Row("name", Rule::RequiredText(names::dns_subdomain))];
    for (i, source) in items(list).iter().enumerate() {
        let at = path.index(i);
        let prefix = text(&source["prefix"]);
        if !prefix.is_empty() {
            complain(&at.child("prefix"), prefix, names::env_name(prefix), errors);
        }
        let mut count = 0;
        for field in ["configMapRef", "secretRef"] {
            if !source[field].is_null() {
                count += 1;
                walk(REFERENCE, &source[field], &at.child(field), scope, errors);
            }
        }
        // The path is the list's, not the item's.
        if count == 0 {
            errors.push(FieldError::invalid_text(path, "", "must specify one of: `configMapRef` or `secretRef`"));
        } else if count > 1 {
            errors.push(FieldError::invalid_text(path, "", "may not have more than one field specified at a time"));
        }
    }
}

fn volume_mounts(path: &Path<'_>, container: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let path = path.child("volumeMounts");
    let devices: BTreeMap<&str, &str> =
        items(&container["volumeDevices"]).iter().map(|d| (text(&d["name"]), text(&d["devicePath"]))).collect();
    let mut points = BTreeSet::new();
    for (i, mount) in items(&container["volumeMounts"]).iter().enumerate() {
        let at = path.index(i);
        let (name, point) = (text(&mount["name"]), text(&mount["mountPath"]));
        if name.is_empty() {
            errors.push(FieldError::required(at.child("name"), ""));
        }
        if !scope.volumes.contains_key(name) {
            errors.push(FieldError::missing(at.child("name"), name, ""));
        }
        if point.is_empty() {
            errors.push(FieldError::required(at.child("mountPath"), ""));
        }
        if !points.insert(point) {
            errors.push(FieldError::invalid_text(at.child("mountPath"), point, "must be unique"));
        }
        if devices.contains_key(name) {
            errors.push(FieldError::invalid_text(at.child("name"), name, "must not already exist in volumeDevices"));
        }
        if devices.values().any(|d| *d == point) {
            errors.push(FieldError::invalid_text(at.child("mountPath"), point, "must not already exist as a path in volumeDevices"));
        }
        let (sub_path, expression) = (text(&mount["subPath"]), text(&mount["subPathExpr"]));
        // From here on upstream names the list, not the item.
        if !sub_path.is_empty() {
            volume::local_descending(&path.child("subPath"), sub_path, errors);
        }
        if !expression.is_empty() {
            if !sub_path.is_empty() {
                let why = "subPathExpr and subPath are mutually exclusive";
                errors.push(FieldError::invalid_text(at.child("subPathExpr"), expression, why));
            }
            volume::local_descending(&path.child("subPathExpr"), expression, errors);
        }
        mount_modes(&path, mount, is_true(&container["securityContext"]["privileged"]), errors);
    }
}

fn mount_modes(path: &Path<'_>, mount: &Value, privileged: bool, errors: &mut Errors) {
    let propagation = &mount["mountPropagation"];
    if !propagation.is_null() {
        let at = path.child("mountPropagation");
        let supported = ["Bidirectional", "HostToContainer", "None"];
        if !supported.contains(&text(propagation)) {
            errors.push(FieldError::not_supported(at, propagation, &supported));
        }
        if text(propagation) == "Bidirectional" && !privileged {
            errors.push(FieldError::forbidden(at, "Bidirectional mount propagation is available only to privileged containers"));
        }
    }
    let recursive = &mount["recursiveReadOnly"];
    let at = path.child("recursiveReadOnly");
    match text(recursive) {
        _ if recursive.is_null() => {}
        "Disabled" => {}
        "Enabled" | "IfPossible" => {
            if !is_true(&mount["readOnly"]) {
                errors.push(FieldError::forbidden(at, "may only be specified when readOnly is true"));
            }
            if !propagation.is_null() && text(propagation) != "None" {
                errors.push(FieldError::forbidden(at, "may only be specified when mountPropagation is None or not specified"));
            }
        }
        _ => errors.push(FieldError::not_supported(at, recursive, &["Disabled", "Enabled", "IfPossible"])),
    }
}

fn volume_devices(path: &Path<'_>, container: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let path = path.child("volumeDevices");
    let mounts: BTreeMap<&str, &str> =
        items(&container["volumeMounts"]).iter().map(|m| (text(&m["name"]), text(&m["mountPath"]))).collect();
    let (mut seen, mut seen_paths) = (BTreeSet::new(), BTreeSet::new());
    for (i, device) in items(&container["volumeDevices"]).iter().enumerate() {
        let at = path.index(i);
        let (name_at, path_at) = (at.child("name"), at.child("devicePath"));
        let (name, device_path) = (text(&device["name"]), text(&device["devicePath"]));
        if name.is_empty() {
            errors.push(FieldError::required(name_at, ""));
        }
        if seen.contains(name) {
            errors.push(FieldError::invalid_text(name_at, name, "must be unique"));
        }
        match scope.volumes.get(name) {
            Some(v) if v["persistentVolumeClaim"].is_null() && v["ephemeral"].is_null() => {
                let why = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.push(FieldError::invalid_text(name_at, name, why));
            }
            Some(_) => {}
            None => errors.push(FieldError::missing(name_at, name, "")),
        }
        if device_path.is_empty() {
            errors.push(FieldError::required(path_at, ""));
        }
        if seen_paths.contains(device_path) {
            errors.push(FieldError::invalid_text(path_at, device_path, "must be unique"));
        }
        if device_path.split('/').any(|part| part == "..") {
            errors.push(FieldError::invalid_text(path_at, device_path, "can not contain backsteps ('..')"));
        } else {
            seen_paths.insert(device_path);
        }
        if mounts.contains_key(name) {
            errors.push(FieldError::invalid_text(name_at, name, "must not already exist in volumeMounts"));
        }
        if mounts.values().any(|m| *m == device_path) {
            errors.push(FieldError::invalid_text(path_at, device_path, "must not already exist as a path in volumeMounts"));
        }
        if !name.is_empty() {
            seen.insert(name);
        }
    }
}

fn resize_policy(path: &Path<'_>, list: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    static POLICY: &[Row] = &[
        Row("resourceName", Rule::RequiredOneOf(&["cpu", "memory"])),
        Row("restartPolicy", Rule::RequiredOneOf(&["NotRequired", "RestartContainer"])),
    ];
    let mut seen = BTreeSet::new();
    for (i, policy) in items(list).iter().enumerate() {
        if !seen.insert(text(&policy["resourceName"])) {
            errors.push(FieldError::duplicate(path.index(i), &policy["resourceName"]));
        }
        // The path is the list's for all of these.
        let first = errors.len();
        walk(POLICY, policy, path, scope, errors);
        for error in errors.iter_mut().skip(first) {
            error.field = path.to_string();
        }
        if text(&scope.spec["restartPolicy"]) == "Never" && text(&policy["restartPolicy"]) != "NotRequired" {
            let why = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            errors.push(FieldError::invalid_text(path, text(&policy["restartPolicy"]), why));
        }
    }
}

fn handler(path: &Path<'_>, value: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let mut count = 0;
    for (name, rows) in HANDLERS.iter().filter(|(name, _)| !value[*name].is_null()) {
        count += 1;
        if count > 1 {
            errors.push(FieldError::forbidden(path.child(name), "may not specify more than 1 handler type"));
            continue;
        }
        walk(rows, &value[*name], &path.child(name), scope, errors);
    }
    if count == 0 {
        errors.push(FieldError::required(path, "must specify a handler type"));
    }
}

fn http_headers(path: &Path<'_>, list: &Value, _: &Scope<'_>, errors: &mut Errors) {
    for header in items(list) {
        complain(path, text(&header["name"]), names::http_header_name(text(&header["name"])), errors);
    }
}

fn sleep(path: &Path<'_>, value: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let seconds = number(&value["seconds"]);
    if let Some(grace) = scope.spec["terminationGracePeriodSeconds"].as_i64()
        && !(0..=grace).contains(&seconds)
    {
        let why = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        errors.push(FieldError::invalid(path, &Value::from(seconds), &why));
    }
}

fn positive_grace(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if number(value) <= 0 {
        errors.push(FieldError::invalid(path, value, "must be greater than 0"));
    }
}

fn no_grace(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    errors.push(FieldError::invalid(path, value, "must not be set for readinessProbes"));
}

fn must_be_one(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if number(value) != 1 {
        errors.push(FieldError::invalid(path, &Value::from(number(value)), "must be 1"));
    }
}

fn stop_signal(path: &Path<'_>, value: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let os = &scope.spec["os"];
    let signals = match text(&os["name"]) {
        _ if os.is_null() => return errors.push(FieldError::forbidden(path, "may not be set for containers with empty `spec.os.name`")),
        "windows" => vec!["SIGKILL".to_owned(), "SIGTERM".to_owned()],
        "linux" => linux_signals(),
        _ => return,
    };
    if !signals.iter().any(|s| s == text(value)) {
        let signals: Vec<&str> = signals.iter().map(String::as_str).collect();
        errors.push(FieldError::not_supported_raw(path, quote(text(value)), &signals));
    }
}

fn linux_signals() -> Vec<String> {
    let named = "SIGABRT SIGALRM SIGBUS SIGCHLD SIGCLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT SIGKILL SIGPIPE SIGPOLL SIGPROF \
                 SIGPWR SIGQUIT SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM \
                 SIGWINCH SIGXCPU SIGXFSZ SIGRTMIN SIGRTMAX";
    let real_time = (1..=15).map(|n| format!("SIGRTMIN+{n}")).chain((1..=14).map(|n| format!("SIGRTMAX-{n}")));
    let mut all: Vec<String> = named.split_whitespace().map(str::to_owned).chain(real_time).collect();
    all.sort();
    all
}

/// All variables that are defined twice, for warnings: index and name.
pub fn hidden_variables(container: &Value) -> Vec<(usize, &str)> {
    let mut seen = BTreeSet::new();
    let mut hidden = Vec::new();
    for (i, variable) in items(&container["env"]).iter().enumerate() {
        let name = text(&variable["name"]);
        if !seen.insert(name) {
            let (reference, value) = (format!("$({name})"), text(&variable["value"]));
            if !variable["valueFrom"].is_null() || value == reference || !value.contains(&reference) {
                hidden.push((i, name));
            }
        }
    }
    hidden
}

/// The names under which a map's quantities aren't whole numbers of bytes, for warnings.
pub fn fractional_bytes(list: &Value) -> Vec<(&str, String)> {
    entries(list)
        .filter(|(name, _)| matches!(*name, "memory" | "ephemeral-storage"))
        .filter_map(|(name, value)| {
            let quantity = resources::quantity(value)?;
            (quantity.milli_value() % 1000 != 0).then(|| (name, quantity.to_string()))
        })
        .collect()
}
