//! What is refused, with which words, and how it is counted; and what is not.
#![cfg(test)]

use std::sync::Arc;

use logstore::{Error, Limits, LogStore, LongLine, Rate};
use telemetry_core::labels;
use telemetry_core::labels::{Labels, LabelsBuilder};
use telemetry_core::model::LogEntry;
use telemetry_core::sink::RefusalReason;
use telemetry_core::storage::runtime::{Runtime, RuntimeOptions};
use telemetry_core::storage::store::StoreOptions;
use telemetry_core::time::ManualClock;

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;
/// Any time will do.
const NOW: i64 = 1_800_000_000 * SECOND;

/// A store with a clock that stands still until it is told.
fn store(limits: Limits) -> (LogStore, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(NOW));
    let mut runtime = RuntimeOptions::default();
    runtime.clock = clock.clone();
    let mut storage = StoreOptions::default();
    storage.runtime = Some(Runtime::new(runtime));
    (LogStore::builder().limits(limits).storage(storage).in_memory().unwrap(), clock)
}

fn app(name: &str) -> Labels {
    labels! { "app" => name }
}

/// Why a line is refused.
fn refusal(store: &LogStore, labels: &Labels, entry: LogEntry) -> Option<RefusalReason> {
    match store.push_entry(labels, &entry) {
        Ok(()) => None,
        Err(Error::Refused(reason)) => Some(reason),
        Err(other) => panic!("{other}"),
    }
}

fn at(time: i64, line: impl AsRef<[u8]>) -> LogEntry {
    LogEntry::new(time, line)
}

fn named(name: &str) -> Labels {
    LabelsBuilder::new().set(name, "x").build()
}

fn with_labels(count: usize) -> Labels {
    let mut builder = LabelsBuilder::new();
    for n in 0..count {
        builder.set(&format!("l{n:02}"), "x");
    }
    builder.build()
}

#[test]
fn loki_takes_fifteen_labels_and_lines_of_a_quarter_of_a_mebibyte() {
    let (store, _) = store(Limits::loki());
    assert_eq!(refusal(&store, &with_labels(15), at(NOW, "x")), None);
    let too_many = Some(RefusalReason::TooManyLabels { found: 16, limit: 15 });
    assert_eq!(refusal(&store, &with_labels(16), at(NOW, "x")), too_many);
    assert_eq!(refusal(&store, &app("a"), at(NOW, vec![b'x'; 256 << 10])), None);
    let found = (256 << 10) + 1;
    let too_long = Some(RefusalReason::TooLong { what: "a line", found, limit: 256 << 10 });
    assert_eq!(refusal(&store, &app("a"), at(NOW, vec![b'x'; found])), too_long);
    let refused = store.refused();
    assert_eq!((refused.too_many, refused.too_long, refused.total()), (1, 1, 2));
}

#[test]
fn names_values_and_metadata_have_bounds() {
    let (store, _) = store(Limits::loki());
    let long = |bytes: usize| "n".repeat(bytes);
    assert_eq!(refusal(&store, &named(&long(1024)), at(NOW, "x")), None);
    let name = refusal(&store, &named(&long(1025)), at(NOW, "x"));
    assert!(matches!(name, Some(RefusalReason::TooLong { what: "a label name", .. })));
    assert_eq!(refusal(&store, &app(&long(2048)), at(NOW, "x")), None);
    let value = refusal(&store, &app(&long(2049)), at(NOW, "x"));
    assert!(matches!(value, Some(RefusalReason::TooLong { what: "a label value", .. })));
    let pairs =
        |count: usize| (0..count).fold(at(NOW, "x"), |entry, n| entry.with(format!("m{n}"), "v"));
    assert_eq!(refusal(&store, &app("a"), pairs(128)), None);
    let too_many = refusal(&store, &app("a"), pairs(129));
    assert!(matches!(too_many, Some(RefusalReason::TooMany { limit: 128, .. })));
    let wide = refusal(&store, &app("a"), at(NOW, "x").with("m", long(64 << 10)));
    assert!(matches!(wide, Some(RefusalReason::TooLong { what: "the metadata of a line", .. })));
    assert_eq!(store.refused().total(), 4);
}

#[test]
fn a_stream_takes_lines_an_hour_behind_its_newest_and_another_stream_does_not_matter() {
    let (store, _) = store(Limits::default());
    assert_eq!(refusal(&store, &app("a"), at(10 * HOUR, "newest")), None);
    assert_eq!(refusal(&store, &app("a"), at(9 * HOUR, "an hour late")), None);
    let oldest = 9 * HOUR;
    let too_old = Some(RefusalReason::TooOld { time: oldest - 1, oldest });
    assert_eq!(refusal(&store, &app("a"), at(oldest - 1, "later still")), too_old);
    assert_eq!(refusal(&store, &app("b"), at(0, "of another stream")), None);
    assert_eq!(store.refused().too_old, 1);
}

#[test]
fn in_lokis_preset_lines_are_at_most_a_week_old_and_ten_minutes_ahead() {
    let (store, clock) = store(Limits::loki());
    let (oldest, newest) = (NOW - 7 * 24 * HOUR, NOW + 600 * SECOND);
    assert_eq!(refusal(&store, &app("old"), at(oldest, "x")), None);
    let too_old = Some(RefusalReason::TooOld { time: oldest - 1, oldest });
    assert_eq!(refusal(&store, &app("older"), at(oldest - 1, "x")), too_old);
    assert_eq!(refusal(&store, &app("new"), at(newest, "x")), None);
    let too_new = Some(RefusalReason::TooNew { time: newest + 1, newest });
    assert_eq!(refusal(&store, &app("newer"), at(newest + 1, "x")), too_new);
    clock.advance(1);
    assert_eq!(refusal(&store, &app("newer"), at(newest + 1, "x")), None);
    assert_eq!((store.refused().too_old, store.refused().too_new), (1, 1));
    // By default nothing asks the clock.
    let (store, _) = self::store(Limits::default());
    assert_eq!(refusal(&store, &app("any"), at(i64::MIN, "x")), None);
    assert_eq!(refusal(&store, &app("time"), at(i64::MAX, "x")), None);
}

#[test]
fn streams_in_memory_are_bounded_and_a_flush_makes_room() {
    let mut limits = Limits::default();
    limits.streams_max = 2;
    let (store, _) = store(limits);
    assert_eq!(refusal(&store, &app("a"), at(1, "x")), None);
    assert_eq!(refusal(&store, &app("b"), at(1, "x")), None);
    let too_many = Some(RefusalReason::TooMany { what: "streams", limit: 2 });
    assert_eq!(refusal(&store, &app("c"), at(1, "x")), too_many);
    assert_eq!(refusal(&store, &app("a"), at(2, "known streams go on")), None);
    store.flush().unwrap();
    assert_eq!(refusal(&store, &app("c"), at(1, "x")), None);
    assert_eq!(store.refused().too_many, 1);
}

#[test]
fn rates_are_of_the_store_and_of_a_stream_and_refill_with_time() {
    let mut limits = Limits::default();
    limits.rate = Some(Rate { bytes_per_second: 100, burst_bytes: 150 });
    limits.stream_rate = Some(Rate { bytes_per_second: 50, burst_bytes: 100 });
    let (store, clock) = store(limits);
    let line = |name: &str| refusal(&store, &app(name), at(NOW, vec![b'x'; 90]));
    assert_eq!(line("a"), None);
    let of_stream = Some(RefusalReason::TooFast { what: "a stream", limit: 50 });
    let of_store = Some(RefusalReason::TooFast { what: "the store", limit: 100 });
    assert_eq!(line("b"), of_store, "60 bytes are left to all");
    clock.advance(SECOND / 2);
    assert_eq!(line("a"), of_stream, "35 bytes are left to this stream");
    assert_eq!(line("b"), None);
    clock.advance(2 * SECOND);
    assert_eq!(line("a"), None);
    assert_eq!(store.refused().too_fast, 2);
}

#[test]
fn long_lines_are_cut_where_that_is_wanted() {
    let mut limits = Limits::default();
    limits.line_bytes_max = 4;
    limits.long_line = LongLine::Truncate;
    let (store, _) = store(limits);
    assert_eq!(refusal(&store, &app("a"), at(1, "much too long")), None);
    // What is stored is the first four bytes: the same line again is there already.
    assert_eq!(refusal(&store, &app("a"), at(1, "much")), None);
    assert_eq!(store.stats().head_items, 1);
    assert_eq!(store.refused().total(), 0);
}
