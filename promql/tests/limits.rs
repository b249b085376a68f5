//! Every query is bounded: what is too large, too deep or too slow ends in a typed error.

use std::sync::Arc;
use std::time::{Duration, Instant};

use promql::ast::DEPTH_MAX;
use promql::{Engine, Error, EvaluationError, Options, ParseOptions, Value};
use telemetry_core::labels;
use telemetry_core::query::{CancelToken, Interrupt, Limits, QueryContext, Resource, Workers};
use telemetry_core::source::MemoryMetrics;
use telemetry_core::time::MillisRange;

/// The series that are queried: `series` of them, `samples` each, one every 15 seconds.
fn source(series: usize, samples: i64) -> MemoryMetrics {
    let mut source = MemoryMetrics::new();
    for number in 0..series {
        let labels = labels! {
            "__name__" => "m_total",
            "number" => number.to_string(),
            "group" => (number % 7).to_string(),
        };
        for at in 0..samples {
            let value = (at * at + number as i64 * 31) % 1_009;
            source.insert(&labels, at * 15_000, value as f64 / 7.0);
        }
    }
    source
}

fn engine() -> Engine {
    let mut options = Options::default();
    options.parse = ParseOptions::EVERYTHING;
    Engine::new(options)
}

fn interrupt(error: &Error) -> Option<Interrupt> {
    match error {
        Error::Evaluation { error, .. } => match **error {
            EvaluationError::Interrupted(interrupt) => Some(interrupt),
            _ => None,
        },
        _ => None,
    }
}

#[test]
fn more_steps_than_allowed_are_refused_before_anything_is_read() {
    let range = MillisRange::new(0, 11_001_000);
    let second = Duration::from_secs(1);
    let context = QueryContext::new();
    let error = engine().range(&source(1, 1), "m_total", range, second, &context).unwrap_err();
    let expected = Interrupt::LimitExceeded { resource: Resource::Steps, limit: 11_000 };
    assert_eq!(interrupt(&error), Some(expected));
    assert_eq!(context.statistics().snapshot().series, 0);
}

#[test]
fn a_range_that_is_none_is_refused() {
    for (start, end, step) in [(10, 0, 1), (0, 10, 0), (i64::MIN, i64::MAX, 1)] {
        let range = MillisRange::new(start, end);
        let step = Duration::from_millis(step);
        let context = QueryContext::new().with_limits(Limits::NONE);
        let error = engine().range(&source(1, 1), "1", range, step, &context).unwrap_err();
        let Error::Evaluation { error, .. } = error else { panic!("{error}") };
        assert!(matches!(*error, EvaluationError::Range { .. }), "{error}");
    }
}

#[test]
fn a_subquery_over_ages_is_refused_at_once() {
    let queries = [
        "max_over_time(m_total[100y:1ms])",
        "sum_over_time(sum_over_time(m_total[10y:1ms])[10y:1ms])",
        "absent_over_time((vector(1))[292y:1ms])",
        "(m_total)[100y:1ms]",
        "m_total[292y] offset -292y",
    ];
    for query in queries {
        let begun = Instant::now();
        let result = engine().instant(&source(2, 10), query, i64::MAX / 2, &QueryContext::new());
        assert!(begun.elapsed() < Duration::from_secs(2), "{query}");
        if let Err(error) = result {
            assert!(interrupt(&error).is_some(), "{query}: {error}");
        }
    }
}

#[test]
fn times_at_the_end_of_time_do_not_overflow() {
    let queries = [
        "m_total",
        "rate(m_total[5m])",
        "m_total offset -100y",
        "m_total offset 292y",
        "rate(m_total[5m:1m] offset -200y)",
        "m_total @ 9223372036854775.807",
        "predict_linear(m_total[5m] @ 0, 1e300)",
        "deriv(m_total[292y])",
        "day_of_year(m_total * 1e300)",
    ];
    for query in queries {
        for time in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX] {
            let context = QueryContext::new();
            // An error is fine, a panic is not.
            let _ = engine().instant(&source(1, 3), query, time, &context);
            let range = MillisRange::new(time, time.saturating_add(10));
            let step = Duration::from_millis(3);
            let _ = engine().range(&source(1, 3), query, range, step, &context);
        }
    }
}

#[test]
fn limits_on_samples_series_and_rows_hold() {
    let source = source(50, 100);
    let cases = [
        ("m_total", Limits { samples: 100, ..Limits::NONE }, Resource::Samples),
        ("m_total", Limits { series: 10, ..Limits::NONE }, Resource::Series),
        ("m_total", Limits { rows: 10, ..Limits::NONE }, Resource::Rows),
        ("m_total + on(number) m_total", Limits { bytes: 1_000, ..Limits::NONE }, Resource::Bytes),
    ];
    for (query, limits, resource) in cases {
        let context = QueryContext::new().with_limits(limits);
        let range = MillisRange::new(0, 1_500_000);
        let step = Duration::from_secs(15);
        let error = engine().range(&source, query, range, step, &context).unwrap_err();
        match interrupt(&error) {
            Some(Interrupt::LimitExceeded { resource: found, .. }) => assert_eq!(found, resource),
            other => panic!("{query}: {other:?}"),
        }
    }
}

#[test]
fn a_deadline_stops_a_slow_query_soon() {
    let source = source(2, 5_000);
    let queries = [
        "mad_over_time(m_total[20h:15s])",
        "deriv(m_total[20h])",
        "sum(max_over_time(predict_linear(m_total[5h], 60)[1d:15s]))",
    ];
    for query in queries {
        let context = QueryContext::new().with_timeout(Duration::from_millis(20));
        let range = MillisRange::new(0, 75_000_000);
        let step = Duration::from_secs(8);
        let begun = Instant::now();
        let error = engine().range(&source, query, range, step, &context).unwrap_err();
        let expected = Interrupt::DeadlineExceeded { timeout: Duration::from_millis(20) };
        assert_eq!(interrupt(&error), Some(expected), "{query}");
        // The bound is loose: machines that run tests are busy.
        assert!(begun.elapsed() < Duration::from_millis(1_000), "{query}");
    }
}

#[test]
fn a_cancelled_query_does_nothing() {
    let token = CancelToken::new();
    token.cancel();
    let context = QueryContext::new().with_cancel(&token);
    let error = engine().instant(&source(1, 1), "m_total", 0, &context).unwrap_err();
    assert_eq!(interrupt(&error), Some(Interrupt::Cancelled));
}

/// Workers that run jobs on threads of their own, in whatever order they come.
#[derive(Debug)]
struct Threads;

impl Workers for Threads {
    fn parallelism(&self) -> usize {
        4
    }

    fn run(&self, count: usize, job: &(dyn Fn(usize) + Send + Sync)) {
        let next = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..self.parallelism() {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
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

#[test]
fn the_answer_is_the_same_on_many_threads() {
    let source = source(3_000, 20);
    let queries = [
        "sum(rate(m_total[5m]))",
        "avg by (group) (m_total)",
        "stddev without (number) (m_total)",
        "quantile by (group) (0.3, rate(m_total[2m]))",
        "m_total",
        "max(m_total) - min(m_total)",
        "count by (group) (m_total > 50)",
    ];
    for query in queries {
        let range = MillisRange::new(0, 300_000);
        let step = Duration::from_secs(10);
        let alone = QueryContext::new();
        let together = QueryContext::new().with_workers(Arc::new(Threads));
        let alone = engine().range(&source, query, range, step, &alone).unwrap();
        let together = engine().range(&source, query, range, step, &together).unwrap();
        let bits = |value: &Value| match value {
            Value::Matrix(series) => series
                .iter()
                .map(|one| {
                    let floats = one.floats.iter().map(|(_, value)| value.to_bits());
                    (one.labels.clone(), floats.collect::<Vec<u64>>())
                })
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(bits(&alone.value), bits(&together.value), "{query}");
    }
}

#[test]
fn the_deepest_trees_are_evaluated_on_an_ordinary_stack() {
    let wrap = |open: &str, close: &str, times: usize| {
        format!("{}m_total{}", open.repeat(times), close.repeat(times))
    };
    let (single, double) = (DEPTH_MAX - 5, DEPTH_MAX / 2 - 5);
    let queries = [
        wrap("abs(", ")", single),
        wrap("-(", ")", double),
        wrap("sum(", ")", single),
        wrap("(1 + ", ")", double),
        wrap("m_total + (", ")", double),
        wrap("max_over_time(", "[1m:1m])", double),
        wrap("label_replace(", ", \"a\", \"b\", \"c\", \"d\")", single),
        wrap("vector(scalar(", "))", double),
        format!("vector({}1)", "1 + ".repeat(single)),
    ];
    for query in queries {
        let result = engine().instant(&source(2, 10), &query, 60_000, &QueryContext::new());
        assert!(result.is_ok(), "{}: {}", &query[..20], result.unwrap_err());
    }
    let error = promql::parse(&wrap("abs(", ")", 100_000)).unwrap_err();
    assert!(matches!(error, Error::Syntax { .. }), "{error}");
}
