//! A walk as a graph: interfaces, and how the packet went from one to the next.

use crate::net::walk::story::headers;
use crate::net::walk::{Hop, Outcome, Place, Verdict, Walk};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use std::fmt::Write;

/// An interface somewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Station {
    /// Where.
    pub place: Place,
    /// Which.
    pub interface: String,
    /// Whether the packet, or its answer, ended here without having arrived.
    pub is_end: bool,
}

/// A step from one interface to the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edge {
    /// Its number on the way there, or on the way back, from 1.
    pub step: usize,
    /// Whether it is on the way back.
    pub is_answer: bool,
    /// The packet's headers as it leaves the first of them.
    pub headers: String,
}

/// The interfaces that a walk passes, and its steps between them.
pub fn graph(walk: &Walk) -> DiGraph<Station, Edge> {
    let mut graph = DiGraph::new();
    add(&mut graph, &walk.hops, false);
    add(&mut graph, &walk.answer, true);
    graph
}

fn add(graph: &mut DiGraph<Station, Edge>, hops: &[Hop], is_answer: bool) {
    let mut last: Option<(NodeIndex, &Hop)> = None;
    for (step, hop) in hops.iter().enumerate() {
        let is_end = matches!(hop.verdict, Verdict::Drop | Verdict::Reject);
        let found = graph.node_indices().find(|index| graph[*index].place == hop.place && graph[*index].interface == hop.interface);
        let index =
            found.unwrap_or_else(|| graph.add_node(Station { place: hop.place.clone(), interface: hop.interface.clone(), is_end: false }));
        graph[index].is_end |= is_end;
        if let Some((from, before)) = last {
            graph.add_edge(from, index, Edge { step, is_answer, headers: headers(&before.after) });
        }
        last = Some((index, hop));
    }
}

/// The graph in Graphviz' language: a box for each place with its interfaces in it; answers go along dashed lines.
pub fn dot(walk: &Walk) -> String {
    let graph = graph(walk);
    let mut text = String::from("digraph walk {\n  rankdir=LR;\n  node [shape=box];\n");
    let mut places: Vec<&Place> = graph.node_weights().map(|station| &station.place).collect();
    places.sort();
    places.dedup();
    let mut line = |words: String| writeln!(text, "{words}").expect("a String takes everything");
    for (number, place) in places.into_iter().enumerate() {
        line(format!("  subgraph cluster_{number} {{\n    label={:?};", place.to_string()));
        for index in graph.node_indices().filter(|index| graph[*index].place == *place) {
            let color = if graph[index].is_end { ", color=red" } else { "" };
            line(format!("    n{} [label={:?}{color}];", index.index(), graph[index].interface));
        }
        line("  }".to_owned());
    }
    for edge in graph.edge_references() {
        let Edge { step, is_answer, headers } = edge.weight();
        let style = if *is_answer { ", style=dashed" } else { "" };
        line(format!("  n{} -> n{} [label={:?}{style}];", edge.source().index(), edge.target().index(), format!("{step}: {headers}")));
    }
    if let Outcome::Failed { cause, .. } = &walk.outcome {
        line(format!("  label={:?};", cause.to_string()));
    }
    line("}".to_owned());
    text
}
