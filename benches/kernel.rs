//! How fast the kernel is: the queue with many events in flight, a keyed draw, a clone of a large table.

use criterion::{Criterion, criterion_group, criterion_main};
use sim_core::kernel::chance::{Stream, draw};
use sim_core::kernel::queue::{EventId, Queue, TieBreak};
use sim_core::kernel::table::{Index, Table};
use sim_core::kernel::time::{SimDuration, SimTime};
use std::hint::black_box;

fn queue(c: &mut Criterion) {
    c.bench_function("queue: push and pop with 200k in flight", |bench| {
        let mut queue = Queue::new(TieBreak::Fifo);
        for n in 0..200_000u64 {
            queue.push(SimTime::from_nanos(n * 7_919 % 1_000_000_000), EventId::NONE, n);
        }
        bench.iter(|| {
            let scheduled = queue.pop().expect("200k wait");
            queue.push(scheduled.at + SimDuration::from_millis(scheduled.event % 900), EventId::NONE, scheduled.event)
        });
    });
}

fn chance(c: &mut Criterion) {
    let mut key = 0;
    c.bench_function("chance: one keyed draw", |bench| {
        bench.iter(|| {
            key += 1;
            draw(1, Stream::Uid, black_box(key)).bits()
        });
    });
}

fn table(c: &mut Criterion) {
    let mut table = Table::default();
    let mut index = Index::default();
    for n in 0..150_000u32 {
        table.insert(n, std::sync::Arc::new(n));
        index.insert(format!("default/pod-{n:06}"), n);
    }
    c.bench_function("table: clone of 150k rows", |bench| bench.iter(|| black_box(table.clone())));
    c.bench_function("index: clone of 150k names", |bench| bench.iter(|| black_box(index.clone())));
    c.bench_function("index: look-up among 150k names", |bench| bench.iter(|| index.get(black_box("default/pod-077777"))));
}

criterion_group!(benches, queue, chance, table);
criterion_main!(benches);
