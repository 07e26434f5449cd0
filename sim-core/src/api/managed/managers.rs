//! Who owns which fields of an object: `metadata.managedFields`.
//!
//! Mirrors `staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal/{managedfields,capmanagers}.go`, v1.36.

use super::set::FieldSet;
use crate::api::meta::Str;
use crate::kernel::time::{Epoch, SimTime};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many managers are kept that only update. The oldest ones beyond that are counted together.
const UPDATERS_MAX: usize = 10;
const ANCIENT_CHANGES: &str = "ancient-changes";

/// How somebody came to own fields.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        }
    }
}

/// One manager of fields. Two managers of one name are the same if operation and subresource agree, and for updates the version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manager {
    /// `kubectl`, `kubectl-client-side-apply`, ….
    pub name: Str,
    /// How it writes.
    pub operation: Operation,
    /// The version in which the fields are named.
    pub api_version: Str,
    /// `status`, `scale`; empty for the main resource.
    pub subresource: Str,
}

impl Manager {
    /// What makes it one and the same.
    fn identity(&self) -> (&Str, Operation, &Str, Option<&Str>) {
        (&self.name, self.operation, &self.subresource, Some(&self.api_version).filter(|_| self.operation == Operation::Update))
    }

    /// Whether both are the same manager.
    pub fn is(&self, other: &Manager) -> bool {
        self.identity() == other.identity()
    }

    /// The JSON text by which the server tells managers apart and sorts them.
    fn identifier(&self) -> String {
        let mut text = String::from("{");
        let version = if self.operation == Operation::Apply { "" } else { self.api_version.as_str() };
        let fields = [
            ("manager", self.name.as_str()),
            ("operation", self.operation.as_str()),
            ("apiVersion", version),
            ("subresource", &self.subresource),
        ];
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            let comma = if text.len() > 1 { "," } else { "" };
            text.push_str(&format!("{comma}\"{name}\":{}", Value::from(value)));
        }
        text + "}"
    }

    /// The order of lists of conflicts.
    pub fn cmp_in_conflicts(&self, other: &Manager) -> Ordering {
        self.identifier().cmp(&other.identifier())
    }
}

/// What one manager owns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Whose.
    pub manager: Manager,
    /// When it last changed, in whole seconds; users' own entries may have no time.
    pub time: Option<SimTime>,
    /// The fields. Versions of an object share them until they change.
    pub fields: Arc<FieldSet>,
}

impl Entry {
    fn to_json(&self, epoch: Epoch) -> Value {
        let mut entry = json!({
            "manager": self.manager.name.as_str(),
            "operation": self.manager.operation.as_str(),
            "apiVersion": self.manager.api_version.as_str(),
            "fieldsType": "FieldsV1",
            "fieldsV1": self.fields.to_json(),
        });
        if let Some(time) = self.time {
            entry["time"] = epoch.rfc3339(time).into();
        }
        if !self.manager.subresource.is_empty() {
            entry["subresource"] = self.manager.subresource.as_str().into();
        }
        entry
    }

    fn from_json(entry: &Value, epoch: Epoch) -> Option<Entry> {
        let text = |field: &str| crate::api::meta::text(entry, field);
        let operation = match entry["operation"].as_str()? {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        let manager = Manager { name: text("manager"), operation, api_version: text("apiVersion"), subresource: text("subresource") };
        let well_formed = !manager.api_version.is_empty() && entry["fieldsType"] == "FieldsV1";
        let time = entry["time"].as_str().and_then(|time| epoch.parse(time));
        well_formed.then_some(())?;
        Some(Entry { manager, time, fields: Arc::new(FieldSet::from_json(&entry["fieldsV1"])?) })
    }
}

/// The managers of an object's fields, in the order in which they are shown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Managers {
    entries: Vec<Entry>,
}

impl Managers {
    /// All of them.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether nobody owns anything.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// One manager's entry.
    pub fn get(&self, manager: &Manager) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.manager.is(manager))
    }

    /// All owned fields that are named in this version.
    pub fn owned(&self, api_version: &str) -> FieldSet {
        let owned = self.entries.iter().filter(|entry| entry.manager.api_version == *api_version);
        owned.fold(FieldSet::default(), |all, entry| all.union(&entry.fields))
    }

    /// Gives a manager these fields and no others; without any it is gone.
    pub(super) fn set(&mut self, manager: &Manager, fields: FieldSet, time: Option<SimTime>) {
        let at = self.entries.iter().position(|entry| entry.manager.is(manager));
        match (at, fields.is_empty()) {
            (Some(at), true) => drop(self.entries.remove(at)),
            (Some(at), false) => self.entries[at] = Entry { manager: manager.clone(), time, fields: Arc::new(fields) },
            (None, true) => {}
            (None, false) => self.entries.push(Entry { manager: manager.clone(), time, fields: Arc::new(fields) }),
        }
    }

    /// Changes the fields of each manager; those left without any are gone.
    pub(super) fn each(&mut self, mut change: impl FnMut(&Manager, &FieldSet) -> Option<FieldSet>) {
        for entry in &mut self.entries {
            if let Some(fields) = change(&entry.manager, &entry.fields)
                && fields != *entry.fields
            {
                entry.fields = Arc::new(fields);
            }
        }
        self.entries.retain(|entry| !entry.fields.is_empty());
    }

    /// Without the managers that name fields in a version that there isn't.
    pub(super) fn retain_versions(&mut self, exists: impl Fn(&str) -> bool) {
        self.entries.retain(|entry| exists(&entry.manager.api_version));
    }

    /// Without the entry of who reports the status: that is told from the status, whatever a client sends back.
    #[must_use]
    pub fn without_status_of(mut self, name: &str) -> Managers {
        let reports =
            |manager: &Manager| manager.name == *name && manager.subresource == "status" && manager.operation == Operation::Update;
        self.entries.retain(|entry| !reports(&entry.manager));
        self
    }

    /// Puts the entries into their order: those that apply, then those that update; without a time first, then the oldest.
    pub(super) fn sort(&mut self) {
        fn key(entry: &Entry) -> (Operation, Option<u64>, &Str, &Str, &Str) {
            let manager = &entry.manager;
            (manager.operation, entry.time.map(SimTime::as_secs), &manager.name, &manager.api_version, &manager.subresource)
        }
        self.entries.sort_by(|a, b| key(a).cmp(&key(b)));
    }

    /// Counts the oldest updates together if there are more than [`UPDATERS_MAX`], one heap for each version.
    pub(super) fn cap(&mut self) {
        let mut updaters: Vec<Entry> = self.entries.iter().filter(|entry| entry.manager.operation == Operation::Update).cloned().collect();
        updaters.sort_by_cached_key(|entry| (entry.time.map(SimTime::as_secs), entry.manager.identifier()));
        let mut left = updaters.len();
        let mut first: BTreeMap<Str, Manager> = BTreeMap::new();
        for entry in updaters {
            if left <= UPDATERS_MAX {
                return;
            }
            let version = entry.manager.api_version.clone();
            let Some(first) = first.get(&version) else {
                first.insert(version, entry.manager);
                continue;
            };
            let ancient = Manager { name: ANCIENT_CHANGES.into(), subresource: Str::EMPTY, ..entry.manager.clone() };
            if self.get(&ancient).is_none()
                && let Some(oldest) = self.get(first).cloned()
            {
                self.set(first, FieldSet::default(), None);
                self.set(&ancient, (*oldest.fields).clone(), oldest.time);
            }
            let heap = self.get(&ancient).map_or_else(FieldSet::default, |heap| entry.fields.union(&heap.fields));
            self.set(&entry.manager, FieldSet::default(), None);
            self.set(&ancient, heap, entry.time);
            left -= 1;
        }
    }

    /// As `metadata.managedFields`.
    pub fn to_json(&self, epoch: Epoch) -> Value {
        self.entries.iter().map(|entry| entry.to_json(epoch)).collect()
    }

    /// From `metadata.managedFields`; `None` if any entry isn't well formed.
    pub fn from_json(tree: &Value, epoch: Epoch) -> Option<Managers> {
        let entries = tree.as_array().map_or(&[][..], |entries| entries);
        let mut managers = Managers::default();
        for entry in entries {
            let entry = Entry::from_json(entry, epoch)?;
            managers.entries.retain(|other| !other.manager.is(&entry.manager));
            managers.entries.push(entry);
        }
        Some(managers)
    }

    /// The managers that a write starts from: what the request says of them, if that is well formed, else the live object's. Users may
    /// send the list back as they got it, change it, or empty it (`[]` or `[{}]`).
    pub fn of_request(live: &Managers, sent: Option<&Value>, epoch: Epoch) -> Managers {
        let Some(sent) = sent.and_then(Value::as_array) else { return live.clone() };
        let reset = match sent.as_slice() {
            [] => true,
            [one] => one.as_object().is_some_and(Map::is_empty),
            _ => false,
        };
        if reset {
            return Managers::default();
        }
        let sent = Managers::from_json(&Value::Array(sent.clone()), epoch);
        sent.filter(|managers| !managers.is_empty()).unwrap_or_else(|| live.clone())
    }

    /// Whether both say the same but for the times. A write that changes nothing else isn't one
    /// (`apiserver/pkg/endpoints/handlers/fieldmanager/equality.go`).
    pub fn same_but_for_times(&self, other: &Managers) -> bool {
        let find = |entry: &Entry| other.get(&entry.manager).is_some_and(|same| same.fields == entry.fields);
        self.entries.len() == other.entries.len() && self.entries.iter().all(find)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manager(name: &str, operation: Operation) -> Manager {
        Manager { name: Str::from(name.to_owned()), operation, api_version: "v1".into(), subresource: Str::EMPTY }
    }

    fn fields(name: &str) -> FieldSet {
        FieldSet::of([&["data", name][..]])
    }

    #[test]
    fn order_of_entries() {
        let mut managers = Managers::default();
        for (name, operation, secs) in
            [("z", Operation::Update, 1), ("b", Operation::Update, 3), ("a", Operation::Update, 3), ("y", Operation::Apply, 9)]
        {
            managers.set(&manager(name, operation), fields(name), Some(SimTime::from_secs(secs)));
        }
        managers.sort();
        let names: Vec<&str> = managers.entries().iter().map(|entry| entry.manager.name.as_str()).collect();
        assert_eq!(names, ["y", "z", "a", "b"]);
    }

    #[test]
    fn json_both_ways() {
        let epoch = Epoch::default();
        let tree = json!([
            {"manager": "a", "operation": "Apply", "apiVersion": "v1", "time": "2026-01-01T00:00:05Z", "fieldsType": "FieldsV1",
             "fieldsV1": {"f:data": {"f:k": {}}}},
            {"manager": "b", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:status": {}},
             "subresource": "status"},
        ]);
        let managers = Managers::from_json(&tree, epoch).expect("it is well formed");
        assert_eq!(managers.to_json(epoch), tree);
        assert_eq!(Managers::of_request(&managers, Some(&json!([])), epoch), Managers::default());
        assert_eq!(Managers::of_request(&managers, Some(&json!([{}])), epoch), Managers::default());
        for live in [None, Some(json!(null)), Some(json!([{"manager": "x"}]))] {
            assert_eq!(Managers::of_request(&managers, live.as_ref(), epoch), managers);
        }
    }

    #[test]
    fn the_oldest_updates_are_counted_together() {
        let mut managers = Managers::default();
        for n in 0..12 {
            managers.set(&manager(&format!("m{n:02}"), Operation::Update), fields(&format!("k{n}")), Some(SimTime::from_secs(n)));
        }
        managers.set(&manager("a", Operation::Apply), fields("x"), Some(SimTime::from_secs(20)));
        managers.cap();
        managers.sort();
        let names: Vec<&str> = managers.entries().iter().map(|entry| entry.manager.name.as_str()).collect();
        assert_eq!(names, ["a", "ancient-changes", "m03", "m04", "m05", "m06", "m07", "m08", "m09", "m10", "m11"]);
        let ancient = &managers.entries()[1];
        assert_eq!(ancient.time, Some(SimTime::from_secs(2)));
        assert_eq!(ancient.fields.to_json(), json!({"f:data": {"f:k0": {}, "f:k1": {}, "f:k2": {}}}));
    }
}
