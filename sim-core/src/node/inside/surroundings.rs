//! What a container finds when it starts: its command, its environment, its files. Mirrors `makeEnvironmentVariables` of
//! `pkg/kubelet/kubelet_pods.go`, `pkg/kubelet/container/helpers.go` and `pkg/volume/{configmap,secret,downwardapi,projected}`, v1.36.
//!
//! Derived from the pod and from what the kubelets' cache holds now. Left out: resource fields other than limits and requests.

use crate::api::meta::Str;
use crate::api::object::{Kind, Object};
use crate::api::pod::Pod;
use crate::client::view::View;
use crate::node::runtime::disk::{File, Files};
use crate::node::runtime::images::{ImageFacts, lookup};
use crate::node::runtime::shell::{Mount, Script, Setting};
use serde_json::Value;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A pod as its containers see it.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// What the kubelets watch.
    pub cache: &'a View,
    /// The pod's address.
    pub address: Option<Ipv4Addr>,
    /// The node's address.
    pub host: Ipv4Addr,
}

/// A container's specification in its pod's tree, by name, whichever kind of container it is.
pub fn container_named<'a>(pod: &'a Pod, name: &str) -> Option<&'a Value> {
    let lists = ["initContainers", "containers", "ephemeralContainers"].iter();
    let mut all = lists.filter_map(|field| pod.spec.tree[field].as_array()).flatten();
    all.find(|container| container["name"] == name)
}

fn list<'a>(tree: &'a Value, field: &str) -> &'a [Value] {
    tree[field].as_array().map_or(&[], Vec::as_slice)
}

fn words(tree: &Value, field: &str) -> Vec<String> {
    list(tree, field).iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

fn string(tree: &Value, field: &str) -> String {
    tree[field].as_str().unwrap_or_default().to_owned()
}

/// `$(NAME)` in a text becomes the variable's value; `$$` is a dollar sign; what isn't set stays. `third_party/forked/golang/expansion`.
fn expanded(text: &str, env: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match env.iter().rev().find(|(known, _)| known == name) {
                Some((_, value)) => out.push_str(value),
                None => out.push_str(&format!("$({name})")),
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out + rest
}

impl Around<'_> {
    /// What a container runs and what it finds. `None` if the pod has no such container.
    pub fn container(&self, name: &str) -> Option<(Script, Setting)> {
        let tree = container_named(self.pod, name)?;
        let image = tree["image"].as_str().unwrap_or_default();
        let facts = lookup(image);
        let env = self.environment(tree, facts, image);
        let replaced = |words: Vec<String>| -> Vec<String> { words.iter().map(|word| expanded(word, &env)).collect() };
        let argv = facts.argv(&replaced(words(tree, "command")), &replaced(words(tree, "args")));
        let mut setting = Setting::new(facts);
        let security = |field: &str| {
            [&tree["securityContext"][field], &self.pod.spec.tree["securityContext"][field]].into_iter().find_map(Value::as_i64)
        };
        setting.user = security("runAsUser").and_then(|user| u32::try_from(user).ok()).unwrap_or(facts.user);
        setting.read_only_root = tree["securityContext"]["readOnlyRootFilesystem"] == true;
        setting.hostname = self.hostname();
        setting.address = self.address;
        setting.pid_one = self.pod.spec.tree["shareProcessNamespace"] != true && self.pod.spec.tree["hostPID"] != true;
        setting.seed = self.pod.meta.uid.0 as u64;
        if let Some(directory) = tree["workingDir"].as_str().filter(|directory| !directory.is_empty()) {
            directory.clone_into(&mut setting.cwd);
        }
        let mut files = (*facts.files).clone();
        self.own_files(&mut files);
        setting.mounts = self.mounts(tree);
        for mount in list(tree, "volumeMounts") {
            self.mounted(mount, &env, &mut files);
        }
        files.insert("/proc/1/cmdline".into(), File::new(argv.join("\0"), 0o444));
        setting.files = Arc::new(files);
        setting.env = env;
        Some((Script::new(argv), setting))
    }

    fn hostname(&self) -> String {
        let spec = &self.pod.spec;
        if spec.host_network {
            return self.pod.node_name.to_string();
        }
        let name = spec.tree["hostname"].as_str().filter(|name| !name.is_empty()).unwrap_or(&self.pod.meta.name);
        // A host's name has 63 characters at most.
        name.chars().take(63).collect()
    }

    /// `/etc/hosts`, `/etc/hostname`, `/etc/resolv.conf`: written by the kubelet and the runtime.
    fn own_files(&self, files: &mut Files) {
        let hostname = self.hostname();
        let address = self.address.map_or_else(String::new, |address| format!("{address}\t{hostname}\n"));
        let hosts = format!(
            "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n\
             fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n{address}"
        );
        let aliases = list(&self.pod.spec.tree, "hostAliases").iter();
        let aliases: String = aliases.map(|alias| format!("{}\t{}\n", string(alias, "ip"), words(alias, "hostnames").join("\t"))).collect();
        let aliases = if aliases.is_empty() { aliases } else { format!("\n# Entries added by HostAliases.\n{aliases}") };
        let namespace = &self.pod.meta.namespace;
        let resolv =
            format!("search {namespace}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n");
        for (path, text) in [("/etc/hosts", hosts + &aliases), ("/etc/hostname", format!("{hostname}\n")), ("/etc/resolv.conf", resolv)] {
            files.insert(path.into(), File::new(text, 0o644));
        }
    }

    /// The image's variables, those of Services, those of the container; the later ones win.
    fn environment(&self, tree: &Value, facts: &ImageFacts, image: &str) -> Vec<(String, String)> {
        let mut env = facts.env_of(image);
        let mut set = |name: String, value: String| match env.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => env.push((name, value)),
        };
        set("HOSTNAME".to_owned(), self.hostname());
        for (name, value) in self.service_variables() {
            set(name, value);
        }
        for source in list(tree, "envFrom") {
            let prefix = string(source, "prefix");
            for (kind, field) in [(Kind::ConfigMap, "configMapRef"), (Kind::Secret, "secretRef")] {
                for (key, value) in self.data(kind, &string(&source[field], "name")) {
                    set(format!("{prefix}{key}"), value);
                }
            }
        }
        for variable in list(tree, "env") {
            let value = match variable.get("valueFrom") {
                Some(from) => self.value_from(from, tree),
                None => Some(string(variable, "value")),
            };
            if let Some(value) = value {
                let value = expanded(&value, &env);
                let name = string(variable, "name");
                match env.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, old)) => *old = value,
                    None => env.push((name, value)),
                }
            }
        }
        if !env.iter().any(|(name, _)| name == "HOME") {
            env.push(("HOME".to_owned(), "/root".to_owned()));
        }
        env
    }

    /// `WEB_SERVICE_HOST` and the like: the Services of the pod's namespace that have an address, and `kubernetes`.
    /// `pkg/kubelet/envvars/envvars.go`.
    fn service_variables(&self) -> Vec<(String, String)> {
        let links = self.pod.spec.tree["enableServiceLinks"] != false;
        let own = self.cache.list(Kind::Service, Some(&self.pod.meta.namespace)).filter(|_| links);
        let master = self
            .cache
            .list(Kind::Service, Some("default"))
            .filter(|(_, object)| object.meta().name == "kubernetes" && (self.pod.meta.namespace != "default" || !links));
        let mut variables = Vec::new();
        for (_, object) in master.chain(own) {
            let Object::Service(service) = object else { continue };
            let Some(address) = service.spec["clusterIP"].as_str().filter(|address| !matches!(*address, "" | "None")) else { continue };
            let prefix = service.meta.name.to_uppercase().replace('-', "_");
            let mut add = |suffix: String, value: String| variables.push((format!("{prefix}_{suffix}"), value));
            add("SERVICE_HOST".to_owned(), address.to_owned());
            if let Some(first) = service.ports.first() {
                add("SERVICE_PORT".to_owned(), first.port.to_string());
                for port in service.ports.iter().filter(|port| !port.name.is_empty()) {
                    add(format!("SERVICE_PORT_{}", port.name.to_uppercase().replace('-', "_")), port.port.to_string());
                }
                let url = |port: i32, protocol: &str| format!("{}://{address}:{port}", protocol.to_lowercase());
                add("PORT".to_owned(), url(first.port, &first.protocol));
                for port in &service.ports {
                    let base = format!("PORT_{}_{}", port.port, port.protocol);
                    add(base.clone(), url(port.port, &port.protocol));
                    add(format!("{base}_PROTO"), port.protocol.to_lowercase());
                    add(format!("{base}_PORT"), port.port.to_string());
                    add(format!("{base}_ADDR"), address.to_owned());
                }
            }
        }
        variables
    }

    fn value_from(&self, from: &Value, container: &Value) -> Option<String> {
        for (kind, field) in [(Kind::ConfigMap, "configMapKeyRef"), (Kind::Secret, "secretKeyRef")] {
            if let Some(reference) = from.get(field) {
                let key = string(reference, "key");
                return self.data(kind, &string(reference, "name")).into_iter().find(|(name, _)| *name == key).map(|(_, value)| value);
            }
        }
        if let Some(reference) = from.get("resourceFieldRef") {
            let (kind, name) = reference["resource"].as_str()?.split_once('.')?;
            let other = container_named(self.pod, reference["containerName"].as_str().unwrap_or_default()).unwrap_or(container);
            let quantity = crate::api::quantity::Quantity::from_value(&other["resources"][kind][name])?.ok()?;
            return Some(quantity.value().to_string());
        }
        self.field(from["fieldRef"]["fieldPath"].as_str()?)
    }

    /// A field of the pod for the downward API.
    fn field(&self, path: &str) -> Option<String> {
        let meta = &self.pod.meta;
        let entry =
            |map: &crate::api::meta::StrMap, key: &str| map.get(key.trim_matches('\'')).map(ToString::to_string).unwrap_or_default();
        if let Some((map, key)) = path.strip_suffix("']").and_then(|path| path.split_once("['")) {
            return Some(entry(if map == "metadata.labels" { &meta.labels } else { &meta.annotations }, key));
        }
        let all = |map: &crate::api::meta::StrMap| {
            map.iter().map(|(key, value)| format!("{key}={:?}", value.as_str())).collect::<Vec<_>>().join("\n")
        };
        Some(match path {
            "metadata.name" => meta.name.to_string(),
            "metadata.namespace" => meta.namespace.to_string(),
            "metadata.uid" => meta.uid.to_string(),
            "metadata.labels" => all(&meta.labels),
            "metadata.annotations" => all(&meta.annotations),
            "spec.nodeName" => self.pod.node_name.to_string(),
            "spec.serviceAccountName" => string(&self.pod.spec.tree, "serviceAccountName"),
            "status.podIP" | "status.podIPs" => self.address.map(|address| address.to_string()).unwrap_or_default(),
            "status.hostIP" | "status.hostIPs" => self.host.to_string(),
            _ => return None,
        })
    }

    /// What a ConfigMap or a Secret of the pod's namespace holds, as text.
    fn data(&self, kind: Kind, name: &str) -> Vec<(String, String)> {
        let object = self.cache.find(kind, &self.pod.meta.namespace, name).and_then(|id| self.cache.get(id));
        let Some(body) = object.and_then(Object::as_record).map(|record| &record.body) else { return Vec::new() };
        let plain = |field: &str| -> Vec<(String, String)> {
            body[field]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect()
        };
        match kind {
            Kind::Secret => plain("data").into_iter().map(|(key, value)| (key, decoded(&value))).collect(),
            _ => plain("data").into_iter().chain(plain("binaryData").into_iter().map(|(key, value)| (key, decoded(&value)))).collect(),
        }
    }

    fn mounts(&self, tree: &Value) -> Vec<Mount> {
        let volumes = list(&self.pod.spec.tree, "volumes");
        let mounts = list(tree, "volumeMounts").iter().map(|mount| {
            let volume = volumes.iter().find(|volume| volume["name"] == mount["name"]);
            let fixed = volume
                .is_some_and(|volume| ["configMap", "secret", "projected", "downwardAPI"].iter().any(|kind| volume.get(kind).is_some()));
            let path = mount["mountPath"].as_str().unwrap_or_default().trim_end_matches('/').to_owned();
            Mount { path, read_only: fixed || mount["readOnly"] == true }
        });
        mounts.collect()
    }

    /// The files of a mounted volume. A volume hides what the image has there.
    fn mounted(&self, mount: &Value, env: &[(String, String)], files: &mut Files) {
        let volumes = list(&self.pod.spec.tree, "volumes").iter();
        let Some(volume) = volumes.into_iter().find(|volume| volume["name"] == mount["name"]) else { return };
        let root = mount["mountPath"].as_str().unwrap_or_default().trim_end_matches('/').to_owned();
        let sub = expanded(mount["subPathExpr"].as_str().or(mount["subPath"].as_str()).unwrap_or_default(), env);
        let below = format!("{root}/");
        files.retain(|path, _| *path != *root && !path.starts_with(&below));
        let mut any = false;
        for (path, file) in self.volume(volume) {
            let path = match sub.as_str() {
                "" => format!("{root}/{path}"),
                sub if *path == *sub => root.clone(),
                sub => match path.strip_prefix(sub).and_then(|rest| rest.strip_prefix('/')) {
                    Some(rest) => format!("{root}/{rest}"),
                    None => continue,
                },
            };
            any = true;
            files.insert(path.into(), file);
        }
        if !any {
            files.insert(root.into(), File { data: Str::EMPTY, size: 0, mode: 0o040_755 });
        }
    }

    /// What a volume holds from the start, by path below its root.
    fn volume(&self, volume: &Value) -> Files {
        let mut files = Files::new();
        let mode = |source: &Value| source["defaultMode"].as_u64().unwrap_or(0o644) as u32;
        for (field, kind, name) in [("configMap", Kind::ConfigMap, "name"), ("secret", Kind::Secret, "secretName")] {
            if let Some(source) = volume.get(field) {
                self.keys(kind, &string(source, name), source, mode(source), &mut files);
            }
        }
        if let Some(source) = volume.get("downwardAPI") {
            self.fields(source, mode(source), &mut files);
        }
        if let Some(projected) = volume.get("projected") {
            for source in list(projected, "sources") {
                for (field, kind) in [("configMap", Kind::ConfigMap), ("secret", Kind::Secret)] {
                    if let Some(inner) = source.get(field) {
                        self.keys(kind, &string(inner, "name"), inner, mode(projected), &mut files);
                    }
                }
                if let Some(inner) = source.get("downwardAPI") {
                    self.fields(inner, mode(projected), &mut files);
                }
                if let Some(inner) = source.get("serviceAccountToken") {
                    let token = format!("eyJhbGciOiJSUzI1NiJ9.{:x}.{}", self.pod.meta.uid.0, self.pod.meta.name);
                    files.insert(string(inner, "path").into(), File::new(token, mode(projected)));
                }
            }
        }
        files
    }

    fn keys(&self, kind: Kind, name: &str, source: &Value, mode: u32, files: &mut Files) {
        let data = self.data(kind, name);
        let items = list(source, "items");
        for (key, value) in data {
            let item = items.iter().find(|item| item["key"] == key.as_str());
            let path = match item {
                Some(item) => string(item, "path"),
                None if items.is_empty() => key,
                None => continue,
            };
            let mode = item.and_then(|item| item["mode"].as_u64()).map_or(mode, |mode| mode as u32);
            files.insert(path.into(), File::new(value, mode));
        }
    }

    fn fields(&self, source: &Value, mode: u32, files: &mut Files) {
        for item in list(source, "items") {
            let value = match item.get("fieldRef") {
                Some(reference) => self.field(reference["fieldPath"].as_str().unwrap_or_default()),
                None => self.value_from(item, &Value::Null),
            };
            files.insert(string(item, "path").into(), File::new(value.unwrap_or_default(), mode));
        }
    }
}

/// The text behind base64; what isn't text is shown as well as can be.
fn decoded(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for value in text.bytes().filter_map(|byte| ALPHABET.iter().position(|other| *other == byte)) {
        bits = bits << 6 | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_in_commands() {
        let env = [("A".to_owned(), "1".to_owned())];
        for (text, expected) in [("$(A)x", "1x"), ("$$(A)", "$(A)"), ("$(B) $A $", "$(B) $A $"), ("a$(A", "a$(A")] {
            assert_eq!(expanded(text, &env), expected);
        }
        assert_eq!(decoded("aGVsbG8="), "hello");
    }
}
