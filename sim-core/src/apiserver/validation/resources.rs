//! Rules for resource names, requests, limits and claims: mirrors `validateResourceRequirements`, `validatePodResources` and
//! `pkg/apis/core/helper/helpers.go`, v1.36.

use super::names;
use super::path::{Errors, Path};
use super::pod::Scope;
use super::rules::{complain, entries, items, text};
use crate::api::defaults::aggregate;
use crate::api::quantity::Quantity;
use crate::api::status::FieldError;
use serde_json::Value;
use std::collections::BTreeSet;

/// A quantity in a tree, if there is one that can be read.
pub fn quantity(value: &Value) -> Option<Quantity> {
    Quantity::from_value(value).and_then(Result::ok)
}

fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Whether requests may add up to more than there is.
pub fn may_overcommit(name: &str) -> bool {
    is_native(name) && !is_huge_page(name)
}

static COUNTED: &[&str] = &[
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

fn is_integer(name: &str) -> bool {
    COUNTED.contains(&name) || is_extended(name)
}

/// What a quota can limit, besides huge pages and what has a domain.
fn is_standard_for_quota(name: &str) -> bool {
    let computed = |name: &str| matches!(name, "cpu" | "memory" | "ephemeral-storage");
    match (name.strip_prefix("requests."), name.strip_prefix("limits.")) {
        (Some(rest), _) => computed(rest) || rest == "storage" || is_huge_page(rest),
        (_, Some(rest)) => computed(rest),
        _ => computed(name) || COUNTED.contains(&name) || is_huge_page(name),
    }
}

fn is_standard(name: &str) -> bool {
    name == "storage" || is_standard_for_quota(name)
}

/// The name of any resource. Returns whether it is valid.
pub fn resource_name(path: &Path<'_>, name: &str, errors: &mut Errors) -> bool {
    let wrong = names::qualified_name(name);
    if !wrong.is_empty() {
        complain(path, name, wrong, errors);
        return false;
    }
    if !name.contains('/') && !is_standard(name) {
        errors.push(FieldError::invalid_text(path, name, "must be a standard resource type or fully qualified"));
        return false;
    }
    true
}

/// The name of a resource that a quota limits.
pub fn quota_resource_name(path: &Path<'_>, name: &str, errors: &mut Errors) {
    resource_name(path, name, errors);
    if !name.contains('/') && !is_standard_for_quota(name) {
        errors.push(FieldError::invalid_text(path, name, "must be a standard resource for quota"));
    }
}

/// Whether a scope of quotas goes with this resource, if it is a standard one.
pub fn fits_quota_scope(scope: &str, name: &str) -> bool {
    let computed = matches!(name, "cpu" | "memory" | "limits.cpu" | "limits.memory" | "requests.cpu" | "requests.memory");
    match scope {
        _ if !is_standard_for_quota(name) => true,
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => name == "pods" || computed,
        "BestEffort" => name == "pods",
        _ => true,
    }
}

/// The name of a resource that a container can have.
pub fn container_resource_name(path: &Path<'_>, name: &str, errors: &mut Errors) {
    resource_name(path, name, errors);
    if !name.contains('/') {
        if !matches!(name, "cpu" | "memory" | "ephemeral-storage") && !is_huge_page(name) {
            errors.push(FieldError::invalid_text(path, name, "must be a standard resource for containers"));
        }
    } else if !is_native(name) && !is_extended(name) {
        errors.push(FieldError::invalid_text(path, name, "doesn't follow extended resource name standard"));
    }
}

fn pod_resource_name(path: &Path<'_>, name: &str, errors: &mut Errors) {
    if resource_name(path, name, errors) && !matches!(name, "cpu" | "memory") && !is_huge_page(name) {
        errors.push(FieldError::not_supported(path, &Value::from(name), &["cpu", "hugepages-", "memory"]));
    }
}

/// An amount of a resource: not negative, and whole if it can only be counted.
pub fn resource_quantity(path: &Path<'_>, name: &str, amount: &Quantity, errors: &mut Errors) {
    if amount.sign() < 0 {
        errors.push(FieldError::invalid_text(path, &amount.to_string(), "must be greater than or equal to 0"));
    }
    if is_integer(name) && amount.milli_value() % 1000 != 0 {
        errors.push(FieldError::invalid_text(path, &amount.to_string(), "must be an integer"));
    }
}

fn huge_page_quantity(path: &Path<'_>, name: &str, amount: &Quantity, errors: &mut Errors) {
    let size = name.strip_prefix("hugepages-").and_then(|s| Quantity::parse(s).ok());
    let divides = |size: Quantity| size.sign() > 0 && size.milli_value() % 1000 == 0 && amount.value() % size.value() == 0;
    if !size.is_some_and(divides) {
        let why = format!("{amount} is not positive integer multiple of {name}");
        errors.push(FieldError::invalid_text(path, &amount.to_string(), &why));
    }
}

/// The `resources` of a container.
pub fn container(path: &Path<'_>, requirements: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    resource_requirements(path, requirements, container_resource_name, scope, errors);
}

/// What a pod costs beyond its containers.
pub fn overhead(path: &Path<'_>, amounts: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let requirements = serde_json::json!({"limits": amounts});
    resource_requirements(path, &requirements, container_resource_name, scope, errors);
}

fn resource_requirements(
    path: &Path<'_>,
    requirements: &Value,
    name_rule: fn(&Path<'_>, &str, &mut Errors),
    scope: &Scope<'_>,
    errors: &mut Errors,
) {
    let (limits_at, requests_at) = (path.child("limits"), path.child("requests"));
    let (limits, requests) = (&requirements["limits"], &requirements["requests"]);
    for (list, list_at, is_request) in [(limits, limits_at, false), (requests, requests_at, true)] {
        for (name, value) in entries(list) {
            let (at, Some(amount)) = (list_at.key(name), quantity(value)) else { continue };
            name_rule(&at, name, errors);
            resource_quantity(&at, name, &amount, errors);
            if is_request {
                within_limit(&requests_at, &limits_at, name, &amount, quantity(&limits[name]), errors);
            }
            if is_huge_page(name) {
                huge_page_quantity(&at, name, &amount, errors);
            }
        }
    }
    let any = |is: fn(&str) -> bool| entries(limits).chain(entries(requests)).any(|(name, _)| is(name));
    if any(is_huge_page) && !any(|name| matches!(name, "cpu" | "memory")) {
        errors.push(FieldError::forbidden(path, "HugePages require cpu or memory"));
    }
    claim_names(&path.child("claims"), &requirements["claims"], scope, errors);
}

fn within_limit(at: &Path<'_>, limits_at: &Path<'_>, name: &str, amount: &Quantity, limit: Option<Quantity>, errors: &mut Errors) {
    match limit {
        Some(limit) if *amount != limit && !may_overcommit(name) => {
            errors.push(FieldError::invalid_text(at, &amount.to_string(), &format!("must be equal to {name} limit of {limit}")));
        }
        Some(limit) if *amount > limit => {
            let why = format!("must be less than or equal to {name} limit of {limit}");
            errors.push(FieldError::invalid_text(at, &amount.to_string(), &why));
        }
        None if !may_overcommit(name) => {
            errors.push(FieldError::required(limits_at, "Limit must be set for non overcommitable resources"));
        }
        _ => {}
    }
}

fn claim_names(path: &Path<'_>, claims: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let offered: BTreeSet<&str> = items(&scope.spec["resourceClaims"]).iter().map(|c| text(&c["name"])).filter(|n| !n.is_empty()).collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (i, claim) in items(claims).iter().enumerate() {
        let at = path.index(i);
        let (name, request) = (text(&claim["name"]), text(&claim["request"]));
        if name.is_empty() {
            errors.push(FieldError::required(at, ""));
            continue;
        }
        if seen.contains(name) {
            errors.push(FieldError::duplicate(at, &Value::from(name)));
        } else {
            let mut key = name.to_owned();
            if !request.is_empty() {
                complain(&at.child("request"), request, names::dns_label(request), errors);
                key = format!("{name}/{request}");
            }
            if seen.contains(&key) {
                errors.push(FieldError::duplicate(at, &Value::from(key.as_str())));
            } else if request.is_empty() && seen.iter().any(|k| k.split_once('/').is_some_and(|(n, _)| n == name)) {
                errors.push(FieldError::duplicate(at, &Value::from(name)));
            }
            seen.insert(key);
        }
        if !offered.contains(name) {
            let list: Vec<&str> = offered.iter().copied().collect();
            let rest = if list.is_empty() { " which is empty".to_owned() } else { format!(": {}", list.join(", ")) };
            errors.push(FieldError::missing(at, name, &format!("must be one of the names in pod.spec.resourceClaims{rest}")));
        }
    }
}

/// The claims that a pod brings.
pub fn pod_claims(path: &Path<'_>, claims: &Value, _: &Scope<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (i, claim) in items(claims).iter().enumerate() {
        let at = path.index(i);
        let name = text(&claim["name"]);
        if name.is_empty() {
            errors.push(FieldError::required(at.child("name"), ""));
        } else if !seen.insert(name) {
            errors.push(FieldError::duplicate(at.child("name"), &claim["name"]));
        } else {
            complain(&at.child("name"), name, names::dns_label(name), errors);
        }
        let fields = ["resourceClaimName", "resourceClaimTemplateName"];
        let set = fields.iter().filter(|f| !claim[**f].is_null()).count();
        if set != 1 {
            let shown = super::internal::render("PodResourceClaim", claim);
            let why = if set == 0 {
                "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            } else {
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            };
            errors.push(FieldError::invalid_raw(at, shown, why));
        }
        for field in fields.into_iter().filter(|f| !claim[*f].is_null()) {
            complain(&at.child(field), text(&claim[field]), names::dns_subdomain(text(&claim[field])), errors);
        }
    }
}

/// `spec.resources`: resources of the pod as a whole.
pub fn pod_level(path: &Path<'_>, spec: &Value, scope: &Scope<'_>, errors: &mut Errors) {
    let resources = &spec["resources"];
    if resources.is_null() {
        return;
    }
    let path = path.child("resources");
    if text(&spec["os"]["name"]) == "windows" {
        return errors.push(FieldError::forbidden(path, "may not be set for a windows pod"));
    }
    if !resources["claims"].is_null() {
        errors.push(FieldError::forbidden(path.child("claims"), "claims may not be set for Resources at pod-level"));
    }
    resource_requirements(&path, resources, pod_resource_name, scope, errors);
    for (name, sum) in aggregate(spec, "requests") {
        if let Some(own) = quantity(&resources["requests"][&name])
            && sum > own
        {
            let at = path.child("requests");
            let why = format!("must be greater than or equal to aggregate container requests of {sum}");
            errors.push(FieldError::invalid_text(at.key(&name), &own.to_string(), &why));
        }
    }
    for (i, container) in items(&spec["containers"]).iter().enumerate() {
        for (name, value) in entries(&container["resources"]["limits"]) {
            if let (Some(limit), Some(own)) = (quantity(value), quantity(&resources["limits"][name]))
                && limit > own
            {
                let at = path.child("containers");
                let why = format!("must be less than or equal to pod limits of {own}");
                errors.push(FieldError::invalid_text(at.index(i).key(name).child("limits"), &limit.to_string(), &why));
            }
        }
    }
}

static CONTAINER_RESOURCES: &[&str] =
    &["limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"];

/// `resourceFieldRef`: a resource of a container, and the unit to write it in.
pub fn field_selector(path: &Path<'_>, selector: &Value, in_volume: bool, errors: &mut Errors) {
    let name = text(&selector["resource"]);
    let is_huge = name.starts_with("requests.hugepages-") || name.starts_with("limits.hugepages-");
    if in_volume && text(&selector["containerName"]).is_empty() {
        errors.push(FieldError::required(path.child("containerName"), ""));
    } else if name.is_empty() {
        errors.push(FieldError::required(path.child("resource"), ""));
    } else if !CONTAINER_RESOURCES.contains(&name) && !is_huge {
        errors.push(FieldError::not_supported(path.child("resource"), &selector["resource"], CONTAINER_RESOURCES));
    }
    let Some(divisor) = quantity(&selector["divisor"]).filter(|d| !d.is_zero()) else { return };
    let sizes = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let (allowed, what): (&[&str], &str) = match name.split_once('.') {
        Some((_, "cpu")) => (&["1m", "1"], "cpu"),
        Some((_, "memory")) => (&sizes, "memory"),
        Some((_, "ephemeral-storage")) => (&sizes, "local ephemeral storage"),
        _ if is_huge => (&sizes, "hugepages"),
        _ => return,
    };
    if !allowed.contains(&divisor.to_string().as_str()) {
        let values = if what == "cpu" { "1m and 1".to_owned() } else { sizes.join(", ") };
        let why = format!("only divisor's values {values} are supported with the {what} resource");
        errors.push(FieldError::invalid_text(path.child("divisor"), name, &why));
    }
}
