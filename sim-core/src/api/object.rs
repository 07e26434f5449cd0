//! All kinds in one enum: what the store holds, watches carry and controllers write.

use crate::api::event::Event;
use crate::api::meta::Meta;
use crate::api::node::{Lease, Namespace, Node};
use crate::api::pod::Pod;
use crate::api::resources::{self, Resource};
use crate::api::service::{EndpointSlice, Service};
use crate::api::workloads::{Deployment, ReplicaSet};
use std::sync::Arc;

macro_rules! kinds {
    ($($kind:ident $as:ident $group_version:literal),+ $(,)?) => {
        /// The kinds that the model knows.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $(#[doc = concat!("`", stringify!($kind), "` of `", $group_version, "`.")] $kind),+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind),+];

            /// `Deployment`
            pub const fn as_str(self) -> &'static str {
                match self { $(Kind::$kind => stringify!($kind)),+ }
            }

            /// `apps/v1`
            pub const fn api_version(self) -> &'static str {
                match self { $(Kind::$kind => $group_version),+ }
            }
        }

        /// An object of any kind, shared.
        #[derive(Clone, PartialEq, Debug)]
        pub enum Object {
            $(#[doc = concat!("A `", stringify!($kind), "`.")] $kind(Arc<$kind>)),+
        }

        impl Object {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self { $(Object::$kind(_) => Kind::$kind),+ }
            }

            /// Its metadata.
            pub fn meta(&self) -> &Meta {
                match self { $(Object::$kind(object) => &object.meta),+ }
            }

            /// Its metadata, to be changed. Copies the object if others hold it.
            pub fn meta_mut(&mut self) -> &mut Meta {
                match self { $(Object::$kind(object) => &mut Arc::make_mut(object).meta),+ }
            }

            $(
                #[doc = concat!("The `", stringify!($kind), "` that this is, if it is one.")]
                pub fn $as(&self) -> Option<&Arc<$kind>> {
                    match self { Object::$kind(object) => Some(object), _ => None }
                }
            )+
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

kinds! {
    Namespace as_namespace "v1",
    Node as_node "v1",
    Pod as_pod "v1",
    ReplicaSet as_replica_set "apps/v1",
    Deployment as_deployment "apps/v1",
    Service as_service "v1",
    EndpointSlice as_endpoint_slice "discovery.k8s.io/v1",
    Event as_event "v1",
    Lease as_lease "coordination.k8s.io/v1",
}

impl Kind {
    /// The resource under which the API serves this kind.
    pub fn resource(self) -> &'static Resource {
        resources::by_kind(self.api_version(), self.as_str()).expect("every kind of the model is in the discovery table")
    }

    /// The kind that a resource serves, if the model knows it.
    pub fn of(resource: &Resource) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.as_str() == resource.kind && std::ptr::eq(kind.resource(), resource))
    }

    /// Whether its objects live in namespaces.
    pub const fn is_namespaced(self) -> bool {
        !matches!(self, Kind::Namespace | Kind::Node)
    }

    /// Whether `metadata.generation` counts changes of the spec.
    pub const fn counts_generations(self) -> bool {
        matches!(self, Kind::Pod | Kind::ReplicaSet | Kind::Deployment | Kind::EndpointSlice)
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
