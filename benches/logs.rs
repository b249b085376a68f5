//! How fast do lines go in, how small do they get, and how fast are they searched?
//!
//! Corpora: logfmt lines of about 110 bytes (`workload::log_lines`), JSON lines of about 150, ten
//! streams; and real logs, the 16 samples of loghub, where `QUADRA_SHARED` names a directory that has
//! them (`data/loghub`). Commits of a thousand lines, one thread, times of the processor. Beside the
//! searches stands `memmem` over the same text in memory.
//!
//! Not measured: the disk (the store lives in memory, without a log), decoding of wire formats.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench; a failure ends the run")]

mod workload;

#[path = "workload/cpu.rs"]
mod cpu;

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use cpu::ThreadTime;
use criterion::measurement::Measurement;
use criterion::{BatchSize, Criterion, Throughput, criterion_group};
use memchr::memmem;
use quadra::labels;
use quadra::logql::{Engine, parse};
use quadra::logstore::LogStore;
use quadra::model::LogEntry;
use quadra::sink::{LogRecord, LogSink, RawLabels};
use quadra::storage::fs::MemoryFileSystem;
use quadra::storage::maintenance::Maintenance;
use quadra::storage::store::StoreOptions;
use quadra::telemetry_core::query::QueryContext;

const LINES_PER_BATCH: usize = 1_000;
const STREAMS: usize = 10;
const NEEDLE: &str = "c0ffee00c0ffee00";

/// Lines: few where this runs as a test.
fn count() -> usize {
    if std::env::args().any(|argument| argument == "--bench") { 100_000 } else { 4_000 }
}

/// Named lines.
struct Corpus {
    name: &'static str,
    lines: Vec<String>,
}

impl Corpus {
    fn bytes(&self) -> u64 {
        self.lines.iter().map(|line| line.len() as u64).sum()
    }
}

/// The lines of a service; one of them has the needle.
fn logfmt() -> Corpus {
    let mut lines = workload::log_lines(count());
    let middle = lines.len() / 2;
    lines[middle].push_str(&format!(" session={NEEDLE}"));
    Corpus { name: "logfmt", lines }
}

fn json() -> Corpus {
    let mut numbers = workload::Numbers::new(7);
    let line = |_| {
        let (status, took) = ([200, 200, 200, 404, 500][numbers.below(5) as usize], numbers.next());
        format!(
            r#"{{"level":"info","method":"GET","path":"/orders/{}","status":{status},"took":{},"trace_id":"{took:016x}","host":"web-{}"}}"#,
            took % 5_000,
            took % 900,
            took % 9,
        )
    };
    Corpus { name: "json", lines: (0..count()).map(line).collect() }
}

/// All samples of loghub one after the other, where they are.
fn loghub() -> Option<Corpus> {
    let directory = PathBuf::from(std::env::var_os("QUADRA_SHARED")?).join("data/loghub");
    let entries = std::fs::read_dir(directory).ok()?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    paths.sort();
    let mut lines = Vec::new();
    for path in paths {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        lines.extend(text.lines().map(str::to_owned));
    }
    Some(Corpus { name: "loghub", lines })
}

fn store() -> LogStore {
    let mut storage = StoreOptions::default();
    storage.maintenance = Some(Maintenance::manual());
    storage.log = false;
    storage.head_bytes_max = 1 << 30;
    let files = Arc::new(MemoryFileSystem::new());
    LogStore::builder().file_system(files).storage(storage).open("/logs").unwrap()
}

fn time(number: usize) -> i64 {
    number as i64 * 1_000_000
}

/// Stores lines as they are.
fn append(store: &LogStore, lines: &[String]) {
    let mut batch = store.batch();
    for (number, part) in lines.chunks(LINES_PER_BATCH).enumerate() {
        let stream = labels! { "app" => "bench", "pod" => &*(number % STREAMS).to_string() };
        for (at, line) in part.iter().enumerate() {
            batch.push(&stream, &LogEntry::new(time(number * LINES_PER_BATCH + at), line));
        }
        batch.commit().unwrap();
    }
}

/// Stores lines as they come from a decoder, to `sink`.
fn receive(mut sink: impl LogSink, lines: &[String]) {
    for (number, part) in lines.chunks(LINES_PER_BATCH).enumerate() {
        let pod = (number % STREAMS).to_string();
        let pairs = [("app", "bench"), ("pod", &*pod)];
        let stream = RawLabels::new(&pairs);
        for (at, line) in part.iter().enumerate() {
            let time = time(number * LINES_PER_BATCH + at);
            sink.push(&stream, LogRecord { time, line: line.as_bytes(), metadata: &[] });
        }
        sink.commit().unwrap();
    }
}

/// What appending costs, and what finding out the level and the service adds to it.
fn ingest<M: Measurement>(c: &mut Criterion<M>) {
    for corpus in [logfmt(), json()] {
        let mut group = c.benchmark_group(format!("logs/append/{}", corpus.name));
        group.sample_size(10).throughput(Throughput::Bytes(corpus.bytes()));
        let lines = &corpus.lines;
        group.bench_function("batches", |b| {
            b.iter_batched(store, |store| append(&store, lines), BatchSize::PerIteration);
        });
        group.bench_function("sink without discovery", |b| {
            b.iter_batched(store, |store| receive(store.batch(), lines), BatchSize::PerIteration);
        });
        group.bench_function("sink with discovery", |b| {
            b.iter_batched(store, |store| receive(store.sink(), lines), BatchSize::PerIteration);
        });
        group.finish();
    }
}

/// From the head to a block: templates, columns, filters.
fn code<M: Measurement>(c: &mut Criterion<M>) {
    let mut group = c.benchmark_group("logs/flush");
    group.sample_size(10);
    for corpus in [Some(logfmt()), Some(json()), loghub()].into_iter().flatten() {
        group.throughput(Throughput::Bytes(corpus.bytes()));
        let filled = || {
            let store = store();
            append(&store, &corpus.lines);
            store
        };
        group.bench_function(corpus.name, |b| {
            b.iter_batched(filled, |store| store.flush().unwrap(), BatchSize::PerIteration);
        });
    }
    group.finish();
}

fn search<M: Measurement>(c: &mut Criterion<M>) {
    for corpus in [logfmt(), json()] {
        let store = store();
        append(&store, &corpus.lines);
        store.flush().unwrap();
        let mut group = c.benchmark_group(format!("logs/search/{}", corpus.name));
        group.sample_size(10).throughput(Throughput::Bytes(corpus.bytes()));
        let counts: &[(&str, &str)] = match corpus.name {
            "json" => &[
                ("count by status", "| json | status >= 400"),
                ("count a path", "| json | path=`/orders/17`"),
                ("count substring", "|= `/orders/17`"),
            ],
            _ => &[
                ("count all", ""),
                ("needle", "|= `c0ffee00c0ffee00`"),
                ("needle that is not there", "|= `deadbeefdeadbeef`"),
                ("count substring", "|= `took=1`"),
                ("count regex", "|~ `route=/api.*status=5`"),
                ("count without", "!= `level=info`"),
                ("count by logfmt", "| logfmt | status >= 500"),
            ],
        };
        let (engine, end) = (Engine::new(&store), time(corpus.lines.len()));
        for (name, stages) in counts {
            let query = format!("sum(count_over_time({{app=`bench`}} {stages} [24h]))");
            let query = parse(&query).unwrap();
            group.bench_function(*name, |b| {
                b.iter(|| engine.instant(&query, end, &QueryContext::new()).unwrap());
            });
        }
        let text = corpus.lines.join("\n");
        let finder = memmem::Finder::new("deadbeefdeadbeef");
        group.bench_function("memmem over the text", |b| {
            b.iter(|| finder.find_iter(black_box(text.as_bytes())).count());
        });
        group.finish();
    }
}

/// Sizes, which no clock measures.
fn report() {
    for corpus in [Some(logfmt()), Some(json()), loghub()] {
        let Some(corpus) = corpus else {
            println!("QUADRA_SHARED is not set: nothing is said about real logs");
            continue;
        };
        let store = store();
        append(&store, &corpus.lines);
        let head = store.stats().head_bytes as f64;
        store.flush().unwrap();
        let (text, block) = (corpus.bytes() as f64, store.stats().block_bytes as f64);
        println!(
            "{}: {} lines, text / block {:.2}, head / text {:.2}",
            corpus.name,
            corpus.lines.len(),
            text / block,
            head / text
        );
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadTime);
    targets = ingest, code, search
}

fn main() {
    report();
    benches();
    Criterion::default().configure_from_args().final_summary();
}
