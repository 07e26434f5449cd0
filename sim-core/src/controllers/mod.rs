//! The controller-manager: a shared cache, and controllers that each keep one kind of thing as it should be.
//!
//! A controller has no fields. It says which keys a change concerns (`route`) and what is to be done for a key (`sync`); queue,
//! backoff, expectations and requests are the runner's. Mirrors `cmd/kube-controller-manager`, v1.36.

pub mod attach_detach;
pub mod csi_attacher;
pub mod csi_provisioner;
pub mod csi_resizer;
pub mod daemon_set;
pub mod deployment;
pub mod disruption;
pub mod endpoint_slice;
pub mod endpoint_slice_mirroring;
pub mod ephemeral_volume;
pub mod garbage_collector;
pub mod gateway;
pub mod history;
pub mod ingress;
pub mod kubernetes_service;
pub mod namespace;
pub mod node_ipam;
pub mod node_lifecycle;
pub mod persistent_volume;
pub mod pod_gc;
pub mod replica_set;
pub mod resource_quota;
pub mod root_ca;
pub mod service_account;
pub mod service_lb;
pub mod stateful_set;
pub mod taint_eviction;
pub mod volume_expand;
pub mod volume_protection;

use crate::api::event::ObjectReference;
use crate::api::meta::Str;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::status::ApiError;
use crate::apiserver::request::Write;
use crate::client::Call;
use crate::client::pace::{Pace, System};
use crate::client::plan::{Keys, Plan};
use crate::client::rate_limit::RateLimit;
use crate::client::runner::{Runner, Shared};
use crate::client::view::{Flags, View};
use crate::client::work_queue;
use crate::kernel::outbox::Outbox;
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::{Change, Store};

/// A controller: two pure functions.
pub trait Controller {
    /// Its name, as in `--controllers=`.
    const NAME: &'static str;
    /// As it signs events.
    const SIGNS_AS: &'static str = Self::NAME;
    /// How many keys it works on at a time.
    const WORKERS: usize;
    /// Whether it keeps what it has written in a cache of its own, so that it never decides by something older.
    const READS_ITS_WRITES: bool = false;
    /// How long a key waits after its first failure, and at most.
    const BACKOFF: (SimDuration, SimDuration) = work_queue::BACKOFF;
    /// The system that it belongs to, which a cluster may have or not, rather than to the controller-manager.
    const PART_OF: Option<System> = None;
    /// Which keys a change concerns. `view` has seen the change already.
    fn route(change: &Change, view: &View, keys: &mut Keys);
    /// What is to be done for `key` now. `settled`: the view has seen all that this controller wrote for the key.
    fn sync(view: &View, key: ObjectId, now: SimTime, settled: bool) -> Plan;
    /// What is done when one of the plan's requests fails, before the key is tried again. The rest of the plan is dropped in any case.
    /// `seen` is the plan's [`Plan::seen`].
    fn on_error(_view: &View, _key: ObjectId, _seen: Option<&Object>, _failed: &Write, _error: &ApiError, _now: SimTime) -> Plan {
        Plan::nothing()
    }
}

type Route = fn(&Change, &View, &mut Keys);
type Sync = fn(&View, ObjectId, SimTime, bool) -> Plan;
type OnError = fn(&View, ObjectId, Option<&Object>, &Write, &ApiError, SimTime) -> Plan;

#[derive(Clone, Copy)]
struct Registered {
    name: &'static str,
    signs_as: &'static str,
    workers: usize,
    reads_its_writes: bool,
    backoff: (SimDuration, SimDuration),
    part_of: Option<System>,
    route: Route,
    sync: Sync,
    on_error: OnError,
}

const fn registered<C: Controller>() -> Registered {
    Registered {
        name: C::NAME,
        signs_as: C::SIGNS_AS,
        workers: C::WORKERS,
        reads_its_writes: C::READS_ITS_WRITES,
        backoff: C::BACKOFF,
        part_of: C::PART_OF,
        route: C::route,
        sync: C::sync,
        on_error: C::on_error,
    }
}

impl Registered {
    /// Whether the cluster has it.
    fn is_there(&self, pace: &Pace) -> bool {
        self.part_of.is_none_or(|system| pace.has(system))
    }
}

/// All controllers, in the order in which they hear of a change.
const CONTROLLERS: &[Registered] = &[
    registered::<deployment::DeploymentController>(),
    registered::<replica_set::ReplicaSetController>(),
    registered::<endpoint_slice::EndpointSliceController>(),
    registered::<garbage_collector::GarbageCollector>(),
    registered::<namespace::NamespaceController>(),
    registered::<node_lifecycle::NodeLifecycleController>(),
    registered::<taint_eviction::TaintEvictionController>(),
    registered::<resource_quota::ResourceQuotaController>(),
    registered::<service_account::ServiceAccountController>(),
    registered::<root_ca::RootCaPublisher>(),
    registered::<volume_protection::VolumeProtection>(),
    registered::<disruption::DisruptionController>(),
    registered::<pod_gc::PodGarbageCollector>(),
    registered::<stateful_set::StatefulSetController>(),
    registered::<daemon_set::DaemonSetController>(),
    registered::<persistent_volume::PersistentVolumeController>(),
    registered::<ephemeral_volume::EphemeralVolumeController>(),
    registered::<attach_detach::AttachDetachController>(),
    registered::<volume_expand::VolumeExpandController>(),
    registered::<csi_provisioner::CsiProvisioner>(),
    registered::<csi_attacher::CsiAttacher>(),
    registered::<csi_resizer::CsiResizer>(),
    registered::<endpoint_slice_mirroring::EndpointSliceMirroringController>(),
    registered::<service_lb::ServiceLbController>(),
    registered::<node_ipam::NodeIpamController>(),
    registered::<kubernetes_service::KubernetesService>(),
    registered::<ingress::IngressController>(),
    registered::<gateway::GatewayController>(),
];

/// The node lifecycle controller's number: faults wake it.
pub const NODE_LIFECYCLE: u8 = 5;

/// What wakes the controller-manager, besides its watch.
#[derive(Clone, Debug)]
pub enum Input {
    /// The answer to one of its requests.
    Answer {
        /// Which.
        token: u64,
        /// What the server said.
        result: Result<Object, ApiError>,
    },
    /// A key is due: after a backoff, a deadline, a grace period.
    Due {
        /// The controller's number.
        controller: u8,
        /// The key.
        key: ObjectId,
    },
}

/// A decision that led to requests: what `why` quotes.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Who decided.
    pub controller: &'static str,
    /// About what.
    pub key: ObjectId,
    /// Why.
    pub why: Str,
}

/// The controller-manager process.
#[derive(Clone, Debug)]
pub struct ControllerManager {
    view: View,
    runners: Vec<Runner>,
    decisions: Vec<Decision>,
    /// How long the systems outside take.
    pace: Pace,
}

impl ControllerManager {
    /// A controller-manager whose controllers' clients may each send `qps` requests a second, `burst` at once; no limit if `qps` is 0.
    /// `pace` says which systems there are outside, and how long they take.
    pub fn new(qps: u64, burst: u64, flags: Flags, pace: Pace) -> Self {
        let runner = |c: &Registered| {
            let runner = Runner::new(c.signs_as, c.workers, RateLimit::new(qps, burst), flags.epoch);
            runner.reading_its_writes(c.reads_its_writes).with_backoff(c.backoff)
        };
        ControllerManager {
            view: View::default().with_flags(flags),
            runners: CONTROLLERS.iter().map(runner).collect(),
            decisions: Vec::new(),
            pace,
        }
    }

    /// What it believes the cluster is.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Takes in the changes up to revision `upto` and works on what they concern. If they were compacted, lists anew.
    pub fn watch(&mut self, now: SimTime, store: &Store, upto: u64, out: &mut Outbox<Call, Input>) {
        let mut keys: Vec<Keys> = CONTROLLERS.iter().map(|_| Keys::default()).collect();
        match store.changes_since(self.view.revision()) {
            Ok(changes) => {
                for change in changes.take_while(|change| change.revision <= upto) {
                    self.view.apply(change);
                    let pace = &self.pace;
                    for (controller, keys) in CONTROLLERS.iter().zip(&mut keys).filter(|(controller, _)| controller.is_there(pace)) {
                        (controller.route)(change, &self.view, keys);
                    }
                }
            }
            Err(_) => {
                self.view.relist(store);
                for kind in crate::api::object::Kind::ALL {
                    for (id, _) in store.list(*kind, None) {
                        let runners = CONTROLLERS.iter().zip(&mut self.runners);
                        let at_work = runners.filter(|(controller, _)| controller.is_there(&self.pace));
                        at_work.for_each(|(_, runner)| runner.add(id));
                    }
                }
            }
        }
        for (number, keys) in keys.iter_mut().enumerate() {
            let reports = keys.take_reports();
            if !reports.is_empty() {
                self.with_runner(now, number, out, |runner, shared, _, _| {
                    reports.into_iter().for_each(|report| runner.tell(report, shared));
                });
            }
            let (now_keys, later) = keys.drain();
            now_keys.for_each(|key| self.runners[number].add(key));
            for (key, delay) in later {
                self.look_at(number as u8, key, now + delay, out);
            }
        }
        self.work(now, out);
    }

    /// Handles an input.
    pub fn on(&mut self, now: SimTime, input: Input, out: &mut Outbox<Call, Input>) {
        match input {
            Input::Due { controller, key } => self.runners[controller as usize].on_due(key, now),
            Input::Answer { token, result } => {
                let (number, slot) = ((token >> 32) as usize, (token & 0xffff_ffff) as usize);
                let on_error = CONTROLLERS[number].on_error;
                self.with_runner(now, number, out, |runner, shared, view, _| {
                    runner.answer(
                        slot,
                        &result,
                        shared,
                        |slot| token_of(number, slot),
                        |key, seen, failed, error| on_error(view, key, seen, failed, error, now),
                    )
                });
            }
        }
        self.work(now, out);
    }

    /// A controller is to look at a key at `at`.
    pub fn look_at(&mut self, controller: u8, key: ObjectId, at: SimTime, out: &mut Outbox<Call, Input>) {
        if self.runners[controller as usize].add_at(key, at) {
            out.wake_at(at, Input::Due { controller, key });
        }
    }

    /// The controller that sent a request with this token.
    pub fn sender(token: u64) -> Option<&'static str> {
        CONTROLLERS.get(usize::try_from(token >> 32).ok()?).map(|controller| controller.name)
    }

    /// A node's renewals stopped or began again: derived, so no watch tells.
    pub fn set_heartbeat(&mut self, lease: ObjectId, heartbeat: crate::api::node::Heartbeat) {
        self.view.set_heartbeat(lease, heartbeat);
    }

    /// The decisions since this was last asked.
    pub fn take_decisions(&mut self) -> Vec<Decision> {
        std::mem::take(&mut self.decisions)
    }

    fn work(&mut self, now: SimTime, out: &mut Outbox<Call, Input>) {
        for (number, controller) in CONTROLLERS.iter().enumerate() {
            self.with_runner(now, number, out, |runner, shared, view, decisions| {
                runner.start(
                    shared,
                    |slot| token_of(number, slot),
                    |key, settled| {
                        let plan = (controller.sync)(view, key, now, settled);
                        if !plan.is_empty() && !plan.why.is_empty() {
                            decisions.push(Decision { controller: controller.name, key, why: plan.why.clone() });
                        }
                        plan
                    },
                );
            });
        }
    }

    fn with_runner(
        &mut self,
        now: SimTime,
        number: usize,
        out: &mut Outbox<Call, Input>,
        act: impl FnOnce(&mut Runner, &mut Shared<'_>, &View, &mut Vec<Decision>),
    ) {
        let (mut calls, mut wakes) = (Vec::new(), Vec::new());
        let mut shared = Shared { revision: self.view.revision(), now, calls: &mut calls, wakes: &mut wakes, pace: &self.pace };
        act(&mut self.runners[number], &mut shared, &self.view, &mut self.decisions);
        calls.into_iter().for_each(|(at, call)| out.send_at(at, call));
        wakes.into_iter().for_each(|(at, key)| out.wake_at(at, Input::Due { controller: number as u8, key }));
    }
}

/// Whether a change is about the Deployment or the Service of a system that may be installed: namespace and name.
fn is_about(change: &Change, (namespace, name): (&str, &str)) -> bool {
    let meta = change.object.meta();
    meta.name == *name && meta.namespace == *namespace
}

/// Whether a Deployment has its first ready pod.
fn has_come(change: &Change) -> bool {
    let ready = |object: &Object| object.as_deployment().is_some_and(|deployment| deployment.status.ready_replicas > 0);
    change.verb != crate::store::Verb::Deleted && ready(&change.object) && !change.old.as_ref().is_some_and(ready)
}

/// Whether a system that may be installed is there: a pod of its Deployment is ready.
fn is_running(view: &View, (namespace, name): (&str, &str)) -> bool {
    let deployment = view.find(Kind::Deployment, namespace, name).and_then(|id| view.deployment(id));
    deployment.is_some_and(|deployment| deployment.status.ready_replicas > 0)
}

/// What events about a pod refer to.
fn pod_reference(pod: &Pod) -> ObjectReference {
    ObjectReference::seen(Kind::Pod, &pod.meta)
}

fn token_of(controller: usize, slot: usize) -> u64 {
    (controller as u64) << 32 | slot as u64
}
