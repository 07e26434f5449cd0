//! A stub resolver: what a program's library makes of a name with the pod's `/etc/resolv.conf`. Mirrors `res_search` of glibc
//! (`resolv/res_query.c`) and `name_from_dns_search` of musl (`src/network/lookup_name.c`).
//!
//! With `ndots:5`, which every pod has by default, a name with fewer than five dots is first tried below each domain of the search list: that
//! is why `web` is enough, and why each name of the world outside costs three questions in vain.

use super::zone::Zone;
use super::{CLUSTER_DNS, Code, Data, Kind, Record, Reply, normal};
use crate::kernel::time::SimDuration;
use std::fmt::Write;
use std::net::Ipv4Addr;

/// `/etc/resolv.conf`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResolvConf {
    /// Name servers, in the order in which they are asked: three at most.
    pub nameservers: Vec<Ipv4Addr>,
    /// Domains below which names are looked for.
    pub search: Vec<String>,
    /// With so many dots in it, a name is first tried as it is.
    pub ndots: usize,
    /// How long to wait for an answer.
    pub timeout: SimDuration,
    /// How often all servers are asked.
    pub attempts: u32,
}

impl Default for ResolvConf {
    fn default() -> Self {
        let timeout = SimDuration::from_secs(5);
        ResolvConf { nameservers: Vec::new(), search: Vec::new(), ndots: 1, timeout, attempts: 2 }
    }
}

impl ResolvConf {
    /// That of a pod with `dnsPolicy: ClusterFirst`.
    pub fn of_cluster(namespace: &str) -> Self {
        let search = [format!("{namespace}.svc.cluster.local"), "svc.cluster.local".to_owned(), "cluster.local".to_owned()];
        ResolvConf { nameservers: vec![CLUSTER_DNS], search: search.to_vec(), ndots: 5, ..ResolvConf::default() }
    }

    /// Reads the file. Of several lines `search` the last counts.
    pub fn parse(text: &str) -> Self {
        let mut conf = ResolvConf::default();
        for line in text.lines() {
            let mut words = line.split(['#', ';']).next().unwrap_or_default().split_whitespace();
            match words.next() {
                Some("nameserver") if conf.nameservers.len() < 3 => {
                    conf.nameservers.extend(words.next().and_then(|word| word.parse::<Ipv4Addr>().ok()))
                }
                Some("search" | "domain") => conf.search = words.map(str::to_owned).collect(),
                Some("options") => words.for_each(|word| conf.option(word)),
                _ => {}
            }
        }
        conf
    }

    fn option(&mut self, word: &str) {
        let Some((name, value)) = word.split_once(':') else { return };
        let Ok(value) = value.parse::<u32>() else { return };
        match name {
            "ndots" => self.ndots = value.min(15) as usize,
            "timeout" => self.timeout = SimDuration::from_secs(u64::from(value.clamp(1, 30))),
            "attempts" => self.attempts = value.clamp(1, 5),
            _ => {}
        }
    }

    /// The names to try, in this order.
    pub fn candidates(&self, name: &str, library: Library) -> Vec<String> {
        let own = normal(name);
        if name.ends_with('.') {
            return vec![own];
        }
        let dots = name.bytes().filter(|byte| *byte == b'.').count();
        let listed = self.search.iter().map(|domain| normal(&format!("{own}.{domain}")));
        match (dots >= self.ndots, library) {
            (true, Library::Musl) => vec![own],
            (true, Library::Glibc) => std::iter::once(own.clone()).chain(listed).collect(),
            (false, _) => listed.chain(std::iter::once(own.clone())).collect(),
        }
    }
}

/// Whose resolver it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Library {
    /// Debian's and most others'. Go's own resolver walks the list in the same way.
    #[default]
    Glibc,
    /// Alpine's.
    Musl,
}

/// What becomes of a question on its way to a name server and back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// It is answered after this time.
    Answers(SimDuration),
    /// It is refused: the Service has no endpoints, or nobody listens.
    Refused,
    /// Nothing comes back.
    Silent,
}

/// What a resolver can't do without.
pub struct Lookup<'a> {
    /// What name servers know.
    pub zone: Zone<'a>,
    /// What becomes of a question to a server.
    pub reach: &'a dyn Fn(Ipv4Addr) -> Reach,
    /// The run's seed, and what the order of several addresses hangs on.
    pub shuffle: (u64, u128),
}

/// A question, and what came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// The whole name, without the dot at its end.
    pub name: String,
    /// What was asked for.
    pub kind: Kind,
    /// Whom.
    pub server: Ipv4Addr,
    /// The answer; `None`: there was none.
    pub reply: Option<Reply>,
    /// How long it took.
    pub takes: SimDuration,
}

/// Why a name leads nowhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Failure {
    /// There is no such name (`EAI_NONAME`).
    NotFound,
    /// There is, but without what was asked for (`EAI_NODATA`).
    NoData,
    /// No name server answered, or none could tell (`EAI_AGAIN`).
    Again,
}

impl Failure {
    /// `gai_strerror`: what programs print.
    pub const fn words(self, library: Library) -> &'static str {
        match (self, library) {
            (Failure::NotFound, Library::Glibc) => "Name or service not known",
            (Failure::NoData, Library::Glibc) => "No address associated with hostname",
            (Failure::Again, Library::Glibc) => "Temporary failure in name resolution",
            (Failure::NotFound, Library::Musl) => "Name does not resolve",
            (Failure::NoData, Library::Musl) => "Name has no usable address",
            (Failure::Again, Library::Musl) => "Try again",
        }
    }
}

/// What came of a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The questions, in order.
    pub steps: Vec<Asked>,
    /// The addresses, the first one first.
    pub addresses: Vec<Ipv4Addr>,
    /// For how many seconds it may be kept, also that there is nothing.
    pub ttl: u32,
    /// Why there is nothing.
    pub failure: Option<Failure>,
    /// How long all of it took.
    pub takes: SimDuration,
}

impl Answer {
    /// The records of the question that was answered.
    pub fn records(&self) -> &[Record] {
        let last = self.steps.last().and_then(|step| step.reply.as_ref());
        last.filter(|_| self.failure.is_none()).map_or(&[], |reply| &reply.records)
    }

    /// What the name stands for at last: `web.default.svc.cluster.local`.
    pub fn canonical(&self) -> Option<&str> {
        let records = self.records();
        records.iter().find(|record| matches!(record.data, Data::A(_))).map(|record| record.name.as_str())
    }

    /// The way to the answer, for people: `web → web.default.svc.cluster.local NXDOMAIN → …`.
    pub fn story(&self, name: &str) -> String {
        let mut text = name.to_owned();
        for step in &self.steps {
            let _ = write!(text, " → {}", step.name);
            match &step.reply {
                None => text.push_str(" (no answer)"),
                Some(reply) if reply.code != Code::NoError => {
                    let _ = write!(text, " {}", reply.code.as_str());
                }
                Some(reply) if reply.records.is_empty() => text.push_str(" NODATA"),
                Some(_) => {}
            }
        }
        for address in &self.addresses {
            let _ = write!(text, " {address}");
        }
        text
    }
}

/// The answer if the name is an address already.
fn literal(name: &str) -> Option<Answer> {
    let address = name.parse().ok()?;
    Some(Answer { steps: Vec::new(), addresses: vec![address], ttl: u32::MAX, failure: None, takes: SimDuration::ZERO })
}

impl Lookup<'_> {
    /// Resolves a name as a program's library does: it is tried below the domains of the search list until there is an answer.
    pub fn resolve(&self, conf: &ResolvConf, library: Library, name: &str, kind: Kind) -> Answer {
        if let Some(answer) = literal(name).filter(|_| kind == Kind::A) {
            return answer;
        }
        let mut answer = Answer { steps: Vec::new(), addresses: Vec::new(), ttl: super::TTL, failure: None, takes: SimDuration::ZERO };
        let mut failure = Failure::NotFound;
        for candidate in conf.candidates(name, library) {
            let step = self.ask(conf, library, candidate, kind);
            answer.takes = answer.takes + step.takes;
            let outcome = step.reply.as_ref().map(|reply| (reply.code, reply.records.is_empty()));
            if let Some(reply) = &step.reply {
                answer.addresses = reply.addresses().collect();
                answer.ttl = reply.records.iter().map(|record| record.ttl).min().unwrap_or(reply.negative_ttl);
            }
            answer.steps.push(step);
            match outcome {
                Some((Code::NoError, false)) => return answer,
                // glibc remembers that there was a name, and goes on; musl takes it for the answer.
                Some((Code::NoError, true)) => {
                    failure = Failure::NoData;
                    if library == Library::Musl {
                        break;
                    }
                }
                Some((Code::NxDomain, _)) => {}
                // glibc goes on if a server couldn't tell; if none answered, the others won't either.
                Some((Code::ServFail, _)) if library == Library::Glibc => failure = failure.max(Failure::Again),
                Some((Code::ServFail, _)) | None => {
                    failure = Failure::Again;
                    break;
                }
            }
        }
        answer.failure = Some(failure);
        answer
    }

    /// Asks for one name: the servers one after another, as often as `resolv.conf` says.
    pub fn ask(&self, conf: &ResolvConf, library: Library, name: String, kind: Kind) -> Asked {
        // Without name servers, the library asks its own machine.
        let local = [Ipv4Addr::LOCALHOST];
        let servers = if conf.nameservers.is_empty() { &local[..] } else { &conf.nameservers };
        let mut takes = SimDuration::ZERO;
        for _ in 0..conf.attempts {
            for server in servers {
                match (self.reach)(*server) {
                    Reach::Answers(after) => {
                        let reply = self.server_says(*server, &name, kind);
                        return Asked { name, kind, server: *server, reply: Some(reply), takes: takes + after };
                    }
                    // musl's sockets aren't connected: it doesn't hear that it was refused, and waits.
                    Reach::Refused if library == Library::Glibc => {}
                    Reach::Refused | Reach::Silent => takes = takes + wait(conf, library, servers.len()),
                }
            }
        }
        Asked { name, kind, server: servers[0], reply: None, takes }
    }

    /// What a server knows: those of the cluster, or those of the world outside.
    pub fn server_says(&self, server: Ipv4Addr, name: &str, kind: Kind) -> Reply {
        if self.is_of_cluster(server) { self.zone.answer(name, kind, self.shuffle) } else { self.zone.outside.answer(&normal(name), kind) }
    }

    /// Whether it is a name server of the cluster: the Service's address, or one of its pods'.
    fn is_of_cluster(&self, server: Ipv4Addr) -> bool {
        let is_behind = || self.zone.names.endpoints("kube-system", "kube-dns").iter().any(|endpoint| endpoint.address == server);
        server == CLUSTER_DNS || is_behind()
    }
}

/// How long a library waits for one server. glibc: the timeout each time. musl asks all of them together, and again after half the timeout.
fn wait(conf: &ResolvConf, library: Library, servers: usize) -> SimDuration {
    match library {
        Library::Glibc => conf.timeout,
        Library::Musl => SimDuration::from_nanos(conf.timeout.as_nanos() / u64::from(conf.attempts) / servers as u64),
    }
}

#[cfg(test)]
mod tests;
