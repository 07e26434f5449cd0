//! Rules for security contexts: mirrors `validatePodSpecSecurityContext`, `ValidateSecurityContext`, `validateLinux` and
//! `validateWindows` of `pkg/apis/core/validation/validation.go`, v1.36. Left out: the options of Windows.

use super::internal;
use super::names;
use super::path::{Errors, Path, go_json};
use super::pod::Scope;
use super::rules::{Row, Rule, is_empty, is_true, items, text, walk};
use super::volume;
use crate::api::status::FieldError;
use serde_json::Value;
use std::collections::BTreeSet;

const ID: Rule = Rule::Between(0, i32::MAX as i64);

static POD: &[Row] = &[
    Row("fsGroup", ID),
    Row("runAsUser", ID),
    Row("runAsGroup", ID),
    Row("supplementalGroups", Rule::Each(&[Row("", ID)])),
    Row("", Rule::Check(shared_processes)),
    Row("sysctls", Rule::Check(sysctls)),
    Row("fsGroupChangePolicy", Rule::OneOf(&["Always", "OnRootMismatch"])),
    Row("seccompProfile", Rule::IfSet(seccomp_profile)),
    Row("appArmorProfile", Rule::IfSet(app_armor_profile)),
    Row("supplementalGroupsPolicy", Rule::OneOf(&["Merge", "Strict"])),
    Row("seLinuxChangePolicy", Rule::OneOf(&["Recursive"])),
];

static CONTAINER: &[Row] = &[
    Row("runAsUser", ID),
    Row("runAsGroup", ID),
    Row("procMount", Rule::IfSet(proc_mount)),
    Row("seccompProfile", Rule::IfSet(seccomp_profile)),
    Row("", Rule::Check(escalation)),
    Row("appArmorProfile", Rule::IfSet(app_armor_profile)),
];

/// The security context of a pod, at its spec.
pub fn pod(path: &Path<'_>, spec: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    walk(POD, &spec["securityContext"], &path.child("securityContext"), scope, errors);
}

/// The security context of a container.
pub fn container(path: &Path<'_>, context: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    walk(CONTAINER, context, path, scope, errors);
}

fn shared_processes(path: &Path<'_>, _: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    if is_true(&scope.spec["shareProcessNamespace"]) && is_true(&scope.spec["hostPID"]) {
        let why = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.push(FieldError::invalid(path.child("shareProcessNamespace"), &Value::Bool(true), why));
    }
}

fn sysctls(path: &Path<'_>, list: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (i, sysctl) in items(list).iter().enumerate() {
        let (at, name) = (path.index(i), text(&sysctl["name"]));
        let at = at.child("name");
        if name.is_empty() {
            errors.push(FieldError::required(at, ""));
        } else if !names::is_sysctl_name(name) {
            let why = format!("must have at most 253 characters and match regex {}", names::SYSCTL_FORMAT);
            errors.push(FieldError::invalid_text(at, name, &why));
        } else if seen.contains(name) {
            errors.push(FieldError::duplicate(at, &sysctl["name"]));
        }
        // Dots and slashes may stand for each other, depending on which comes first.
        let name_space = name.split(['.', '/']).next().unwrap_or("");
        let ipc = name.starts_with("fs.mqueue")
            || matches!(name, "kernel.sem")
            || name.starts_with("kernel.shm")
            || name.starts_with("kernel.msg");
        if name_space == "net" && is_true(&scope.spec["hostNetwork"]) {
            errors.push(FieldError::invalid_text(at, name, "may not be specified when 'hostNetwork' is true"));
        } else if ipc && is_true(&scope.spec["hostIPC"]) {
            errors.push(FieldError::invalid_text(at, name, "may not be specified when 'hostIPC' is true"));
        }
        seen.insert(name);
    }
}

static SECCOMP_TYPES: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];

fn seccomp_profile(path: &Path<'_>, profile: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (kind, local) = (text(&profile["type"]), &profile["localhostProfile"]);
    if kind.is_empty() {
        errors.push(FieldError::required(path.child("type"), "type is required when seccompProfile is set"));
    } else if !SECCOMP_TYPES.contains(&kind) {
        errors.push(FieldError::not_supported(path.child("type"), &profile["type"], SECCOMP_TYPES));
    }
    let at = path.child("localhostProfile");
    if kind == "Localhost" {
        if local.is_null() {
            errors.push(FieldError::required(at, "must be set when seccomp type is Localhost"));
        } else {
            volume::local_descending(&at, text(local), errors);
        }
    } else if !local.is_null() {
        let shown = internal::render("SeccompProfile", profile);
        errors.push(FieldError::invalid_raw(at, shown, "can only be set when seccomp type is Localhost"));
    }
}

/// A profile in the annotation that came before the field.
pub fn seccomp_annotation(path: &Path<'_>, profile: &str, errors: &mut Errors) {
    if let Some(local) = profile.strip_prefix("localhost/") {
        volume::local_descending(path, local, errors);
    } else if !matches!(profile, "runtime/default" | "docker/default" | "unconfined") {
        errors.push(FieldError::invalid_text(path, profile, "must be a valid seccomp profile"));
    }
}

fn app_armor_profile(path: &Path<'_>, profile: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (kind, local) = (text(&profile["type"]), &profile["localhostProfile"]);
    let at = path.child("localhostProfile");
    match kind {
        "Localhost" => {
            let name = text(local);
            if name.trim() != name {
                errors.push(FieldError::invalid_text(at, name, "must not be padded with whitespace"));
            } else if name.is_empty() {
                errors.push(FieldError::required(at, "must be set when AppArmor type is Localhost"));
            }
            if name.len() > 4095 {
                errors.push(FieldError::too_long(at, 4095));
            }
        }
        "RuntimeDefault" | "Unconfined" if local.is_null() => {}
        "RuntimeDefault" | "Unconfined" => {
            errors.push(FieldError::invalid_raw(at, go_json(local), "can only be set when AppArmor type is Localhost"));
        }
        "" => errors.push(FieldError::required(path.child("type"), "type is required when appArmorProfile is set")),
        _ => errors.push(FieldError::not_supported(path.child("type"), &profile["type"], SECCOMP_TYPES)),
    }
}

fn proc_mount(path: &Path<'_>, value: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let supported = ["Default", "Unmasked"];
    if !supported.contains(&text(value)) {
        errors.push(FieldError::not_supported(path, value, &supported));
    }
    if scope.host_users() && text(value) == "Unmasked" {
        errors.push(FieldError::invalid(path, value, "`hostUsers` must be false to use `Unmasked`"));
    }
}

fn escalation(path: &Path<'_>, context: &Value, _: &Scope<'_>, errors: &mut Errors) {
    if context["allowPrivilegeEscalation"] != Value::Bool(false) {
        return;
    }
    let mut forbid = |what: &str| {
        let why = format!("cannot set `allowPrivilegeEscalation` to false and {what}");
        errors.push(FieldError::invalid_raw(path, internal::render("SecurityContext", context), &why));
    };
    if is_true(&context["privileged"]) {
        forbid("`privileged` to true");
    }
    for _ in items(&context["capabilities"]["add"]).iter().filter(|c| text(c) == "CAP_SYS_ADMIN") {
        forbid("`capabilities.Add` CAP_SYS_ADMIN");
    }
}

/// What a pod for one operating system can't have because it belongs to another.
pub fn for_operating_system(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    match text(&spec["os"]["name"]) {
        "linux" => {
            each_context(path, spec, |at, context| {
                if !context["windowsOptions"].is_null() {
                    errors.push(FieldError::forbidden(at.child("windowsOptions"), "windows options cannot be set for a linux pod"));
                }
            });
        }
        "windows" => windows(path, spec, errors),
        _ => {}
    }
}

fn each_context(path: &Path<'_>, spec: &Value, mut visit: impl FnMut(&Path<'_>, &Value)) {
    visit(&path.child("securityContext"), &spec["securityContext"]);
    for list in ["initContainers", "containers"] {
        for (i, container) in items(&spec[list]).iter().enumerate() {
            let (list, context) = (path.child(list), &container["securityContext"]);
            visit(&list.index(i).child("securityContext"), context);
        }
    }
}

/// Fields that no Windows pod can have: of the pod's context (`true`) or of its spec, in upstream's order.
static NOT_ON_WINDOWS: &[(&str, bool)] = &[
    ("appArmorProfile", true),
    ("seLinuxOptions", true),
    ("hostUsers", false),
    ("hostPID", false),
    ("hostIPC", false),
    ("seccompProfile", true),
    ("fsGroup", true),
    ("fsGroupChangePolicy", true),
    ("sysctls", true),
    ("shareProcessNamespace", false),
    ("runAsUser", true),
    ("runAsGroup", true),
    ("supplementalGroups", true),
    ("supplementalGroupsPolicy", true),
    ("seLinuxChangePolicy", true),
];

fn windows(path: &Path<'_>, spec: &Value, errors: &mut Errors) {
    const WHY: &str = "cannot be set for a windows pod";
    for (field, in_context) in NOT_ON_WINDOWS {
        let (parent, value) =
            if *in_context { (path.child("securityContext"), &spec["securityContext"][*field]) } else { (*path, &spec[*field]) };
        let set = if matches!(*field, "hostPID" | "hostIPC" | "sysctls") { !is_empty(value) } else { !value.is_null() };
        if set {
            errors.push(FieldError::forbidden(parent.child(field), WHY));
        }
    }
    let in_containers = [
        "appArmorProfile",
        "seLinuxOptions",
        "seccompProfile",
        "capabilities",
        "readOnlyRootFilesystem",
        "privileged",
        "allowPrivilegeEscalation",
        "procMount",
        "runAsUser",
        "runAsGroup",
    ];
    let mut first = true;
    each_context(path, spec, |at, context| {
        // The pod's own context came above.
        if !std::mem::take(&mut first) {
            for field in in_containers.iter().filter(|f| !context[**f].is_null()) {
                errors.push(FieldError::forbidden(at.child(field), WHY));
            }
        }
    });
}
