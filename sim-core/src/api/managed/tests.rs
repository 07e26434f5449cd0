//! Whole stories: what several writers do to one object, and who owns what then.

use super::*;
use crate::api::resources::{self, Resource};
use crate::api::status::ApiError;
use crate::api::yaml;
use crate::kernel::time::{Epoch, SimTime};
use serde_json::{Value, json};

struct Story {
    resource: &'static Resource,
    live: Option<Value>,
    managers: Managers,
    secs: u64,
}

impl Story {
    fn of(version: &str, kind: &str) -> Story {
        let resource = resources::by_kind(version, kind).expect("a kind of the table");
        Story { resource, live: None, managers: Managers::default(), secs: 0 }
    }

    fn writer<'a>(&mut self, name: &'a str) -> Writer<'a> {
        self.secs += 1;
        Writer { resource: self.resource, name, subresource: "", now: SimTime::from_secs(self.secs) }
    }

    fn tree(&self, text: &str) -> Value {
        let mut tree = yaml::documents(text).expect("it is YAML").remove(0).tree;
        tree["apiVersion"] = self.resource.api_version().into();
        tree["kind"] = self.resource.kind.into();
        tree["metadata"]["name"] = "x".into();
        tree
    }

    fn apply(&mut self, name: &str, text: &str, force: bool) -> Result<(), ApiError> {
        let (config, writer) = (self.tree(text), self.writer(name));
        let applied = apply(self.live.as_ref(), &config, &self.managers, force, &writer)?;
        (self.live, self.managers) = (Some(applied.object), applied.managers);
        Ok(())
    }

    fn applies(&mut self, name: &str, text: &str) {
        self.apply(name, text, false).expect("nobody else owns it");
    }

    fn refused(&mut self, name: &str, text: &str) -> String {
        self.apply(name, text, false).expect_err("somebody else owns it").message
    }

    fn updates(&mut self, name: &str, text: &str) {
        let (new, writer) = (self.tree(text), self.writer(name));
        self.managers = update(self.live.as_ref(), &new, &self.managers, &writer);
        self.live = Some(new);
    }

    #[track_caller]
    fn owned(&self, wanted: &[(&str, Operation, Value)]) {
        let entries = self.managers.entries().iter();
        let got: Vec<_> = entries.map(|e| (e.manager.name.as_str(), e.manager.operation, e.fields.to_json())).collect();
        assert_eq!(got, wanted);
    }

    fn field(&self, pointer: &str) -> Value {
        self.live.as_ref().and_then(|live| live.pointer(pointer)).cloned().unwrap_or_default()
    }
}

use Operation::{Apply, Update};

#[test]
fn another_applier_needs_force() {
    let mut cm = Story::of("v1", "ConfigMap");
    cm.applies("a", "data: {k: '1', j: '1'}");
    assert_eq!(cm.refused("b", "data: {k: '2'}"), "Apply failed with 1 conflict: conflict with \"a\": .data.k");
    assert_eq!(cm.refused("b", "data: {k: '2', j: '2'}"), "Apply failed with 2 conflicts: conflicts with \"a\":\n- .data.j\n- .data.k");
    cm.apply("b", "data: {k: '2'}", true).expect("forced");
    assert_eq!(cm.field("/data"), json!({"k": "2", "j": "1"}));
    cm.owned(&[("a", Apply, json!({"f:data": {"f:j": {}}})), ("b", Apply, json!({"f:data": {"f:k": {}}}))]);
    let error = cm.apply("c", "data: {k: '3', j: '3'}", false).expect_err("both own something");
    assert_eq!(error.message, "Apply failed with 2 conflicts: conflicts with \"a\":\n- .data.j\nconflicts with \"b\":\n- .data.k");
    let status = error.to_status();
    assert_eq!(
        status["details"]["causes"][1],
        json!({"reason": "FieldManagerConflict", "message": "conflict with \"b\"", "field": ".data.k"})
    );
    assert_eq!((&status["code"], &status["reason"]), (&json!(409), &json!("Conflict")));
}

#[test]
fn the_same_value_is_shared() {
    let mut cm = Story::of("v1", "ConfigMap");
    cm.applies("a", "data: {k: '1'}");
    cm.applies("b", "data: {k: '1'}");
    // Nothing changed, so b has no time, and comes first.
    cm.owned(&[("b", Apply, json!({"f:data": {"f:k": {}}})), ("a", Apply, json!({"f:data": {"f:k": {}}}))]);
    assert_eq!(cm.managers.entries()[0].time, None);
    let early = Story::of("v1", "ConfigMap");
    let at_zero = |name: &'static str| Writer { resource: early.resource, name, subresource: "", now: SimTime::ZERO };
    let config = early.tree("data: {k: '1'}");
    let first = super::apply(None, &config, &Managers::default(), false, &at_zero("a")).expect("it is new");
    let both = super::apply(Some(&first.object), &config, &first.managers, false, &at_zero("b")).expect("it is the same");
    assert_eq!(both.managers.entries()[0].manager.name, "b");
    cm.applies("a", "data: {}");
    assert_eq!(cm.field("/data"), json!({"k": "1"}));
    cm.owned(&[("b", Apply, json!({"f:data": {"f:k": {}}})), ("a", Apply, json!({"f:data": {}}))]);
    cm.applies("b", "metadata: {labels: {a: b}}");
    assert_eq!(cm.field("/data"), Value::Null);
}

#[test]
fn what_is_applied_no_more_goes() {
    let mut cm = Story::of("v1", "ConfigMap");
    cm.applies("a", "data: {k: '1', j: '2'}");
    cm.updates("kubectl-edit", "data: {k: '1', j: '2', l: '3'}");
    cm.applies("a", "data: {k: '1'}");
    assert_eq!(cm.field("/data"), json!({"k": "1", "l": "3"}));
    cm.applies("a", "{}");
    assert_eq!(cm.field("/data"), json!({"l": "3"}));
    cm.owned(&[("kubectl-edit", Update, json!({"f:data": {"f:l": {}}}))]);
}

#[test]
fn an_update_takes_what_it_changes() {
    let mut cm = Story::of("v1", "ConfigMap");
    cm.applies("a", "data: {k: '1'}");
    cm.updates("kubectl-patch", "data: {k: '9'}");
    cm.owned(&[("kubectl-patch", Update, json!({"f:data": {"f:k": {}}}))]);
    assert_eq!(cm.refused("a", "data: {k: '1'}"), "Apply failed with 1 conflict: conflict with \"kubectl-patch\" using v1: .data.k");
    cm.updates("kubectl-annotate", "{data: {k: '9'}, metadata: {annotations: {a: b}}}");
    cm.updates("", "data: {k: '9'}");
    cm.owned(&[("kubectl-patch", Update, json!({"f:data": {"f:k": {}}}))]);
}

#[test]
fn who_creates_owns_all_but_what_always_is() {
    let mut deployment = Story::of("apps/v1", "Deployment");
    deployment.updates(
        "kubectl-create",
        "{metadata: {labels: {app: web}}, spec: {replicas: 2, selector: {matchLabels: {app: web}}, strategy: {rollingUpdate: {maxSurge: 1}}, \
         template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, ports: [{containerPort: 80, protocol: TCP}]}]}}}, \
         status: {replicas: 1}}",
    );
    let web = json!({".": {}, "f:name": {}, "f:resources": {}, "f:ports": {
        ".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}, "f:protocol": {}},
    }});
    let labels = json!({".": {}, "f:app": {}});
    let want = json!({"f:metadata": {"f:labels": labels.clone()}, "f:spec": {
        "f:replicas": {}, "f:selector": {}, "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}}},
        "f:template": {"f:metadata": {"f:labels": labels}, "f:spec": {"f:containers": {"k:{\"name\":\"web\"}": web}}},
    }});
    deployment.owned(&[("kubectl-create", Update, want)]);
}

#[test]
fn ports_without_a_protocol_are_tcp() {
    let mut service = Story::of("v1", "Service");
    service.applies("kubectl", "spec: {ports: [{name: a, port: 80}, {name: b, port: 443}]}");
    // What defaulting adds, nobody applied.
    let defaulted = json!([{"name": "a", "port": 80, "protocol": "TCP", "targetPort": 80}, {"name": "b", "port": 443, "protocol": "TCP"}]);
    service.live.as_mut().expect("it was applied")["spec"]["ports"] = defaulted;
    service.applies("b", "spec: {ports: [{name: c, port: 81}]}");
    service.applies("kubectl", "spec: {ports: [{name: a, port: 80}]}");
    let left = json!([{"name": "a", "port": 80, "protocol": "TCP", "targetPort": 80}, {"name": "c", "port": 81}]);
    assert_eq!(service.field("/spec/ports"), left);
}

#[test]
fn client_side_apply_is_no_obstacle_for_kubectl() {
    let annotation = |data: &str| {
        format!(
            "metadata: {{annotations: {{{LAST_APPLIED}: '{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{{\"k\":\"1\"}}}}'}}}}\ndata: {data}"
        )
    };
    let mut cm = Story::of("v1", "ConfigMap");
    cm.updates("kubectl-client-side-apply", &annotation("{k: '1'}"));
    let mut other = Story { live: cm.live.clone(), managers: cm.managers.clone(), ..Story::of("v1", "ConfigMap") };
    assert_eq!(other.refused("me", "data: {k: '2'}"), {
        "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using v1: .data.k"
    });
    cm.applies("kubectl", "data: {k: '2'}");
    let text = cm.field("/metadata/annotations")[LAST_APPLIED].as_str().map(str::to_owned);
    assert_eq!(
        text.as_deref(),
        Some("{\"apiVersion\":\"v1\",\"data\":{\"k\":\"2\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"x\"}}\n")
    );
    let mut changed = Story::of("v1", "ConfigMap");
    changed.updates("kubectl-client-side-apply", &annotation("{k: '7'}"));
    assert_eq!(changed.refused("kubectl", "data: {k: '2'}"), {
        "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using v1: .data.k"
    });
}

#[test]
fn what_nobody_owned_was_there_before() {
    let mut cm = Story::of("v1", "ConfigMap");
    cm.updates("x", "data: {k: '1'}");
    cm.managers = Managers::default();
    cm.updates("x", "data: {k: '2'}");
    cm.owned(&[]);
    assert_eq!(cm.refused("a", "data: {k: '3'}"), "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.k");
    cm.applies("a", "data: {j: '3'}");
    cm.owned(&[("a", Apply, json!({"f:data": {"f:j": {}}})), ("before-first-apply", Update, json!({"f:data": {".": {}, "f:k": {}}}))]);
}

#[test]
fn the_status_is_not_the_appliers() {
    let mut deployment = Story::of("apps/v1", "Deployment");
    deployment.applies("a", "{spec: {replicas: 1}, status: {replicas: 7}}");
    deployment.owned(&[("a", Apply, json!({"f:spec": {"f:replicas": {}}}))]);
    let writer = Writer { subresource: "status", ..deployment.writer("controller") };
    let new = deployment.tree("{spec: {replicas: 5}, status: {replicas: 3}}");
    deployment.managers = update(deployment.live.as_ref(), &new, &deployment.managers, &writer);
    deployment
        .owned(&[("a", Apply, json!({"f:spec": {"f:replicas": {}}})), ("controller", Update, json!({"f:status": {"f:replicas": {}}}))]);
    let json = deployment.managers.to_json(Epoch::default());
    assert_eq!((&json[1]["subresource"], &json[1]["time"]), (&json!("status"), &json!("2026-01-01T00:00:02Z")));
}

#[test]
fn configurations_that_are_refused() {
    let mut cm = Story::of("v1", "ConfigMap");
    let check = |cm: &mut Story, text: &str, code: u16, message: &str| {
        let error = cm.apply("a", text, false).expect_err("it is wrong");
        assert_eq!((error.code, error.message.as_str()), (code, message));
    };
    check(&mut cm, "foo: bar", 500, "failed to create typed patch object (/x; /v1, Kind=ConfigMap): .foo: field not declared in schema");
    check(&mut cm, "metadata: {managedFields: []}", 400, "metadata.managedFields must be nil");
    let writer = cm.writer("a");
    let error = super::apply(None, &json!({"apiVersion": "v1", "kind": "Secret"}), &Managers::default(), false, &writer);
    assert_eq!(error.map_err(|error| error.message), Err("invalid object type: /v1, Kind=Secret".to_owned()));
}
