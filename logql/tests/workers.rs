//! On many threads the answers are those of one thread, to the last bit; and a query that is told
//! to stop does.
#![cfg(test)]

use logql::{Engine, LogOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use telemetry_core::labels;
use telemetry_core::model::LogEntry;
use telemetry_core::query::{CancelToken, Limits, QueryContext, Workers};
use telemetry_core::source::{Direction, MemoryLogs};
use telemetry_core::time::NanosRange;

const SECOND: i64 = 1_000_000_000;

/// Workers that run jobs on threads of their own, in whatever order they come.
#[derive(Debug)]
struct Threads;

impl Workers for Threads {
    fn parallelism(&self) -> usize {
        4
    }

    fn run(&self, count: usize, job: &(dyn Fn(usize) + Send + Sync)) {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..self.parallelism() {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= count {
                            break;
                        }
                        job(at);
                    }
                });
            }
        });
    }
}

/// `streams` streams whose lines lie between each other's, some at the same time.
fn source(streams: usize, lines: usize) -> MemoryLogs {
    let mut logs = MemoryLogs::new();
    for stream in 0..streams {
        let labels = labels! { "app" => "x", "number" => stream.to_string() };
        for line in 0..lines {
            let time = (line * 3 + stream % 4) as i64 * SECOND;
            let (level, took) = (["info", "warn", "error"][line % 3], (line * 7 + stream) % 11);
            let text = format!("level={level} took=0.{took} n={line}");
            logs.insert(&labels, LogEntry::new(time, &text));
        }
    }
    logs
}

fn contexts() -> [QueryContext; 2] {
    [QueryContext::new(), QueryContext::new().with_workers(Arc::new(Threads))]
}

#[test]
fn metric_queries_are_the_same_on_many_threads() {
    let logs = source(60, 40);
    let engine = Engine::new(&logs);
    let queries = [
        "count_over_time({app=\"x\"}[10s])",
        "sum by (level) (rate({app=\"x\"} | logfmt [20s]))",
        "sum(bytes_over_time({app=\"x\"} |= \"error\" [1m]))",
        "avg_over_time({app=\"x\"} | logfmt | unwrap took [30s]) by (level)",
        "sum_over_time({app=\"x\"} | logfmt | unwrap took [30s])",
        "quantile_over_time(0.3, {app=\"x\"} | logfmt | unwrap took [30s]) by (number)",
        "first_over_time({app=\"x\"} | logfmt | unwrap took [30s]) by (app)",
        "absent_over_time({app=\"x\"} |= \"n=7\" [1s])",
        "topk(3, sum by (number) (count_over_time({app=\"x\"}[15s])))",
    ];
    for query in queries {
        let tree = logql::parse(query).unwrap();
        let [alone, together] = contexts().map(|context| {
            let series = engine.range(&tree, 0, 120 * SECOND, 5 * SECOND, &context).unwrap();
            series
                .into_iter()
                .map(|one| {
                    let points: Vec<(i64, u64)> =
                        one.points.iter().map(|(time, value)| (time.0, value.to_bits())).collect();
                    (one.labels, points)
                })
                .collect::<Vec<_>>()
        });
        assert_eq!(alone, together, "{query}");
        assert!(!alone.is_empty(), "{query}");
    }
}

#[test]
fn log_queries_are_the_same_on_many_threads() {
    let logs = source(60, 40);
    let engine = Engine::new(&logs);
    let queries = ["{app=\"x\"}", "{app=\"x\"} |= \"n=7\"", "{app=\"x\"} | logfmt | took=\"0.5\""];
    let mut options =
        LogOptions { window: NanosRange::new(0, 130 * SECOND), ..LogOptions::default() };
    for query in queries {
        let tree = logql::parse(query).unwrap();
        for limit in [0, 1, 7, 100, 10_000] {
            for direction in [Direction::Backward, Direction::Forward] {
                for interval in [0, 7 * SECOND] {
                    (options.limit, options.direction) = (limit, direction);
                    options.interval_ns = interval;
                    let [alone, together] =
                        contexts().map(|context| engine.log(&tree, &options, &context).unwrap());
                    assert_eq!(alone, together, "{query} {options:?}");
                }
            }
        }
    }
}

#[test]
fn bounds_hold_on_many_threads() {
    let logs = source(60, 40);
    let engine = Engine::new(&logs);
    let tree = logql::parse("count_over_time({app=\"x\"}[10s])").unwrap();
    for context in contexts() {
        let context = context.with_limits(Limits { series: 59, ..Limits::default() });
        let error = engine.range(&tree, 0, 60 * SECOND, SECOND, &context).unwrap_err();
        assert!(error.to_string().contains("59 series"), "{error}");
    }
    let stopped = CancelToken::new();
    stopped.cancel();
    for context in contexts() {
        let error = engine.instant(&tree, SECOND, &context.with_cancel(&stopped)).unwrap_err();
        assert!(error.to_string().contains("cancelled"), "{error}");
    }
    for context in contexts() {
        let context = context.with_timeout(Duration::ZERO);
        assert!(engine.range(&tree, 0, 60 * SECOND, SECOND, &context).is_err());
    }
}
