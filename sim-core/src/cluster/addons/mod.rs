//! What is installed in clusters besides Kubernetes itself: manifests, as a user would apply them.

use crate::api::yaml;
use serde_json::Value;

/// CoreDNS, as kubeadm installs it.
pub fn coredns() -> Vec<Value> {
    documents(include_str!("coredns.yaml"))
}

/// The ingress controller of the Kubernetes project: nginx.
pub fn ingress_nginx() -> Vec<Value> {
    documents(include_str!("ingress-nginx.yaml"))
}

/// NGINX Gateway Fabric: an implementation of the Gateway API.
pub fn nginx_gateway() -> Vec<Value> {
    documents(include_str!("nginx-gateway.yaml"))
}

fn documents(text: &str) -> Vec<Value> {
    yaml::documents(text).expect("the manifests of addons are YAML").into_iter().map(|document| document.tree).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::resources::by_kind;
    use crate::apiserver::front::Front;
    use crate::apiserver::request::WriteOptions;
    use crate::apiserver::{ApiServer, Moment};
    use crate::kernel::queue::EventId;
    use crate::kernel::time::{Epoch, SimTime};
    use crate::store::Store;

    /// The API takes them as they are.
    #[track_caller]
    fn check(documents: Vec<Value>, namespaces: &[&str]) {
        let (mut server, mut store) = (ApiServer::new(1, Epoch::default()), Store::new(1 << 10));
        let at = Moment { now: SimTime::ZERO, event: EventId::NONE };
        let namespace = |name: &&str| serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        for tree in namespaces.iter().map(namespace).chain(documents) {
            let text = |field: &str| tree[field].as_str().unwrap_or_default().to_owned();
            let kind = text("kind");
            let resource = by_kind(&text("apiVersion"), &kind).expect("a kind that is served");
            let into = tree["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
            let mut front = Front { server: &mut server, store: &mut store, at };
            let result = front.create(resource, &into, tree, &WriteOptions::default());
            assert!(result.is_ok(), "{kind}: {:?}", result.err());
        }
    }

    #[test]
    fn they_are_valid() {
        check(coredns(), &["kube-system"]);
        check(ingress_nginx(), &[]);
        check(nginx_gateway(), &[]);
    }
}
