//! The pod subresources that lead into containers: log and exec. Mirrors `pkg/registry/core/pod/strategy.go` (LogLocation, ExecLocation,
//! validateContainer), v1.36; what the kubelet does then is in `node/inside`.

use super::Client;
use super::answers::{Answers, Live};
use super::network::Truth;
use crate::api::object::{Kind, Object};
use crate::api::pod::Pod;
use crate::api::status::{ApiError, Reason};
use crate::kernel::time::SimTime;
use crate::kubectl::api::{Executed, Log, LogOptions, Printed, Unstreamed};
use crate::node::inside::{LogQuery, NotRun};
use crate::node::runtime::log::{Choice, LogLine, rendered};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The names of all containers of a pod, in the order in which the server lists them.
fn container_names(pod: &Pod) -> Vec<String> {
    let lists = ["initContainers", "containers", "ephemeralContainers"].iter();
    let containers = lists.filter_map(|field| pod.spec.tree[field].as_array()).flatten();
    containers.filter_map(|container| container["name"].as_str().map(str::to_owned)).collect()
}

/// The container that is meant: the one that is named, or the only one.
fn container_meant(pod: &Pod, name: &str) -> Result<String, ApiError> {
    let pod_name = &pod.meta.name;
    let refuse = |message: String| Err(ApiError::new(Reason::BadRequest, message));
    if name.is_empty() {
        return match pod.spec.containers.as_slice() {
            [one] => Ok(one.name.to_string()),
            [] => refuse(format!("a container name must be specified for pod {pod_name}")),
            _ => {
                let names = container_names(pod).join(" ");
                refuse(format!("a container name must be specified for pod {pod_name}, choose one of: [{names}]"))
            }
        };
    }
    if container_names(pod).iter().any(|known| known == name) {
        Ok(name.to_owned())
    } else {
        refuse(format!("container {name} is not valid for pod {pod_name}"))
    }
}

impl Client<'_> {
    fn pod(&self, ns: &str, name: &str) -> Result<(u32, Arc<Pod>), ApiError> {
        let found = self.front.store.find(Kind::Pod, ns, name).and_then(|id| Some((id.number, self.front.store.get(id)?)));
        match found {
            Some((number, Object::Pod(pod))) => Ok((number, pod.clone())),
            _ => Err(ApiError::not_found("", "pods", name)),
        }
    }

    /// The address of the pod's node, if that is off.
    fn silent_node(&self, pod: &Pod) -> Option<Ipv4Addr> {
        let id = self.front.store.find(Kind::Node, "", &pod.node_name)?;
        if self.nodes.is_up(id.number) { None } else { self.nodes.address(id.number) }
    }

    pub(super) fn container_logs(&self, ns: &str, name: &str, opts: &LogOptions) -> Result<Log, ApiError> {
        let (number, pod) = self.pod(ns, name)?;
        let container = container_meant(&pod, &opts.container)?;
        if pod.node_name.is_empty() {
            return Ok(Log::default());
        }
        if let Some(address) = self.silent_node(&pod) {
            let message = format!(
                "Get \"https://{address}:10250/containerLogs/{ns}/{name}/{container}\": dial tcp {address}:10250: connect: no route to host"
            );
            return Err(ApiError::new(Reason::Unknown, message));
        }
        let now = self.front.at.now;
        let query = LogQuery { previous: opts.previous, since: opts.since.or(opts.after) };
        let log = self.nodes.logs(now, (number, name), &container, &query).map_err(|why| ApiError::new(Reason::BadRequest, why))?;
        let after = opts.after.unwrap_or(SimTime::ZERO);
        let lines: Vec<LogLine> = log.lines.into_iter().filter(|line| opts.after.is_none() || line.at > after).collect();
        let choice = Choice { since: opts.since, tail: opts.tail, timestamps: opts.timestamps, limit_bytes: opts.limit_bytes };
        Ok(Log { text: rendered(&lines, self.front.server.epoch(), &choice), over: log.over, next: log.next })
    }

    pub(super) fn run_in_container(
        &mut self,
        ns: &str,
        name: &str,
        container: &str,
        argv: &[String],
        input: Option<&str>,
    ) -> Result<Executed, Unstreamed> {
        let (number, pod) = self.pod(ns, name).map_err(Unstreamed::Server)?;
        let container = container_meant(&pod, container).map_err(Unstreamed::Server)?;
        if pod.node_name.is_empty() {
            let message = format!("pod {name} does not have a host assigned");
            return Err(Unstreamed::Server(ApiError::new(Reason::BadRequest, message)));
        }
        if let Some(address) = self.silent_node(&pod) {
            let message = format!("error dialing backend: dial tcp {address}:10250: connect: no route to host");
            return Err(Unstreamed::Server(ApiError::new(Reason::Unknown, message)));
        }
        let now = self.front.at.now;
        let before = self.nodes.clone();
        let truth = Truth { now, nodes: &before, store: self.front.store, network: self.network, turns: 0 };
        let network = Live { answers: Answers::of(truth), pod: number };
        let done = self.nodes.exec(now, (number, &container), (argv, input), &network).map_err(|why| match why {
            NotRun::Refused(why) => Unstreamed::Upgrade(why),
            NotRun::Failed(why) => Unstreamed::Failed(why),
        })?;
        let printed = |line: LogLine| Printed {
            at: line.at,
            to_stderr: line.stream.is_err(),
            text: if line.whole { format!("{}\n", line.text) } else { line.text },
        };
        Ok(Executed { lines: done.lines.into_iter().map(printed).collect(), ended: done.ended })
    }
}
