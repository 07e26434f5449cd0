//! Requests by host and path, as simulated clients meet them: the way to the ingress controller, and whom it asks by its rules.

use super::network::Truth;
use crate::net::ingress::rules::{Backend as Routed, Location};
use crate::net::ingress::{self, CONTROLLER_SERVICE};
use crate::net::packet::Protocol;
use crate::net::traffic::reach::{Backend, Choices, Scheduler, Seat, Verdict};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What a rule's shares are counted in: divisible by every number of pods up to 12.
const SHARES: u32 = 27_720;

impl Truth<'_> {
    /// What becomes of requests for a host and path: those of its ingress controller.
    pub(super) fn by_host(&self, from: &Seat, host: &str, port: u16, path: &str) -> Choices {
        let Some(entrance) = self.entrance(from) else {
            // Nobody has the name, for nobody serves it.
            return Choices { verdict: Verdict::UnknownName, ..Choices::default() };
        };
        let front = self.by_address(from, entrance, port);
        let behind = Arc::new(self.by_rules_of_hosts(host, port == 443, path));
        let valid_until = front.valid_until.min(behind.valid_until);
        Choices { behind: Some(behind), valid_until, ..front }
    }

    /// Where the ingress controller is reached: by its cloud's address, or inside by its Service's own.
    fn entrance(&self, from: &Seat) -> Option<Ipv4Addr> {
        let (namespace, name) = CONTROLLER_SERVICE;
        let mut ports = self.network.newest_services().of_service(namespace, name);
        let port = ports.next()?;
        let outside = port.load_balancer_ips.first().or(port.external_ips.first()).copied();
        if from.node.is_some() { outside.or(Some(port.cluster_ip)) } else { outside }
    }

    /// Whom the controller asks: the pods of the Service that its rules name, and of those that take a share as canaries.
    fn by_rules_of_hosts(&self, host: &str, tls: bool, path: &str) -> Choices {
        let Some(rules) = self.network.hosts_rules(self.now) else {
            return Choices { verdict: Verdict::NotFound, ..Choices::default() };
        };
        let valid_until = self.network.next_reload(self.now);
        let request = ingress::Request { host, path, tls, headers: &[] };
        let location = match rules.route(&request, (self.network.seed(), 0)) {
            ingress::Routed::Backend { location, .. } => location,
            // Who is sent to come again by TLS has an answer, and no pod was asked.
            ingress::Routed::Redirect { .. } | ingress::Routed::NotFound { .. } => {
                return Choices { verdict: Verdict::NotFound, valid_until, ..Choices::default() };
            }
        };
        let backends = self.shares(location);
        let verdict = if backends.is_empty() { Verdict::Unavailable } else { Verdict::Forward };
        let rules_of = crate::api::meta::Str::Static("the ingress controller");
        Choices { verdict, backends, scheduler: Scheduler::Random, rules_of, valid_until, ..Choices::default() }
    }

    /// The pods behind a rule, each with its share.
    fn shares(&self, location: &Location) -> Vec<Backend> {
        let total = location.canaries.iter().map(|canary| canary.total).max().unwrap_or(100).max(1);
        let mut left = total;
        let mut all = Vec::new();
        let mut add = |backend: &Routed, share: u64| {
            let ends = ingress::upstream(self.network.view(), backend);
            let weight = (u64::from(SHARES) * share / total) as u32 / ends.len().max(1) as u32;
            all.extend(ends.into_iter().map(|(address, port)| Backend { weight, ..self.backend(address, port, Protocol::Tcp) }));
        };
        for canary in &location.canaries {
            let share = canary.weight.min(left);
            left -= share;
            add(&canary.backend, share);
        }
        if let Some(backend) = &location.backend {
            add(backend, left);
        }
        all.retain(|backend| backend.weight > 0);
        all
    }
}
