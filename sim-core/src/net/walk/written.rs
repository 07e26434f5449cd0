//! kube-proxy's rules as a walk asks them.

use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::SimTime;
use crate::net::netfilter::{self, Affinity, Context, State};
use crate::net::packet::Packet;
use crate::net::proxy::ruleset::Ruleset;
use crate::net::walk::{At, Rules, Ruling, Verdict};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A node's rules, with what its kernel remembers for them. A walk changes nothing: whom a rule remembers on it is forgotten after.
#[derive(Clone, Debug)]
pub struct Written {
    /// The rules.
    pub rules: Arc<Ruleset>,
    /// Which clients were here.
    pub affinity: Affinity,
    /// The present moment.
    pub now: SimTime,
    /// The run's seed.
    pub seed: u64,
}

/// Asks rules in the form that netfilter has them.
pub(crate) fn ask(
    at: &At<'_>,
    packet: &mut Packet,
    (now, seed): (SimTime, u64),
    affinity: &mut Affinity,
    evaluate: impl FnOnce(&mut Packet, &mut Context<'_>) -> (netfilter::Ruling, Vec<netfilter::Passed>),
) -> Ruling {
    let mut drawn = draw(seed, Stream::Backend, at.key);
    let mut choose = |many: u32| drawn.below(many.into()) as u32;
    let state = if at.new { State::New } else { State::Established };
    let mut context = Context { local: at.local, state, redirected: at.redirected, now, choose: &mut choose, affinity };
    let (said, passed) = evaluate(packet, &mut context);
    let verdict = match said {
        netfilter::Ruling::Accept | netfilter::Ruling::Dnat { .. } => Verdict::Pass,
        netfilter::Ruling::Masquerade => {
            packet.source = at.masquerade;
            Verdict::Pass
        }
        netfilter::Ruling::Drop => Verdict::Drop,
        netfilter::Ruling::Reject => Verdict::Reject,
    };
    Ruling { passed, verdict, cause: None }
}

impl Rules for Written {
    fn evaluate(&self, at: &At<'_>, packet: &mut Packet) -> Ruling {
        let mut affinity = self.affinity.clone();
        affinity.servers.begin_at(draw(self.seed, Stream::Backend, at.key | 1 << 127).below(1 << 16) as u32);
        ask(at, packet, (self.now, self.seed), &mut affinity, |packet, context| self.rules.evaluate(at.hook, packet, context))
    }

    fn bound(&self) -> &[Ipv4Addr] {
        self.rules.bound()
    }
}
