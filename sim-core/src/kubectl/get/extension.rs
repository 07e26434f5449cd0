//! The rows of what extends or governs the API server itself: webhooks, admission policies, fairness, aggregated and custom APIs,
//! certificates, devices. Mirrors `pkg/printers/internalversion/printers.go`, v1.36, and for APIServices
//! `staging/src/k8s.io/kube-aggregator/pkg/registry/apiservice/etcd/etcd.go`.

use serde_json::Value;

use super::others::{Printer, age};
use super::{Cell, format_selector, or_none};
use crate::api::human_duration;
use crate::kernel::time::SimDuration;
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, condition, int, items, name, plain, text};

/// The printer of a resource of this file.
pub fn printer(group: &str, plural: &str) -> Option<Printer> {
    Some(match (group, plural) {
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations" | "validatingwebhookconfigurations") => {
            ("NAME WEBHOOKS AGE", |o, c| vec![name(o).to_owned(), items(o, "webhooks").len().to_string(), age(o, c)])
        }
        ("admissionregistration.k8s.io", "validatingadmissionpolicies") => {
            ("NAME VALIDATIONS PARAMKIND AGE", |o, c| admission_policy(o, "spec.validations", c))
        }
        ("admissionregistration.k8s.io", "mutatingadmissionpolicies") => {
            ("NAME MUTATIONS PARAMKIND AGE", |o, c| admission_policy(o, "spec.mutations", c))
        }
        ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings" | "validatingadmissionpolicybindings") => {
            ("NAME POLICYNAME PARAMREF AGE", |o, c| {
                vec![name(o).to_owned(), text(o, "spec.policyName").to_owned(), parameter(at(o, "spec.paramRef")), age(o, c)]
            })
        }
        ("apiextensions.k8s.io", "customresourcedefinitions") => {
            ("NAME CREATED_AT", |o, _| vec![name(o).to_owned(), text(o, "metadata.creationTimestamp").to_owned()])
        }
        ("apiregistration.k8s.io", "apiservices") => ("NAME SERVICE AVAILABLE AGE", api_service),
        ("certificates.k8s.io", "certificatesigningrequests") => {
            ("NAME AGE SIGNERNAME REQUESTOR REQUESTEDDURATION CONDITION", signing_request)
        }
        ("flowcontrol.apiserver.k8s.io", "flowschemas") => {
            ("NAME PRIORITYLEVEL MATCHINGPRECEDENCE DISTINGUISHERMETHOD AGE MISSINGPL", flow_schema)
        }
        ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations") => {
            ("NAME TYPE NOMINALCONCURRENCYSHARES QUEUES HANDSIZE QUEUELENGTHLIMIT AGE", priority_level)
        }
        ("gateway.networking.k8s.io", "gatewayclasses") => ("NAME CONTROLLER ACCEPTED AGE DESCRIPTION*", |o, c| {
            vec![
                name(o).to_owned(),
                text(o, "spec.controllerName").to_owned(),
                state(o, "Accepted"),
                age(o, c),
                text(o, "spec.description").to_owned(),
            ]
        }),
        ("gateway.networking.k8s.io", "gateways") => ("NAME CLASS ADDRESS PROGRAMMED AGE", |o, c| {
            let address = items(o, "status.addresses").first().map_or_else(String::new, |address| text(address, "value").to_owned());
            vec![name(o).to_owned(), text(o, "spec.gatewayClassName").to_owned(), address, state(o, "Programmed"), age(o, c)]
        }),
        ("gateway.networking.k8s.io", "httproutes") => ("NAME HOSTNAMES AGE", |o, c| {
            let hostnames = at(o, "spec.hostnames");
            vec![name(o).to_owned(), if hostnames.is_null() { String::new() } else { hostnames.to_string() }, age(o, c)]
        }),
        ("resource.k8s.io", "resourceclaims") => ("NAME STATE AGE", |o, c| vec![name(o).to_owned(), claim_state(o), age(o, c)]),
        ("resource.k8s.io", "resourceslices") => ("NAME NODE DRIVER POOL AGE", |o, c| {
            let [node, driver, pool] = ["spec.nodeName", "spec.driver", "spec.pool.name"].map(|path| text(o, path).to_owned());
            vec![name(o).to_owned(), node, driver, pool, age(o, c)]
        }),
        _ => return None,
    })
}

/// What a condition of the Gateway API says; their definitions begin with one that nobody has decided yet.
fn state(o: &Value, kind: &str) -> Cell {
    condition(o, kind).map_or_else(|| "Unknown".to_owned(), |found| text(found, "status").to_owned())
}

fn admission_policy(o: &Value, rules: &str, clock: &Clock) -> Vec<Cell> {
    let kind = at(o, "spec.paramKind");
    let kind = if kind.is_null() { "<unset>".to_owned() } else { format!("{}/{}", text(kind, "apiVersion"), text(kind, "kind")) };
    vec![name(o).to_owned(), items(o, rules).len().to_string(), kind, age(o, clock)]
}

/// `namespace/name` of a policy's parameter; `*` stands for any namespace.
fn parameter(reference: &Value) -> Cell {
    match (text(reference, "name"), text(reference, "namespace")) {
        ("", _) if !at(reference, "selector").is_null() => format_selector(at(reference, "selector")),
        ("", _) => "<unset>".to_owned(),
        (name, "") => format!("*/{name}"),
        (name, namespace) => format!("{namespace}/{name}"),
    }
}

fn api_service(o: &Value, clock: &Clock) -> Vec<Cell> {
    let service = at(o, "spec.service");
    let service = if service.is_null() { "Local".to_owned() } else { format!("{}/{}", text(service, "namespace"), text(service, "name")) };
    let available = match condition(o, "Available") {
        None => "Unknown".to_owned(),
        Some(c) if text(c, "status") == "True" || text(c, "reason").is_empty() => text(c, "status").to_owned(),
        Some(c) => format!("{} ({})", text(c, "status"), text(c, "reason")),
    };
    vec![name(o).to_owned(), service, available, age(o, clock)]
}

/// What became of a CertificateSigningRequest: `Pending`, `Approved,Issued`.
pub fn signing_status(request: &Value) -> Cell {
    let is = |kind: &str| condition(request, kind).is_some();
    let decision = if is("Denied") {
        "Denied"
    } else if is("Approved") {
        "Approved"
    } else {
        "Pending"
    };
    let failed = if is("Failed") { ",Failed" } else { "" };
    let issued = if text(request, "status.certificate").is_empty() { "" } else { ",Issued" };
    format!("{decision}{failed}{issued}")
}

/// How long a certificate is asked for.
pub fn requested_duration(request: &Value) -> Option<String> {
    let seconds = at(request, "spec.expirationSeconds").as_u64()?;
    Some(human_duration::human(SimDuration::from_secs(seconds)))
}

fn signing_request(o: &Value, clock: &Clock) -> Vec<Cell> {
    vec![
        name(o).to_owned(),
        age(o, clock),
        or_none(text(o, "spec.signerName")),
        text(o, "spec.username").to_owned(),
        requested_duration(o).unwrap_or_else(|| "<none>".to_owned()),
        signing_status(o),
    ]
}

fn flow_schema(o: &Value, clock: &Clock) -> Vec<Cell> {
    vec![
        name(o).to_owned(),
        text(o, "spec.priorityLevelConfiguration.name").to_owned(),
        int(o, "spec.matchingPrecedence").to_string(),
        or_none(text(o, "spec.distinguisherMethod.type")),
        age(o, clock),
        condition(o, "Dangling").map_or("?", |c| text(c, "status")).to_owned(),
    ]
}

fn priority_level(o: &Value, clock: &Clock) -> Vec<Cell> {
    let limited = at(o, "spec.limited");
    let queuing = at(limited, "limitResponse.queuing");
    let or_none = |within: &Value, key: &str| if within.is_null() { "<none>".to_owned() } else { plain(at(within, key)) };
    let [queues, hand, length] = ["queues", "handSize", "queueLengthLimit"].map(|key| or_none(queuing, key));
    let shares = or_none(limited, "nominalConcurrencyShares");
    vec![name(o).to_owned(), text(o, "spec.type").to_owned(), shares, queues, hand, length, age(o, clock)]
}

fn claim_state(o: &Value) -> Cell {
    let deleted = at(o, "metadata.deletionTimestamp").is_string();
    let allocated = at(o, "status.allocation").is_object();
    let mut states = Vec::new();
    if deleted {
        states.push("deleted");
    }
    if allocated {
        states.push("allocated");
        if !items(o, "status.reservedFor").is_empty() {
            states.push("reserved");
        }
    } else if !deleted {
        states.push("pending");
    }
    states.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words() {
        assert_eq!(signing_status(&json!({})), "Pending");
        let decided = json!({"status": {"certificate": "eA==", "conditions": [{"type": "Approved"}, {"type": "Failed"}]}});
        assert_eq!(signing_status(&decided), "Approved,Failed,Issued");
        assert_eq!(requested_duration(&json!({"spec": {"expirationSeconds": 86400}})).as_deref(), Some("24h"));
        assert_eq!(parameter(&json!({"name": "p"})), "*/p");
        assert_eq!(parameter(&json!({"name": "p", "namespace": "n"})), "n/p");
        assert_eq!(parameter(&json!({"selector": {"matchLabels": {"a": "b"}}})), "a=b");
        assert_eq!(parameter(&Value::Null), "<unset>");
        assert_eq!(claim_state(&json!({})), "pending");
        assert_eq!(claim_state(&json!({"status": {"allocation": {}, "reservedFor": [{}]}})), "allocated,reserved");
    }
}
