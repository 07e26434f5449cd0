//! How fast simulated requests are: a million through a ClusterIP whose backends are on other nodes of an overlay.

use criterion::{Criterion, criterion_group, criterion_main};
use sim_core::api::meta::Str;
use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::net::packet::Protocol;
use sim_core::net::traffic::Traffic;
use sim_core::net::traffic::client::{Client, KeepAlive, Load, Rate, Source, Target};
use sim_core::net::traffic::reach::{Backend, Choices, Door, Path, Reach, Seat};
use sim_core::net::world::Listener;
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Twenty pods on twenty nodes, none of them the client's.
struct Overlay(Arc<Choices>);

impl Overlay {
    fn new() -> Self {
        let backend = |number: u8| Backend {
            pod: Some(u32::from(number)),
            name: Str::from(format!("web-{number}")),
            node: Some(u32::from(number)),
            node_name: Str::from(format!("node-{number}")),
            address: Ipv4Addr::new(10, 244, number, 2),
            port: 80,
            protocol: Protocol::Tcp,
            weight: 1,
        };
        Overlay(Arc::new(Choices { backends: (2..22).map(backend).collect(), rules_of: Str::from("node-1"), ..Choices::default() }))
    }
}

impl Reach for Overlay {
    fn epoch(&self) -> u64 {
        1
    }
    fn seat(&self, _: &Source) -> Option<Seat> {
        Some(Seat { node: Some(1), place: Str::from("node-1"), pod: Some(100), address: Ipv4Addr::new(10, 244, 1, 2) })
    }
    fn choices(&self, _: &Seat, _: &Target, _: SimTime) -> Arc<Choices> {
        self.0.clone()
    }
    fn path(&self, _: &Seat, _: &Target, _: &Backend, _: SimTime) -> Path {
        Path::open(Path::ACROSS + Path::VXLAN)
    }
    fn path_behind(&self, _: &Backend, _: &Backend, _: SimTime) -> Path {
        Path::open(Path::ACROSS + Path::VXLAN)
    }
    fn door(&self, _: &Backend) -> Door {
        Door::Open(Listener {
            container: 0,
            attempt: 0,
            latency: SimDuration::from_millis(2),
            capacity: 64,
            accepts_from: SimTime::ZERO,
            accepts_until: SimTime::MAX,
            ends: SimTime::MAX,
            is_killed: false,
        })
    }
}

/// A million requests in a hundred seconds.
fn million(keep_alive: Option<KeepAlive>) -> Traffic {
    let to = Target::parse("svc/web:80", "default").expect("a target");
    let mut client = Client::new("shop", Source::Node(Str::from("node-1")), to);
    client.load = Load::Open { rate: Rate::Constant(10_000_000), poisson: true };
    client.lasts = Some(SimDuration::from_secs(100));
    client.keep_alive = keep_alive;
    let mut traffic = Traffic::new(1);
    traffic.start(client, SimTime::ZERO).expect("it is the first");
    traffic.advance(SimTime::from_secs(110), &Overlay::new());
    traffic
}

fn requests(c: &mut Criterion) {
    let mut group = c.benchmark_group("network");
    group.sample_size(10);
    group.bench_function("a million requests, a connection for each", |bench| bench.iter(|| black_box(million(None))));
    group.bench_function("a million requests, connections kept", |bench| bench.iter(|| black_box(million(Some(KeepAlive::default())))));
    let played = million(None);
    group.bench_function("a checkpoint of it", |bench| bench.iter(|| black_box(played.clone())));
    group.finish();
}

criterion_group!(benches, requests);
criterion_main!(benches);
