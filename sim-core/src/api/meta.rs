//! Object metadata and the small shared types of all kinds. Mirrors `k8s.io/apimachinery/pkg/apis/meta/v1/types.go`, v1.36.

use crate::api::managed::Managers;
use crate::api::selector::Labels;
use crate::kernel::time::{Epoch, SimTime};
use serde_json::{Map, Value, json};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Text that is cheap to clone: a literal, or shared.
#[derive(Clone)]
pub enum Str {
    /// A literal of the program.
    Static(&'static str),
    /// Shared by all that hold it.
    Shared(Arc<str>),
}

impl Str {
    /// The empty text.
    pub const EMPTY: Str = Str::Static("");

    /// The text.
    pub fn as_str(&self) -> &str {
        match self {
            Str::Static(text) => text,
            Str::Shared(text) => text,
        }
    }
}

impl std::ops::Deref for Str {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}
impl From<&'static str> for Str {
    fn from(text: &'static str) -> Self {
        Str::Static(text)
    }
}
impl From<String> for Str {
    fn from(text: String) -> Self {
        if text.is_empty() { Str::EMPTY } else { Str::Shared(text.into()) }
    }
}
impl Default for Str {
    fn default() -> Self {
        Str::EMPTY
    }
}
impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.as_str(), other.as_str());
        std::ptr::eq(a, b) || a == b
    }
}
impl Eq for Str {}
impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}
impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}
impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Str {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}
impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}
impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A shared text of a tree's field; empty if absent or not a string.
pub fn text(tree: &Value, field: &str) -> Str {
    tree.get(field).and_then(Value::as_str).map_or(Str::EMPTY, |s| Str::from(s.to_owned()))
}

/// Labels or annotations: pairs sorted by key, shared by all objects made from the same template.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct StrMap(Option<Arc<Vec<(Str, Str)>>>);

impl StrMap {
    /// From a JSON object of strings; other values are skipped (decoding has refused them before).
    pub fn from_tree(tree: Option<&Value>) -> Self {
        let Some(Value::Object(map)) = tree else { return StrMap::default() };
        map.iter().filter_map(|(k, v)| Some((Str::from(k.clone()), Str::from(v.as_str()?.to_owned())))).collect()
    }

    /// The pairs in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Str)> {
        self.pairs().iter().map(|(k, v)| (k, v))
    }

    fn pairs(&self) -> &[(Str, Str)] {
        self.0.as_ref().map_or(&[], |pairs| pairs)
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Str> {
        let pairs = self.pairs();
        pairs.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok().map(|i| &pairs[i].1)
    }

    /// Sets `key` to `value`.
    pub fn set(&mut self, key: impl Into<Str>, value: impl Into<Str>) {
        let (key, value) = (key.into(), value.into());
        let pairs = Arc::make_mut(self.0.get_or_insert_default());
        match pairs.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(i) => pairs[i].1 = value,
            Err(i) => pairs.insert(i, (key, value)),
        }
    }

    /// Removes `key`.
    pub fn remove(&mut self, key: &str) {
        if self.get(key).is_some() {
            let pairs = Arc::make_mut(self.0.get_or_insert_default());
            pairs.retain(|(k, _)| k.as_str() != key);
            if pairs.is_empty() {
                self.0 = None;
            }
        }
    }

    /// Whether both share the same memory, and so are surely equal.
    pub fn same(&self, other: &StrMap) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.pairs().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs().is_empty()
    }

    /// Whether every pair of `other` is here too.
    pub fn contains_all(&self, other: &StrMap) -> bool {
        self.same(other) || other.iter().all(|(k, v)| self.get(k) == Some(v))
    }

    /// As a JSON object.
    pub fn to_tree(&self) -> Value {
        Value::Object(self.iter().map(|(k, v)| (k.to_string(), Value::from(v.as_str()))).collect())
    }
}

impl FromIterator<(Str, Str)> for StrMap {
    fn from_iter<I: IntoIterator<Item = (Str, Str)>>(pairs: I) -> Self {
        let mut pairs: Vec<(Str, Str)> = pairs.into_iter().collect();
        if pairs.is_empty() {
            return StrMap(None);
        }
        pairs.sort();
        pairs.dedup_by(|later, earlier| later.0 == earlier.0);
        StrMap(Some(Arc::new(pairs)))
    }
}

impl Labels for StrMap {
    fn get(&self, key: &str) -> Option<&str> {
        StrMap::get(self, key).map(Str::as_str)
    }
}

/// An object's UID: a version 4 UUID drawn from the run's seed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Uid(pub u128);

impl Uid {
    /// No UID.
    pub const NONE: Uid = Uid(0);

    /// Makes a version 4, variant 1 UUID of 128 random bits.
    pub fn from_bits(bits: u128) -> Self {
        let bits = bits & !(0xf << 76) | (0x4 << 76);
        Uid(bits & !(0x3 << 62) | (0x2 << 62))
    }

    /// Parses the hyphenated form; [`Uid::NONE`] if it isn't one.
    pub fn parse(text: &str) -> Uid {
        let hex: String = text.chars().filter(|c| *c != '-').collect();
        if hex.len() == 32 { u128::from_str_radix(&hex, 16).map_or(Uid::NONE, Uid) } else { Uid::NONE }
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            n >> 96,
            n >> 80 & 0xffff,
            n >> 64 & 0xffff,
            n >> 48 & 0xffff,
            n & 0xffff_ffff_ffff
        )
    }
}
impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Who an object belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnerReference {
    /// `apps/v1`
    pub api_version: Str,
    /// `ReplicaSet`
    pub kind: Str,
    /// The owner's name.
    pub name: Str,
    /// The owner's UID.
    pub uid: Uid,
    /// Whether the owner manages this object. At most one owner does.
    pub controller: bool,
    /// Whether the owner's foreground deletion waits for this object.
    pub block_owner_deletion: bool,
}

impl OwnerReference {
    fn from_tree(tree: &Value) -> Self {
        OwnerReference {
            api_version: text(tree, "apiVersion"),
            kind: text(tree, "kind"),
            name: text(tree, "name"),
            uid: Uid::parse(&text(tree, "uid")),
            controller: tree["controller"] == true,
            block_owner_deletion: tree["blockOwnerDeletion"] == true,
        }
    }

    fn to_tree(&self) -> Value {
        let mut tree = json!({"apiVersion": self.api_version.as_str(), "kind": self.kind.as_str(), "name": self.name.as_str(), "uid": self.uid.to_string()});
        for (field, set) in [("controller", self.controller), ("blockOwnerDeletion", self.block_owner_deletion)] {
            if set {
                tree[field] = Value::Bool(true);
            }
        }
        tree
    }
}

/// That an object is being deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deletion {
    /// `deletionTimestamp`: when the grace period ends.
    pub at: SimTime,
    /// `deletionGracePeriodSeconds`
    pub grace: i64,
}

/// `metav1.ObjectMeta`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Meta {
    /// Unique among its kind in its namespace.
    pub name: Str,
    /// What the name was generated from, if it was.
    pub generate_name: Str,
    /// Empty for cluster-scoped objects.
    pub namespace: Str,
    /// Set by the API server.
    pub uid: Uid,
    /// The store's revision of the last change.
    pub resource_version: u64,
    /// Counts changes of the spec; 0 for kinds that don't count.
    pub generation: i64,
    /// Whole seconds.
    pub created: SimTime,
    /// Set while it is being deleted.
    pub deletion: Option<Deletion>,
    /// Labels.
    pub labels: StrMap,
    /// Annotations.
    pub annotations: StrMap,
    /// Owners.
    pub owners: Option<Arc<Vec<OwnerReference>>>,
    /// Who must agree before it goes.
    pub finalizers: Option<Arc<Vec<Str>>>,
    /// Who owns its fields, if users have written it; the API server adds them when it serves the object.
    pub managers: Option<Arc<Managers>>,
}

impl Meta {
    /// The owner that manages this object.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owners().iter().find(|owner| owner.controller)
    }

    /// All owners.
    pub fn owners(&self) -> &[OwnerReference] {
        self.owners.as_ref().map_or(&[], |owners| owners)
    }

    /// All finalizers.
    pub fn finalizers(&self) -> &[Str] {
        self.finalizers.as_ref().map_or(&[], |finalizers| finalizers)
    }

    /// Removes a finalizer, if present.
    pub fn remove_finalizer(&mut self, name: &str) {
        let left: Vec<Str> = self.finalizers().iter().filter(|f| **f != name).cloned().collect();
        self.finalizers = (!left.is_empty()).then(|| Arc::new(left));
    }

    /// Adds a finalizer, unless present.
    pub fn add_finalizer(&mut self, name: &'static str) {
        if !self.finalizers().iter().any(|f| *f == name) {
            let mut all = self.finalizers().to_vec();
            all.push(Str::Static(name));
            self.finalizers = Some(Arc::new(all));
        }
    }

    /// What a user may write of the metadata.
    pub fn from_tree(tree: &Value) -> Self {
        let meta = &tree["metadata"];
        let list = |field: &str| meta[field].as_array().filter(|list| !list.is_empty());
        Meta {
            name: text(meta, "name"),
            generate_name: text(meta, "generateName"),
            namespace: text(meta, "namespace"),
            labels: StrMap::from_tree(meta.get("labels")),
            annotations: StrMap::from_tree(meta.get("annotations")),
            owners: list("ownerReferences").map(|owners| Arc::new(owners.iter().map(OwnerReference::from_tree).collect())),
            finalizers: list("finalizers")
                .map(|all| Arc::new(all.iter().filter_map(Value::as_str).map(|s| Str::from(s.to_owned())).collect())),
            ..Meta::default()
        }
    }

    /// As the API server serves it.
    pub fn to_tree(&self, epoch: Epoch) -> Value {
        let mut meta = Map::new();
        meta.insert("name".into(), self.name.as_str().into());
        if !self.generate_name.is_empty() {
            meta.insert("generateName".into(), self.generate_name.as_str().into());
        }
        if !self.namespace.is_empty() {
            meta.insert("namespace".into(), self.namespace.as_str().into());
        }
        meta.insert("uid".into(), self.uid.to_string().into());
        meta.insert("resourceVersion".into(), self.resource_version.to_string().into());
        if self.generation != 0 {
            meta.insert("generation".into(), self.generation.into());
        }
        meta.insert("creationTimestamp".into(), epoch.rfc3339(self.created).into());
        if let Some(deletion) = self.deletion {
            meta.insert("deletionTimestamp".into(), epoch.rfc3339(deletion.at).into());
            meta.insert("deletionGracePeriodSeconds".into(), deletion.grace.into());
        }
        for (field, map) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            if !map.is_empty() {
                meta.insert(field.into(), map.to_tree());
            }
        }
        if !self.owners().is_empty() {
            meta.insert("ownerReferences".into(), self.owners().iter().map(OwnerReference::to_tree).collect());
        }
        if !self.finalizers().is_empty() {
            meta.insert("finalizers".into(), self.finalizers().iter().map(|f| Value::from(f.as_str())).collect());
        }
        Value::Object(meta)
    }
}

/// A condition's status.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ConditionStatus {
    /// `True`
    True,
    /// `False`
    #[default]
    False,
    /// `Unknown`
    Unknown,
}

impl ConditionStatus {
    /// As the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ConditionStatus::True => "True",
            ConditionStatus::False => "False",
            ConditionStatus::Unknown => "Unknown",
        }
    }

    /// `True` or `False`.
    pub const fn from_bool(yes: bool) -> Self {
        if yes { ConditionStatus::True } else { ConditionStatus::False }
    }
}

/// A condition of a status. Kinds differ in which times they print.
#[derive(Clone, PartialEq, Debug)]
pub struct Condition {
    /// `Ready`, `Progressing`, …
    pub kind: Str,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word.
    pub reason: Str,
    /// One sentence.
    pub message: Str,
    /// When `status` last changed; whole seconds.
    pub last_transition: SimTime,
    /// When it was last written (Deployments) or heard of (Nodes); whole seconds.
    pub last_update: SimTime,
    /// The generation it speaks of, where kinds tell (Pods); else 0.
    pub observed_generation: i64,
}
