//! Rules for Jobs and CronJobs: mirrors `pkg/apis/batch/validation/validation.go`, v1.36.

use super::internal;
use super::meta::{self, same};
use super::names;
use super::path::{Errors, Path};
use super::pod::{self, Scope};
use super::rules::{Row, Rule, complain, is_empty, is_true, items, items_mut, number, put, text, walk};
use crate::api::cron::{self, Schedule};
use crate::api::defaults;
use crate::api::selector::Selector;
use crate::api::status::FieldError;
use serde_json::Value;
use std::collections::BTreeSet;

static JOB_SPEC: &[Row] = &[
    Row("parallelism", Rule::NonNegative),
    Row("completions", Rule::NonNegative),
    Row("activeDeadlineSeconds", Rule::NonNegative),
    Row("backoffLimit", Rule::NonNegative),
    Row("ttlSecondsAfterFinished", Rule::NonNegative),
    Row("backoffLimitPerIndex", Rule::NonNegative),
    Row("maxFailedIndexes", Rule::NonNegative),
    Row("", Rule::Check(completion_mode)),
    Row("", Rule::Check(pod_failure_policy)),
    Row("", Rule::Check(success_policy)),
    Row("", Rule::Check(replacement_policy)),
    Row("template", Rule::Check(|path, template, _, errors| pod::template(path, template, errors))),
    Row("", Rule::Check(restart_policy)),
];

static CRON_JOB_SPEC: &[Row] = &[
    Row("schedule", Rule::Check(schedule)),
    Row("startingDeadlineSeconds", Rule::NonNegative),
    Row("timeZone", Rule::IfSet(time_zone)),
    Row("concurrencyPolicy", Rule::RequiredOneOf(&["Allow", "Forbid", "Replace"])),
    Row("jobTemplate", Rule::Check(job_template)),
    Row("successfulJobsHistoryLimit", Rule::NonNegative),
    Row("failedJobsHistoryLimit", Rule::NonNegative),
];

/// A new Job, as the server completes it: with a selector of its own.
pub fn job(object: &Value, errors: &mut Errors) {
    let mut object = object.clone();
    defaults::generate_job_selector(&mut object);
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    job_spec(&object["spec"], errors);
    let (spec, name) = (&object["spec"], text(&object["metadata"]["name"]));
    if text(&spec["completionMode"]) == "Indexed" && number(&spec["completions"]) > 0 {
        let host = format!("{name}-{}", number(&spec["completions"]) - 1);
        if !names::dns_label(&host).is_empty() {
            let why = format!("will not able to create pod with invalid DNS label: {host}");
            errors.push(FieldError::invalid_text("metadata.name", name, &why));
        }
    }
}

/// A changed Job: little can.
pub fn job_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    let (path, is, was) = (Path::of("spec"), &new["spec"], &old["spec"]);
    job_spec(is, errors);
    if text(&is["completionMode"]) != "Indexed" {
        meta::immutable(&path.child("completions"), &is["completions"], &was["completions"], errors);
    } else if is["completions"] != was["completions"] && !is["completions"].is_null() && is["completions"] != is["parallelism"] {
        let why = "can only be modified in tandem with spec.parallelism";
        errors.push(FieldError::invalid(path.child("completions"), &is["completions"], why));
    }
    meta::immutable(&path.child("selector"), &is["selector"], &was["selector"], errors);
    template_change(&path, is, was, errors);
    for field in ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] {
        let kind = if field == "podFailurePolicy" { "PodFailurePolicy" } else { "SuccessPolicy" };
        if field.ends_with("Policy") && !same(&is[field], &was[field]) {
            let shown = if is[field].is_null() { "null".to_owned() } else { internal::render(kind, &is[field]) };
            errors.push(FieldError::invalid_raw(path.child(field), shown, "field is immutable"));
        } else if !field.ends_with("Policy") {
            meta::immutable(&path.child(field), &is[field], &was[field], errors);
        }
    }
}

/// A Job's template stays; a suspended Job's containers may get other resources, and its pods go elsewhere.
fn template_change(path: &Path<'_>, is: &Value, was: &Value, errors: &mut Errors) {
    let (template, mut stored) = (&is["template"], was["template"].clone());
    if !is_true(&was["suspend"]) {
        if !same(template, &stored) {
            let same_metadata = same(&template["metadata"], &stored["metadata"]);
            let (at, kind, shown) = if same_metadata {
                (path.child("template.spec"), "PodSpec", &template["spec"])
            } else {
                (path.child("template"), "PodTemplateSpec", template)
            };
            errors.push(FieldError::invalid_raw(at, internal::render(kind, shown), "field is immutable"));
        }
        return;
    }
    put(&mut stored, &["metadata"], template["metadata"].clone());
    for field in ["nodeSelector", "tolerations", "schedulingGates"] {
        put(&mut stored, &["spec", field], template["spec"][field].clone());
    }
    if template["spec"]["affinity"].is_object() || stored["spec"]["affinity"].is_object() {
        put(&mut stored, &["spec", "affinity", "nodeAffinity"], template["spec"]["affinity"]["nodeAffinity"].clone());
    }
    for list in ["containers", "initContainers"] {
        let Some(spec) = stored.get_mut("spec") else { continue };
        for (container, new) in items_mut(spec, list).zip(items(&template["spec"][list])) {
            put(container, &["resources"], new["resources"].clone());
        }
    }
    if !same(&template["spec"], &stored["spec"]) {
        let shown = internal::render("PodSpec", &template["spec"]);
        errors.push(FieldError::invalid_raw(path.child("template.spec"), shown, "field is immutable"));
    }
}

/// A new CronJob.
pub fn cron_job(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    walk(CRON_JOB_SPEC, &object["spec"], &Path::of("spec"), &Scope::none(), errors);
    let name = text(&object["metadata"]["name"]);
    // The names of its Jobs get eleven characters more.
    if name.len() > 52 {
        errors.push(FieldError::invalid_text("metadata.name", name, "must be no more than 52 characters"));
    }
}

/// A changed CronJob.
pub fn cron_job_update(new: &Value, old: &Value, errors: &mut Errors) {
    meta::object_meta_update(&new["metadata"], &old["metadata"], errors);
    walk(CRON_JOB_SPEC, &new["spec"], &Path::of("spec"), &Scope::none(), errors);
}

fn job_spec(spec: &Value, errors: &mut Errors) {
    let path = Path::of("spec");
    walk(JOB_SPEC, spec, &path, &Scope::none(), errors);
    let (at, selector) = (path.child("selector"), &spec["selector"]);
    if selector.is_null() {
        errors.push(FieldError::required(at, ""));
    } else {
        meta::label_selector(&at, selector, errors);
    }
    let labels = &spec["template"]["metadata"]["labels"];
    if Selector::from_label_selector(selector).is_ok_and(|s| !s.matches(labels)) {
        let why = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid(path.child("template.metadata.labels"), labels, why));
    }
}

fn completion_mode(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (per_index, failed) = (&spec["backoffLimitPerIndex"], &spec["maxFailedIndexes"]);
    let (completions, parallelism) = (&spec["completions"], &spec["parallelism"]);
    let at = |field: &'static str| path.child(field);
    if !failed.is_null() && per_index.is_null() {
        errors.push(FieldError::required(at("backoffLimitPerIndex"), "when maxFailedIndexes is specified"));
    }
    let mode = &spec["completionMode"];
    if !mode.is_null() && !matches!(text(mode), "NonIndexed" | "Indexed") {
        errors.push(FieldError::not_supported(at("completionMode"), mode, &["NonIndexed", "Indexed"]));
    }
    let mut too_many = |field: &'static str, value: &Value, max: i64, rest: &str| {
        if number(value) > max {
            errors.push(FieldError::invalid(path.child(field), value, &format!("must be less than or equal to {max}{rest}")));
        }
    };
    match text(mode) {
        "Indexed" => {
            too_many("parallelism", parallelism, 100_000, " when completion mode is Indexed");
            too_many("maxFailedIndexes", failed, 100_000, "");
            if completions.is_null() {
                errors.push(FieldError::required(at("completions"), "when completion mode is Indexed"));
            } else if number(failed) > number(completions) {
                errors.push(FieldError::invalid(at("maxFailedIndexes"), failed, "must be less than or equal to completions"));
            }
        }
        "" | "NonIndexed" => {
            for (field, value) in [("backoffLimitPerIndex", per_index), ("maxFailedIndexes", failed)] {
                if !value.is_null() {
                    errors.push(FieldError::invalid(at(field), value, "requires indexed completion mode"));
                }
            }
        }
        _ => {}
    }
}

fn pod_failure_policy(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let rules = items(&spec["podFailurePolicy"]["rules"]);
    let path = path.child("podFailurePolicy.rules");
    if rules.len() > 20 {
        errors.push(FieldError::too_many(path, rules.len(), 20));
    }
    let pod = &spec["template"]["spec"];
    let containers = items(&pod["containers"]).iter().chain(items(&pod["initContainers"]));
    let names: BTreeSet<&str> = containers.map(|c| text(&c["name"])).collect();
    for (i, rule) in rules.iter().enumerate() {
        failure_rule(&path.index(i), rule, spec, &names, errors);
    }
}

fn failure_rule(path: &Path<'_>, rule: &Value, spec: &Value, names: &BTreeSet<&str>, errors: &mut Errors) {
    let actions = ["Count", "FailIndex", "FailJob", "Ignore"];
    let (at, action) = (path.child("action"), &rule["action"]);
    match text(action) {
        "" => errors.push(FieldError::required(at, "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]")),
        "FailIndex" if spec["backoffLimitPerIndex"].is_null() => {
            errors.push(FieldError::invalid(at, action, "requires the backoffLimitPerIndex to be set"));
        }
        known if actions.contains(&known) => {}
        _ => errors.push(FieldError::not_supported(at, action, &actions)),
    }
    let (codes, conditions) = (&rule["onExitCodes"], items(&rule["onPodConditions"]));
    if !codes.is_null() {
        exit_codes(&path.child("onExitCodes"), codes, names, errors);
    }
    let at = path.child("onPodConditions");
    if conditions.len() > 20 {
        errors.push(FieldError::too_many(at, conditions.len(), 20));
    }
    for (i, pattern) in conditions.iter().enumerate() {
        let at = at.index(i);
        let name = text(&pattern["type"]);
        complain(&at.child("type"), name, names::qualified_name(name), errors);
        match text(&pattern["status"]) {
            "" => errors.push(FieldError::required(at.child("status"), "valid values: [\"False\" \"True\" \"Unknown\"]")),
            "True" | "False" | "Unknown" => {}
            _ => errors.push(FieldError::not_supported(at.child("status"), &pattern["status"], &["False", "True", "Unknown"])),
        }
    }
    if codes.is_null() == conditions.is_empty() {
        let why = if codes.is_null() {
            "specifying one of OnExitCodes and OnPodConditions is required"
        } else {
            "specifying both OnExitCodes and OnPodConditions is not supported"
        };
        // Upstream means to leave the value out, and shows an empty struct.
        errors.push(FieldError::invalid_raw(path, "{}".to_owned(), why));
    }
}

fn exit_codes(path: &Path<'_>, codes: &Value, names: &BTreeSet<&str>, errors: &mut Errors) {
    let operator = text(&codes["operator"]);
    match operator {
        "" => errors.push(FieldError::required(path.child("operator"), "valid values: [\"In\" \"NotIn\"]")),
        "In" | "NotIn" => {}
        _ => errors.push(FieldError::not_supported(path.child("operator"), &codes["operator"], &["In", "NotIn"])),
    }
    let name = &codes["containerName"];
    if !name.is_null() && !names.contains(text(name)) {
        let why = "must be one of the container or initContainer names in the pod template";
        errors.push(FieldError::invalid(path.child("containerName"), name, why));
    }
    let (at, values) = (path.child("values"), items(&codes["values"]));
    match values.len() {
        0 => errors.push(FieldError::invalid(at, &codes["values"], "at least one value is required")),
        256.. => errors.push(FieldError::too_many(at, values.len(), 255)),
        _ => {}
    }
    for (i, value) in values.iter().enumerate() {
        if operator == "In" && number(value) == 0 {
            errors.push(FieldError::invalid(at.index(i), value, "must not be 0 for the In operator"));
        }
        if values.iter().take(i).any(|v| v == value) {
            errors.push(FieldError::duplicate(at.index(i), value));
        }
    }
    if !values.is_sorted_by_key(number) {
        errors.push(FieldError::invalid(at, &codes["values"], "must be ordered"));
    }
}

fn success_policy(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let policy = &spec["successPolicy"];
    if policy.is_null() {
        return;
    }
    let at = path.child("successPolicy");
    if text(&spec["completionMode"]) != "Indexed" {
        let shown = internal::render("SuccessPolicy", policy);
        return errors.push(FieldError::invalid_raw(at, shown, "requires indexed completion mode"));
    }
    let (at, rules) = (at.child("rules"), items(&policy["rules"]));
    if rules.is_empty() {
        errors.push(FieldError::required(at, "at least one rules must be specified when the successPolicy is specified"));
    }
    for (i, rule) in rules.iter().enumerate() {
        let (at, count) = (at.index(i), &rule["succeededCount"]);
        if count.is_null() && rule["succeededIndexes"].is_null() {
            errors.push(FieldError::required(at, "at least one of succeededCount or succeededIndexes must be specified"));
        }
        if number(count) < 0 {
            errors.push(FieldError::invalid(at.child("succeededCount"), count, "must be greater than or equal to 0"));
        }
        let completions = number(&spec["completions"]);
        if number(count) > completions {
            let why = format!("must be less than or equal to {completions} (the number of specified completions)");
            errors.push(FieldError::invalid(at.child("succeededCount"), count, &why));
        }
    }
}

fn replacement_policy(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (at, policy) = (path.child("podReplacementPolicy"), &spec["podReplacementPolicy"]);
    if policy.is_null() {
        return;
    }
    let supported: &[&str] = if spec["podFailurePolicy"].is_null() { &["Failed", "TerminatingOrFailed"] } else { &["Failed"] };
    if !supported.contains(&text(policy)) {
        errors.push(FieldError::not_supported(at, policy, supported));
    }
}

fn restart_policy(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (at, policy) = (path.child("template.spec.restartPolicy"), &spec["template"]["spec"]["restartPolicy"]);
    match text(policy) {
        "Always" | "" => errors.push(FieldError::required(at, "valid values: \"OnFailure\", \"Never\"")),
        "Never" => {}
        "OnFailure" if spec["podFailurePolicy"].is_null() => {}
        "OnFailure" => {
            errors.push(FieldError::invalid(at, policy, "only \"Never\" is supported when podFailurePolicy is specified"));
        }
        _ => errors.push(FieldError::not_supported(at, policy, &["OnFailure", "Never"])),
    }
}

fn job_template(path: &Path<'_>, template: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let (at, spec) = (path.child("spec"), &template["spec"]);
    walk(JOB_SPEC, spec, &at, scope, errors);
    if !spec["selector"].is_null() {
        errors.push(FieldError::invalid(at.child("selector"), &spec["selector"], "`selector` will be auto-generated"));
    }
    if is_true(&spec["manualSelector"]) {
        errors.push(FieldError::not_supported_raw(at.child("manualSelector"), "true".to_owned(), &["nil", "false"]));
    }
}

fn schedule(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let schedule = text(value);
    if schedule.is_empty() {
        return errors.push(FieldError::required(path, ""));
    }
    if let Err(why) = Schedule::parse(schedule) {
        errors.push(FieldError::invalid_text(path, schedule, &why));
    }
    if schedule.contains("TZ") {
        errors.push(FieldError::invalid_text(path, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"));
    }
}

/// A name of the time zone database.
fn time_zone(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let zone = text(value);
    if is_empty(value) {
        return errors.push(FieldError::invalid(path, value, "timeZone must be nil or non-empty string"));
    }
    let odd = |part: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+');
        part == "." || part == ".." || part.starts_with('-') || part.is_empty() || part.len() > 14 || !part.bytes().all(allowed)
    };
    if zone.split('/').any(odd) {
        return errors.push(FieldError::invalid(path, value, &format!("unknown time zone {zone}")));
    }
    if zone.eq_ignore_ascii_case("local") {
        let why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        errors.push(FieldError::invalid(path, value, why));
    } else if !cron::is_time_zone(zone) {
        errors.push(FieldError::invalid(path, value, &format!("unknown time zone {zone}")));
    }
}
