//! IPVS, the kernel's load balancer: an address and port that nobody listens on stands for several that somebody does.
//!
//! Mirrors `net/netfilter/ipvs` of Linux: `ip_vs_rr.c`, `ip_vs_wrr.c` (kube-proxy gives all the weight 1, and then it is the same), `ip_vs_lc.c`,
//! `ip_vs_sh.c`.

use crate::kernel::table::Index;
use crate::kernel::time::{SimDuration, SimTime};
use crate::net::config::IpvsScheduler;
use crate::net::packet::Protocol;
use std::fmt;
use std::net::Ipv4Addr;

/// How many buckets the table of source hashing has, as a power of two (`CONFIG_IP_VS_SH_TAB_BITS`).
const HASH_BITS: u32 = 8;
/// What the kernel's hash_32 multiplies by: 2³² divided by the golden ratio, turned round.
const GOLDEN_RATIO: u32 = 0x61C8_8647;

/// Where a virtual server is reached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Service {
    /// Its address.
    pub address: Ipv4Addr,
    /// What it carries.
    pub protocol: Protocol,
    /// Its port.
    pub port: u16,
}

impl fmt::Display for Service {
    /// As `ipvsadm` takes it: `-t 10.96.0.1:443`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flag = match self.protocol {
            Protocol::Udp => "-u",
            Protocol::Sctp => "--sctp-service",
            Protocol::Tcp | Protocol::Icmp => "-t",
        };
        write!(f, "{flag} {}:{}", self.address, self.port)
    }
}

/// A server behind it.
pub type Server = (Ipv4Addr, u16);

/// A virtual server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VirtualServer {
    /// How it chooses.
    pub scheduler: IpvsScheduler,
    /// For how long a client stays with a server after its last connection.
    pub persistent: Option<SimDuration>,
    /// The servers.
    pub servers: Vec<Server>,
}

impl VirtualServer {
    /// `rr`
    pub const fn scheduler_name(&self) -> &'static str {
        match self.scheduler {
            IpvsScheduler::RoundRobin => "rr",
            IpvsScheduler::WeightedRoundRobin => "wrr",
            IpvsScheduler::LeastConnection => "lc",
            IpvsScheduler::SourceHashing => "sh",
        }
    }

    /// The server of a client's new connection; `None` if there is none.
    pub fn schedule(&self, service: Service, client: Ipv4Addr, now: SimTime, memory: &mut Memory) -> Option<Server> {
        if let Some(within) = self.persistent
            && let Some((server, last)) = memory.templates.get(&(service, client)).copied()
            && now.since(last) <= within
            && self.servers.contains(&server)
        {
            memory.templates.insert((service, client), (server, now));
            return Some(server);
        }
        let server = self.choose(service, client, memory)?;
        if self.persistent.is_some() {
            memory.templates.insert((service, client), (server, now));
        }
        Some(server)
    }

    fn choose(&self, service: Service, client: Ipv4Addr, memory: &mut Memory) -> Option<Server> {
        match self.scheduler {
            IpvsScheduler::RoundRobin | IpvsScheduler::WeightedRoundRobin => {
                let last = memory.last.get(&service).and_then(|last| self.servers.iter().position(|server| server == last));
                let next = *self.servers.get(last.map_or(memory.begins as usize, |last| last + 1) % self.servers.len().max(1))?;
                memory.last.insert(service, next);
                Some(next)
            }
            IpvsScheduler::LeastConnection => self.servers.iter().copied().min_by_key(|server| memory.open(service, *server)),
            IpvsScheduler::SourceHashing => {
                let bucket = u32::from(client).wrapping_mul(GOLDEN_RATIO) >> (32 - HASH_BITS);
                self.servers.get(bucket as usize % self.servers.len().max(1)).copied()
            }
        }
    }
}

/// What the virtual servers of a node did so far. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Whose turn it is where nobody has counted.
    begins: u32,
    /// The server that had the last turn.
    last: Index<Service, Server>,
    /// How many connections are open.
    connections: Index<(Service, Server), u64>,
    /// Where clients are to stay, and since when they weren't seen.
    templates: Index<(Service, Ipv4Addr), (Server, SimTime)>,
}

impl Memory {
    /// What came before isn't known: as good as any turn is this one.
    pub fn begin_at(&mut self, turn: u32) {
        self.begins = turn;
    }

    /// A connection was opened: whoever leads packets tells this, so that `lc` can count.
    pub fn opened(&mut self, service: Service, server: Server) {
        let open = self.open(service, server);
        self.connections.insert((service, server), open + 1);
    }

    /// It is over.
    pub fn closed(&mut self, service: Service, server: Server) {
        match self.open(service, server) {
            0 | 1 => {
                self.connections.remove(&(service, server));
            }
            open => {
                self.connections.insert((service, server), open - 1);
            }
        }
    }

    fn open(&self, service: Service, server: Server) -> u64 {
        self.connections.get(&(service, server)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: Service = Service { address: Ipv4Addr::new(10, 96, 0, 1), protocol: Protocol::Tcp, port: 80 };

    fn server(last: u8) -> Server {
        (Ipv4Addr::new(10, 244, 0, last), 80)
    }

    fn virtual_server(scheduler: IpvsScheduler, persistent: Option<SimDuration>) -> VirtualServer {
        VirtualServer { scheduler, persistent, servers: (1..=3).map(server).collect() }
    }

    #[track_caller]
    fn check(scheduler: IpvsScheduler, clients: &[u8], expected: &[u8]) {
        let (all, mut memory) = (virtual_server(scheduler, None), Memory::default());
        for (client, expected) in clients.iter().zip(expected) {
            let chosen = all.schedule(SERVICE, Ipv4Addr::new(10, 244, 9, *client), SimTime::ZERO, &mut memory).expect("there are servers");
            memory.opened(SERVICE, chosen);
            assert_eq!(chosen, server(*expected), "client {client} of {clients:?}");
            // Clients from 100 on are quick.
            if *client >= 100 {
                memory.closed(SERVICE, chosen);
            }
        }
    }

    #[test]
    fn schedulers() {
        check(IpvsScheduler::RoundRobin, &[1, 1, 1, 2, 2], &[1, 2, 3, 1, 2]);
        check(IpvsScheduler::WeightedRoundRobin, &[1, 1, 1, 2, 2], &[1, 2, 3, 1, 2]);
        check(IpvsScheduler::LeastConnection, &[1, 1, 1, 1, 100, 100, 1], &[1, 2, 3, 1, 2, 2, 2]);
        // Of 256 buckets, 10.244.9.1 falls into number 48 and 10.244.9.2 into 145: the first and the second of three servers by turns.
        check(IpvsScheduler::SourceHashing, &[1, 2, 1, 2, 1], &[1, 2, 1, 2, 1]);
    }

    #[test]
    fn clients_stay() {
        let all = virtual_server(IpvsScheduler::RoundRobin, Some(SimDuration::from_secs(10)));
        let mut memory = Memory::default();
        let mut at = |secs: u64, client: u8| all.schedule(SERVICE, Ipv4Addr::new(10, 0, 0, client), SimTime::from_secs(secs), &mut memory);
        let chosen = [at(0, 1), at(1, 2), at(9, 1), at(18, 1), at(30, 1)].map(|server| server.map(|(address, _)| address.octets()[3]));
        assert_eq!(chosen, [Some(1), Some(2), Some(1), Some(1), Some(3)]);
    }
}
