//! The publisher of the cluster's root certificate: every namespace has it in the ConfigMap `kube-root-ca.crt`, from which pods mount it.
//! Mirrors `pkg/controller/certificates/rootcacertpublisher/publisher.go`, v1.36. The certificate is a specimen: nobody checks it.

use crate::api::meta::{Meta, StrMap};
use crate::api::object::{Kind, ObjectId};
use crate::api::record::Record;
use crate::client::plan::{Keys, Plan};
use crate::client::view::View;
use crate::controllers::{Controller, service_account};
use crate::kernel::time::SimTime;
use crate::store::Change;
use serde_json::json;
use std::sync::Arc;

const NAME: &str = "kube-root-ca.crt";
const CERTIFICATE: &str = include_str!("root_ca.pem");
const DESCRIPTION: (&str, &str) = (
    "kubernetes.io/description",
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
);

/// The controller.
pub struct RootCaPublisher;

impl Controller for RootCaPublisher {
    const NAME: &'static str = "root-ca-certificate-publisher-controller";
    const WORKERS: usize = 1;

    fn route(change: &Change, view: &View, keys: &mut Keys) {
        service_account::route_kept(change, view, Kind::ConfigMap, NAME, keys);
    }

    fn sync(view: &View, key: ObjectId, _now: SimTime, _settled: bool) -> Plan {
        let annotations: StrMap = [(DESCRIPTION.0.into(), DESCRIPTION.1.into())].into_iter().collect();
        service_account::keep(view, key, Kind::ConfigMap, NAME, |namespace| Record {
            kind: Kind::ConfigMap,
            meta: Meta { name: NAME.into(), namespace, annotations, ..Meta::default() },
            body: Arc::new(json!({"data": {"ca.crt": CERTIFICATE}})),
        })
    }
}
