//! The history of a StatefulSet or DaemonSet: ControllerRevisions that remember its pod template, one for each that it had.
//!
//! Mirrors `pkg/controller/history/controller_history.go`, v1.36, and getPatch of both controllers. A revision's data is a strategic merge
//! patch that puts the template back, so `kubectl rollout undo` only has to send it.

use crate::api::controller_revision::ControllerRevision;
use crate::api::meta::{Meta, Str, StrMap, Uid};
use crate::api::names::safe_encode;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::PodTemplate;
use crate::api::selector::Selector;
use crate::apiserver::request::Write;
use crate::client::plan::Plan;
use crate::client::view::View;
use crate::controllers::deployment::{controller_reference, owner_of};
use crate::store::{Change, Verb};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// How many bytes of the owner's name go into a revision's.
const MAX_PREFIX: usize = 223;

/// A revision, as a sync knows it.
#[derive(Clone, Debug)]
pub struct Known {
    /// `None` if this sync creates it.
    pub id: Option<ObjectId>,
    /// As it is in the cache, or as this sync leaves it.
    pub revision: Arc<ControllerRevision>,
}

impl Known {
    /// Its name.
    pub fn name(&self) -> &Str {
        &self.revision.meta.name
    }

    /// Whether it remembers this template.
    pub fn is_of(&self, template: &PodTemplate) -> bool {
        remembers(&self.revision.data, template)
    }

    /// Gives it another number.
    pub fn renumber(&mut self, number: i64, plan: &mut Plan) {
        let revision = ControllerRevision { revision: number, ..(*self.revision).clone() };
        if let Some(id) = self.id {
            plan.then(Write::Update(id, revision.clone().into()));
        }
        self.revision = Arc::new(revision);
    }
}

/// The patch that puts a template back. getPatch of both controllers.
pub fn patch(template: &PodTemplate) -> Value {
    let mut template = (*template.tree).clone();
    if let Some(fields) = template.as_object_mut() {
        fields.insert("$patch".into(), "replace".into());
    }
    json!({"spec": {"template": template}})
}

/// The template that a patch puts back.
pub fn template_of(data: &Value) -> PodTemplate {
    let mut template = data["spec"]["template"].clone();
    if let Some(fields) = template.as_object_mut() {
        fields.remove("$patch");
    }
    PodTemplate::from_tree(&template)
}

/// Whether `data` is the patch that puts this template back. The same as comparing with [`patch`], without making it.
pub fn remembers(data: &Value, template: &PodTemplate) -> bool {
    let fields = |tree: &'_ Value| tree.as_object().map_or(0, Map::len);
    let (spec, kept) = (&data["spec"], &data["spec"]["template"]);
    let Some(own) = template.tree.as_object() else { return false };
    fields(data) == 1
        && fields(spec) == 1
        && fields(kept) == own.len() + 1
        && kept["$patch"] == "replace"
        && own.iter().all(|(field, value)| kept[field] == *value)
}

/// The hash that names a revision: FNV-1 over the patch as Go writes it, then the collision count. `HashControllerRevision`.
pub fn hash(data: &Value, collision_count: i32) -> String {
    let text = format!("{}{collision_count}", go_json(data));
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte));
    safe_encode(&hash.to_string())
}

/// JSON as Go's encoder writes it: keys in order, and what HTML could take for its own escaped.
fn go_json(tree: &Value) -> String {
    let escaped = |c: char| match c {
        '<' => "\\u003c".to_owned(),
        '>' => "\\u003e".to_owned(),
        '&' => "\\u0026".to_owned(),
        '\u{2028}' => "\\u2028".to_owned(),
        '\u{2029}' => "\\u2029".to_owned(),
        other => other.to_string(),
    };
    tree.to_string().chars().map(escaped).collect()
}

/// `<owner>-<hash>`, the owner's name cut if it is too long. `ControllerRevisionName`.
pub fn revision_name(owner: &str, hash: &str) -> Str {
    let mut room = owner.len().min(MAX_PREFIX);
    while !owner.is_char_boundary(room) {
        room -= 1;
    }
    Str::from(format!("{}-{hash}", &owner[..room]))
}

/// A revision of its owner, to be created.
pub fn new_revision(kind: Kind, owner: &Meta, name: Str, labels: StrMap, data: Value, revision: i64) -> ControllerRevision {
    ControllerRevision {
        meta: Meta {
            name,
            namespace: owner.namespace.clone(),
            labels,
            annotations: owner.annotations.clone(),
            owners: Some(Arc::new(vec![controller_reference(kind, owner)])),
            ..Meta::default()
        },
        data: Arc::new(data),
        revision,
    }
}

/// The revisions of a namespace that the owner controls, or that nobody does and its selector matches.
fn candidates<'a>(view: &'a View, owner: &'a Meta) -> impl Iterator<Item = (ObjectId, &'a Arc<ControllerRevision>)> {
    let all = view.list(Kind::ControllerRevision, Some(&owner.namespace));
    let all = all.filter_map(|(id, object)| Some((id, object.as_controller_revision()?)));
    all.filter(|(_, revision)| revision.meta.controller().is_none_or(|controller| controller.uid == owner.uid))
}

/// The owner's revisions by their numbers, the newest last. Orphans that the selector matches are adopted; its own that don't match any
/// longer are left out, and let go if `releases`: a DaemonSet does that, a StatefulSet doesn't.
/// `ListControllerRevisions`, and `pkg/controller/controller_ref_manager.go`, ClaimControllerRevisions.
pub fn claim(kind: Kind, view: &View, owner: &Meta, selector: &Selector, releases: bool, plan: &mut Plan) -> Vec<Known> {
    let (mut known, deleting) = (Vec::new(), owner.deletion.is_some());
    for (id, revision) in candidates(view, owner) {
        let (orphan, matches) = (revision.meta.controller().is_none(), selector.matches(&revision.meta.labels));
        match (orphan, matches) {
            (false, true) => {}
            (true, true) if !deleting && revision.meta.deletion.is_none() => {
                let mut owners = revision.meta.owners().to_vec();
                owners.push(controller_reference(kind, owner));
                plan.then(Write::Owners(id, owners));
                plan.why = format!("the selector matches the orphan revision {}: it is adopted", revision.meta.name).into();
            }
            (false, false) if releases && !deleting => {
                let left = revision.meta.owners().iter().filter(|o| o.uid != owner.uid).cloned().collect();
                plan.then(Write::Owners(id, left));
                plan.why = format!("the selector doesn't match revision {} any longer: it is released", revision.meta.name).into();
                continue;
            }
            _ => continue,
        }
        known.push(Known { id: Some(id), revision: revision.clone() });
    }
    known.sort_by(|a, b| place(&a.revision).cmp(&place(&b.revision)));
    known
}

fn place(revision: &ControllerRevision) -> (i64, crate::kernel::time::SimTime, &Str) {
    (revision.revision, revision.meta.created, &revision.meta.name)
}

/// The owners that a change of a revision concerns: that of its controller, or those that might adopt an orphan.
pub fn route(kind: Kind, change: &Change, view: &View, selects: impl Fn(&Object, &StrMap) -> bool, mut add: impl FnMut(ObjectId)) {
    let meta = change.object.meta();
    let old = change.old.as_ref().filter(|_| change.verb == Verb::Modified).map(Object::meta);
    if let Some(id) = old.filter(|old| old.controller() != meta.controller()).and_then(|old| owner_of(old, kind, view)) {
        add(id);
    }
    if meta.controller().is_some() {
        return owner_of(meta, kind, view).into_iter().for_each(add);
    }
    if change.verb != Verb::Deleted && !meta.labels.is_empty() {
        let owners = view.list(kind, Some(&meta.namespace)).filter(|(_, owner)| selects(owner, &meta.labels));
        owners.for_each(|(id, _)| add(id));
    }
}

/// The owner of the kind that controls an object, or for an orphan all that might adopt it: those that a change of a pod concerns.
pub fn route_pod(kind: Kind, change: &Change, view: &View, selects: impl Fn(&Object, &StrMap) -> bool, mut add: impl FnMut(ObjectId)) {
    let meta = change.object.meta();
    let old = change.old.as_ref().filter(|_| change.verb == Verb::Modified).map(Object::meta);
    let owner_changed = old.is_some_and(|old| old.controller() != meta.controller());
    if let Some(id) = old.filter(|_| owner_changed).and_then(|old| owner_of(old, kind, view)) {
        add(id);
    }
    if meta.controller().is_some() {
        return owner_of(meta, kind, view).into_iter().for_each(add);
    }
    let news = change.verb == Verb::Added || owner_changed || old.is_some_and(|old| old.labels != meta.labels);
    if news && meta.deletion.is_none() && !meta.labels.is_empty() && view.has(kind) {
        let owners = view.list(kind, Some(&meta.namespace)).filter(|(_, owner)| selects(owner, &meta.labels));
        owners.for_each(|(id, _)| add(id));
    }
}

/// An object's owners without one of them.
pub fn owners_without(meta: &Meta, uid: Uid) -> Vec<crate::api::meta::OwnerReference> {
    meta.owners().iter().filter(|owner| owner.uid != uid).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(image: &str) -> PodTemplate {
        PodTemplate::from_tree(&json!({
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [{
                    "name": "nginx", "image": image, "resources": {}, "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent",
                }],
                "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "securityContext": {},
                "schedulerName": "default-scheduler",
            },
        }))
    }

    #[test]
    fn revisions_are_named_as_the_real_ones() {
        let check = |image: &str, collisions: i32, name: &str| {
            assert_eq!(revision_name("web", &hash(&patch(&template(image)), collisions)).as_str(), name);
        };
        // Recorded.
        check("nginx:1.17.1", 0, "web-6d7854cf7");
        check("nginx:1.17.2", 0, "web-6c5549f6d");
        assert_ne!(hash(&patch(&template("nginx:1.17.1")), 1), "6d7854cf7");
        assert_eq!(go_json(&json!({"b": "<&>", "a": 1})), r#"{"a":1,"b":"\u003c\u0026\u003e"}"#);
    }

    #[test]
    fn a_patch_gives_back_what_it_was_made_from() {
        let (one, two) = (template("nginx:1.17.1"), template("nginx:1.17.2"));
        let data = patch(&one);
        assert!(remembers(&data, &one) && !remembers(&data, &two) && !remembers(&Value::Null, &one));
        assert_eq!(template_of(&data), one);
    }
}
