//! Containers and pod templates. Mirrors `describeContainers` and `DescribePodTemplate` of
//! `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36.

use serde_json::Value;

use super::page::title_case;
use super::{Page, volumes};
use crate::api::downward;
use crate::api::quote::quote;
use crate::api::selector::Selector;
use crate::kubectl::age::Clock;
use crate::kubectl::field::{at, flag, int, items, map, plain, text};
use crate::kubectl::get::network::join_host_port;

/// Writes a pod template under its title.
pub fn describe(page: &mut Page, template: &Value, clock: &Clock) {
    page.line(0, "Pod Template:");
    page.labels("  Labels", template, "metadata.labels");
    if map(template, "metadata.annotations").is_some() {
        page.annotations("  Annotations", template, "metadata.annotations");
    }
    let spec = at(template, "spec");
    if !text(spec, "serviceAccountName").is_empty() {
        page.line(1, format!("Service Account:\t{}", text(spec, "serviceAccountName")));
    }
    let writer = Containers { space: "  ", statuses: &[], pod: None, clock };
    if !items(spec, "initContainers").is_empty() {
        writer.describe(page, "Init Containers", items(spec, "initContainers"));
    }
    writer.describe(page, "Containers", items(spec, "containers"));
    volumes::describe(page, items(spec, "volumes"), "  ");
    topology_spread(page, items(spec, "topologySpreadConstraints"), "  ");
    if !text(spec, "priorityClassName").is_empty() {
        page.line(1, format!("Priority Class Name:\t{}", text(spec, "priorityClassName")));
    }
    page.labels("  Node-Selectors", spec, "nodeSelector");
    page.tolerations("  Tolerations", items(spec, "tolerations"));
    scheduling_group(page, spec, "  ");
}

/// The group that a pod is to be scheduled with.
pub fn scheduling_group(page: &mut Page, spec: &Value, space: &str) {
    if at(spec, "schedulingGroup").is_object() {
        page.line(0, format!("{space}SchedulingGroup:"));
        page.line(1, format!("PodGroupName:\t{}", text(spec, "schedulingGroup.podGroupName")));
    }
}

/// Topology spread constraints, sorted by key.
pub fn topology_spread(page: &mut Page, constraints: &[Value], space: &str) {
    let mut sorted: Vec<&Value> = constraints.iter().collect();
    sorted.sort_by_key(|c| text(c, "topologyKey"));
    for (i, c) in sorted.into_iter().enumerate() {
        let lead = if i == 0 { format!("{space}Topology Spread Constraints:") } else { space.to_owned() };
        let mut line =
            format!("{lead}\t{}:{} when max skew {} is exceeded", text(c, "topologyKey"), text(c, "whenUnsatisfiable"), int(c, "maxSkew"));
        if at(c, "labelSelector").is_object() {
            line.push_str(&format!(" for selector {}", crate::kubectl::get::format_selector(at(c, "labelSelector"))));
        }
        page.line(0, line);
    }
}

/// How to write containers: indented in templates, with their states in pods.
pub struct Containers<'a> {
    /// Indentation of the title.
    pub space: &'a str,
    /// Container statuses.
    pub statuses: &'a [Value],
    /// The pod, for environment variables that refer to it.
    pub pod: Option<&'a Value>,
    /// For dates.
    pub clock: &'a Clock,
}

impl Containers<'_> {
    /// Writes the containers under a title.
    pub fn describe(&self, page: &mut Page, title: &str, containers: &[Value]) {
        let none = if containers.is_empty() { " <none>" } else { "" };
        page.line(0, format!("{}{title}:{none}", self.space));
        for container in containers {
            let status = self.statuses.iter().find(|s| text(s, "name") == text(container, "name"));
            self.basics(page, container, status);
            words(page, "Command", items(container, "command"));
            words(page, "Args", items(container, "args"));
            if let Some(status) = status {
                self.status(page, status);
            }
            resources(page, at(container, "resources"), 2);
            for (title, key) in [("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")] {
                if at(container, key).is_object() {
                    page.line(2, format!("{title}:\t{}", probe(at(container, key))));
                }
            }
            environment_from(page, items(container, "envFrom"));
            self.environment(page, container);
            mounts(page, container);
        }
    }

    fn basics(&self, page: &mut Page, container: &Value, status: Option<&Value>) {
        let indent = if self.space.is_empty() { "" } else { " " };
        page.line(1, format!("{indent}{}:", text(container, "name")));
        if let Some(status) = status {
            page.line(2, format!("Container ID:\t{}", text(status, "containerID")));
        }
        page.line(2, format!("Image:\t{}", text(container, "image")));
        if let Some(status) = status {
            page.line(2, format!("Image ID:\t{}", text(status, "imageID")));
        }
        for (title, key) in [("Port", "containerPort"), ("Host Port", "hostPort")] {
            let ports = items(container, "ports").iter().map(|port| {
                let name = text(port, "name");
                let name = if name.is_empty() { String::new() } else { format!(" ({name})") };
                format!("{}/{}{name}", int(port, key), text(port, "protocol"))
            });
            let ports = ports.collect::<Vec<_>>().join(", ");
            let plural = if ports.contains(',') { "s" } else { "" };
            page.line(2, format!("{title}{plural}:\t{}", if ports.is_empty() { "<none>" } else { &ports }));
        }
        let seccomp = at(container, "securityContext.seccompProfile");
        if seccomp.is_object() {
            page.line(2, format!("SeccompProfile:\t{}", text(seccomp, "type")));
            if text(seccomp, "type") == "Localhost" {
                page.line(3, format!("LocalhostProfile:\t{}", text(seccomp, "localhostProfile")));
            }
        }
    }

    fn status(&self, page: &mut Page, status: &Value) {
        self.state(page, "State", at(status, "state"));
        if at(status, "lastState.terminated").is_object() {
            self.state(page, "Last State", at(status, "lastState"));
        }
        page.line(2, format!("Ready:\t{}", title_case(flag(status, "ready"))));
        page.line(2, format!("Restart Count:\t{}", int(status, "restartCount")));
    }

    fn state(&self, page: &mut Page, title: &str, state: &Value) {
        let terminated = at(state, "terminated");
        if at(state, "running").is_object() {
            page.line(2, format!("{title}:\tRunning"));
            page.line(3, format!("Started:\t{}", self.clock.rfc1123(text(state, "running.startedAt"))));
        } else if terminated.is_object() && !at(state, "waiting").is_object() {
            page.line(2, format!("{title}:\tTerminated"));
            for (label, key) in [("Reason", "reason"), ("Message", "message")] {
                if !text(terminated, key).is_empty() {
                    page.line(3, format!("{label}:\t{}", text(terminated, key)));
                }
            }
            page.line(3, format!("Exit Code:\t{}", int(terminated, "exitCode")));
            if int(terminated, "signal") > 0 {
                page.line(3, format!("Signal:\t{}", int(terminated, "signal")));
            }
            page.line(3, format!("Started:\t{}", self.clock.rfc1123(text(terminated, "startedAt"))));
            page.line(3, format!("Finished:\t{}", self.clock.rfc1123(text(terminated, "finishedAt"))));
        } else {
            page.line(2, format!("{title}:\tWaiting"));
            if !text(state, "waiting.reason").is_empty() {
                page.line(3, format!("Reason:\t{}", text(state, "waiting.reason")));
            }
        }
    }

    fn environment(&self, page: &mut Page, container: &Value) {
        let env = items(container, "env");
        page.line(2, if env.is_empty() { "Environment:\t<none>" } else { "Environment:" });
        for variable in env {
            let name = text(variable, "name");
            let from = at(variable, "valueFrom");
            if from.is_null() {
                for (i, line) in text(variable, "value").split('\n').enumerate() {
                    page.line(3, if i == 0 { format!("{name}:\t{line}") } else { format!("\t{line}") });
                }
                continue;
            }
            let reference = |key: &str| {
                (text(at(from, key), "key").to_owned(), text(at(from, key), "name").to_owned(), flag(at(from, key), "optional"))
            };
            if at(from, "fieldRef").is_object() {
                let path = text(from, "fieldRef.fieldPath");
                let value = self.pod.map_or("", |pod| pod_field(pod, path));
                page.line(3, format!("{name}:\t{value} ({}:{path})", text(from, "fieldRef.apiVersion")));
            } else if at(from, "resourceFieldRef").is_object() {
                let selector = at(from, "resourceFieldRef");
                page.line(3, format!("{name}:\t{} ({})", resource_field(container, selector), text(selector, "resource")));
            } else if at(from, "secretKeyRef").is_object() {
                let (key, secret, optional) = reference("secretKeyRef");
                page.line(3, format!("{name}:\t<set to the key '{key}' in secret '{secret}'>\tOptional: {optional}"));
            } else if at(from, "configMapKeyRef").is_object() {
                let (key, map, optional) = reference("configMapKeyRef");
                page.line(3, format!("{name}:\t<set to the key '{key}' of config map '{map}'>\tOptional: {optional}"));
            }
        }
    }
}

/// What a `fieldRef` stands for. kubectl knows a pod's name and namespace by these paths, and no other field.
fn pod_field<'a>(pod: &'a Value, path: &str) -> &'a str {
    if matches!(path, "metadata.name" | "metadata.namespace") { text(pod, path) } else { "" }
}

/// What a `resourceFieldRef` stands for. A limit that isn't set is the node's, which kubectl doesn't ask.
fn resource_field(container: &Value, selector: &Value) -> String {
    match downward::resource(selector, container, &|_| None) {
        Ok(share) if share == "0" && matches!(text(selector, "resource"), "limits.cpu" | "limits.memory") => "node allocatable".to_owned(),
        share => share.unwrap_or_default(),
    }
}

fn words(page: &mut Page, title: &str, words: &[Value]) {
    if !words.is_empty() {
        page.line(2, format!("{title}:"));
        words.iter().for_each(|word| plain(word).split('\n').for_each(|line| page.line(3, line)));
    }
}

/// Limits and requests.
pub fn resources(page: &mut Page, resources: &Value, level: usize) {
    for (title, key) in [("Limits", "limits"), ("Requests", "requests")] {
        if let Some(list) = map(resources, key) {
            page.line(level, format!("{title}:"));
            list.iter().for_each(|(name, quantity)| page.line(level + 1, format!("{name}:\t{}", plain(quantity))));
        }
    }
}

fn environment_from(page: &mut Page, sources: &[Value]) {
    if sources.is_empty() {
        return;
    }
    page.line(2, "Environment Variables from:");
    for source in sources {
        let (kind, reference) = match (at(source, "configMapRef"), at(source, "secretRef")) {
            (Value::Null, Value::Null) => ("", &Value::Null),
            (Value::Null, secret) => ("Secret", secret),
            (map, _) => ("ConfigMap", map),
        };
        let prefix = text(source, "prefix");
        let with = if prefix.is_empty() { String::new() } else { format!(" with prefix '{prefix}'") };
        page.line(3, format!("{}\t{kind}{with}\tOptional: {}", text(reference, "name"), flag(reference, "optional")));
    }
}

fn mounts(page: &mut Page, container: &Value) {
    let mut mounts: Vec<&Value> = items(container, "volumeMounts").iter().collect();
    let none = if mounts.is_empty() { "\t<none>" } else { "" };
    page.line(2, format!("Mounts:{none}"));
    mounts.sort_by_key(|m| text(m, "mountPath"));
    for mount in mounts {
        let mut flags = vec![if flag(mount, "readOnly") { "ro".to_owned() } else { "rw".to_owned() }];
        if !text(mount, "subPath").is_empty() {
            flags.push(format!("path={}", quote(text(mount, "subPath"))));
        }
        page.line(3, format!("{} from {} ({})", text(mount, "mountPath"), text(mount, "name"), flags.join(",")));
    }
    let mut devices: Vec<&Value> = items(container, "volumeDevices").iter().collect();
    if !devices.is_empty() {
        page.line(2, format!("Devices:{none}"));
        devices.sort_by_key(|d| text(d, "devicePath"));
        devices.iter().for_each(|d| page.line(3, format!("{} from {}", text(d, "devicePath"), text(d, "name"))));
    }
}

/// A probe in one line.
fn probe(probe: &Value) -> String {
    let seconds = |key: &str| int(probe, key);
    let rest = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        seconds("initialDelaySeconds"),
        seconds("timeoutSeconds"),
        seconds("periodSeconds"),
        seconds("successThreshold"),
        seconds("failureThreshold"),
    );
    if at(probe, "exec").is_object() {
        let command: Vec<String> = items(probe, "exec.command").iter().map(plain).collect();
        return format!("exec [{}] {rest}", command.join(" "));
    }
    let (http, tcp, grpc) = (at(probe, "httpGet"), at(probe, "tcpSocket"), at(probe, "grpc"));
    if http.is_object() {
        let scheme = text(http, "scheme").to_lowercase();
        let host = join_host_port(text(http, "host"), &plain(at(http, "port")));
        let path = text(http, "path");
        let path = if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        return format!("http-get {scheme}://{host}{path} {rest}");
    }
    if tcp.is_object() {
        return format!("tcp-socket {}:{} {rest}", text(tcp, "host"), plain(at(tcp, "port")));
    }
    if grpc.is_object() {
        return format!("grpc <pod>:{} {} {rest}", int(grpc, "port"), text(grpc, "service"));
    }
    format!("unknown {rest}")
}

/// A label selector as Go prints the compiled one.
pub fn selector_text(selector: &Value) -> String {
    Selector::from_label_selector(selector).map_or_else(|why| why, |s| s.to_string())
}
