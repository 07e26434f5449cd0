//! The Service by which pods reach the API server, with its endpoints: the server's own objects. `pkg/controlplane/controller/kubernetesservice`
//! and `pkg/controlplane/reconcilers/lease.go`, v1.36.

use crate::api::object::{Kind, Object};
use crate::api::status::ApiError;
use crate::apiserver::front::Front;
use crate::apiserver::request::WriteOptions;
use crate::apiserver::{ApiServer, Moment};
use crate::store::Store;
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// Where the API server listens: before the nodes' addresses.
pub const API_SERVER: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 168, 0, 2), 6443);

impl ApiServer {
    /// Makes what of it isn't there, and answers with the Service.
    ///
    /// # Errors
    /// If somebody else has its address.
    pub fn create_own_service(&mut self, store: &mut Store, at: Moment) -> Result<Object, ApiError> {
        let port = json!({"name": "https", "port": API_SERVER.1, "protocol": "TCP"});
        let labels = json!({"component": "apiserver", "provider": "kubernetes"});
        let objects: [(Kind, Value); 3] = [
            (
                Kind::Service,
                json!({"metadata": {"name": "kubernetes", "labels": labels},
                    "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 6443}]}}),
            ),
            (
                Kind::Endpoints,
                json!({"metadata": {"name": "kubernetes", "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
                    "subsets": [{"addresses": [{"ip": API_SERVER.0}], "ports": [port]}]}),
            ),
            (
                Kind::EndpointSlice,
                json!({"metadata": {"name": "kubernetes", "labels": {"kubernetes.io/service-name": "kubernetes"}}, "addressType": "IPv4",
                    "endpoints": [{"addresses": [API_SERVER.0], "conditions": {"ready": true}}], "ports": [port]}),
            ),
        ];
        for (kind, mut tree) in objects {
            if store.find(kind, "default", "kubernetes").is_some() {
                continue;
            }
            (tree["apiVersion"], tree["kind"]) = (kind.api_version().into(), kind.as_str().into());
            Front { server: self, store, at }.create(kind.resource(), "default", tree, &WriteOptions::default())?;
        }
        let service = store.find_object(Kind::Service, "default", "kubernetes");
        service.cloned().ok_or_else(|| ApiError::not_found("", "services", "kubernetes"))
    }
}
