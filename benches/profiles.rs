//! How fast do profiles go in, and how fast are they merged?
//!
//! Corpus: CPU profiles of 2,000 stacks (`workload::profile`). Not measured: the disk (the store
//! lives in memory), decoding of pprof.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run must fail loudly")]

mod workload;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quadra::time::NanosRange;
use quadra::{Quadra, labels};

const PROFILES: i64 = 50;
const STACKS: usize = 2_000;
const TYPE: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";

fn filled() -> Quadra {
    let db = Quadra::in_memory().unwrap();
    let labels = labels! { "service" => "bench" };
    for number in 0..PROFILES {
        let profile = workload::profile(STACKS, number * 15_000_000_000);
        db.profiles().push("process_cpu", &labels, &profile).unwrap();
    }
    db
}

fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("profiles/append");
    group.sample_size(10).throughput(Throughput::Elements(PROFILES as u64 * STACKS as u64));
    group.bench_function("one commit each", |b| b.iter(filled));
    group.finish();
}

fn merge(c: &mut Criterion) {
    let db = filled();
    db.flush().unwrap();
    let mut group = c.benchmark_group("profiles/merge");
    group.sample_size(10).throughput(Throughput::Elements(PROFILES as u64 * STACKS as u64));
    group.bench_function("all to a tree", |b| {
        b.iter(|| db.profiles().merge(TYPE, "{}", NanosRange::ALL).unwrap());
    });
    let tree = db.profiles().merge(TYPE, "{}", NanosRange::ALL).unwrap();
    group.bench_function("tree to a top table", |b| b.iter(|| tree.top_self(20)));
    group.finish();
}

criterion_group!(benches, append, merge);
criterion_main!(benches);
