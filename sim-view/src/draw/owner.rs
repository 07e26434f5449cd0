//! What makes pods, and how far it is.

use super::{controller_id, count, id};
use crate::frame::cluster::OwnerFrame;
use serde_json::Value;
use sim_core::api::daemon_set::{DaemonSet, DaemonUpdate};
use sim_core::api::object::{Kind, Object, ObjectId};
use sim_core::api::pod::PodTemplate;
use sim_core::api::record::Record;
use sim_core::api::stateful_set::{StatefulSet, StatefulUpdate};
use sim_core::api::workloads::{Deployment, ReplicaSet, Strategy};
use sim_core::controllers::deployment::progress;
use sim_core::controllers::deployment::revisions::revision;
use sim_core::store::Store;

/// Whether objects of this kind make pods, or what makes them.
pub(super) fn is_owner(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet | Kind::Job | Kind::CronJob | Kind::ReplicationController
    )
}

/// An owner of pods; `None` for objects of other kinds.
pub(super) fn frame(store: &Store, id: ObjectId, object: &Object) -> Option<OwnerFrame> {
    let blank = blank(store, id, object);
    Some(match object {
        Object::Deployment(deployment) => of_deployment(blank, deployment),
        Object::ReplicaSet(set) => of_replica_set(blank, set),
        Object::StatefulSet(set) => of_stateful_set(blank, set),
        Object::DaemonSet(set) => of_daemon_set(blank, set),
        Object::Record(record) => match record.kind {
            Kind::Job => of_job(blank, record),
            Kind::CronJob => of_cron_job(blank, record),
            Kind::ReplicationController => of_replication_controller(blank, record),
            _ => return None,
        },
        _ => return None,
    })
}

/// What all kinds have.
fn blank(store: &Store, object: ObjectId, of: &Object) -> OwnerFrame {
    let meta = of.meta();
    OwnerFrame {
        id: id(object),
        kind: object.kind.as_str().to_owned(),
        namespace: meta.namespace.to_string(),
        name: meta.name.to_string(),
        owner: controller_id(store, meta),
        desired: 0,
        current: 0,
        ready: 0,
        available: 0,
        updated: 0,
        revision: 0,
        images: Vec::new(),
        strategy: String::new(),
        paused: false,
        status: String::new(),
    }
}

fn images(template: &PodTemplate) -> Vec<String> {
    template.spec.containers.iter().map(|container| container.image.to_string()).collect()
}

fn images_in(template: &Value) -> Vec<String> {
    let containers = template["spec"]["containers"].as_array().into_iter().flatten();
    containers.filter_map(|container| container["image"].as_str()).map(str::to_owned).collect()
}

fn number(tree: &Value, field: &str) -> u32 {
    count(tree[field].as_i64().unwrap_or(0))
}

fn said(done: bool) -> String {
    if done { "complete" } else { "progressing" }.to_owned()
}

fn of_deployment(blank: OwnerFrame, deployment: &Deployment) -> OwnerFrame {
    let (spec, status) = (&deployment.spec, &deployment.status);
    let stalled = status.condition("Progressing").is_some_and(|c| c.reason == "ProgressDeadlineExceeded");
    OwnerFrame {
        desired: count(spec.replicas.into()),
        current: count(status.replicas.into()),
        ready: count(status.ready_replicas.into()),
        available: count(status.available_replicas.into()),
        updated: count(status.updated_replicas.into()),
        revision: count(revision(&deployment.meta).unwrap_or(0)),
        images: images(&spec.template),
        strategy: match &spec.strategy {
            Strategy::Recreate => "Recreate".to_owned(),
            Strategy::RollingUpdate { max_surge, max_unavailable } => format!("RollingUpdate {max_surge}/{max_unavailable}"),
        },
        paused: spec.paused,
        status: match (spec.paused, stalled) {
            (true, _) => "paused".to_owned(),
            (_, true) => "stalled".to_owned(),
            _ => said(progress::is_complete(deployment, status)),
        },
        ..blank
    }
}

fn of_replica_set(blank: OwnerFrame, set: &ReplicaSet) -> OwnerFrame {
    let current = count(set.status.replicas.into());
    OwnerFrame {
        desired: count(set.replicas.into()),
        current,
        ready: count(set.status.ready_replicas.into()),
        available: count(set.status.available_replicas.into()),
        updated: current,
        revision: count(revision(&set.meta).unwrap_or(0)),
        images: images(&set.spec.template),
        ..blank
    }
}

fn of_stateful_set(blank: OwnerFrame, set: &StatefulSet) -> OwnerFrame {
    let (spec, status) = (&set.spec, &set.status);
    let updated = count(status.updated_replicas.into());
    let desired = count(spec.replicas.into());
    let (strategy, partition) = match spec.update {
        StatefulUpdate::OnDelete => ("OnDelete".to_owned(), u32::MAX),
        StatefulUpdate::RollingUpdate { partition: None | Some(0) } => ("RollingUpdate".to_owned(), 0),
        StatefulUpdate::RollingUpdate { partition: Some(from) } => (format!("RollingUpdate from {from} on"), count(from.into())),
    };
    let ready = count(status.ready_replicas.into());
    let seen = status.observed_generation >= set.meta.generation;
    OwnerFrame {
        desired,
        current: count(status.replicas.into()),
        ready,
        available: count(status.available_replicas.into()),
        updated,
        images: images(&spec.template),
        strategy,
        status: said(seen && ready >= desired && updated >= desired.saturating_sub(partition)),
        ..blank
    }
}

fn of_daemon_set(blank: OwnerFrame, set: &DaemonSet) -> OwnerFrame {
    let status = &set.status;
    let (updated, available) = (status.updated, status.available);
    let on_delete = set.spec.update == DaemonUpdate::OnDelete;
    let seen = status.observed_generation >= set.meta.generation;
    OwnerFrame {
        desired: count(status.desired.into()),
        current: count(status.current.into()),
        ready: count(status.ready.into()),
        available: count(available.into()),
        updated: count(updated.into()),
        images: images(&set.spec.template),
        strategy: match &set.spec.update {
            DaemonUpdate::OnDelete => "OnDelete".to_owned(),
            DaemonUpdate::RollingUpdate { max_unavailable, max_surge } => format!("RollingUpdate {max_surge}/{max_unavailable}"),
        },
        status: said(seen && available >= status.desired && (on_delete || updated >= status.desired)),
        ..blank
    }
}

fn of_job(blank: OwnerFrame, job: &Record) -> OwnerFrame {
    let (spec, status) = (&job.body["spec"], &job.body["status"]);
    let holds = |kind: &str| {
        let conditions = status["conditions"].as_array().into_iter().flatten();
        conditions.into_iter().any(|c| c["type"] == kind && c["status"] == "True")
    };
    let suspended = spec["suspend"] == true;
    let desired = spec["completions"].as_i64().or_else(|| spec["parallelism"].as_i64()).unwrap_or(1);
    OwnerFrame {
        desired: count(desired),
        current: number(status, "active"),
        ready: number(status, "ready"),
        available: number(status, "succeeded"),
        updated: number(status, "active"),
        images: images_in(&spec["template"]),
        paused: suspended,
        status: if holds("Failed") {
            "stalled".to_owned()
        } else if suspended {
            "paused".to_owned()
        } else {
            said(holds("Complete"))
        },
        ..blank
    }
}

fn of_cron_job(blank: OwnerFrame, job: &Record) -> OwnerFrame {
    let spec = &job.body["spec"];
    let paused = spec["suspend"] == true;
    OwnerFrame {
        current: count(job.body["status"]["active"].as_array().map_or(0, Vec::len) as i64),
        images: images_in(&spec["jobTemplate"]["spec"]["template"]),
        strategy: spec["schedule"].as_str().unwrap_or_default().to_owned(),
        paused,
        status: if paused { "paused".to_owned() } else { String::new() },
        ..blank
    }
}

fn of_replication_controller(blank: OwnerFrame, controller: &Record) -> OwnerFrame {
    let (spec, status) = (&controller.body["spec"], &controller.body["status"]);
    let current = number(status, "replicas");
    OwnerFrame {
        desired: count(spec["replicas"].as_i64().unwrap_or(1)),
        current,
        ready: number(status, "readyReplicas"),
        available: number(status, "availableReplicas"),
        updated: current,
        images: images_in(&spec["template"]),
        ..blank
    }
}
