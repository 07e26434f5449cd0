//! `kubectl create ingress`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/create/create_ingress.go`, v1.36.

use serde_json::{Map, Value, json};

use super::one_name;
use crate::kubectl::failure::{Answer, Failure};
use crate::kubectl::flags::{Flag, value};
use crate::kubectl::{Call, Next, target};

/// The flags of `create ingress`.
pub const FLAGS: &[Flag] = &[value("class"), value("rule"), value("default-backend"), value("annotation")];

/// Runs `kubectl create ingress`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let name = one_name(call)?;
    let rules = call.flags.all("rule").to_vec();
    let default_backend = call.flags.text("default-backend").to_owned();
    check(&rules, call.flags.all("annotation"), &default_backend)?;
    let mut spec = Map::new();
    if let Some(class) = call.flags.get("class").filter(|class| !class.is_empty()) {
        spec.insert("ingressClassName".into(), Value::from(class));
    }
    if !default_backend.is_empty() {
        spec.insert("defaultBackend".into(), backend(&default_backend));
    }
    for (field, list) in [("rules", paths(&rules)), ("tls", tls(&rules))] {
        if !list.is_empty() {
            spec.insert(field.into(), Value::Array(list));
        }
    }
    let mut metadata = json!({"name": name});
    let annotations = call.flags.all("annotation").iter().filter_map(|pair| pair.split_once('='));
    let annotations: Map<String, Value> = annotations.map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
    if !annotations.is_empty() {
        metadata["annotations"] = Value::Object(annotations);
    }
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": spec,
        "status": {"loadBalancer": {}},
    });
    super::object(call, target::resource("ingresses.networking.k8s.io")?, ingress, Some("failed to create ingress:"))
}

fn check(rules: &[String], annotations: &[String], default_backend: &str) -> Answer<()> {
    if default_backend.is_empty() && rules.is_empty() {
        return Err(Failure::plain(
            "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) \
             or a list of rules (which catch specific paths)",
        ));
    }
    if let Some(rule) = rules.iter().find(|rule| !is_rule(rule)) {
        let why = "is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]";
        return Err(Failure::Plain(format!("rule {rule} {why}")));
    }
    if let Some(annotation) = annotations.iter().find(|annotation| !annotation.contains('=')) {
        return Err(Failure::Plain(format!("annotation {annotation} is invalid and should be in format key=[value]")));
    }
    if !default_backend.is_empty() && default_backend.split(':').count() != 2 {
        return Err(Failure::plain("default-backend should be in format servicename:serviceport"));
    }
    Ok(())
}

/// Whether a rule begins as kubectl's expression wants it: `[\w*.-]*/.*=[\w-]+:[\w-]+`. What follows is not looked at.
fn is_rule(rule: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let Some((host, path)) = rule.split_once('/') else { return false };
    let service = |rest: &str| {
        let (name, port) = rest.split_once(':').unwrap_or(("", ""));
        !name.is_empty() && name.chars().all(word) && port.starts_with(word)
    };
    host.chars().all(|c| word(c) || matches!(c, '*' | '.')) && path.match_indices('=').any(|(at, _)| service(&path[at + 1..]))
}

/// Who is served over TLS: hosts under the Secret with their certificate.
fn tls(rules: &[String]) -> Vec<Value> {
    let mut found: Vec<(String, Vec<&str>)> = Vec::new();
    let mut hosts: Vec<&str> = Vec::new();
    for rule in rules {
        let [_, tls] = rule.split(',').collect::<Vec<_>>()[..] else { continue };
        let host = rule.split('/').next().unwrap_or("");
        let secret = tls.split('=').nth(1).unwrap_or("");
        if hosts.contains(&host) {
            continue;
        }
        hosts.push(host);
        match found.iter_mut().find(|(known, _)| known == secret) {
            Some((_, under)) => under.push(host),
            None if host.is_empty() && secret.is_empty() => {}
            None => found.push((secret.to_owned(), Some(host).filter(|host| !host.is_empty()).into_iter().collect())),
        }
    }
    let entry = |(secret, hosts): (String, Vec<&str>)| {
        let mut entry = Map::new();
        if !hosts.is_empty() {
            entry.insert("hosts".into(), json!(hosts));
        }
        if !secret.is_empty() {
            entry.insert("secretName".into(), Value::from(secret));
        }
        Value::Object(entry)
    };
    found.into_iter().map(entry).collect()
}

/// The rules, those of one host together.
fn paths(rules: &[String]) -> Vec<Value> {
    let mut hosts: Vec<(&str, Vec<Value>)> = Vec::new();
    for rule in rules {
        let bare = rule.split(',').next().unwrap_or(rule);
        let (host, rest) = bare.split_once('/').unwrap_or((bare, ""));
        match hosts.iter_mut().find(|(known, _)| *known == host) {
            Some((_, paths)) => paths.push(path(rest)),
            None => hosts.push((host, vec![path(rest)])),
        }
    }
    let rule = |(host, paths): (&str, Vec<Value>)| match host {
        "" => json!({"http": {"paths": paths}}),
        host => json!({"host": host, "http": {"paths": paths}}),
    };
    hosts.into_iter().map(rule).collect()
}

/// A star at the end of a path means everything below it.
fn path(rest: &str) -> Value {
    let mut parts = rest.split('=');
    let path = format!("/{}", parts.next().unwrap_or(""));
    let backend = backend(parts.next().unwrap_or(""));
    match path.strip_suffix('*') {
        Some(prefix) => json!({"path": prefix, "pathType": "Prefix", "backend": backend}),
        None => json!({"path": path, "pathType": "Exact", "backend": backend}),
    }
}

/// `svc:80` or `svc:http`.
fn backend(service: &str) -> Value {
    let mut parts = service.split(':');
    let name = parts.next().unwrap_or("");
    let port = parts.next().unwrap_or("");
    let port = port.parse::<i32>().map_or_else(|_| json!({"name": port}), |number| json!({"number": number}));
    json!({"service": {"name": name, "port": port}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn rules_are_recognized() {
        for good in ["a.b/p*=svc:80", "/=svc:http", "*.b/x=y=svc:80,tls", "a/=s:1,tls=t"] {
            assert!(is_rule(good), "{good}");
        }
        for bad in ["bad", "a/b", "a/b=c", "a b/=c:1", "a/=c:"] {
            assert!(!is_rule(bad), "{bad}");
        }
    }

    #[test]
    fn hosts_share_a_rule_and_a_secret() {
        let rules = rules(&["a/x=s:1,tls=t", "a/y*=s:http", "b/=s:1,tls=t", "c/=s:1,tls", "/=s:1"]);
        assert_eq!(Value::Array(tls(&rules)), json!([{"hosts": ["a", "b"], "secretName": "t"}, {"hosts": ["c"]}]));
        let of = |host: &Value| host["http"]["paths"].as_array().map_or(0, Vec::len);
        let paths = paths(&rules);
        assert_eq!(
            paths.iter().map(|host| (host["host"].as_str(), of(host))).collect::<Vec<_>>(),
            [(Some("a"), 2), (Some("b"), 1), (Some("c"), 1), (None, 1)]
        );
        assert_eq!(paths[0]["http"]["paths"][1]["pathType"], "Prefix");
    }
}
