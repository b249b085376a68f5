//! How fast do matchers decide?
//!
//! Ten thousand label sets of six labels, matched one by one: what a store without an index does.
//! Not measured: posting lists.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run must fail loudly")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quadra::labels;
use quadra::labels::{Labels, MatchOp, Matcher};

const SETS: usize = 10_000;

fn sets() -> Vec<Labels> {
    (0..SETS)
        .map(|number| {
            labels! {
                "__name__" => "http_requests_total",
                "code" => ["200", "404", "500"][number % 3],
                "instance" => &*format!("10.0.{}.{}:9090", number / 250, number % 250),
                "job" => &*format!("job-{}", number % 10),
                "method" => ["GET", "POST"][number % 2],
                "region" => "eu-west-1"
            }
        })
        .collect()
}

fn matching(c: &mut Criterion) {
    let sets = sets();
    let mut group = c.benchmark_group("labels/match");
    group.throughput(Throughput::Elements(SETS as u64));
    let matchers = [
        ("equal", MatchOp::Equal, "job", "job-4"),
        ("not equal", MatchOp::NotEqual, "job", "job-4"),
        ("regex of literals", MatchOp::Regex, "code", "404|500"),
        ("regex with prefix", MatchOp::Regex, "instance", "10\\.0\\.1.*"),
        ("regex engine", MatchOp::Regex, "instance", "10\\.0\\.[0-9]+\\.1[0-9]:.*"),
    ];
    for (name, op, label, value) in matchers {
        let matcher = Matcher::new(op, label, value).unwrap();
        group.bench_function(name, |b| {
            b.iter(|| sets.iter().filter(|labels| matcher.matches_labels(labels)).count());
        });
    }
    group.finish();
}

criterion_group!(benches, matching);
criterion_main!(benches);
