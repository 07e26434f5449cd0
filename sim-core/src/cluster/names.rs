//! What names stand for to those who ask from a place in the cluster: their `/etc/resolv.conf`, the way to the name server, and what that knows.

use super::network::Truth;
use super::reach::Aim;
use super::reach::Through;
use crate::kernel::time::SimDuration;
use crate::net::dns::names::Names;
use crate::net::dns::outside::Outside;
use crate::net::dns::resolver::{Answer, Library, Lookup, Reach as NameServer, ResolvConf};
use crate::net::dns::zone::Zone;
use crate::net::dns::{CLUSTER_DNS, Kind};
use crate::net::packet::Protocol;
use crate::net::traffic::reach::{Door, Reach, Seat, Verdict, Way};
use crate::node::kubelet::files::resolv;
use std::net::Ipv4Addr;

/// The name server of the nodes' own `/etc/resolv.conf`: their router. It answers for the world outside.
const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 0, 1);
/// There and back between two nodes.
pub(super) const ACROSS: SimDuration = SimDuration::from_micros(300);
/// There and back to the world outside.
pub(super) const BEYOND: SimDuration = SimDuration::from_millis(12);
/// How long CoreDNS works on a question.
const DNS_TAKES: SimDuration = SimDuration::from_micros(500);
/// The port of name servers.
const DNS_PORT: u16 = 53;

impl Truth<'_> {
    /// What a name stands for, as the resolver of a library at this place finds out.
    pub fn resolve(&self, seat: &Seat, name: &str) -> Answer {
        let conf = match seat.pod.and_then(|pod| self.nodes.pod(pod)) {
            Some(worker) => ResolvConf::parse(&resolv::file(&worker.pod)),
            None => ResolvConf { nameservers: vec![ROUTER], ..ResolvConf::default() },
        };
        self.with_names(seat, |lookup| lookup.resolve(&conf, Library::Glibc, name, Kind::A))
    }

    /// Asks name servers from a place.
    pub(super) fn with_names<T>(&self, seat: &Seat, ask: impl FnOnce(&Lookup<'_>) -> T) -> T {
        let outside = Outside::new(self.network.seed());
        let reach = |server| self.name_server(seat, server);
        let shuffle = u128::from(seat.pod.unwrap_or(0)) << 64 | u128::from(self.now.as_nanos());
        ask(&Lookup { zone: Zone { names: self.store, outside: &outside }, reach: &reach, shuffle: (self.network.seed(), shuffle) })
    }

    /// What becomes of a question to a name server.
    pub(super) fn name_server(&self, seat: &Seat, server: Ipv4Addr) -> NameServer {
        if server == ROUTER {
            return NameServer::Answers(BEYOND);
        }
        if !self.network.dns_answers() {
            return NameServer::Silent;
        }
        // Where CoreDNS isn't installed as pods, the cluster has a name server all the same.
        if server == CLUSTER_DNS && self.store.service_at(server).is_none() {
            return NameServer::Answers(DNS_TAKES + ACROSS);
        }
        let choices = self.by_address(seat, Aim { address: server, port: DNS_PORT, protocol: Protocol::Udp });
        let mut open = choices
            .backends
            .iter()
            .filter(|backend| matches!(self.door(backend), Door::Open(listener) if listener.accepts_from <= self.now));
        let way = open.next().map(|backend| self.way(seat, backend, Through::Service(None)));
        match (choices.verdict, way) {
            (Verdict::Forward, Some(way)) if way.way == Way::Open => NameServer::Answers(way.round_trip + DNS_TAKES),
            (Verdict::Forward, None) if choices.backends.iter().any(|backend| backend.pod.is_some()) => NameServer::Refused,
            (Verdict::Reject, _) => NameServer::Refused,
            _ => NameServer::Silent,
        }
    }
}
