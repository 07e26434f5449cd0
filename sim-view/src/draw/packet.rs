//! A packet's way, with its headers layer by layer.

use crate::frame::packet::{Dns, DnsStep, Hop, Packet, PlaceKind, Routing, Rule, Walk};
use sim_core::Cluster;
use sim_core::cluster::trace::Trace;
use sim_core::net::dns::resolver::Answer;
use sim_core::net::packet::{self, Protocol, VXLAN_OVERHEAD};
use sim_core::net::walk::{self, Outcome, Place};

/// Follows a packet from one end to the other: `pod/client` to `svc/web:80`. Nothing is sent.
///
/// # Errors
/// If the words name nobody, or somebody who isn't there.
pub fn packet(cluster: &Cluster, namespace: &str, from: &str, to: &str) -> Result<Packet, String> {
    cluster.trace_packet(namespace, from, to).map(|trace| drawn(&trace))
}

fn drawn(trace: &Trace) -> Packet {
    Packet {
        question: trace.question.clone(),
        arrives: trace.arrives(),
        failure: trace.failure(),
        dns: trace.name.as_ref().map(|(name, answer)| dns(name, answer)),
        walks: trace.walks.iter().map(walk).collect(),
        routing: trace.routing.as_ref().map(|routing| Routing {
            by: routing.by.clone(),
            why: routing.why.clone(),
            service: routing.service.clone(),
            status: routing.status,
        }),
        story: trace.story(),
    }
}

fn dns(name: &str, answer: &Answer) -> Dns {
    let steps = answer.steps.iter().map(|step| DnsStep {
        name: step.name.clone(),
        kind: step.kind.as_str().to_owned(),
        server: step.server.to_string(),
        answer: step.reply.as_ref().map(|reply| reply.code.as_str().to_owned()),
        records: step.reply.iter().flat_map(|reply| &reply.records).map(ToString::to_string).collect(),
    });
    Dns { name: name.to_owned(), steps: steps.collect(), addresses: answer.addresses.iter().map(ToString::to_string).collect() }
}

fn walk(walk: &walk::Walk) -> Walk {
    let target = &walk.target;
    let target = match target.protocol {
        Protocol::Icmp => format!("{}/ICMP", target.address),
        protocol => format!("{}:{}/{}", target.address, target.port, protocol.in_api()),
    };
    Walk {
        from: walk.from.to_string(),
        target,
        seen: walk.seen().to_string(),
        reached: walk.reached.as_ref().filter(|_| walk.outcome == Outcome::Answered).map(ToString::to_string),
        cause: walk.cause().map(ToString::to_string),
        hops: walk.hops.iter().map(hop).collect(),
        answer: walk.answer.iter().map(hop).collect(),
        conntrack: walk.tracked.iter().map(|(node, entry)| (node.to_string(), entry.to_string())).collect(),
    }
}

fn hop(hop: &walk::Hop) -> Hop {
    let (place, name) = match &hop.place {
        Place::Pod { namespace, name } if *namespace == "default" => (PlaceKind::Pod, name.to_string()),
        Place::Pod { namespace, name } => (PlaceKind::Pod, format!("{namespace}/{name}")),
        Place::Node(name) => (PlaceKind::Node, name.to_string()),
        Place::Underlay => (PlaceKind::Underlay, String::new()),
        Place::Outside => (PlaceKind::Outside, String::new()),
    };
    let rule = |passed: &walk::Passed| Rule {
        chain: format!("{} {}", passed.table, passed.chain),
        rule: passed.rule.clone(),
        effect: passed.why.clone(),
    };
    Hop {
        place,
        name,
        interface: hop.interface.clone(),
        direction: hop.direction.as_str().to_owned(),
        before: layers(&hop.before),
        after: layers(&hop.after),
        rules: hop.rules.iter().map(rule).collect(),
        route: hop.route.clone(),
        verdict: hop.verdict.as_str().to_owned(),
        why: hop.why.clone(),
    }
}

/// The headers of a packet, outermost first: Ethernet, IP, what it carries; around those of a VXLAN packet the same once more.
fn layers(packet: &packet::Packet) -> Vec<String> {
    let mut layers = Vec::new();
    if let Some(outer) = &packet.outer {
        layers.push(format!("Ethernet {} → {}", outer.source_mac, outer.destination_mac));
        let length = packet.length.saturating_add(VXLAN_OVERHEAD);
        layers.push(format!("IP {} → {}, TTL {}, {length} bytes", outer.source, outer.destination, outer.ttl));
        layers.push(format!("UDP {} → {}", outer.source_port, outer.destination_port));
        layers.push(format!("VXLAN VNI {}", outer.vni));
    }
    layers.push(format!("Ethernet {} → {}", packet.source_mac, packet.destination_mac));
    let whole = if packet.dont_fragment { ", DF" } else { "" };
    layers.push(format!("IP {} → {}, TTL {}, {} bytes{whole}", packet.source, packet.destination, packet.ttl, packet.length));
    layers.push(match packet.protocol {
        Protocol::Icmp => "ICMP".to_owned(),
        protocol => format!("{} {} → {}", protocol.in_api(), packet.source_port, packet.destination_port),
    });
    if packet.mark != 0 {
        layers.push(format!("mark {:#x}", packet.mark));
    }
    layers
}
