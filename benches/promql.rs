//! What does the language itself cost, without a store?
//!
//! Corpus: seeded; 20 targets scraped every 15 s for 6 h, their series in memory as decoded columns
//! that share the times of their target: counters with a reset now and then, gauges that walk in
//! eighths, classic histograms. Every query runs on one thread; processor time, not time on the wall.
//! Beside each: the evaluator of the tests, which does per step what the definitions say. First comes a
//! table with nanoseconds per sample read and per point of the answer, then criterion's own figures.
//!
//! Not measured: decoding, selecting by an index, several threads.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a failure ends the run")]
#![allow(clippy::print_stdout, reason = "the table is what this prints")]

#[path = "workload/cpu.rs"]
mod cpu;
#[expect(clippy::panic, reason = "a test's evaluator stops at what it does not know")]
#[path = "../promql/tests/naive/mod.rs"]
mod naive;
#[path = "promql/source.rs"]
mod source;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use cpu::ThreadTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use naive::{Data, Naive};
use quadra::labels;
use quadra::promql::ast::Expr;
use quadra::promql::{Engine, Options, Value, parse};
use source::ColumnSource;
use telemetry_core::query::QueryContext;
use telemetry_core::time::MillisRange;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// Between two scrapes.
const PACE: i64 = 15 * SECOND;
const TARGETS: usize = 20;

/// Whether this is a run that measures, and not a test.
fn measures() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// A query, and the range it is asked over, counted back from the end of the data.
struct Case {
    name: &'static str,
    query: &'static str,
    length: i64,
    step: i64,
}

const CASES: &[Case] = &[
    case("rate", "rate(requests_total[5m])", 6 * HOUR, MINUTE),
    case("sum by rate", "sum by (service) (rate(requests_total[5m]))", 6 * HOUR, MINUTE),
    case("topk", "topk(10, rate(requests_total[5m]))", 6 * HOUR, MINUTE),
    case("max_over_time 1h", "max by (instance) (max_over_time(load[1h]))", 5 * HOUR, 5 * MINUTE),
    case("max_over_time 1m", "max by (instance) (max_over_time(load[1m]))", 5 * HOUR, MINUTE),
    case("avg_over_time 1h", "avg by (instance) (avg_over_time(load[1h]))", 5 * HOUR, HOUR),
    case("avg_over_time inexact", "avg by (instance) (avg_over_time(heat[1h]))", 5 * HOUR, HOUR),
    case("stddev_over_time", "stddev_over_time(load[1h])", 5 * HOUR, 5 * MINUTE),
    case("quantile_over_time", "quantile_over_time(0.95, load[1h])", 5 * HOUR, 5 * MINUTE),
    case(
        "histogram_quantile",
        "histogram_quantile(0.99, sum by (le, instance) (rate(latency_bucket[5m])))",
        3 * HOUR,
        MINUTE,
    ),
    case("join", "load / ignoring(nosuch) heat", 6 * HOUR, MINUTE),
    case("sub-query", "max_over_time(rate(requests_total[5m])[1h:1m])", 0, MINUTE),
    case("count", "count(requests_total)", 0, MINUTE),
    case("last_over_time", "last_over_time(requests_total[10m])", 0, MINUTE),
];

const fn case(name: &'static str, query: &'static str, length: i64, step: i64) -> Case {
    Case { name, query, length, step }
}

/// Pseudo-random numbers (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn counter(&mut self, samples: usize, rise: u64) -> Vec<f64> {
        let mut value = self.below(100_000);
        let next = |_| {
            value = if self.below(3_000) == 0 { 0 } else { value + self.below(rise) };
            value as f64
        };
        (0..samples).map(next).collect()
    }

    fn gauge(&mut self, samples: usize, unit: f64) -> Vec<f64> {
        let mut value = 400_i64;
        let next = |_| {
            value = (value + self.below(21) as i64 - 10).clamp(0, 800);
            value as f64 * unit
        };
        (0..samples).map(next).collect()
    }
}

struct Corpus {
    source: ColumnSource,
    naive: Data,
    end: i64,
}

fn corpus() -> Corpus {
    let samples = if measures() { (6 * HOUR / PACE) as usize } else { 40 };
    let end = samples as i64 * PACE;
    let mut numbers = Numbers(7);
    let mut source = ColumnSource::default();
    for target in 0..TARGETS {
        // One scrape in a thousand is missed.
        let kept = |at: &i64| (at * 7_919 + target as i64 * 31) % 1_000 != 0;
        let times: Arc<[i64]> =
            (1..=samples as i64).filter(kept).map(|at| at * PACE + target as i64 * 100).collect();
        let count = times.len();
        source.times.push(times);
        let instance = format!("host-{target}");
        for at in 0..80 {
            let (service, status) = (format!("service-{}", at % 8), format!("{}", 200 + at / 8));
            let labels = labels! {
                "__name__" => "requests_total", "instance" => &instance,
                "service" => &service, "status" => &status, "region" => "eu-west-1",
            };
            source.push(labels, target, numbers.counter(count, 50));
        }
        for at in 0..10 {
            let cpu = at.to_string();
            for (name, unit) in [("load", 0.125), ("heat", 0.1)] {
                let labels = labels! {
                    "__name__" => name, "instance" => &instance, "cpu" => &cpu,
                };
                source.push(labels, target, numbers.gauge(count, unit));
            }
        }
        let mut cumulative = vec![0.0; count];
        for at in 0..12 {
            let bound = if at == 11 { "+Inf".to_owned() } else { format!("0.{}", 10 + at * 8) };
            let labels = labels! {
                "__name__" => "latency_bucket", "instance" => &instance, "le" => &bound,
            };
            let more = numbers.counter(count, 9);
            cumulative.iter_mut().zip(&more).for_each(|(sum, more)| *sum += more);
            source.push(labels, target, cumulative.clone());
        }
    }
    let naive = source.columns.iter().map(|column| {
        let times = source.times[column.target].iter().copied();
        (column.labels.clone(), times.zip(column.values.iter().copied()).collect())
    });
    let naive = naive.collect();
    Corpus { source, naive, end }
}

impl Corpus {
    fn range(&self, case: &Case) -> MillisRange {
        let length = if measures() { case.length } else { case.length.min(3 * case.step) };
        MillisRange::new(self.end - length, self.end)
    }

    /// Answers by the engine: points of the answer, and samples read.
    fn ours(&self, engine: &Engine, case: &Case) -> (usize, u64) {
        let context = QueryContext::new();
        let step = Duration::from_millis(case.step.unsigned_abs());
        let result = engine.range(&self.source, case.query, self.range(case), step, &context);
        let result = result.expect("a query without mistakes");
        let Value::Matrix(series) = &result.value else { unreachable!("a range query") };
        let points = series.iter().map(|one| one.floats.len()).sum();
        (points, result.statistics.samples)
    }

    fn naive(&self, expr: &Expr, case: &Case) -> usize {
        let MillisRange { start, end } = self.range(case);
        let naive = Naive { data: &self.naive, start: start.0, end: end.0 };
        let series = naive.range(expr, case.step).expect("a query without mistakes");
        series.values().map(Vec::len).sum()
    }

    /// Samples in the windows of the query, each counted once.
    fn samples(&self, case: &Case) -> usize {
        let name = |labels: &quadra::labels::Labels| {
            case.query.contains(labels.name().unwrap_or_default())
        };
        let range = self.range(case);
        let reach = match case.query {
            query if query.contains("[1h:1m]") => HOUR + 5 * MINUTE,
            query if query.contains("[1h") => HOUR,
            query if query.contains("[10m") => 10 * MINUTE,
            query if query.contains("[1m") => MINUTE,
            _ => 5 * MINUTE,
        };
        let inside = |time: &i64| *time > range.start.0 - reach && *time <= range.end.0;
        let read = |samples: &[(i64, f64)]| samples.iter().filter(|(t, _)| inside(t)).count();
        let of_query = self.naive.iter().filter(|(labels, _)| name(labels));
        of_query.map(|(_, samples)| read(samples)).sum()
    }
}

/// Nanoseconds per sample read and per point of the answer, beside the naive evaluator.
fn table(corpus: &Corpus, engine: &Engine) {
    println!(
        "{:<22} {:>9} {:>8} {:>9} {:>9} {:>9} {:>10} {:>7}",
        "", "samples", "points", "ms", "ns/sample", "ns/point", "naive, ms", "ratio"
    );
    for case in CASES {
        let expr = parse(case.query).unwrap();
        let samples = corpus.samples(case);
        let (points, _) = corpus.ours(engine, case);
        assert_eq!(points, corpus.naive(&expr, case), "{}", case.name);
        let runs = if measures() { 30 } else { 1 };
        let ours = cpu::least(runs, || {
            black_box(corpus.ours(engine, case));
        });
        let naive = cpu::least(1, || {
            black_box(corpus.naive(&expr, case));
        });
        let nanos = ours.as_nanos() as f64;
        println!(
            "{:<22} {samples:>9} {points:>8} {:>9.3} {:>9.2} {:>9.2} {:>10.1} {:>7.0}",
            case.name,
            nanos / 1e6,
            nanos / samples.max(1) as f64,
            nanos / points.max(1) as f64,
            naive.as_secs_f64() * 1e3,
            naive.as_nanos() as f64 / nanos.max(1.0),
        );
    }
}

fn evaluate(c: &mut Criterion<ThreadTime>) {
    let corpus = corpus();
    let engine = Engine::new(Options::default());
    // With a filter the table is left out, unless it is `table`.
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    if filter.is_none_or(|filter| filter == "table") {
        table(&corpus, &engine);
    }
    for case in CASES {
        let expr = parse(case.query).unwrap();
        let mut group = c.benchmark_group(case.name);
        group.throughput(Throughput::Elements(corpus.samples(case) as u64));
        group.bench_function("engine", |b| b.iter(|| corpus.ours(&engine, case)));
        // The naive evaluator takes seconds: few samples will do.
        group.sample_size(10).warm_up_time(Duration::from_millis(1));
        group.bench_function("naive", |b| b.iter(|| corpus.naive(&expr, case)));
        group.finish();
    }
}

fn parses(c: &mut Criterion<ThreadTime>) {
    let mut group = c.benchmark_group("parse");
    for case in CASES {
        group.throughput(Throughput::Bytes(case.query.len() as u64));
        group.bench_function(case.name, |b| b.iter(|| parse(case.query).unwrap()));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadTime);
    targets = parses, evaluate
}
criterion_main!(benches);
