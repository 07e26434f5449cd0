//! The schema table: every type of the v1.36 API with its fields, as facts read off a live server and its published Go types.
//!
//! One table serves decoding (field names and types), defaulting (declared defaults), patching (merge keys, list types), `explain` and
//! completion. Names are shortened: `core.v1.PodSpec` stands for `io.k8s.api.core.v1.PodSpec`, `meta.v1.` for apimachinery's.

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

const TABLE: &str = include_str!("schema.json");
/// The types of resources that come from CustomResourceDefinitions in a real cluster: the Gateway API's.
const CUSTOM: &str = include_str!("schema_custom.json");

/// The types whose objects have one owner: `+structType=atomic` in `staging/src/k8s.io/{api,apimachinery}`, v1.36.
const ATOMIC: &[&str] = &[
    "core.v1.ConfigMapKeySelector",
    "core.v1.EndpointAddress",
    "core.v1.EndpointPort",
    "core.v1.FileKeySelector",
    "core.v1.LocalObjectReference",
    "core.v1.NodeSelector",
    "core.v1.NodeSelectorTerm",
    "core.v1.ObjectFieldSelector",
    "core.v1.ObjectReference",
    "core.v1.ResourceFieldSelector",
    "core.v1.ScopeSelector",
    "core.v1.SecretKeySelector",
    "core.v1.SecretReference",
    "core.v1.TopologySelectorTerm",
    "core.v1.TypedLocalObjectReference",
    "discovery.v1.EndpointPort",
    "networking.v1.ServiceBackendPort",
    "rbac.v1.RoleRef",
    "rbac.v1.Subject",
    "meta.v1.LabelSelector",
    "meta.v1.OwnerReference",
];

/// A type of the API.
#[derive(Debug)]
pub struct Type {
    /// The full name in the table: `core.v1.PodSpec`.
    pub name: &'static str,
    /// What its JSON looks like.
    pub shape: Shape,
}

/// What the JSON of a type looks like.
#[derive(Debug)]
pub enum Shape {
    /// An object with these fields and no others.
    Object(BTreeMap<&'static str, Field>),
    /// Anything else: a scalar with a name of its own, or free-form JSON.
    Plain(FieldType),
}

/// A field of an object type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// The type of its value.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// Whether the schema requires it (validation may require more).
    #[serde(default)]
    pub required: bool,
    /// The default that the schema declares; most defaults are code instead.
    #[serde(default)]
    pub default: Option<Value>,
    /// The values allowed, sorted; empty if not an enumeration. Informative: validation has the last word.
    #[serde(default, rename = "enum")]
    pub enumeration: Vec<&'static str>,
    /// The field by which strategic merge patch finds an item of the list.
    #[serde(default, borrow)]
    pub merge_key: Option<&'static str>,
    /// What strategic merge patch does: `merge`, `retainKeys`, `replace`, or `merge,retainKeys`.
    #[serde(default)]
    patch_strategy: Option<&'static str>,
    /// What server-side apply takes the list for.
    #[serde(default)]
    pub list_type: ListType,
    /// The fields that together identify an item of a list of [`ListType::Map`].
    #[serde(default)]
    pub list_map_keys: Vec<&'static str>,
    /// `atomic` for a map that server-side apply replaces whole, `granular` for one that it merges although its type says `atomic`.
    #[serde(default)]
    map_type: Option<&'static str>,
    /// The Go type as the server's messages name it, where it isn't plain from the field's type: `v1.PullPolicy`.
    #[serde(default)]
    pub go: Option<&'static str>,
    /// The embedded Go structs that hold the field, joined by dots: `ProbeHandler` for a probe's `exec`. Messages show them.
    #[serde(default)]
    pub via: Option<&'static str>,
    /// When the server's encoding leaves the field out, if not as usual.
    #[serde(default)]
    omit: Option<Omit>,
}

/// When the server leaves a field out of what it writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Omit {
    /// When it is zero: `""`, `0`, `false`, `[]`, `{}`. A Go value or slice with `omitempty`.
    Zero,
    /// When nobody set it; zero is kept. A Go pointer with `omitempty`.
    Absent,
    /// Never; an absent one is written as zero. A Go value without `omitempty`, or a struct by value.
    Never,
    /// Never; an absent one is written as `null`. A Go pointer without `omitempty`.
    Null,
}

/// Server-side apply's view of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListType {
    /// Not declared, or not a list.
    #[default]
    Undeclared,
    /// Replaced whole.
    Atomic,
    /// A set of scalars.
    Set,
    /// Items identified by [`Field::list_map_keys`].
    Map,
}

/// The type of a field's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FieldType {
    /// A string.
    String,
    /// Base64 in a string.
    Bytes,
    /// An integer that fits 32 bits.
    Int32,
    /// An integer that fits 64 bits.
    Int64,
    /// A floating-point number.
    Double,
    /// `true` or `false`.
    Boolean,
    /// An amount such as `500m` or `1Gi`: a string, or a number.
    Quantity,
    /// RFC 3339 in whole seconds.
    Time,
    /// RFC 3339 in microseconds.
    MicroTime,
    /// A port's number or name; a count or a percentage.
    IntOrString,
    /// Any JSON object.
    FreeObject,
    /// Any JSON.
    Any,
    /// A list.
    List(Box<FieldType>),
    /// A map from strings.
    Map(Box<FieldType>),
    /// An object type of the table.
    Object(ObjectType),
}

/// A reference to an object type of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ObjectType(&'static str);

impl ObjectType {
    /// The type itself.
    pub fn resolve(self) -> &'static Type {
        type_named(self.0).expect("the table names only types that it has")
    }
}

impl Type {
    /// The type's fields; none if it isn't an object with fixed fields.
    pub fn fields(&self) -> Option<&BTreeMap<&'static str, Field>> {
        match &self.shape {
            Shape::Object(fields) => Some(fields),
            Shape::Plain(_) => None,
        }
    }

    /// One field.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields()?.get(name)
    }

    /// Whether server-side apply replaces its objects whole (`+structType=atomic`, which a live server shows as `x-kubernetes-map-type`).
    pub fn is_atomic(&self) -> bool {
        ATOMIC.contains(&self.name)
    }

    /// The Go struct's bare name: `PodSpec`.
    pub fn struct_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    /// The Go type as `reflect` prints it: `v1.PodSpec`.
    pub fn go_name(&self) -> &'static str {
        match self.name.match_indices('.').rev().nth(1) {
            Some((dot, _)) => &self.name[dot + 1..],
            None => self.name,
        }
    }
}

impl Field {
    /// Whether strategic merge patch merges the list or map rather than replacing it.
    pub fn merges(&self) -> bool {
        self.has_strategy("merge")
    }

    /// Whether a patch says with `$retainKeys` which keys to keep.
    pub fn retains_keys(&self) -> bool {
        self.has_strategy("retainKeys")
    }

    /// Whether strategic merge patch replaces it whole.
    pub fn replaces(&self) -> bool {
        self.has_strategy("replace")
    }

    fn has_strategy(&self, name: &str) -> bool {
        self.patch_strategy.is_some_and(|all| all.split(',').any(|one| one == name))
    }

    /// Whether server-side apply replaces the map or object whole, if the field says: that stands above what its type says.
    pub fn is_atomic_map(&self) -> Option<bool> {
        self.map_type.map(|declared| declared == "atomic")
    }

    /// When the server leaves the field out of what it writes.
    pub fn omit(&self) -> Omit {
        self.omit.unwrap_or(match self.field_type {
            FieldType::String
            | FieldType::Bytes
            | FieldType::Int32
            | FieldType::Int64
            | FieldType::Double
            | FieldType::Boolean
            | FieldType::List(_)
            | FieldType::Map(_) => Omit::Zero,
            _ => Omit::Absent,
        })
    }

    /// The Go type as the server's messages name it: `int32`, `[]v1.Container`, `v1.PullPolicy`.
    pub fn go_type(&self) -> String {
        self.go.map_or_else(|| self.field_type.go_type(), str::to_owned)
    }
}

impl FieldType {
    /// The Go type that goes with it, for fields that have no name of their own for it.
    pub fn go_type(&self) -> String {
        match self {
            FieldType::String => "string".to_owned(),
            FieldType::Bytes => "[]uint8".to_owned(),
            FieldType::Int32 => "int32".to_owned(),
            FieldType::Int64 => "int64".to_owned(),
            FieldType::Double => "float64".to_owned(),
            FieldType::Boolean => "bool".to_owned(),
            FieldType::Quantity => "resource.Quantity".to_owned(),
            FieldType::Time => "v1.Time".to_owned(),
            FieldType::MicroTime => "v1.MicroTime".to_owned(),
            FieldType::IntOrString => "intstr.IntOrString".to_owned(),
            FieldType::FreeObject | FieldType::Any => "interface {}".to_owned(),
            FieldType::List(item) => format!("[]{}", item.go_type()),
            FieldType::Map(value) => format!("map[string]{}", value.go_type()),
            FieldType::Object(object) => object.resolve().go_name().to_owned(),
        }
    }

    /// The object type, if it is one.
    pub fn object(&self) -> Option<&'static Type> {
        match self {
            FieldType::Object(object) => Some(object.resolve()),
            _ => None,
        }
    }

    /// The type of a list's items or a map's values.
    pub fn element(&self) -> Option<&FieldType> {
        match self {
            FieldType::List(element) | FieldType::Map(element) => Some(element),
            _ => None,
        }
    }

    fn named(name: &'static str) -> FieldType {
        match name {
            "string" => FieldType::String,
            "string:byte" => FieldType::Bytes,
            "string:date-time" => FieldType::Time,
            "integer:int32" => FieldType::Int32,
            "integer:int64" => FieldType::Int64,
            "number:double" => FieldType::Double,
            "boolean" => FieldType::Boolean,
            "int-or-string" | "intstr.IntOrString" => FieldType::IntOrString,
            "object" | "runtime.RawExtension" | "meta.v1.FieldsV1" | "meta.v1.Patch" => FieldType::FreeObject,
            "resource.Quantity" => FieldType::Quantity,
            "meta.v1.Time" => FieldType::Time,
            "meta.v1.MicroTime" => FieldType::MicroTime,
            "any"
            | "apiextensions.v1.JSON"
            | "apiextensions.v1.JSONSchemaPropsOrArray"
            | "apiextensions.v1.JSONSchemaPropsOrBool"
            | "apiextensions.v1.JSONSchemaPropsOrStringArray" => FieldType::Any,
            object => FieldType::Object(ObjectType(object)),
        }
    }
}

// Only the table itself is ever read, so names are borrowed for the program's lifetime.
impl<'de: 'static> Deserialize<'de> for FieldType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrPair;
        impl<'de: 'static> Visitor<'de> for NameOrPair {
            type Value = FieldType;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type's name, or [\"list\" or \"map\", type]")
            }

            fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<FieldType, E> {
                Ok(FieldType::named(name))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<FieldType, A::Error> {
                let wrong = || de::Error::custom("expected a pair");
                let which: &str = seq.next_element()?.ok_or_else(wrong)?;
                let element: FieldType = seq.next_element()?.ok_or_else(wrong)?;
                Ok(if which == "map" { FieldType::Map(Box::new(element)) } else { FieldType::List(Box::new(element)) })
            }
        }
        deserializer.deserialize_any(NameOrPair)
    }
}

#[derive(Deserialize)]
struct Row {
    #[serde(default, borrow)]
    fields: Option<BTreeMap<&'static str, Field>>,
    #[serde(default, rename = "type")]
    plain: Option<FieldType>,
    #[serde(default)]
    gvk: Vec<Gvk>,
}

#[derive(Deserialize)]
struct Gvk {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
}

#[derive(Deserialize)]
struct Rows {
    #[serde(borrow)]
    types: BTreeMap<&'static str, Row>,
}

struct Table {
    types: BTreeMap<&'static str, Type>,
    /// (group, version, kind) → name of the type.
    kinds: BTreeMap<(&'static str, &'static str, &'static str), &'static str>,
}

fn table() -> &'static Table {
    static PARSED: OnceLock<Table> = OnceLock::new();
    PARSED.get_or_init(|| {
        let rows = |text: &'static str| -> Rows { serde_json::from_str(text).expect("the schema is part of the program and well formed") };
        let mut table = Table { types: BTreeMap::new(), kinds: BTreeMap::new() };
        for (name, row) in rows(TABLE).types.into_iter().chain(rows(CUSTOM).types) {
            for gvk in row.gvk {
                table.kinds.insert((gvk.group, gvk.version, gvk.kind), name);
            }
            let shape = match (row.fields, row.plain) {
                (Some(fields), _) => Shape::Object(fields),
                (None, plain) => Shape::Plain(plain.unwrap_or(FieldType::Any)),
            };
            table.types.insert(name, Type { name, shape });
        }
        table
    })
}

/// The type of the objects with this `apiVersion` and `kind`. `None` for kinds that the table doesn't hold (most custom resources, and a few
/// that Podarium knows by name only: see `resources.json`).
pub fn for_kind(api_version: &str, kind: &str) -> Option<&'static Type> {
    let (group, version) = super::resources::split_api_version(api_version)?;
    let table = table();
    table.types.get(table.kinds.get(&(group, version, kind))?)
}

/// The type of the objects of this kind; if the version isn't known, the first that has the kind.
pub fn of_kind(api_version: Option<&str>, kind: &str) -> Option<&'static Type> {
    match api_version {
        Some(version) => for_kind(version, kind),
        None => {
            let table = table();
            let (_, name) = table.kinds.iter().find(|((_, _, of), _)| *of == kind)?;
            table.types.get(name)
        }
    }
}

/// A type by its name in the table: `core.v1.PodSpec`.
pub fn type_named(name: &str) -> Option<&'static Type> {
    table().types.get(name)
}

/// All types, by name.
pub fn all() -> impl Iterator<Item = &'static Type> {
    table().types.values()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(of: &str, name: &str) -> &'static Field {
        type_named(of).and_then(|t| t.field(name)).expect("in the table")
    }

    fn check(of: &str, name: &str, go: &str, omit: Omit) {
        let field = field(of, name);
        assert_eq!((field.go_type().as_str(), field.omit()), (go, omit), "{of}.{name}");
    }

    #[test]
    fn go_types() {
        check("core.v1.PodSpec", "containers", "[]v1.Container", Omit::Never);
        check("core.v1.Container", "imagePullPolicy", "v1.PullPolicy", Omit::Zero);
        check("core.v1.Capabilities", "add", "[]v1.Capability", Omit::Zero);
        check("core.v1.ServiceSpec", "selector", "map[string]string", Omit::Zero);
        check("apps.v1.DeploymentSpec", "replicas", "int32", Omit::Absent);
        check("apps.v1.DeploymentSpec", "template", "v1.PodTemplateSpec", Omit::Never);
        check("autoscaling.v2.HorizontalPodAutoscalerSpec", "metrics", "[]v2.MetricSpec", Omit::Zero);
        check("core.v1.Service", "metadata", "v1.ObjectMeta", Omit::Never);
        check("apps.v1.DeploymentSpec", "selector", "v1.LabelSelector", Omit::Null);
    }

    #[test]
    fn patching() {
        assert_eq!(field("core.v1.PodSpec", "containers").merge_key, Some("name"));
        assert!(field("core.v1.PodSpec", "volumes").retains_keys() && field("core.v1.PodSpec", "volumes").merges());
        assert!(!field("core.v1.PodSpec", "tolerations").merges());
        assert_eq!(field("core.v1.ServiceSpec", "ports").list_map_keys, ["port", "protocol"]);
        assert_eq!(field("core.v1.PodSpec", "nodeSelector").is_atomic_map(), Some(true));
        assert_eq!(field("core.v1.PersistentVolumeSpec", "claimRef").is_atomic_map(), Some(false));
        assert!(ATOMIC.iter().all(|name| type_named(name).is_some_and(Type::is_atomic)));
    }

    #[test]
    fn every_reference_resolves() {
        fn visit(t: &FieldType) {
            match t {
                FieldType::Object(object) => assert!(type_named(object.0).is_some(), "{object:?}"),
                FieldType::List(element) | FieldType::Map(element) => visit(element),
                _ => {}
            }
        }
        for t in all() {
            t.fields().into_iter().flat_map(BTreeMap::values).for_each(|f| visit(&f.field_type));
        }
        assert_eq!(for_kind("apps/v1", "Deployment").map(|t| t.name), Some("apps.v1.Deployment"));
        assert_eq!(for_kind("v1", "Pod").map(Type::go_name), Some("v1.Pod"));
        assert!(for_kind("apps/v1", "Pod").is_none());
    }
}
