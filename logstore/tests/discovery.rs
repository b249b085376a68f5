//! What is found out about lines that come through a sink, and the limits that Loki has.
#![cfg(test)]

use std::sync::Arc;

use logstore::{Discovery, Limits, LogStore, LongLine};
use telemetry_core::labels;
use telemetry_core::labels::Labels;
use telemetry_core::query::QueryContext;
use telemetry_core::sink::{LogRecord, LogSink, RawLabels, RefusalReason};
use telemetry_core::source::{Direction, LogColumns, LogRequest, LogSource, LogWant};
use telemetry_core::storage::runtime::{Runtime, RuntimeOptions};
use telemetry_core::storage::store::StoreOptions;
use telemetry_core::time::{ManualClock, NanosRange};

const HOUR: i64 = 3_600_000_000_000;

/// Labels, line and metadata.
type Stored = (Labels, String, Vec<(String, String)>);

/// Every line with its labels and metadata.
fn stored(store: &LogStore) -> Vec<Stored> {
    let request = LogRequest {
        matchers: vec![],
        window: NanosRange::ALL,
        direction: Direction::Forward,
        filters: vec![],
    };
    let pages = store.select(&request, &QueryContext::new()).unwrap();
    let mut columns = LogColumns::default();
    let mut found = Vec::new();
    for index in 0..pages.len() {
        let page = pages.page(index).unwrap();
        page.decode(LogWant::ALL, &mut columns).unwrap();
        for row in 0..columns.len() {
            let line = String::from_utf8_lossy(columns.line(row)).into_owned();
            let metadata = columns.metadata(row).map(|(name, value)| (name.into(), value.into()));
            found.push((page.labels().clone(), line, metadata.collect()));
        }
    }
    found
}

fn push(sink: &mut impl LogSink, labels: &[(&str, &str)], line: &str, metadata: &[(&str, &str)]) {
    let record = LogRecord { time: 1, line: line.as_bytes(), metadata };
    sink.push(&RawLabels::new(labels), record);
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

#[test]
fn a_sink_finds_out_whose_lines_are_and_how_grave() {
    let store = LogStore::in_memory().unwrap();
    let mut sink = store.sink();
    push(&mut sink, &[("app", "api")], "level=warning", &[("z", "1"), ("a", "2")]);
    push(&mut sink, &[("x", "y"), ("level", "ERR")], "info", &[("service_name", "mine")]);
    push(&mut sink, &[], "x", &[("detected_level", "WRN")]);
    assert!(sink.commit().unwrap().is_complete());
    let expected = [
        (
            labels! { "app" => "api", "service_name" => "api" },
            "level=warning".to_owned(),
            pairs(&[("a", "2"), ("detected_level", "warn"), ("z", "1")]),
        ),
        (
            labels! { "level" => "ERR", "service_name" => "unknown_service", "x" => "y" },
            "info".to_owned(),
            pairs(&[("detected_level", "error"), ("service_name_extracted", "mine")]),
        ),
        (
            labels! { "service_name" => "unknown_service" },
            "x".to_owned(),
            pairs(&[("detected_level", "warn")]),
        ),
    ];
    let mut found = stored(&store);
    found.sort();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn typed_calls_and_a_store_without_discovery_store_lines_as_they_are() {
    let store = LogStore::in_memory().unwrap();
    store.push(&labels! { "app" => "api" }, 1, "level=warn").unwrap();
    let plain = vec![(labels! { "app" => "api" }, "level=warn".to_owned(), Vec::new())];
    assert_eq!(stored(&store), plain);
    let store = LogStore::builder().discovery(Discovery::none()).in_memory().unwrap();
    let mut sink = store.sink();
    push(&mut sink, &[("app", "api")], "level=warn", &[]);
    assert!(sink.commit().unwrap().is_complete());
    assert_eq!(stored(&store), plain);
}

/// A store with Loki's limits whose clock shows eight days.
fn loki(clock: &Arc<ManualClock>, limits: Limits) -> LogStore {
    let mut runtime = RuntimeOptions::default();
    runtime.clock = clock.clone();
    let mut storage = StoreOptions::default();
    storage.runtime = Some(Runtime::new(runtime));
    LogStore::builder().storage(storage).limits(limits).in_memory().unwrap()
}

#[test]
fn what_is_found_out_counts_toward_no_limit() {
    let store = loki(&Arc::new(ManualClock::new(0)), Limits::loki());
    let names: Vec<String> = (0..128).map(|at| format!("n{at:03}")).collect();
    let many = |count: usize| names.iter().take(count).map(|name| (name.as_str(), "v"));
    let mut sink = store.sink();
    push(&mut sink, &many(15).collect::<Vec<_>>(), "x", &many(128).collect::<Vec<_>>());
    push(&mut sink, &many(16).collect::<Vec<_>>(), "x", &[]);
    let committed = sink.commit().unwrap();
    assert_eq!(committed.stored, 1);
    let reason = RefusalReason::TooManyLabels { found: 16, limit: 15 };
    assert_eq!(committed.refused[0].reason, reason);
    assert_eq!(stored(&store)[0].2.len(), 129);
}

#[test]
fn lokis_limits_ask_the_clock_and_count_what_they_refuse() {
    let now = 8 * 24 * HOUR;
    let store = loki(&Arc::new(ManualClock::new(now)), Limits::loki());
    let labels = labels! { "app" => "api" };
    let refused = |time: i64, line: &[u8]| store.push(&labels, time, line).is_err();
    assert!(refused(24 * HOUR - 1, b"a week and more"));
    assert!(!refused(24 * HOUR, b"a week"));
    assert!(refused(now + HOUR / 6 + 1, b"ahead"));
    assert!(refused(now, &[b'x'; (256 << 10) + 1]));
    assert!(!refused(now, &[b'x'; 256 << 10]));
    let counts = store.refused();
    assert_eq!((counts.too_old, counts.too_new, counts.too_long), (1, 1, 1));
    assert_eq!(counts.total(), 3);
}

#[test]
fn a_stream_takes_no_more_than_its_rate() {
    let clock = Arc::new(ManualClock::new(0));
    let mut limits = Limits::loki();
    limits.line_bytes_max = 16 << 20;
    let store = loki(&clock, limits);
    let labels = labels! { "app" => "api" };
    store.push(&labels, 0, vec![b'x'; 6 << 20]).unwrap();
    assert!(store.push(&labels, 1, "x").is_err());
    clock.set(HOUR / 3_600);
    store.push(&labels, 2, vec![b'x'; 4 << 20]).unwrap();
    assert!(store.push(&labels, 3, "x").is_err());
    assert_eq!(store.refused().too_fast, 2);
}

#[test]
fn long_lines_may_be_cut() {
    let mut limits = Limits::default();
    (limits.line_bytes_max, limits.long_line) = (4, LongLine::Truncate);
    let store = LogStore::builder().limits(limits).in_memory().unwrap();
    store.push(&labels! { "app" => "api" }, 1, "too long").unwrap();
    assert_eq!(stored(&store)[0].1, "too ");
}
