//! All kinds in one enum: what the store holds, watches carry and controllers write.

use crate::api::controller_revision::ControllerRevision;
use crate::api::daemon_set::DaemonSet;
use crate::api::event::Event;
use crate::api::meta::Meta;
use crate::api::node::{Lease, Namespace, Node};
use crate::api::pod::Pod;
use crate::api::policy::PodDisruptionBudget;
use crate::api::record::Record;
use crate::api::resources::{self, Resource};
use crate::api::service::{EndpointSlice, Service};
use crate::api::stateful_set::StatefulSet;
use crate::api::workloads::{Deployment, ReplicaSet};
use std::sync::{Arc, OnceLock};

/// Objects that live in namespaces.
const NAMESPACED: bool = true;
/// Objects of the whole cluster.
const CLUSTER: bool = false;
/// `metadata.generation` counts changes of the spec.
const COUNTED: bool = true;
/// No generation.
const PLAIN: bool = false;

macro_rules! kinds {
    (
        structs { $($kind:ident $as:ident $group_version:literal $scope:ident $generations:ident),+ $(,)? }
        records { $($record:ident $record_version:literal $record_scope:ident $record_generations:ident),+ $(,)? }
    ) => {
        /// The kinds that the API serves.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $(#[doc = concat!("`", stringify!($kind), "` of `", $group_version, "`.")] $kind,)+
            $(#[doc = concat!("`", stringify!($record), "` of `", $record_version, "`.")] $record,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind,)+ $(Kind::$record),+];

            /// `Deployment`
            pub const fn as_str(self) -> &'static str {
                match self { $(Kind::$kind => stringify!($kind),)+ $(Kind::$record => stringify!($record)),+ }
            }

            /// `apps/v1`
            pub const fn api_version(self) -> &'static str {
                match self { $(Kind::$kind => $group_version,)+ $(Kind::$record => $record_version),+ }
            }

            /// Whether its objects live in namespaces.
            pub const fn is_namespaced(self) -> bool {
                match self { $(Kind::$kind => $scope,)+ $(Kind::$record => $record_scope),+ }
            }

            /// Whether `metadata.generation` counts changes of the spec.
            pub const fn counts_generations(self) -> bool {
                match self { $(Kind::$kind => $generations,)+ $(Kind::$record => $record_generations),+ }
            }

            /// Whether its objects are [`Record`]s.
            pub const fn is_record(self) -> bool {
                matches!(self, $(Kind::$record)|+)
            }
        }

        /// An object of any kind, shared.
        #[derive(Clone, PartialEq, Debug)]
        pub enum Object {
            $(#[doc = concat!("A `", stringify!($kind), "`.")] $kind(Arc<$kind>),)+
            /// An object of a kind without a struct of its own.
            Record(Arc<Record>),
        }

        impl Object {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self { $(Object::$kind(_) => Kind::$kind,)+ Object::Record(record) => record.kind }
            }

            /// Its metadata.
            pub fn meta(&self) -> &Meta {
                match self { $(Object::$kind(object) => &object.meta,)+ Object::Record(record) => &record.meta }
            }

            /// Its metadata, to be changed. Copies the object if others hold it.
            pub fn meta_mut(&mut self) -> &mut Meta {
                match self {
                    $(Object::$kind(object) => &mut Arc::make_mut(object).meta,)+
                    Object::Record(record) => &mut Arc::make_mut(record).meta,
                }
            }

            $(
                #[doc = concat!("The `", stringify!($kind), "` that this is, if it is one.")]
                pub fn $as(&self) -> Option<&Arc<$kind>> {
                    match self { Object::$kind(object) => Some(object), _ => None }
                }
            )+

            /// The record that this is, if it is one.
            pub fn as_record(&self) -> Option<&Arc<Record>> {
                match self { Object::Record(record) => Some(record), _ => None }
            }
        }

        $(
            impl From<$kind> for Object {
                fn from(object: $kind) -> Object { Object::$kind(Arc::new(object)) }
            }
            impl From<Arc<$kind>> for Object {
                fn from(object: Arc<$kind>) -> Object { Object::$kind(object) }
            }
        )+
    };
}

impl From<Record> for Object {
    fn from(record: Record) -> Object {
        Object::Record(Arc::new(record))
    }
}

// The order matters: UIDs are drawn by it. New kinds go to the end of their list; one that moves from the records to the structs changes
// the UIDs of its objects.
kinds! {
    structs {
        Namespace as_namespace "v1" CLUSTER PLAIN,
        Node as_node "v1" CLUSTER PLAIN,
        Pod as_pod "v1" NAMESPACED COUNTED,
        ReplicaSet as_replica_set "apps/v1" NAMESPACED COUNTED,
        Deployment as_deployment "apps/v1" NAMESPACED COUNTED,
        Service as_service "v1" NAMESPACED PLAIN,
        EndpointSlice as_endpoint_slice "discovery.k8s.io/v1" NAMESPACED COUNTED,
        Event as_event "v1" NAMESPACED PLAIN,
        Lease as_lease "coordination.k8s.io/v1" NAMESPACED PLAIN,
        PodDisruptionBudget as_pod_disruption_budget "policy/v1" NAMESPACED COUNTED,
        ControllerRevision as_controller_revision "apps/v1" NAMESPACED PLAIN,
        DaemonSet as_daemon_set "apps/v1" NAMESPACED COUNTED,
        StatefulSet as_stateful_set "apps/v1" NAMESPACED COUNTED,
    }
    records {
        ConfigMap "v1" NAMESPACED PLAIN,
        Secret "v1" NAMESPACED PLAIN,
        ServiceAccount "v1" NAMESPACED PLAIN,
        Endpoints "v1" NAMESPACED PLAIN,
        LimitRange "v1" NAMESPACED PLAIN,
        ResourceQuota "v1" NAMESPACED PLAIN,
        PersistentVolume "v1" CLUSTER PLAIN,
        PersistentVolumeClaim "v1" NAMESPACED PLAIN,
        PodTemplate "v1" NAMESPACED COUNTED,
        ReplicationController "v1" NAMESPACED COUNTED,
        APIService "apiregistration.k8s.io/v1" CLUSTER PLAIN,
        HorizontalPodAutoscaler "autoscaling/v2" NAMESPACED PLAIN,
        CronJob "batch/v1" NAMESPACED COUNTED,
        Job "batch/v1" NAMESPACED COUNTED,
        CertificateSigningRequest "certificates.k8s.io/v1" CLUSTER PLAIN,
        IngressClass "networking.k8s.io/v1" CLUSTER COUNTED,
        Ingress "networking.k8s.io/v1" NAMESPACED COUNTED,
        IPAddress "networking.k8s.io/v1" CLUSTER PLAIN,
        NetworkPolicy "networking.k8s.io/v1" NAMESPACED COUNTED,
        ServiceCIDR "networking.k8s.io/v1" CLUSTER PLAIN,
        ClusterRoleBinding "rbac.authorization.k8s.io/v1" CLUSTER PLAIN,
        ClusterRole "rbac.authorization.k8s.io/v1" CLUSTER PLAIN,
        RoleBinding "rbac.authorization.k8s.io/v1" NAMESPACED PLAIN,
        Role "rbac.authorization.k8s.io/v1" NAMESPACED PLAIN,
        CSIDriver "storage.k8s.io/v1" CLUSTER PLAIN,
        CSINode "storage.k8s.io/v1" CLUSTER PLAIN,
        CSIStorageCapacity "storage.k8s.io/v1" NAMESPACED PLAIN,
        StorageClass "storage.k8s.io/v1" CLUSTER PLAIN,
        VolumeAttachment "storage.k8s.io/v1" CLUSTER PLAIN,
        VolumeAttributesClass "storage.k8s.io/v1" CLUSTER PLAIN,
        MutatingAdmissionPolicy "admissionregistration.k8s.io/v1" CLUSTER COUNTED,
        MutatingAdmissionPolicyBinding "admissionregistration.k8s.io/v1" CLUSTER COUNTED,
        MutatingWebhookConfiguration "admissionregistration.k8s.io/v1" CLUSTER COUNTED,
        ValidatingAdmissionPolicy "admissionregistration.k8s.io/v1" CLUSTER COUNTED,
        ValidatingAdmissionPolicyBinding "admissionregistration.k8s.io/v1" CLUSTER COUNTED,
        ValidatingWebhookConfiguration "admissionregistration.k8s.io/v1" CLUSTER COUNTED,
        CustomResourceDefinition "apiextensions.k8s.io/v1" CLUSTER COUNTED,
        PriorityClass "scheduling.k8s.io/v1" CLUSTER COUNTED,
        RuntimeClass "node.k8s.io/v1" CLUSTER PLAIN,
        DeviceClass "resource.k8s.io/v1" CLUSTER COUNTED,
        ResourceClaim "resource.k8s.io/v1" NAMESPACED PLAIN,
        ResourceClaimTemplate "resource.k8s.io/v1" NAMESPACED PLAIN,
        ResourceSlice "resource.k8s.io/v1" CLUSTER COUNTED,
        FlowSchema "flowcontrol.apiserver.k8s.io/v1" CLUSTER COUNTED,
        PriorityLevelConfiguration "flowcontrol.apiserver.k8s.io/v1" CLUSTER COUNTED,
        GatewayClass "gateway.networking.k8s.io/v1" CLUSTER COUNTED,
        Gateway "gateway.networking.k8s.io/v1" NAMESPACED COUNTED,
        HTTPRoute "gateway.networking.k8s.io/v1" NAMESPACED COUNTED,
    }
}

impl Kind {
    /// The resource under which the API serves this kind, in the version in which it is stored.
    pub fn resource(self) -> &'static Resource {
        static TABLE: OnceLock<Vec<&'static Resource>> = OnceLock::new();
        let table = TABLE.get_or_init(|| {
            let resource =
                |kind: &Kind| resources::by_kind(kind.api_version(), kind.as_str()).expect("every kind is in the discovery table");
            Kind::ALL.iter().map(resource).collect()
        });
        table[self as usize]
    }

    /// The kind whose objects a resource serves, perhaps in another version; `None` for what is never stored (reviews, bindings).
    pub fn of(resource: &Resource) -> Option<Kind> {
        let group = if resource.group == "events.k8s.io" { "" } else { resource.group };
        Kind::ALL.iter().copied().find(|kind| kind.as_str() == resource.kind && kind.resource().group == group)
    }
}

impl Object {
    /// `spec.replicas` of what has a scale; `None` for all else. Without a wildcard, so that a kind that becomes a struct is looked at here.
    pub fn replicas(&self) -> Option<i32> {
        match self {
            Object::Deployment(deployment) => Some(deployment.spec.replicas),
            Object::ReplicaSet(set) => Some(set.replicas),
            Object::StatefulSet(set) => Some(set.spec.replicas),
            Object::Record(record) if record.kind == Kind::ReplicationController => {
                record.body["spec"]["replicas"].as_i64().and_then(|count| i32::try_from(count).ok())
            }
            Object::Namespace(_)
            | Object::Node(_)
            | Object::Pod(_)
            | Object::Service(_)
            | Object::EndpointSlice(_)
            | Object::Event(_)
            | Object::Lease(_)
            | Object::PodDisruptionBudget(_)
            | Object::ControllerRevision(_)
            | Object::DaemonSet(_)
            | Object::Record(_) => None,
        }
    }
}

/// Which object: its kind and its number among its kind. A number is never used again, so a deleted object and its namesake differ.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct ObjectId {
    /// The kind.
    pub kind: Kind,
    /// The number, from 0 in the order of creation.
    pub number: u32,
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.kind.as_str(), self.number)
    }
}
