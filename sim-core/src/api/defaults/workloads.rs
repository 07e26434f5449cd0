//! Defaults of workloads and of the claims in them: mirrors `pkg/apis/{apps,batch}/v1/defaults.go`, and the selector that a Job gets from
//! `pkg/registry/batch/job/strategy.go`, v1.36.

use super::{Field, Fill, pod, text};
use serde_json::{Map, Value, json};

/// A Deployment.
pub(super) static DEPLOYMENT: &[Field] = &[Field("spec", Fill::Make(DEPLOYMENT_SPEC)), Field("status", Fill::Object)];

static DEPLOYMENT_SPEC: &[Field] = &[
    Field("replicas", Fill::Int(1)),
    Field("strategy", Fill::Make(&[Field("type", Fill::Text("RollingUpdate")), Field("", Fill::Code(rolling_deployment))])),
    Field("revisionHistoryLimit", Fill::Int(10)),
    Field("progressDeadlineSeconds", Fill::Int(600)),
    Field("template", Fill::Make(pod::TEMPLATE)),
];

/// A ReplicaSet.
pub(super) static REPLICA_SET: &[Field] = &[
    Field("spec", Fill::Make(&[Field("replicas", Fill::Int(1)), Field("template", Fill::Make(pod::TEMPLATE))])),
    Field("status", Fill::Make(&[Field("replicas", Fill::Int(0))])),
];

/// A ReplicationController: its template speaks for what it doesn't say. There may be none.
pub(super) static REPLICATION_CONTROLLER: &[Field] = &[
    Field("", Fill::Code(template_labels)),
    Field("spec", Fill::Make(&[Field("replicas", Fill::Int(1)), Field("template", Fill::In(pod::TEMPLATE))])),
];

/// A DaemonSet.
pub(super) static DAEMON_SET: &[Field] = &[
    Field("metadata", Fill::In(&[Field("annotations", Fill::Make(&[Field("deprecated.daemonset.template.generation", Fill::Text("1"))]))])),
    Field(
        "spec",
        Fill::Make(&[
            Field("updateStrategy", Fill::Make(&[Field("type", Fill::Text("RollingUpdate")), Field("", Fill::Code(rolling_daemon_set))])),
            Field("revisionHistoryLimit", Fill::Int(10)),
            Field("template", Fill::Make(pod::TEMPLATE)),
        ]),
    ),
    Field(
        "status",
        Fill::Make(&[
            Field("currentNumberScheduled", Fill::Int(0)),
            Field("numberMisscheduled", Fill::Int(0)),
            Field("desiredNumberScheduled", Fill::Int(0)),
            Field("numberReady", Fill::Int(0)),
        ]),
    ),
];

/// A StatefulSet.
pub(super) static STATEFUL_SET: &[Field] = &[
    Field("spec", Fill::Make(STATEFUL_SET_SPEC)),
    Field("status", Fill::Make(&[Field("replicas", Fill::Int(0)), Field("availableReplicas", Fill::Int(0))])),
];

static STATEFUL_SET_SPEC: &[Field] = &[
    Field("podManagementPolicy", Fill::Text("OrderedReady")),
    Field("updateStrategy", Fill::Make(&[Field("", Fill::Code(stateful_set_strategy))])),
    Field(
        "persistentVolumeClaimRetentionPolicy",
        Fill::Make(&[Field("whenDeleted", Fill::Text("Retain")), Field("whenScaled", Fill::Text("Retain"))]),
    ),
    Field("replicas", Fill::Int(1)),
    Field("revisionHistoryLimit", Fill::Int(10)),
    Field("serviceName", Fill::Text("")),
    Field("template", Fill::Make(pod::TEMPLATE)),
    Field("volumeClaimTemplates", Fill::Each(CLAIM_TEMPLATE)),
];

static CLAIM_TEMPLATE: &[Field] = &[
    Field("apiVersion", Fill::Text("v1")),
    Field("kind", Fill::Text("PersistentVolumeClaim")),
    Field("metadata", Fill::Object),
    Field("", Fill::In(CLAIM)),
];

/// A PersistentVolumeClaim.
pub(super) static CLAIM: &[Field] =
    &[Field("spec", Fill::Make(CLAIM_SPEC)), Field("status", Fill::Make(&[Field("phase", Fill::Text("Pending"))]))];

/// Its spec, also in an ephemeral volume.
pub(super) static CLAIM_SPEC: &[Field] = &[Field("volumeMode", Fill::Text("Filesystem")), Field("resources", Fill::Object)];

/// A Job.
pub(super) static JOB: &[Field] = &[Field("", Fill::Code(job_labels)), Field("spec", Fill::Make(JOB_SPEC)), Field("status", Fill::Object)];

static JOB_SPEC: &[Field] = &[
    Field("", Fill::Code(job_counts)),
    Field("completionMode", Fill::Text("NonIndexed")),
    Field("suspend", Fill::Bool(false)),
    Field("manualSelector", Fill::Bool(false)),
    Field("podFailurePolicy", Fill::In(FAILURE_POLICY)),
    Field("template", Fill::Make(pod::TEMPLATE)),
];

static FAILURE_POLICY: &[Field] =
    &[Field("rules", Fill::Each(&[Field("onPodConditions", Fill::Each(&[Field("status", Fill::Text("True"))]))]))];

/// A CronJob. The Job inside has no defaults yet, its pods have.
pub(super) static CRON_JOB: &[Field] = &[
    Field(
        "spec",
        Fill::Make(&[
            Field("concurrencyPolicy", Fill::Text("Allow")),
            Field("suspend", Fill::Bool(false)),
            Field("successfulJobsHistoryLimit", Fill::Int(3)),
            Field("failedJobsHistoryLimit", Fill::Int(1)),
            Field("schedule", Fill::Text("")),
            Field(
                "jobTemplate",
                Fill::Make(&[
                    Field("metadata", Fill::Object),
                    Field(
                        "spec",
                        Fill::Make(&[Field("podFailurePolicy", Fill::In(FAILURE_POLICY)), Field("template", Fill::Make(pod::TEMPLATE))]),
                    ),
                ]),
            ),
        ]),
    ),
    Field("status", Fill::Object),
];

fn rolling(strategy: &mut Map<String, Value>, defaults: [(&str, Value); 2]) {
    if text(strategy, "type") == "RollingUpdate"
        && let Value::Object(rolling) = strategy.entry("rollingUpdate").or_insert_with(|| json!({}))
    {
        for (field, value) in defaults {
            rolling.entry(field).or_insert(value);
        }
    }
}

fn rolling_deployment(strategy: &mut Map<String, Value>) {
    rolling(strategy, [("maxUnavailable", json!("25%")), ("maxSurge", json!("25%"))]);
}

fn rolling_daemon_set(strategy: &mut Map<String, Value>) {
    rolling(strategy, [("maxUnavailable", json!(1)), ("maxSurge", json!(0))]);
}

/// `rollingUpdate` is made only together with the type; once there, it has a partition.
fn stateful_set_strategy(strategy: &mut Map<String, Value>) {
    if text(strategy, "type").is_empty() {
        strategy.insert("type".into(), Value::from("RollingUpdate"));
        strategy.entry("rollingUpdate").or_insert_with(|| json!({}));
    }
    if text(strategy, "type") == "RollingUpdate"
        && let Some(Value::Object(rolling)) = strategy.get_mut("rollingUpdate")
    {
        rolling.entry("partition").or_insert(json!(0));
    }
}

fn job_counts(spec: &mut Map<String, Value>) {
    if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
        spec.insert("completions".into(), json!(1));
    }
    spec.entry("parallelism").or_insert(json!(1));
    let retries = if spec.contains_key("backoffLimitPerIndex") { i64::from(i32::MAX) } else { 6 };
    spec.entry("backoffLimit").or_insert(json!(retries));
    let policy = if spec.contains_key("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    spec.entry("podReplacementPolicy").or_insert_with(|| Value::from(policy));
}

fn template_labels(controller: &mut Map<String, Value>) {
    let labels = controller.get("spec").map(|spec| spec["template"]["metadata"]["labels"].clone());
    let Some(labels @ Value::Object(_)) = labels else { return };
    for (owner, field) in [("spec", "selector"), ("metadata", "labels")] {
        if let Some(Value::Object(owner)) = controller.get_mut(owner) {
            owner.entry(field).or_insert_with(|| labels.clone());
        }
    }
}

/// A Job without labels takes its template's.
fn job_labels(job: &mut Map<String, Value>) {
    let labels = job.get("spec").map(|s| s["template"]["metadata"]["labels"].clone());
    if let Some(Value::Object(meta)) = job.get_mut("metadata")
        && let Some(Value::Object(labels)) = labels
    {
        meta.entry("labels").or_insert(Value::Object(labels));
    }
}

/// Gives a new Job the selector and labels that tell its pods from all others: by its UID, which must be set. A Job with
/// `manualSelector: true` keeps its own. When the server reads the Job back it defaults it again: then a Job without labels of its own
/// gets these too.
pub fn generate_job_selector(tree: &mut Value) {
    if tree["spec"]["manualSelector"] == Value::Bool(true) || !tree["spec"].is_object() {
        return;
    }
    let meta = |field: &str| tree["metadata"][field].as_str().unwrap_or("").to_owned();
    let (uid, name) = (meta("uid"), meta("name"));
    let labels = [
        ("controller-uid", &uid),
        ("job-name", &name),
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
    ];
    // A Job that took its template's labels shares the map with it: what one gets, the other has.
    let shared = !tree["metadata"]["labels"].is_null() && tree["metadata"]["labels"] == tree["spec"]["template"]["metadata"]["labels"];
    let places: &[&str] = if shared { &["/spec/template/metadata", "/metadata"] } else { &["/spec/template/metadata"] };
    for place in places {
        if let Some(Value::Object(meta)) = tree.pointer_mut(place)
            && let Value::Object(own) = meta.entry("labels").or_insert_with(|| json!({}))
        {
            for (key, value) in labels {
                own.insert(key.into(), Value::from(value.as_str()));
            }
        }
    }
    if let Some(Value::Object(spec)) = tree.get_mut("spec")
        && let Value::Object(selector) = spec.entry("selector").or_insert_with(|| json!({}))
        && let Value::Object(labels) = selector.entry("matchLabels").or_insert_with(|| json!({}))
    {
        labels.insert("batch.kubernetes.io/controller-uid".into(), Value::from(uid));
    }
}
