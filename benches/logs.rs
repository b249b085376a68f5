//! How fast do lines go in, and how fast are they searched?
//!
//! Corpus: logfmt lines of about 110 bytes (`workload::log_lines`), ten streams, in batches of a
//! thousand. Not measured: the disk (the store lives in memory), decoding of wire formats.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run must fail loudly")]

mod workload;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quadra::model::LogEntry;
use quadra::{Quadra, labels};

const LINES: usize = 100_000;
const LINES_PER_BATCH: usize = 1_000;
const STREAMS: usize = 10;

fn filled(lines: &[String]) -> Quadra {
    let db = Quadra::in_memory().unwrap();
    let mut batch = db.logs().batch();
    for (number, lines) in lines.chunks(LINES_PER_BATCH).enumerate() {
        let stream = labels! { "app" => "bench", "pod" => &*(number % STREAMS).to_string() };
        for (at, line) in lines.iter().enumerate() {
            let time = (number * LINES_PER_BATCH + at) as i64 * 1_000_000;
            batch.push(&stream, &LogEntry::new(time, line));
        }
        batch.commit().unwrap();
    }
    db
}

fn append(c: &mut Criterion) {
    let lines = workload::log_lines(LINES);
    let bytes: usize = lines.iter().map(String::len).sum();
    let mut group = c.benchmark_group("logs/append");
    group.sample_size(10).throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("batches of 1000", |b| b.iter(|| filled(&lines)));
    group.finish();
}

fn search(c: &mut Criterion) {
    let lines = workload::log_lines(LINES);
    let bytes: usize = lines.iter().map(String::len).sum();
    let db = filled(&lines);
    db.flush().unwrap();
    let end = LINES as i64 * 1_000_000;
    let mut group = c.benchmark_group("logs/search");
    group.sample_size(10).throughput(Throughput::Bytes(bytes as u64));
    let counts = [
        ("count all", r#"sum(count_over_time({app="bench"}[1h]))"#),
        ("count substring", r#"sum(count_over_time({app="bench"} |= "error" [1h]))"#),
        ("count regex", r#"sum(count_over_time({app="bench"} |~ "route=/api.*status=5" [1h]))"#),
        ("count by logfmt", r#"sum by (status) (count_over_time({app="bench"} | logfmt [1h]))"#),
    ];
    for (name, query) in counts {
        let query = db.logql(query);
        group.bench_function(name, |b| b.iter(|| query.instant(end).unwrap()));
    }
    let newest = db.logql(r#"{app="bench"} |= "error""#).limit(20);
    group.bench_function("newest 20 with substring", |b| b.iter(|| newest.run().unwrap()));
    group.finish();
}

criterion_group!(benches, append, search);
criterion_main!(benches);
