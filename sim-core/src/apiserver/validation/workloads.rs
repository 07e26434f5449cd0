//! Rules for Deployments, ReplicaSets, StatefulSets, DaemonSets and ControllerRevisions: mirrors `pkg/apis/apps/validation/validation.go`,
//! v1.36; and for ReplicationControllers: `ValidateReplicationController` of `pkg/apis/core/validation/validation.go`.

use super::claim;
use super::internal;
use super::meta::{self, same};
use super::names;
use super::path::{Errors, Path};
use super::pod::{self, Scope};
use super::rules::{Row, Rule, is_empty, items, put, text, walk};
use crate::api::selector::Selector;
use crate::api::status::FieldError;
use serde_json::{Value, json};

static DEPLOYMENT_SPEC: &[Row] = &[
    Row("replicas", Rule::NonNegative),
    Row("", Rule::Check(|path, spec, _, errors| selector_and_template(path, spec, REPLICATED, errors))),
    Row("strategy", Rule::Check(deployment_strategy)),
    Row("minReadySeconds", Rule::NonNegative),
    Row("revisionHistoryLimit", Rule::NonNegative),
    Row("progressDeadlineSeconds", Rule::NonNegative),
    Row("", Rule::Check(progress_deadline)),
];

static REPLICA_SET_SPEC: &[Row] = &[
    Row("replicas", Rule::NonNegative),
    Row("minReadySeconds", Rule::NonNegative),
    Row("", Rule::Check(|path, spec, _, errors| selector_and_template(path, spec, REPLICATED, errors))),
];

static STATEFUL_SET_SPEC: &[Row] = &[
    Row("podManagementPolicy", Rule::Check(pod_management)),
    Row("updateStrategy", Rule::Check(stateful_set_strategy)),
    Row("persistentVolumeClaimRetentionPolicy", Rule::Object(RETENTION)),
];

static STATEFUL_SET_REST: &[Row] = &[
    Row("replicas", Rule::NonNegative),
    Row("minReadySeconds", Rule::NonNegative),
    Row("ordinals", Rule::Object(&[Row("start", Rule::NonNegative)])),
];

static RETENTION: &[Row] =
    &[Row("whenDeleted", Rule::ExactlyOneOf(&["Retain", "Delete"])), Row("whenScaled", Rule::ExactlyOneOf(&["Retain", "Delete"]))];

static DAEMON_SET_SPEC: &[Row] = &[
    Row("", Rule::Check(daemon_set_template)),
    Row("minReadySeconds", Rule::NonNegative),
    Row("updateStrategy", Rule::Check(daemon_set_strategy)),
    Row("revisionHistoryLimit", Rule::NonNegative),
];

/// What the kinds call themselves in messages about their templates.
#[derive(Clone, Copy)]
struct Words {
    empty_selector: &'static str,
    bad_selector: &'static str,
    deadline: &'static str,
}

/// A ReplicaSet says "deployment" too.
const REPLICATED: Words =
    Words { empty_selector: "empty selector is invalid for deployment", bad_selector: "invalid label selector", deadline: "ReplicaSet" };
const STATEFUL: Words = Words { empty_selector: "empty selector is invalid for statefulset", bad_selector: "", deadline: "StatefulSet" };

/// A new Deployment.
pub fn deployment(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    walk(DEPLOYMENT_SPEC, &object["spec"], &Path::of("spec"), &Scope::none(), errors);
}

/// A changed Deployment.
pub fn deployment_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    walk(DEPLOYMENT_SPEC, &new["spec"], &Path::of("spec"), &Scope::none(), errors);
    meta::immutable(&Path::of("spec.selector"), &new["spec"]["selector"], &old["spec"]["selector"], errors);
}

/// A new ReplicaSet.
pub fn replica_set(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    walk(REPLICA_SET_SPEC, &object["spec"], &Path::of("spec"), &Scope::none(), errors);
}

/// A changed ReplicaSet.
pub fn replica_set_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    walk(REPLICA_SET_SPEC, &new["spec"], &Path::of("spec"), &Scope::none(), errors);
    meta::immutable(&Path::of("spec.selector"), &new["spec"]["selector"], &old["spec"]["selector"], errors);
}

/// A new StatefulSet.
pub fn stateful_set(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_label, errors);
    stateful_set_spec(&object["spec"], true, errors);
}

/// A changed StatefulSet: most of it can't.
pub fn stateful_set_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    stateful_set_spec(&new["spec"], false, errors);
    let mutable = [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ];
    let mut rest = new["spec"].clone();
    for field in mutable {
        put(&mut rest, &[field], old["spec"][field].clone());
    }
    if !same(&rest, &old["spec"]) {
        let why = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
                   'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
        errors.push(FieldError::forbidden("spec", why));
    }
}

/// A new DaemonSet.
pub fn daemon_set(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    walk(DAEMON_SET_SPEC, &object["spec"], &Path::of("spec"), &Scope::none(), errors);
}

/// A changed DaemonSet.
pub fn daemon_set_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    meta::immutable(&Path::of("spec.selector"), &new["spec"]["selector"], &old["spec"]["selector"], errors);
    walk(DAEMON_SET_SPEC, &new["spec"], &Path::of("spec"), &Scope::none(), errors);
}

/// A new ReplicationController.
pub fn replication_controller(object: &Value, errors: &mut Errors) {
    static SPEC: &[Row] = &[
        Row("minReadySeconds", Rule::NonNegative),
        Row("selector", Rule::Required("")),
        Row("replicas", Rule::NonNegative),
        Row("template", Rule::Required("")),
        Row("", Rule::Check(controller_template)),
    ];
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    walk(SPEC, &object["spec"], &Path::of("spec"), &Scope::none(), errors);
}

/// A changed ReplicationController.
pub fn replication_controller_update(new: &Value, old: &Value, errors: &mut Errors) {
    replication_controller(new, errors);
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
}

/// The selector of a ReplicationController is a plain map of labels.
fn controller_template(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if spec["template"].is_null() {
        return;
    }
    if let Ok(selector) = Selector::from_label_selector(&json!({"matchLabels": spec["selector"]})) {
        check_template(path, &spec["template"], &selector, errors);
    }
    runs_forever(path, &spec["template"]["spec"], "ReplicationController", errors);
}

/// A new ControllerRevision.
pub fn controller_revision(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    if object["data"].is_null() {
        errors.push(FieldError::required("data", "data is mandatory"));
    }
    walk(&[Row("revision", Rule::NonNegative)], object, &Path::ROOT, &Scope::none(), errors);
}

/// A changed ControllerRevision: what it recorded stays.
pub fn controller_revision_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    controller_revision(new, errors);
    meta::immutable(&Path::of("data"), &new["data"], &old["data"], errors);
}

fn is_empty_selector(selector: &Value) -> bool {
    is_empty(&selector["matchLabels"]) && is_empty(&selector["matchExpressions"])
}

/// The selector must be there, mean something, and match the template; the template must run forever.
fn selector_and_template(path: &Path<'_>, spec: &Value, words: Words, errors: &mut Errors) {
    let Some(selector) = check_selector(path, &spec["selector"], words, errors) else { return };
    check_template(path, &spec["template"], &selector, errors);
    runs_forever(path, &spec["template"]["spec"], words.deadline, errors);
}

fn check_selector(path: &Path<'_>, selector: &Value, words: Words, errors: &mut Errors) -> Option<Selector> {
    let at = path.child("selector");
    if selector.is_null() {
        errors.push(FieldError::required(at, ""));
    } else {
        meta::label_selector(&at, selector, errors);
        if is_empty_selector(selector) {
            errors.push(FieldError::invalid(at, selector, words.empty_selector));
        }
    }
    let compiled = Selector::from_label_selector(selector).ok();
    if compiled.is_none() {
        errors.push(FieldError::invalid(at, selector, words.bad_selector));
    }
    compiled
}

fn check_template(path: &Path<'_>, template: &Value, selector: &Selector, errors: &mut Errors) {
    selects_template(path, template, selector, errors);
    pod::template(&path.child("template"), template, errors);
}

fn selects_template(path: &Path<'_>, template: &Value, selector: &Selector, errors: &mut Errors) {
    let labels = &template["metadata"]["labels"];
    if !selector.is_empty() && !selector.matches(labels) {
        errors.push(FieldError::invalid(path.child("template.metadata.labels"), labels, "`selector` does not match template `labels`"));
    }
}

/// A controller that keeps pods running needs pods that are restarted and have no deadline.
fn runs_forever(path: &Path<'_>, pod: &Value, kind: &str, errors: &mut Errors) {
    if text(&pod["restartPolicy"]) != "Always" {
        let policy = Value::from(text(&pod["restartPolicy"]));
        errors.push(FieldError::not_supported(path.child("template.spec.restartPolicy"), &policy, &["Always"]));
    }
    if !pod["activeDeadlineSeconds"].is_null() {
        let why = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.push(FieldError::forbidden(path.child("template.spec.activeDeadlineSeconds"), &why));
    }
}

fn progress_deadline(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let deadline = &spec["progressDeadlineSeconds"];
    if let Some(seconds) = deadline.as_i64()
        && seconds <= spec["minReadySeconds"].as_i64().unwrap_or(0)
    {
        errors.push(FieldError::invalid(path.child("progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds"));
    }
}

/// A number of pods, or a share of them.
pub fn count_or_percent(path: &Path<'_>, value: &Value, errors: &mut Errors) {
    match value {
        Value::String(share) => errors.extend(names::percent(share).iter().map(|w| FieldError::invalid(path, value, w))),
        _ if value.as_i64().unwrap_or(0) < 0 => errors.push(FieldError::invalid(path, value, "must be greater than or equal to 0")),
        _ => {}
    }
}

fn share(value: &Value) -> Option<i64> {
    let text = value.as_str()?;
    if names::percent(text).is_empty() { text.strip_suffix('%')?.parse().ok() } else { None }
}

/// Text that is no share counts as the number in it, or 0.
fn amount(value: &Value) -> i64 {
    share(value).or_else(|| value.as_i64()).or_else(|| text(value).parse().ok()).unwrap_or(0)
}

/// A share of more than everything is too much.
pub fn at_most_all(path: &Path<'_>, value: &Value, errors: &mut Errors) {
    if share(value).is_some_and(|percent| percent > 100) {
        errors.push(FieldError::invalid(path, value, "must not be greater than 100%"));
    }
}

fn deployment_strategy(path: &Path<'_>, strategy: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (at, rolling) = (path.child("rollingUpdate"), &strategy["rollingUpdate"]);
    match text(&strategy["type"]) {
        "Recreate" if rolling.is_null() => {}
        "Recreate" => errors.push(FieldError::forbidden(at, "may not be specified when strategy `type` is 'Recreate'")),
        "RollingUpdate" if rolling.is_null() => errors.push(FieldError::required(at, "this should be defaulted and never be nil")),
        "RollingUpdate" => {
            let (unavailable, surge) = (&rolling["maxUnavailable"], &rolling["maxSurge"]);
            count_or_percent(&at.child("maxUnavailable"), unavailable, errors);
            count_or_percent(&at.child("maxSurge"), surge, errors);
            if amount(unavailable) == 0 && amount(surge) == 0 {
                errors.push(FieldError::invalid(at.child("maxUnavailable"), unavailable, "may not be 0 when `maxSurge` is 0"));
            }
            at_most_all(&at.child("maxUnavailable"), unavailable, errors);
        }
        _ => {
            let shown = internal::render("DeploymentStrategy", strategy);
            errors.push(FieldError::not_supported_raw(path, shown, &["Recreate", "RollingUpdate"]));
        }
    }
}

fn pod_management(path: &Path<'_>, policy: &Value, _: &Scope<'_>, errors: &mut Errors) {
    match text(policy) {
        "" => errors.push(FieldError::required(path, "")),
        "OrderedReady" | "Parallel" => {}
        _ => errors.push(FieldError::invalid(path, policy, "must be 'OrderedReady' or 'Parallel'")),
    }
}

fn stateful_set_strategy(path: &Path<'_>, strategy: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (at, rolling) = (path.child("rollingUpdate"), &strategy["rollingUpdate"]);
    match text(&strategy["type"]) {
        "" => errors.push(FieldError::required(path, "")),
        "OnDelete" if rolling.is_null() => {}
        "OnDelete" => {
            let shown = internal::render("RollingUpdateStatefulSetStrategy", rolling);
            errors.push(FieldError::invalid_raw(at, shown, "only allowed for updateStrategy 'RollingUpdate'"));
        }
        "RollingUpdate" => {
            if rolling["partition"].as_i64().unwrap_or(0) < 0 {
                errors.push(FieldError::invalid(at.child("partition"), &rolling["partition"], "must be greater than or equal to 0"));
            }
            let (at, unavailable) = (at.child("maxUnavailable"), &rolling["maxUnavailable"]);
            if !unavailable.is_null() {
                count_or_percent(&at, unavailable, errors);
                if amount(unavailable) == 0 {
                    errors.push(FieldError::invalid(at, unavailable, "cannot be 0"));
                }
                at_most_all(&at, unavailable, errors);
            }
        }
        _ => {
            let shown = internal::render("StatefulSetUpdateStrategy", strategy);
            errors.push(FieldError::invalid_raw(path, shown, "must be 'RollingUpdate' or 'OnDelete'"));
        }
    }
}

fn stateful_set_spec(spec: &Value, is_new: bool, errors: &mut Errors) {
    let (path, scope) = (Path::of("spec"), Scope::none());
    walk(STATEFUL_SET_SPEC, spec, &path, &scope, errors);
    let claims = path.child("volumeClaimTemplates");
    for (i, claim) in items(&spec["volumeClaimTemplates"]).iter().enumerate().filter(|_| is_new) {
        let at = claims.index(i);
        claim::spec(&at.child("spec"), &claim["spec"], errors);
    }
    walk(STATEFUL_SET_REST, spec, &path, &scope, errors);
    if is_new {
        let name = text(&spec["serviceName"]);
        if !name.is_empty() {
            super::rules::complain(&path.child("serviceName"), name, names::dns_label(name), errors);
        }
    }
    let Some(selector) = check_selector(&path, &spec["selector"], STATEFUL, errors) else {
        return runs_forever(&path, &spec["template"]["spec"], STATEFUL.deadline, errors);
    };
    let template = with_claims(spec);
    check_template(&path, &template, &selector, errors);
    // Upstream looks at the template's metadata a second time.
    let (at, metadata) = (path.child("template"), &template["metadata"]);
    meta::labels(&at.child("labels"), &metadata["labels"], errors);
    meta::annotations(&at.child("annotations"), &metadata["annotations"], errors);
    runs_forever(&path, &spec["template"]["spec"], STATEFUL.deadline, errors);
}

/// The template as its pods will have it: each claim template is a volume, before the others.
fn with_claims(spec: &Value) -> Value {
    let mut template = spec["template"].clone();
    let claims: Vec<&str> = items(&spec["volumeClaimTemplates"]).iter().map(|c| text(&c["metadata"]["name"])).collect();
    if let Some(Value::Object(pod)) = template.get_mut("spec") {
        pod.remove("subdomain");
        pod.remove("hostname");
    }
    if !claims.is_empty() {
        let own = items(&spec["template"]["spec"]["volumes"]).iter().filter(|v| !claims.contains(&text(&v["name"]))).cloned();
        let from_claims = claims.iter().map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": name}}));
        let volumes: Vec<Value> = from_claims.chain(own).collect();
        put(&mut template, &["spec", "volumes"], Value::Array(volumes));
    }
    template
}

fn daemon_set_template(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let selector = &spec["selector"];
    meta::label_selector(&path.child("selector"), selector, errors);
    if let Ok(compiled) = Selector::from_label_selector(selector) {
        selects_template(path, &spec["template"], &compiled, errors);
    }
    if !selector.is_null() && is_empty_selector(selector) {
        errors.push(FieldError::invalid(path.child("selector"), selector, "empty selector is invalid for daemonset"));
    }
    pod::template(&path.child("template"), &spec["template"], errors);
    runs_forever(path, &spec["template"]["spec"], "DaemonSet", errors);
}

fn daemon_set_strategy(path: &Path<'_>, strategy: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (at, rolling) = (path.child("rollingUpdate"), &strategy["rollingUpdate"]);
    match text(&strategy["type"]) {
        "OnDelete" => {}
        "RollingUpdate" if rolling.is_null() => errors.push(FieldError::required(at, "")),
        "RollingUpdate" => {
            let (unavailable, surge) = (&rolling["maxUnavailable"], &rolling["maxSurge"]);
            let (unavailable_at, surge_at) = (at.child("maxUnavailable"), at.child("maxSurge"));
            count_or_percent(&unavailable_at, unavailable, errors);
            count_or_percent(&surge_at, surge, errors);
            at_most_all(&unavailable_at, unavailable, errors);
            at_most_all(&surge_at, surge, errors);
            match (amount(unavailable) != 0, amount(surge) != 0) {
                (true, true) => errors.push(FieldError::invalid(surge_at, surge, "may not be set when maxUnavailable is non-zero")),
                (false, false) => errors.push(FieldError::required(unavailable_at, "cannot be 0 when maxSurge is 0")),
                _ => {}
            }
        }
        _ => {
            let shown = internal::render("DaemonSetUpdateStrategy", strategy);
            errors.push(FieldError::not_supported_raw(path, shown, &["RollingUpdate", "OnDelete"]));
        }
    }
}
