//! How a process asks the network: with the files that its library goes by.

use super::{Machine, Stop};
use crate::kernel::time::SimDuration;
use crate::node::runtime::images::Kit;
use crate::node::runtime::shell::network::{Query, Reply, Response, Trouble, What};
use std::net::Ipv4Addr;
use std::sync::Arc;

impl Machine<'_> {
    /// Asks the network and waits for its answer. What `/etc/hosts` tells, nobody needs to be asked.
    ///
    /// # Errors
    /// [`Stop::Unknown`] if nobody can know the answer yet.
    pub fn ask(&mut self, what: What) -> Result<Reply, Stop> {
        self.ask_within(what, SimDuration::MAX).map(|(reply, _)| reply)
    }

    /// The same for somebody who waits only so long: what takes longer has timed out. And how long it took.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn ask_within(&mut self, what: What, limit: SimDuration) -> Result<(Reply, SimDuration), Stop> {
        let in_hosts = what.host().and_then(|host| self.in_hosts(host));
        if let (What::Resolve { name }, Some(address)) = (&what, in_hosts) {
            let response = Response { addresses: vec![address], canonical: name.clone(), ..Response::default() };
            return Ok((Reply { takes: SimDuration::ZERO, address: in_hosts, result: Ok(response) }, SimDuration::ZERO));
        }
        let resolv_conf = Arc::from(self.disk.read("/etc/resolv.conf").unwrap_or_default());
        let query = Query { what, resolv_conf, in_hosts, musl: self.setting.image.kit == Kit::Alpine };
        self.asked_network = true;
        let mut reply = self.network.ask(self.clock, &query).ok_or(Stop::Unknown)?;
        self.met_unknown |= matches!(reply.result, Err(Trouble::Unknown(_)));
        if reply.takes > limit {
            reply.result = Err(Trouble::TimedOut);
        }
        let took = reply.takes.min(limit);
        self.advance(took)?;
        Ok((reply, took))
    }

    /// The address of a name in `/etc/hosts`.
    fn in_hosts(&self, name: &str) -> Option<Ipv4Addr> {
        let text = self.disk.read("/etc/hosts").unwrap_or("127.0.0.1 localhost");
        let mut lines = text.lines().map(|line| line.split('#').next().unwrap_or(line).split_whitespace());
        lines.find_map(|mut words| {
            let address = words.next()?.parse().ok()?;
            words.any(|word| word == name).then_some(address)
        })
    }

    /// Until when the network's answers stay as they are.
    pub fn network_steady_until(&self) -> SimDuration {
        self.network.steady_until(self.clock)
    }

    /// Whether loops that never end by themselves are played, for what they ask.
    pub fn is_heard(&self) -> bool {
        self.network.is_heard()
    }
}
