//! The workload that the nearest Rust metrics stores were measured with: how do we compare?
//!
//! 5,000 series × 1,000 points, 15 s apart, in scrape order: one batch has one sample of every
//! series. Even series are the counter `m` (rises by 0 to 49), odd ones the gauge `g` (a random walk
//! with three decimals); labels `job` × 10, `instance` × 5,000, `code` × 3. On disk in the system's
//! temporary directory, `Durability::Interval` of a second.
//!
//! Prints a table; the figures of the peers were taken on another machine of the same size and
//! stand beside ours for their order of magnitude. `cargo bench --bench peers`.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a bench; a failure ends the run")]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use promql::{Engine, Options};
use telemetry_core::labels;
use telemetry_core::labels::Matcher;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Columns, MetricSource, SeriesRequest};
use telemetry_core::time::MillisRange;
use tsdb::{Series, Tsdb};

const START: i64 = 1_700_000_000_000;
const PACE: i64 = 15_000;

/// The size of a run: small where this runs as a test.
struct Size {
    series: usize,
    points: usize,
}

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let size =
        if full { Size { series: 5_000, points: 1_000 } } else { Size { series: 50, points: 40 } };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let samples = size.series * size.points;

    let db = Tsdb::open(directory.path()).expect("an empty directory");
    let (ingest, cpu) = ingest(&db, &size);
    let (head_one, _) = one_series(&db, &size);
    let from_memory = queries(&db, &size);
    let closing = Instant::now();
    db.close().expect("the disk has room");
    let closing = closing.elapsed();
    let bytes = bytes_in(directory.path());

    let opening = Instant::now();
    let db = Tsdb::open(directory.path()).expect("a store that was closed");
    let opening = opening.elapsed();
    let (cold_one, warm_one) = one_series(&db, &size);
    let scan = Instant::now();
    assert_eq!(count_all(&db), samples);
    let scan = scan.elapsed();

    let from_blocks = queries(&db, &size);

    let rate = samples as f64 / ingest;
    let per_sample = bytes as f64 / samples as f64;
    println!("{} series × {} points in scrape order", size.series, size.points);
    println!("{:<34} {:>12} {:>14} {:>12}", "", "ours", "chronix 0.7", "tsink 0.10");
    let row = |what: &str, ours: String, chronix: &str, tsink: &str| {
        println!("{what:<34} {ours:>12} {chronix:>14} {tsink:>12}");
    };
    row("insert, samples/s", format!("{:.2} M", rate / 1e6), "215 k", "40 k");
    if let Some(cpu) = cpu {
        let micros = cpu / samples as f64 * 1e6;
        row("insert, µs CPU a sample", format!("{micros:.3}"), "6.7", "15 to 18");
    }
    row("on disk after close, B/sample", format!("{per_sample:.3}"), "2.03", "5.36");
    row("close, ms", format!("{:.1}", closing.as_secs_f64() * 1e3), "92", "2,000+");
    row("reopen, ms", format!("{:.1}", opening.as_secs_f64() * 1e3), "132", "96 to 156");
    row("one series, from memory, µs", format!("{head_one:.0}"), "", "50 to 70");
    row("one series, first read, µs", format!("{cold_one:.0}"), "44,000+", "");
    row("one series, again, µs", format!("{warm_one:.0}"), "", "42 to 59");
    row("decode everything, ms", format!("{:.1}", scan.as_secs_f64() * 1e3), "", "");
    println!("\nPromQL, step 60 s, best of three, one thread: ms from memory, and after reopening");
    for (at, (query, chronix, tsink)) in QUERIES.iter().enumerate() {
        let ours = format!("{:.1} {:.1}", from_memory[at], from_blocks[at]);
        println!("{query:<46} {ours:>14} {chronix:>16} {tsink:>16}");
    }
}

/// Queries, and how many milliseconds they took the peers.
const QUERIES: [(&str, &str, &str); 4] = [
    ("sum by (job) (rate(m[5m]))", "9,500 to 11,500", "2,000 to 9,500"),
    ("m{instance=\"instance-24\"}", "110 to 120", "1,500 to 3,300"),
    ("sum by (job) (rate(m{job=\"job-4\"}[5m]))", "1,700 to 2,200", "1,800 to 3,200"),
    ("topk(5, avg_over_time(g[10m]))", "17,000+", "2,400 to 5,600"),
];

/// Milliseconds that each of the queries takes.
fn queries(db: &Tsdb, size: &Size) -> [f64; 4] {
    let engine = Engine::new(Options::default());
    let end = START + (size.points as i64 - 1) * PACE;
    let window = MillisRange::new(START + 300_000, end.max(START + 300_000));
    QUERIES.map(|(query, ..)| {
        let run = |_| {
            let started = Instant::now();
            let context = QueryContext::new();
            let result = engine.range(db, query, window, Duration::from_secs(60), &context);
            black_box(result.expect("a query without mistakes"));
            started.elapsed().as_secs_f64() * 1e3
        };
        (0..3).map(run).fold(f64::INFINITY, f64::min)
    })
}

/// Appends everything; gives the seconds that took, and the seconds of CPU where they are known.
fn ingest(db: &Tsdb, size: &Size) -> (f64, Option<f64>) {
    let mut state = 7_u64;
    let mut next = move |bound: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let mut rows = Vec::with_capacity(size.series * size.points);
    let mut last = vec![0_i64; size.series];
    for _ in 0..size.points {
        for (index, last) in last.iter_mut().enumerate() {
            if index % 2 == 0 {
                *last += next(50) as i64;
                rows.push(*last as f64);
            } else {
                *last += next(2_001) as i64 - 1_000;
                rows.push(*last as f64 / 1_000.0);
            }
        }
    }
    let cpu = cpu_seconds();
    let started = Instant::now();
    let series: Vec<Series> = (0..size.series)
        .map(|index| {
            let labels = labels! {
                "__name__" => if index % 2 == 0 { "m" } else { "g" },
                "job" => &format!("job-{}", index / 2 % 10),
                "instance" => &format!("instance-{index}"),
                "code" => ["200", "404", "500"][index % 3],
            };
            db.series(&labels).expect("labels are valid")
        })
        .collect();
    let mut batch = db.batch();
    for (point, row) in (0_i64..).zip(rows.chunks(size.series)) {
        for (series, value) in series.iter().zip(row) {
            batch.append(series, START + point * PACE, *value);
        }
        assert!(batch.commit().expect("the disk has room").is_complete());
    }
    let cpu = cpu.and_then(|before| Some(cpu_seconds()? - before));
    (started.elapsed().as_secs_f64(), cpu)
}

/// Microseconds to read one series, the first time and on average afterwards.
fn one_series(db: &Tsdb, size: &Size) -> (f64, f64) {
    let instance = format!("instance-{}", size.series / 2);
    let read = || {
        let started = Instant::now();
        let matchers = vec![Matcher::equal("instance", instance.as_str())];
        let context = QueryContext::new();
        let request = SeriesRequest::new(matchers, MillisRange::ALL);
        let set = db.select(&request, &context).expect("nothing is damaged");
        let mut columns = Columns::default();
        for chunk in set.chunks(0).expect("nothing is damaged") {
            chunk.decode(MillisRange::ALL, &mut columns).expect("nothing is damaged");
        }
        assert_eq!(columns.floats.values.len(), size.points);
        started.elapsed().as_secs_f64() * 1e6
    };
    let first = read();
    let again = 50;
    (first, (0..again).map(|_| read()).sum::<f64>() / f64::from(again))
}

fn count_all(db: &Tsdb) -> usize {
    let context = QueryContext::new();
    let request = SeriesRequest::new(Vec::new(), MillisRange::ALL);
    let set = db.select(&request, &context).expect("nothing is damaged");
    let mut columns = Columns::default();
    let mut samples = 0;
    for index in 0..set.len() {
        columns.clear();
        for chunk in set.chunks(index).expect("nothing is damaged") {
            chunk.decode(MillisRange::ALL, &mut columns).expect("nothing is damaged");
        }
        samples += columns.floats.values.len();
    }
    samples
}

/// Bytes of all files in a directory.
fn bytes_in(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_in(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Seconds of CPU that this process has used, where the system says so in `/proc`.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    // Fields 14 and 15 of the whole line, in hundredths of a second.
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
