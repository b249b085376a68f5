//! Counts that the log store knows without reading lines, and what it reads from columns, hold
//! exactly the lines that are there: not those that were deleted.
#![cfg(test)]

use quadra::labels;
use quadra::labels::Matcher;
use quadra::logql::{Engine, LogOptions, parse};
use quadra::logstore::LogStore;
use quadra::telemetry_core::query::QueryContext;
use quadra::time::NanosRange;

const SECOND: i64 = 1_000_000_000;
const LINES: i64 = 4_000;

/// A store of a line per second and stream; some in blocks, the last in the head.
fn store() -> LogStore {
    let store = LogStore::in_memory().unwrap();
    for part in 0..4 {
        let mut batch = store.batch();
        for second in part * LINES / 4..(part + 1) * LINES / 4 {
            for stream in ["a", "b"] {
                let line = format!(r#"{{"status":{},"n":{second}}}"#, 200 + second % 4 * 100);
                let labels = labels! { "app" => "api", "stream" => stream };
                batch.push(&labels, &quadra::model::LogEntry::new(second * SECOND, line));
            }
        }
        batch.commit().unwrap();
        if part < 3 {
            store.flush().unwrap();
        }
    }
    store
}

/// What is counted step by step, and the lines of each step's window.
fn assert_counts_are_those_of_lines(store: &LogStore) {
    let (engine, context) = (Engine::new(store), QueryContext::new());
    for stages in ["", "|= \"00\"", "!= \"500\"", "| json | status >= 400"] {
        let lines = parse(&format!("{{app=\"api\"}} {stages}")).unwrap();
        let options = LogOptions { limit: usize::MAX, ..LogOptions::default() };
        let found = engine.log(&lines, &options, &context).unwrap();
        let times: Vec<i64> =
            found.iter().flat_map(|one| &one.entries).map(|line| line.time.0).collect();
        for (range, step) in [(600, 600), (100, 60), (17, 13)] {
            let count = format!("sum(count_over_time({{app=\"api\"}} {stages} [{range}s]))");
            let series = engine
                .range(&parse(&count).unwrap(), 0, LINES * SECOND, step * SECOND, &context)
                .unwrap();
            for step in (0..=LINES).step_by(usize::try_from(step).unwrap()) {
                let end = step * SECOND;
                let inside = |time: &&i64| **time > end - range * SECOND && **time <= end;
                let expected = times.iter().filter(inside).count();
                let points = series.iter().flat_map(|one| &one.points);
                let value: f64 = points.filter(|(at, _)| at.0 == end).map(|(_, v)| v).sum();
                assert_eq!(value, expected as f64, "{count} at {step}");
            }
        }
    }
}

#[test]
fn deleted_lines_are_not_counted() {
    let store = store();
    assert_counts_are_those_of_lines(&store);
    for (stream, from, to) in [("a", 120, 130), ("b", 0, 1_700), ("a", 3_900, 3_950)] {
        let window = NanosRange::new(from * SECOND, to * SECOND);
        store.delete(vec![Matcher::equal("stream", stream)], window).unwrap();
        assert_counts_are_those_of_lines(&store);
    }
    store.compact().unwrap();
    assert_counts_are_those_of_lines(&store);
}
