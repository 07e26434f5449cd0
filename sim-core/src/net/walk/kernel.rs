//! A node's kernel as a packet meets it: its addresses, its routes, and the rules of a hook.

use crate::api::meta::Str;
use crate::kernel::chance::{Stream, draw};
use crate::net::config::{Backend, NetworkConfig};
use crate::net::conntrack::Belongs;
use crate::net::interfaces;
use crate::net::netfilter::tables::Tables;
use crate::net::netfilter::{Affinity, Context};
use crate::net::overlay::{self, Leases, Route, firewall, route_to, routes, vtep_name};
use crate::net::packet::{Mac, Packet, Protocol};
use crate::net::policy::{Decision, Party, Policies, Talk, Way};
use crate::net::walk::journey::{Journey, Leg, Stop};
use crate::net::walk::{At, Cause, Fabric, Hook, Passed, Rules, Ruling, Seen, Verdict, written};
use crate::net::world::{Machine, Sandbox};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What a node's kernel goes by at this moment.
pub(super) struct Kernel<'a> {
    pub(super) machine: Machine,
    pub(super) leases: Option<Leases>,
    pub(super) rules: Option<Arc<dyn Rules + 'a>>,
    policies: Option<Policies>,
    routes: Vec<Route>,
    /// What its flanneld has written.
    firewall: Option<Tables>,
    /// Its own addresses.
    local: Vec<Ipv4Addr>,
    /// The name of its VXLAN interface, if it has one.
    pub(super) vtep: Option<String>,
}

impl<'a> Kernel<'a> {
    pub(super) fn of(net: &'a dyn Fabric, machine: Machine) -> Self {
        let (config, node) = (net.config(), machine.number);
        let leases = net.leases(node);
        let vtep = (config.backend == Backend::Vxlan && leases.is_some()).then(|| vtep_name(config.vni));
        let own_vtep = vtep.as_ref().and_then(|_| machine.vtep());
        let rules = net.rules(node);
        let bound = rules.as_ref().map_or(&[][..], |rules| rules.bound());
        let local = [Some(machine.address), machine.bridge(), own_vtep].into_iter().flatten().chain(bound.iter().copied()).collect();
        Kernel {
            routes: routes(&machine, leases.as_ref(), config),
            firewall: leases.as_ref().map(|_| firewall::tables(&machine, config)),
            rules,
            policies: net.policies(node),
            leases,
            local,
            vtep,
            machine,
        }
    }

    pub(super) fn route(&self, address: Ipv4Addr) -> Option<&Route> {
        route_to(&self.routes, address)
    }

    pub(super) fn is_local(&self, address: Ipv4Addr) -> bool {
        address.is_loopback() || self.local.contains(&address)
    }

    /// The address that packets have which the node itself sends out of an interface.
    pub(super) fn address_on(&self, device: &str, config: &NetworkConfig) -> Ipv4Addr {
        let found = if device == config.bridge {
            self.machine.bridge()
        } else if self.vtep.as_deref() == Some(device) {
            self.machine.vtep()
        } else {
            None
        };
        found.unwrap_or(self.machine.address)
    }

    /// How many bytes an interface takes at once.
    pub(super) fn mtu_of(&self, device: &str, config: &NetworkConfig) -> u16 {
        match device {
            "lo" => u16::MAX,
            _ if device == config.bridge => config.pods_mtu(),
            _ if self.vtep.as_deref() == Some(device) => config.overlay_mtu(),
            _ => config.underlay_mtu,
        }
    }

    /// The address of its VXLAN interface on the overlay.
    pub(super) fn vtep_mac(&self, seed: u64) -> Mac {
        self.leases.as_ref().map_or_else(
            || overlay::vtep_mac(seed, self.machine.number),
            |leases| interfaces::own_vtep_mac(leases, self.machine.number, seed),
        )
    }

    /// Why there is no way to an address of the cluster.
    pub(super) fn no_way(&self, packet: &Packet, config: &NetworkConfig, by_default: bool) -> Cause {
        let (node, address) = (self.machine.name.clone(), packet.destination);
        if config.service_cidr.contains(address) {
            return Cause::NotTranslated { node, address, port: packet.destination_port, proxy: self.rules.is_some() };
        }
        Cause::NoRoute { node, address, flannel: self.leases.is_some(), by_default }
    }
}

/// A packet inside a node.
pub(super) struct Transit {
    pub(super) packet: Packet,
    /// The connection that the node's kernel takes it for, once it has looked.
    pub(super) belongs: Option<Belongs>,
    /// The interface that it came in by; empty if the node itself sends it.
    pub(super) input: String,
}

impl Transit {
    pub(super) fn new(packet: Packet, input: &str) -> Self {
        Transit { packet, belongs: None, input: input.to_owned() }
    }
}

/// `a:80`, or `a` for what has no ports.
fn end(packet: &Packet, of: (Ipv4Addr, u16)) -> String {
    if packet.protocol == Protocol::Icmp { of.0.to_string() } else { format!("{}:{}", of.0, of.1) }
}

impl<'a> Journey<'a> {
    /// Takes a packet through a hook: translates what belongs to a known connection as that was, asks the rules about everything else.
    /// `hop` is where that is told.
    pub(super) fn hook(&mut self, kernel: &Kernel<'a>, hook: Hook, transit: &mut Transit, output: &str, hop: usize) -> Leg<()> {
        let node = kernel.machine.number;
        let conntrack = self.conntrack.entry(node).or_default();
        let belongs = *transit.belongs.get_or_insert_with(|| conntrack.enter(&transit.packet));
        let before = transit.packet.clone();
        let packet = &mut transit.packet;
        if !belongs.is_new {
            let (changed, what) = match hook {
                Hook::Prerouting | Hook::Output => (conntrack.translate_destination(belongs, packet), "destination"),
                Hook::Postrouting | Hook::Input => (conntrack.translate_source(belongs, packet), "source"),
                Hook::Forward => (false, ""),
            };
            if changed {
                let (old, new) = match what {
                    "source" => ((before.source, before.source_port), (packet.source, packet.source_port)),
                    _ => ((before.destination, before.destination_port), (packet.destination, packet.destination_port)),
                };
                let back = if belongs.is_reply { " back" } else { "" };
                let text = format!("conntrack translates its {what}{back}: {} becomes {}", end(packet, old), end(packet, new));
                self.hops[hop].because(text);
            }
        }
        let redirected = conntrack.connections().get(belongs.number).is_some_and(|connection| connection.is_dnat());
        self.asks(kernel, hook, transit, (belongs, redirected), output, hop)?;
        let packet = &mut transit.packet;
        if belongs.is_new {
            let source_changed = packet.source != before.source;
            if source_changed && packet.protocol != Protocol::Icmp && packet.source_port == before.source_port {
                // `--random-fully`: any port from 1024 on.
                let drawn = draw(self.net.seed(), Stream::Packet, self.key ^ u128::from(node + 1) << 96).below(64_512);
                packet.source_port = 1024 + drawn as u16;
            }
            if source_changed {
                let (old, new) = ((before.source, before.source_port), (packet.source, packet.source_port));
                self.hops[hop].because(format!("masqueraded: {} becomes {}", end(packet, old), end(packet, new)));
            }
            if (packet.destination, packet.destination_port) != (before.destination, before.destination_port) {
                let (old, new) = ((before.destination, before.destination_port), (packet.destination, packet.destination_port));
                self.hops[hop].because(format!("DNAT: {} becomes {}", end(packet, old), end(packet, new)));
            }
            if *packet != before
                && let Some(conntrack) = self.conntrack.get_mut(&node)
            {
                conntrack.translated(belongs, packet);
            }
        }
        if let (Hook::Postrouting | Hook::Input, Some(conntrack)) = (hook, self.conntrack.get_mut(&node)) {
            conntrack.confirm(belongs);
        }
        self.hops[hop].after = transit.packet.clone();
        Ok(())
    }

    /// Asks all who wrote rules, in the order in which their jumps stand in the built-in chains.
    fn asks(
        &mut self,
        kernel: &Kernel<'a>,
        hook: Hook,
        transit: &mut Transit,
        (belongs, redirected): (Belongs, bool),
        output: &str,
        hop: usize,
    ) -> Leg<()> {
        if belongs.is_new && hook == Hook::Forward {
            self.ask_policies(kernel, hook, &transit.packet, hop)?;
        }
        let at = At {
            hook,
            input: &transit.input,
            output,
            new: belongs.is_new,
            redirected,
            masquerade: kernel.address_on(output, self.net.config()),
            local: &kernel.local,
            key: self.key,
        };
        let (source, told) = (transit.packet.source, self.hops[hop].rules.len());
        if let Some(rules) = &kernel.rules {
            let ruling = rules.evaluate(&at, &mut transit.packet);
            self.take(kernel, ruling, &transit.packet, hop)?;
        }
        // What IPVS takes goes out as the node's own would: the agent asks there, and lets the addresses of Services alone before.
        if belongs.is_new && hook == Hook::Input {
            self.hops[hop].after = transit.packet.clone();
            self.ask_policies(kernel, hook, &transit.packet, hop)?;
        }
        // Whoever comes first translates, and what one lets through for good in the chain of both isn't asked about any more.
        let is_done = self.hops[hop].rules[told..].last().is_some_and(|rule| rule.table == "filter" && rule.rule.ends_with("-j ACCEPT"));
        if let Some(tables) = kernel.firewall.as_ref().filter(|_| transit.packet.source == source && !is_done) {
            let chance = (self.net.world().now(), self.net.seed());
            let evaluate = |packet: &mut Packet, context: &mut Context<'_>| tables.evaluate(hook, packet, context);
            let ruling = written::ask(&at, &mut transit.packet, chance, &mut Affinity::default(), evaluate);
            self.take(kernel, ruling, &transit.packet, hop)?;
        }
        Ok(())
    }

    /// Notes what rules said, and stops if they say so.
    fn take(&mut self, kernel: &Kernel<'a>, ruling: Ruling, packet: &Packet, hop: usize) -> Leg<()> {
        let Ruling { passed, verdict, cause } = ruling;
        self.hops[hop].rules.extend(passed);
        let seen = match verdict {
            Verdict::Pass | Verdict::Arrived => return Ok(()),
            Verdict::Drop => Seen::TimedOut,
            // Where no answer finds its way out, no refusal does.
            Verdict::Reject if self.outsider.is_some() && !self.net.config().default_route => Seen::TimedOut,
            Verdict::Reject => Seen::ConnectionRefused,
        };
        let cause = cause.unwrap_or_else(|| cause_of(&self.hops[hop].rules, verdict, packet, kernel));
        Err(self.stop(hop, verdict, cause, seen))
    }

    /// Asks the agent that enforces policies, about pods of this node only: what they send, and what they get. Beyond the node's own packets
    /// to them, which may always pass.
    fn ask_policies(&mut self, kernel: &Kernel<'a>, hook: Hook, packet: &Packet, hop: usize) -> Leg<()> {
        let Some(policies) = kernel.policies.as_ref().filter(|policies| !policies.is_empty()) else { return Ok(()) };
        let world = self.net.world();
        let pods = [packet.source, packet.destination].map(|address| world.sandbox_at(address));
        let is_here = |pod: &Option<Sandbox>| pod.as_ref().is_some_and(|pod| pod.node == kernel.machine.number && !pod.host_network);
        let net = self.net;
        let named = |pod: u32, protocol: Protocol, name: &str| net.port_named(pod, protocol, name);
        let talk = Talk {
            from: Party { address: packet.source, pod: pods[0].as_ref() },
            to: Party { address: packet.destination, pod: pods[1].as_ref() },
            protocol: packet.protocol,
            port: packet.destination_port,
            port_named: &named,
        };
        let incoming = is_here(&pods[1]) && !kernel.is_local(packet.source);
        for way in [(Way::Egress, is_here(&pods[0])), (Way::Ingress, incoming)].into_iter().filter(|(_, asked)| *asked).map(|(way, _)| way)
        {
            match policies.decide(way, &talk) {
                Decision::NotIsolated => {}
                Decision::Allowed { policy, rule } => self.hops[hop].rules.push(Passed {
                    table: "filter",
                    chain: if hook == Hook::Input { "KUBE-ROUTER-INPUT".into() } else { "KUBE-ROUTER-FORWARD".into() },
                    rule: format!("NetworkPolicy {policy}, {} rule {rule}", way.as_str()),
                    why: "the policy isolates the pod, and this rule of it lets the packet through".to_owned(),
                }),
                Decision::Denied(denial) => return Err(self.stop(hop, Verdict::Reject, Cause::Policy(denial), Seen::ConnectionRefused)),
            }
        }
        Ok(())
    }

    /// Whether policies would have been asked about a packet, had it met rules.
    pub(super) fn policies_missed(&self, kernel: &Kernel<'a>) -> bool {
        kernel.policies.as_ref().is_some_and(|policies| !policies.is_empty())
    }

    /// The packet ends here.
    pub(super) fn stop(&mut self, hop: usize, verdict: Verdict, cause: Cause, seen: Seen) -> Box<Stop> {
        self.hops[hop].verdict = verdict;
        self.hops[hop].because(cause.to_string());
        Box::new(Stop { cause, seen })
    }
}

/// `10.96.0.50:80`
fn packet_end(packet: &Packet) -> String {
    end(packet, (packet.destination, packet.destination_port))
}

/// What rules that stop packets say of why. iptables' have it in a comment; in nftables it is the element of a map, which may lead on to a
/// chain that rejects.
fn cause_of(rules: &[Passed], verdict: Verdict, packet: &Packet, kernel: &Kernel<'_>) -> Cause {
    let node = kernel.machine.name.clone();
    let last = rules.last().map_or("", |rule| &rule.rule);
    let quoted = |text: &str| text.split('"').nth(1).map(|service| Str::from(service.to_owned()));
    let before = |ending: &str| {
        let text = &last[..last.find(ending)?];
        Some(Str::from(text.rsplit('"').next().unwrap_or(text).to_owned()))
    };
    let mapped = rules.iter().rev().take(2).find(|rule| rule.rule.contains("@no-endpoint-")).and_then(|rule| quoted(&rule.why));
    let nobody_here = before(" has no local endpoints").or_else(|| mapped.clone().filter(|_| verdict == Verdict::Drop));
    if let Some(service) = nobody_here {
        return Cause::NoLocalEndpoints { service, node };
    }
    // IPVS knows no names: a virtual server stands for the Service.
    let server = rules.last().filter(|rule| rule.table == "ipvs").map(|_| Str::from(packet_end(packet)));
    match before(" has no endpoints").or(mapped).or(server) {
        Some(service) => Cause::NoEndpoints { service },
        // nftables: `ip daddr @cluster-ips reject`.
        None if last.contains("@cluster-ips") => {
            Cause::NotTranslated { node, address: packet.destination, port: packet.destination_port, proxy: true }
        }
        None => Cause::Rule { node, rule: last.to_owned() },
    }
}
