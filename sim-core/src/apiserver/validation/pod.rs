//! Rules for Pods and pod templates: mirrors `ValidatePodCreate`, `ValidatePodUpdate` and `ValidatePodSpec` of
//! `pkg/apis/core/validation/validation.go`, v1.36, with the feature gates at their defaults.
//!
//! Left out: the fields of Windows containers, ephemeral containers (they can only come through their subresource, which nobody
//! serves yet) and AppArmor annotations.

use super::container;
use super::meta;
use super::names;
use super::network;
use super::path::{Errors, Path};
use super::resources;
use super::rules::{Row, Rule, complain, entries, is_empty, is_true, items, number, text, walk};
use super::scheduling;
use super::security;
use super::volume;
use crate::api::status::FieldError;
use serde_json::Value;
use std::collections::BTreeMap;

static NULL: Value = Value::Null;

/// What rules inside a pod need to know of the rest of it.
pub struct Scope<'a> {
    /// The pod's spec.
    pub spec: &'a Value,
    /// The valid volumes, by name.
    pub volumes: BTreeMap<&'a str, &'a Value>,
    /// A Pod itself, not a template in a workload.
    pub is_pod: bool,
    /// The pod's metadata, if it is a Pod.
    pub meta: &'a Value,
}

impl Scope<'_> {
    /// The scope of rules outside of pods.
    pub fn none() -> Scope<'static> {
        Scope { spec: &NULL, volumes: BTreeMap::new(), is_pod: false, meta: &NULL }
    }

    /// Whether the pod shares the host's user namespace, as is the default.
    pub fn host_users(&self) -> bool {
        self.spec["hostUsers"] != Value::Bool(false)
    }
}

/// The order is upstream's; volumes come first and are checked before, since mounts refer to them.
static POD_SPEC: &[Row] = &[
    Row("resourceClaims", Rule::Check(resources::pod_claims)),
    Row("containers", Rule::Check(container::containers)),
    Row("initContainers", Rule::Check(container::init_containers)),
    Row("", Rule::Check(resources::pod_level)),
    Row("containers", Rule::Check(host_network_ports)),
    Row("restartPolicy", Rule::RequiredOneOf(&["Always", "OnFailure", "Never"])),
    Row("dnsPolicy", Rule::RequiredOneOf(&["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"])),
    Row("nodeSelector", Rule::Labels),
    Row("", Rule::Check(security::pod)),
    Row("affinity", Rule::Object(scheduling::AFFINITY)),
    Row("dnsConfig", Rule::Check(dns_config)),
    Row("readinessGates", Rule::Each(&[Row("conditionType", Rule::Check(qualified_name))])),
    Row("schedulingGates", Rule::Check(scheduling::gates)),
    Row("topologySpreadConstraints", Rule::Check(scheduling::topology_spread)),
    Row("", Rule::Check(host_users)),
    Row("hostnameOverride", Rule::IfSet(hostname_override)),
    Row("serviceAccountName", Rule::Text(names::dns_subdomain)),
    Row("nodeName", Rule::Text(names::dns_subdomain)),
    Row("activeDeadlineSeconds", Rule::Between(1, i32::MAX as i64)),
    Row("hostname", Rule::Text(names::dns_label)),
    Row("subdomain", Rule::Text(names::dns_label)),
    Row("tolerations", Rule::Check(scheduling::tolerations)),
    Row("hostAliases", Rule::Each(HOST_ALIAS)),
    Row("priorityClassName", Rule::Text(names::dns_subdomain)),
    Row("runtimeClassName", Rule::IfSet(runtime_class)),
    Row("preemptionPolicy", Rule::IfSet(preemption_policy)),
    Row("overhead", Rule::IfSet(resources::overhead)),
    Row("os", Rule::IfSet(operating_system)),
    Row("", Rule::Check(security::for_operating_system)),
    Row("schedulingGroup", Rule::IfSet(scheduling_group)),
    Row("", Rule::Check(file_key_volumes)),
];

static HOST_ALIAS: &[Row] =
    &[Row("ip", Rule::Check(|path, value, _, errors| network::ip(path, text(value), errors))), Row("hostnames", Rule::Check(hostnames))];

/// A new Pod, after defaulting and admission.
pub fn create(pod: &Value, errors: &mut Errors) {
    metadata_and_spec(pod, errors);
    let spec = Path::of("spec");
    if !items(&pod["spec"]["ephemeralContainers"]).is_empty() {
        errors.push(FieldError::forbidden(spec.child("ephemeralContainers"), "cannot be set on create"));
    }
    if !text(&pod["spec"]["nodeName"]).is_empty() && !items(&pod["spec"]["schedulingGates"]).is_empty() {
        errors.push(FieldError::forbidden(spec.child("nodeName"), "cannot be set until all schedulingGates have been cleared"));
    }
}

/// What holds of a Pod at any time.
pub fn metadata_and_spec(pod: &Value, errors: &mut Errors) {
    meta::object_meta(&pod["metadata"], true, names::dns_subdomain, errors);
    let (metadata, path) = (Path::of("metadata"), Path::of("spec"));
    pod_annotations(&metadata.child("annotations"), &pod["metadata"]["annotations"], &pod["spec"], errors);
    let spec = &pod["spec"];
    pod_spec(&path, spec, true, &pod["metadata"], errors);
    if text(&spec["serviceAccountName"]).is_empty() {
        let volumes = path.child("volumes");
        for (i, volume) in items(&spec["volumes"]).iter().enumerate() {
            for (j, source) in items(&volume["projected"]["sources"]).iter().enumerate() {
                if !source["serviceAccountToken"].is_null() {
                    let at = format!("{}.projected.sources[{j}].serviceAccountToken", volumes.index(i));
                    errors.push(FieldError::forbidden(at, "must not be specified when serviceAccountName is not set"));
                }
            }
        }
    }
    for list in ["containers", "initContainers"] {
        for (i, container) in items(&spec[list]).iter().enumerate() {
            image_without_padding(&path.child(list).index(i), container, errors);
        }
    }
}

fn image_without_padding(path: &Path<'_>, container: &Value, errors: &mut Errors) {
    let image = text(&container["image"]);
    if image.trim().len() != image.len() {
        errors.push(FieldError::invalid_text(path.child("image"), image, "must not have leading or trailing whitespace"));
    }
}

/// A `PodTemplateSpec` inside another object.
pub fn template(path: &Path<'_>, template: &Value, errors: &mut Errors) {
    let (metadata, annotations) = (&template["metadata"], path.child("annotations"));
    meta::labels(&path.child("labels"), &metadata["labels"], errors);
    meta::annotations(&annotations, &metadata["annotations"], errors);
    pod_annotations(&annotations, &metadata["annotations"], &template["spec"], errors);
    pod_spec(&path.child("spec"), &template["spec"], false, &NULL, errors);
    if !items(&template["spec"]["ephemeralContainers"]).is_empty() {
        errors.push(FieldError::forbidden(path.child("spec.ephemeralContainers"), "ephemeral containers not allowed in pod template"));
    }
}

/// A `PodTemplate` object.
pub fn pod_template(object: &Value, errors: &mut Errors) {
    meta::object_meta(&object["metadata"], true, names::dns_subdomain, errors);
    template(&Path::of("template"), &object["template"], errors);
}

fn pod_spec(path: &Path<'_>, spec: &Value, is_pod: bool, metadata: &Value, errors: &mut Errors) {
    let mut scope = Scope { spec, volumes: BTreeMap::new(), is_pod, meta: metadata };
    scope.volumes = volume::volumes(&path.child("volumes"), &scope, errors);
    walk(POD_SPEC, spec, path, &scope, errors);
}

fn pod_annotations(path: &Path<'_>, annotations: &Value, spec: &Value, errors: &mut Errors) {
    for (key, value) in entries(annotations) {
        match key {
            "kubernetes.io/config.mirror" if text(&spec["nodeName"]).is_empty() => {
                let why = "must set spec.nodeName if mirror pod annotation is set";
                errors.push(FieldError::invalid(path.key(key), value, why));
            }
            "controller.kubernetes.io/pod-deletion-cost" if !is_deletion_cost(text(value)) => {
                errors.push(FieldError::invalid(path.key(key), value, "must be a 32bit integer"));
            }
            _ => {}
        }
    }
    for (key, value) in entries(annotations) {
        if key == "seccomp.security.alpha.kubernetes.io/pod" || key.starts_with("container.seccomp.security.alpha.kubernetes.io/") {
            security::seccomp_annotation(&path.child(key), text(value), errors);
        }
    }
}

/// The integer is written in one way only: no plus sign, no leading zeros.
fn is_deletion_cost(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = text == "0" || !(digits.starts_with('0') || digits.starts_with('+'));
    canonical && text.parse::<i32>().is_ok()
}

fn host_network_ports(path: &Path<'_>, containers: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    if !is_true(&scope.spec["hostNetwork"]) {
        return;
    }
    for (i, container) in items(containers).iter().enumerate() {
        for (j, port) in items(&container["ports"]).iter().enumerate() {
            let (host, own) = (number(&port["hostPort"]), number(&port["containerPort"]));
            if (scope.is_pod || host != 0) && host != own {
                let at = format!("{}.ports[{j}].hostPort", path.index(i));
                errors.push(FieldError::invalid(at, &Value::from(host), "must match `containerPort` when `hostNetwork` is true"));
            }
        }
    }
}

fn dns_config(path: &Path<'_>, config: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let (nameservers, searches) = (items(&config["nameservers"]), items(&config["searches"]));
    if text(&scope.spec["dnsPolicy"]) == "None" {
        if config.is_null() {
            return errors.push(FieldError::required(path, "must provide `dnsConfig` when `dnsPolicy` is None"));
        }
        if nameservers.is_empty() {
            let why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return errors.push(FieldError::required(path.child("nameservers"), why));
        }
    }
    if nameservers.len() > 3 {
        errors.push(FieldError::invalid(path.child("nameservers"), &config["nameservers"], "must not have more than 3 nameservers"));
    }
    for (i, server) in nameservers.iter().enumerate() {
        network::ip(&path.child("nameservers").index(i), text(server), errors);
    }
    let at = path.child("searches");
    if searches.len() > 32 {
        errors.push(FieldError::invalid(at, &config["searches"], "must not have more than 32 search paths"));
    }
    if searches.iter().map(|s| text(s).len() + 1).sum::<usize>() > 2049 {
        let why = "must not have more than 2048 characters (including spaces) in the search list";
        errors.push(FieldError::invalid(at, &config["searches"], why));
    }
    for (i, search) in searches.iter().enumerate().filter(|(_, s)| text(s) != ".") {
        let search = text(search).strip_suffix('.').unwrap_or(text(search));
        complain(&at.index(i), search, names::dns_subdomain_with_underscore(search), errors);
    }
    for (i, option) in items(&config["options"]).iter().enumerate() {
        if text(&option["name"]).is_empty() {
            errors.push(FieldError::required(path.child("options").index(i), "must not be empty"));
        }
    }
}

fn host_users(path: &Path<'_>, spec: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    if scope.host_users() {
        return;
    }
    // Two of the paths carry the Go field's name.
    for (field, shown) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if is_true(&spec[field]) {
            errors.push(FieldError::forbidden(path.child(shown), "when `hostUsers` is false"));
        }
    }
    for list in ["initContainers", "containers"] {
        for (i, container) in items(&spec[list]).iter().enumerate() {
            if !is_empty(&container["volumeDevices"]) {
                let at = path.child(list);
                errors.push(FieldError::forbidden(at.index(i).child("volumeDevices"), "when `hostUsers` is false"));
            }
        }
    }
}

fn hostname_override(path: &Path<'_>, value: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    if is_true(&scope.spec["setHostnameAsFQDN"]) {
        errors.push(FieldError::forbidden(path, "may not be specified when setHostnameAsFQDN is true"));
    }
    if is_true(&scope.spec["hostNetwork"]) {
        errors.push(FieldError::forbidden(path, "may not be specified when hostNetwork is true"));
    }
    if text(value).len() > 64 {
        errors.push(FieldError::too_long(path, 64));
    }
    complain(path, text(value), names::dns_subdomain(text(value)), errors);
}

fn hostnames(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    for (i, name) in items(value).iter().enumerate() {
        complain(&path.index(i), text(name), names::dns_subdomain(text(name)), errors);
    }
}

fn qualified_name(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    complain(path, text(value), names::qualified_name(text(value)), errors);
}

fn runtime_class(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    complain(path, text(value), names::dns_subdomain(text(value)), errors);
}

/// Whether pods may push others out.
pub fn preemption_policy(path: &Path<'_>, value: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let supported = ["PreemptLowerPriority", "Never"];
    if text(value).is_empty() {
        errors.push(FieldError::required(path, ""));
    } else if !supported.contains(&text(value)) {
        errors.push(FieldError::not_supported(path, value, &supported));
    }
}

fn operating_system(path: &Path<'_>, os: &Value, _: &Scope<'_>, errors: &mut Errors) {
    match text(&os["name"]) {
        "" => errors.push(FieldError::required(path.child("name"), "")),
        "linux" | "windows" => {}
        _ => errors.push(FieldError::not_supported(path, &os["name"], &["linux", "windows"])),
    }
}

fn scheduling_group(path: &Path<'_>, group: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let (at, name) = (path.child("podGroupName"), &group["podGroupName"]);
    if name.is_null() {
        errors.push(FieldError::invalid(at, name, "must specify one of: `podGroupName`"));
    } else {
        complain(&at, text(name), names::dns_subdomain(text(name)), errors);
    }
}

/// Variables from files can only come from an emptyDir of the pod.
fn file_key_volumes(path: &Path<'_>, spec: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let volume = |name: &str| items(&spec["volumes"]).iter().find(|v| text(&v["name"]) == name);
    for list in ["initContainers", "containers"] {
        for (i, container) in items(&spec[list]).iter().enumerate() {
            for (j, variable) in items(&container["env"]).iter().enumerate() {
                let reference = &variable["valueFrom"]["fileKeyRef"];
                if reference.is_null() {
                    continue;
                }
                let name = text(&reference["volumeName"]);
                let at = format!("{}.env[{j}].valueFrom.fileKeyRef.volumeName", path.child(list).index(i));
                match volume(name) {
                    None => errors.push(FieldError::missing(at, name, "")),
                    Some(volume) if volume["emptyDir"].is_null() => {
                        errors.push(FieldError::invalid_text(at, name, "referenced volume must be of type emptyDir"));
                    }
                    Some(_) => {}
                }
            }
        }
    }
}
