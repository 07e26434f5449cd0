//! A pod's host name and its `/etc/hosts`. Mirrors `GeneratePodHostNameAndDomain` and `managedHostsFileContent` of
//! `pkg/kubelet/kubelet_pods.go`, and `GetNodenameForKernel` of `pkg/kubelet/util/util.go`, v1.36.

use crate::api::pod::Pod;
use crate::node::kubelet::environment::Setting;
use serde_json::Value;
use std::fmt::Write;

/// The kernel holds no longer name; `hostnameMaxLen`.
const LENGTH_MAX: usize = 63;

/// A pod's name for itself, and the domain that it is in (empty: none).
pub fn names(pod: &Pod) -> (String, String) {
    let field = |name: &str| pod.spec.tree[name].as_str().filter(|text| !text.is_empty());
    if let Some(name) = field("hostnameOverride") {
        return (cut(name), String::new());
    }
    let name = cut(field("hostname").unwrap_or(&pod.meta.name));
    let domain = field("subdomain").map(|subdomain| format!("{subdomain}.{}.svc.cluster.local", pod.meta.namespace));
    (name, domain.unwrap_or_default())
}

fn cut(name: &str) -> String {
    let end = name.len().min(LENGTH_MAX);
    let cut = &name[..end];
    if end == name.len() { cut.to_owned() } else { cut.trim_end_matches(['-', '.']).to_owned() }
}

/// What `hostname` says in the pod's containers: the node's name if they are in its network, else the pod's, with its domain if it wants so.
pub fn hostname(setting: &Setting<'_>) -> String {
    if setting.pod.spec.host_network {
        return setting.node.name.to_string();
    }
    match names(setting.pod) {
        (name, domain) if setting.pod.spec.tree["setHostnameAsFQDN"] == true && !domain.is_empty() => format!("{name}.{domain}"),
        (name, _) => name,
    }
}

/// The contents of `/etc/hosts`.
pub fn file(setting: &Setting<'_>) -> String {
    let mut text = String::new();
    if setting.pod.spec.host_network {
        // What follows is the node's own file.
        text.push_str("# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n");
        let _ = writeln!(text, "{}\t{}", setting.node.address, setting.node.name);
    } else {
        text.push_str(MANAGED);
        let (name, domain) = names(setting.pod);
        let names = if domain.is_empty() { name } else { format!("{name}.{domain}\t{name}") };
        if let Some(address) = setting.address {
            let _ = writeln!(text, "{address}\t{names}");
        }
    }
    let aliases = setting.pod.spec.tree["hostAliases"].as_array().map_or(&[][..], |aliases| aliases);
    if !aliases.is_empty() {
        text.push_str("\n# Entries added by HostAliases.\n");
    }
    for alias in aliases {
        let names = alias["hostnames"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let _ = writeln!(text, "{}\t{}", alias["ip"].as_str().unwrap_or_default(), names.collect::<Vec<_>>().join("\t"));
    }
    text
}

/// What every pod's file begins with.
const MANAGED: &str = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n\
                       fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::kubelet::tests::World;
    use serde_json::json;

    #[track_caller]
    fn check(spec: Value, host: &str, end: &str) {
        let mut world = World::default();
        world.pod(spec);
        let setting = world.setting(&|_| None);
        let text = file(&setting);
        assert_eq!(hostname(&setting), host);
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn host_names_and_files() {
        check(json!({}), "web-1", "fe00::2\tip6-allrouters\n10.244.1.7\tweb-1\n");
        check(json!({"hostname": "me", "subdomain": "db"}), "me", "10.244.1.7\tme.db.shop.svc.cluster.local\tme\n");
        check(json!({"subdomain": "db", "setHostnameAsFQDN": true}), "web-1.db.shop.svc.cluster.local", "\tweb-1\n");
        check(json!({"setHostnameAsFQDN": true}), "web-1", "\tweb-1\n");
        check(json!({"hostnameOverride": "else.where", "subdomain": "db"}), "else.where", "10.244.1.7\telse.where\n");
        check(json!({"hostNetwork": true}), "node-1", "localhost\n192.168.0.11\tnode-1\n");
        check(
            json!({"hostAliases": [{"ip": "1.2.3.4", "hostnames": ["a", "b"]}, {"ip": "5.6.7.8"}]}),
            "web-1",
            "\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n5.6.7.8\t\n",
        );
        let long = format!("{}-{}", "a".repeat(62), "b".repeat(9));
        assert_eq!(cut(&long), "a".repeat(62));
    }
}
