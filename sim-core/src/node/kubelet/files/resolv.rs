//! A pod's `/etc/resolv.conf`, by its `dnsPolicy` and `dnsConfig`. Mirrors `GetPodDNS` of `pkg/kubelet/network/dns/dns.go`, v1.36, and
//! `parseDNSOptions` of containerd, which writes the file.

use crate::api::pod::Pod;
use serde_json::Value;

/// The address of the cluster's name server (`clusterDNS` of the kubelet's configuration).
const CLUSTER_DNS: &str = "10.96.0.10";
/// The name server of the nodes' own `/etc/resolv.conf`: their router.
const NODE_DNS: &str = "192.168.0.1";
/// So many name servers are written; `MaxDNSNameservers`.
const NAMESERVERS_MAX: usize = 3;
/// So many domains of the search list; `MaxDNSSearchPaths`.
const SEARCH_MAX: usize = 32;

/// The contents of the file.
pub fn file(pod: &Pod) -> String {
    let spec = &pod.spec.tree;
    let in_cluster = match spec["dnsPolicy"].as_str() {
        Some("None") => None,
        Some("Default") => Some(false),
        Some("ClusterFirstWithHostNet") => Some(true),
        _ => Some(!pod.spec.host_network),
    };
    let namespace = &pod.meta.namespace;
    let (servers, search, options): (Vec<String>, Vec<String>, Vec<String>) = match in_cluster {
        None => Default::default(),
        Some(false) => (vec![NODE_DNS.to_owned()], Vec::new(), Vec::new()),
        Some(true) => (
            vec![CLUSTER_DNS.to_owned()],
            vec![format!("{namespace}.svc.cluster.local"), "svc.cluster.local".to_owned(), "cluster.local".to_owned()],
            vec!["ndots:5".to_owned()],
        ),
    };
    let config = &spec["dnsConfig"];
    let servers = merged(servers, strings(&config["nameservers"]), NAMESERVERS_MAX);
    let search = merged(search, strings(&config["searches"]), SEARCH_MAX);
    let options = with_options(options, &config["options"]);
    let mut text = String::new();
    if !search.is_empty() {
        text.push_str(&format!("search {}\n", search.join(" ")));
    }
    servers.iter().for_each(|server| text.push_str(&format!("nameserver {server}\n")));
    if !options.is_empty() {
        text.push_str(&format!("options {}\n", options.join(" ")));
    }
    text
}

fn strings(list: &Value) -> impl Iterator<Item = String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
}

/// What is there and what is added, each once.
fn merged(mut list: Vec<String>, more: impl Iterator<Item = String>, most: usize) -> Vec<String> {
    for entry in more {
        if !list.contains(&entry) {
            list.push(entry);
        }
    }
    list.truncate(most);
    list
}

/// Options by name: a pod's own take the place of others.
fn with_options(mut options: Vec<String>, more: &Value) -> Vec<String> {
    for option in more.as_array().into_iter().flatten() {
        let name = option["name"].as_str().unwrap_or_default();
        let written = match option["value"].as_str() {
            Some(value) if !value.is_empty() => format!("{name}:{value}"),
            _ => name.to_owned(),
        };
        match options.iter_mut().find(|known| known.split(':').next() == Some(name)) {
            Some(known) => *known = written,
            None => options.push(written),
        }
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::kubelet::tests::World;
    use serde_json::json;

    #[track_caller]
    fn check(spec: Value, expected: &str) {
        let mut world = World::default();
        world.pod(spec);
        assert_eq!(file(world.setting(&|_| None).pod), expected);
    }

    #[test]
    fn policies() {
        let cluster = "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n";
        check(json!({}), cluster);
        check(json!({"dnsPolicy": "ClusterFirst", "hostNetwork": true}), "nameserver 192.168.0.1\n");
        check(json!({"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": true}), cluster);
        check(json!({"dnsPolicy": "Default"}), "nameserver 192.168.0.1\n");
        let config =
            json!({"nameservers": ["1.1.1.1"], "searches": ["a.example"], "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]});
        check(json!({"dnsPolicy": "None", "dnsConfig": config}), "search a.example\nnameserver 1.1.1.1\noptions ndots:2 edns0\n");
        check(
            json!({"dnsConfig": config}),
            "search shop.svc.cluster.local svc.cluster.local cluster.local a.example\nnameserver 10.96.0.10\nnameserver 1.1.1.1\n\
             options ndots:2 edns0\n",
        );
    }
}
