//! kube-proxy's rules, as a walk asks them.

use super::hop::{Passed, Verdict};
use super::{At, Hook, Rules, Ruling};
use crate::api::meta::Str;
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::SimTime;
use crate::net::netfilter::{self, Affinity, Context, State};
use crate::net::packet::Packet;
use crate::net::proxy::ruleset::Ruleset;
use std::cell::RefCell;

/// Where a port is taken from that `--random-fully` draws: above those of well-known services.
const RANDOM_PORTS: (u16, u64) = (1_024, 64_512);

/// A node's rules, with chance and memory for one walk.
#[derive(Debug)]
pub struct Proxied {
    rules: Ruleset,
    seed: u64,
    now: SimTime,
    affinity: RefCell<Affinity>,
}

impl Proxied {
    /// The rules of a node at a moment of a run.
    pub fn new(rules: Ruleset, seed: u64, now: SimTime) -> Self {
        Proxied { rules, seed, now, affinity: RefCell::default() }
    }
}

impl Rules for Proxied {
    fn evaluate(&self, at: &At<'_>, packet: &mut Packet) -> Ruling {
        let hook = match at.hook {
            Hook::Prerouting => netfilter::Hook::Prerouting,
            Hook::Input => netfilter::Hook::Input,
            Hook::Forward => netfilter::Hook::Forward,
            Hook::Output => netfilter::Hook::Output,
            Hook::Postrouting => netfilter::Hook::Postrouting,
        };
        let mut chance = draw(self.seed, Stream::Backend, at.key << 3 | at.hook as u128);
        let mut choose = |among: u32| chance.below(among.into()) as u32;
        let mut context = Context {
            local: at.local,
            state: if at.new { State::New } else { State::Established },
            redirected: false,
            now: self.now,
            choose: &mut choose,
            affinity: &mut self.affinity.borrow_mut(),
        };
        let (ruling, passed) = self.rules.evaluate(hook, packet, &mut context);
        let verdict = match ruling {
            netfilter::Ruling::Accept | netfilter::Ruling::Dnat { .. } => Verdict::Pass,
            netfilter::Ruling::Drop => Verdict::Drop,
            netfilter::Ruling::Reject => Verdict::Reject,
            netfilter::Ruling::Masquerade => {
                packet.source = at.masquerade;
                if packet.source_port != 0 {
                    let port = draw(self.seed, Stream::Packet, at.key << 3 | at.hook as u128).below(RANDOM_PORTS.1);
                    packet.source_port = RANDOM_PORTS.0 + port as u16;
                }
                Verdict::Pass
            }
        };
        let told = |passed: netfilter::Passed| Passed {
            table: Str::Static(passed.table),
            chain: passed.chain,
            text: passed.rule,
            why: passed.why,
        };
        Ruling { passed: passed.into_iter().map(told).collect(), verdict, cause: None }
    }
}
