//! `kubectl create job` and `create cronjob`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/create/create_{job,cronjob}.go`, v1.36.

use serde_json::{Map, Value, json};

use super::{command_after_name, one_name, required};
use crate::kubectl::failure::{Answer, Failure};
use crate::kubectl::field::{at, name, text};
use crate::kubectl::flags::{Flag, value};
use crate::kubectl::target::{self, Info, Rules};
use crate::kubectl::{Call, Next};

/// The flags of `create job`.
pub const FLAGS: &[Flag] = &[value("image"), value("from")];

/// The flags of `create cronjob`.
pub const CRON_FLAGS: &[Flag] = &[value("image"), value("schedule"), value("restart")];

/// Runs `kubectl create job`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let name = one_name(call)?;
    let command = command_after_name(call);
    let (image, from) = (call.flags.text("image").to_owned(), call.flags.text("from").to_owned());
    if image.is_empty() == from.is_empty() {
        return Err(Failure::plain("either --image or --from must be specified"));
    }
    if !from.is_empty() && !command.is_empty() {
        return Err(Failure::plain("cannot specify --from and command"));
    }
    let (metadata, spec) = if from.is_empty() {
        (json!({"name": name}), json!({"template": template(&name, &image, &command, "Never")}))
    } else {
        let cron_job = cron_job(call, &from)?;
        (manual(&name, &cron_job.object), at(&cron_job.object, "spec.jobTemplate.spec").clone())
    };
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec, "status": {}});
    super::object(call, target::resource("jobs.batch")?, job, Some("failed to create job:"))
}

/// The CronJob of `--from=cronjob/NAME`.
fn cron_job(call: &Call<'_>, from: &str) -> Answer<Info> {
    let targets = target::find(call, &[from.to_owned()], Rules::default())?;
    if let Some(failure) = Failure::all(targets.failures.clone()) {
        return Err(failure);
    }
    let mut infos = targets.infos();
    let only = infos.pop().filter(|_| infos.is_empty()).ok_or_else(|| Failure::plain("from must be an existing cronjob"))?;
    match only.resource.kind {
        "CronJob" => Ok(only),
        kind => Err(Failure::Plain(format!("unknown object type *{}.{kind}", only.resource.version))),
    }
}

/// The metadata of a Job that somebody starts instead of the CronJob, which owns it all the same.
fn manual(name_of_job: &str, cron_job: &Value) -> Value {
    let template = at(cron_job, "spec.jobTemplate.metadata");
    let mut annotations = Map::from_iter([("cronjob.kubernetes.io/instantiate".to_owned(), Value::from("manual"))]);
    annotations.extend(at(template, "annotations").as_object().cloned().unwrap_or_default());
    let owner = json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": name(cron_job),
        "uid": text(cron_job, "metadata.uid"),
        "controller": true,
    });
    let mut metadata = json!({"name": name_of_job, "annotations": annotations, "ownerReferences": [owner]});
    if let Some(labels) = at(template, "labels").as_object().filter(|labels| !labels.is_empty()) {
        metadata["labels"] = Value::Object(labels.clone());
    }
    metadata
}

/// Runs `kubectl create cronjob`.
pub fn cron(call: &mut Call<'_>) -> Answer<Next> {
    required(call, &["image", "schedule"])?;
    let name = one_name(call)?;
    let command = command_after_name(call);
    let restart = Some(call.flags.text("restart")).filter(|policy| !policy.is_empty()).unwrap_or("OnFailure");
    let template = template(&name, call.flags.text("image"), &command, restart);
    let job_template = json!({"metadata": {"name": name}, "spec": {"template": template}});
    let cron_job = json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name},
        "spec": {"jobTemplate": job_template, "schedule": call.flags.text("schedule")},
        "status": {},
    });
    super::object(call, target::resource("cronjobs.batch")?, cron_job, Some("failed to create cronjob:"))
}

/// One container that is named like what it belongs to.
fn template(name: &str, image: &str, command: &[String], restart: &str) -> Value {
    let mut container = json!({"image": image, "name": name, "resources": {}});
    if !command.is_empty() {
        container["command"] = json!(command);
    }
    json!({"metadata": {}, "spec": {"containers": [container], "restartPolicy": restart}})
}
