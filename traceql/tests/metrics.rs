//! Series from spans.
#![cfg(test)]

mod spans;

use spans::{of_service, span, with};
use telemetry_core::model::{AttributeValue, KeyValue, Span};
use telemetry_core::query::{Limits, QueryContext};
use telemetry_core::source::span::MemorySpans;
use telemetry_core::time::Nanos;
use traceql::{Engine, Error, MetricsRange, MetricsResult};

const SECOND: i64 = 1_000_000_000;

/// Span `at` begins at second `at` and takes as many seconds.
fn spans() -> Vec<Span> {
    let span = |at: u8| {
        let mut span = span(at, at, 0);
        span.start = Nanos(i64::from(at) * SECOND);
        span.end = Nanos(2 * i64::from(at) * SECOND);
        of_service(span, if at.is_multiple_of(2) { "even" } else { "odd" })
    };
    (1..=6).map(span).collect()
}

fn metrics(query: &str, range: MetricsRange) -> Result<MetricsResult, Error> {
    let tree = traceql::parse(query)?;
    Engine.metrics(&tree, &MemorySpans::new(spans()), range, &QueryContext::new())
}

/// Series as `{labels} values`, by intervals of three seconds.
fn series(query: &str) -> Vec<String> {
    let result = metrics(query, MetricsRange::new(0, 6 * SECOND, 3 * SECOND))
        .unwrap_or_else(|error| panic!("{}", error.render(query)));
    assert_eq!(result.times, [Nanos(3 * SECOND), Nanos(6 * SECOND)]);
    let one = |series: &traceql::Series| {
        let labels = series.labels.iter().map(|(key, value)| format!("{key}={value}"));
        format!("{{{}}} {:?}", labels.collect::<Vec<_>>().join(","), series.values)
    };
    result.series.iter().map(one).collect()
}

#[test]
fn spans_count_in_the_interval_in_which_they_begin() {
    assert_eq!(series("{ } | count_over_time()"), ["{__name__=count_over_time} [3.0, 3.0]"]);
    assert_eq!(series("{ } | rate()"), ["{__name__=rate} [1.0, 1.0]"]);
    assert_eq!(
        series("{ } | count_over_time() by (resource.service.name)"),
        ["{resource.service.name=even} [1.0, 2.0]", "{resource.service.name=odd} [2.0, 1.0]"]
    );
    assert_eq!(series("{ false } | rate()"), ["{__name__=rate} [0.0, 0.0]"]);
    assert!(series("{ false } | rate() by (name)").is_empty());
}

#[test]
fn numbers_are_taken_over_each_interval_in_seconds() {
    assert_eq!(series("{ } | max_over_time(duration)"), ["{__name__=max_over_time} [3.0, 6.0]"]);
    assert_eq!(series("{ } | avg_over_time(duration)"), ["{__name__=avg_over_time} [2.0, 5.0]"]);
    assert_eq!(
        series("{ } | sum_over_time(trace:duration)"),
        ["{__name__=sum_over_time} [6.0, 15.0]"]
    );
    assert_eq!(
        series("{ duration > 5s } | min_over_time(duration)"),
        ["{__name__=min_over_time} [NaN, 6.0]"]
    );
    assert!(series("{ } | sum_over_time(name)").is_empty());
}

#[test]
fn second_stages_and_arithmetic_work_on_series() {
    let by = "{ } | count_over_time() by (resource.service.name)";
    assert_eq!(
        series(&format!("{by} | topk(1)")),
        ["{resource.service.name=even} [NaN, 2.0]", "{resource.service.name=odd} [2.0, NaN]"]
    );
    assert_eq!(series(&format!("{by} > 1 | bottomk(1)")).len(), 2);
    assert_eq!(
        series(&format!("({by}) / ({{ }} | count_over_time()) * 3")),
        ["{resource.service.name=even} [1.0, 2.0]", "{resource.service.name=odd} [2.0, 1.0]"]
    );
    assert_eq!(series("({ } | rate()) - ({ } | rate())"), ["{__name__=(rate - rate)} [0.0, 0.0]"]);
    assert!(series("({ } | rate()) / 0").is_empty());
}

#[test]
fn quantiles_and_histograms_go_by_powers_of_two() {
    let counted = series("{ } | histogram_over_time(duration)");
    assert_eq!(counted.len(), 4, "{counted:?}");
    assert!(counted[0].starts_with("{__bucket=1.073741824} [1.0, 0.0]"), "{counted:?}");
    assert_eq!(
        series("{ } | quantile_over_time(duration, 1)"),
        ["{p=1} [4.294967296, 8.589934592]"]
    );
}

#[test]
fn an_array_counts_in_a_series_per_element_and_a_missing_value_as_nil() {
    let array = AttributeValue::Array(vec!["a".into(), "b".into()]);
    let mut first = with(span(1, 1, 0), [KeyValue::new("x", array)]);
    first.start = Nanos(5);
    let mut second = span(2, 2, 0);
    second.start = Nanos(6);
    let source = MemorySpans::new([first, second]);
    let query = traceql::parse("{ } | count_over_time() by (span.x)").unwrap();
    let range = MetricsRange::instant(0, 10);
    let result = Engine.metrics(&query, &source, range, &QueryContext::new()).unwrap();
    let labels: Vec<String> = result.series.iter().map(|s| s.labels[0].1.to_string()).collect();
    assert_eq!(labels, ["a", "b", "nil"]);
}

#[test]
fn compare_counts_values_inside_and_outside_of_a_selection() {
    let all = series("{ } | compare({ resource.service.name = `odd` })");
    let line = |start: &str| all.iter().find(|line| line.starts_with(start)).cloned();
    assert_eq!(
        line("{__meta_type=selection,resource.service.name=odd}"),
        Some("{__meta_type=selection,resource.service.name=odd} [2.0, 1.0]".to_owned())
    );
    assert_eq!(
        line("{__meta_type=baseline_total,kind="),
        Some("{__meta_type=baseline_total,kind=nil} [1.0, 2.0]".to_owned())
    );
}

#[test]
fn ranges_and_steps_are_bounded() {
    assert!(matches!(metrics("{ } | rate()", MetricsRange::new(0, 10, 0)), Err(Error::Step)));
    assert!(matches!(
        metrics("{ } | rate()", MetricsRange::new(0, i64::MAX, 1)),
        Err(Error::Source(_))
    ));
    assert!(matches!(metrics("{ }", MetricsRange::new(0, 10, 1)), Err(Error::Shape { .. })));
    let tree = traceql::parse("{ } | rate() by (name)").unwrap();
    let context = QueryContext::new().with_limits(Limits { series: 2, ..Limits::default() });
    let range = MetricsRange::instant(0, 10 * SECOND);
    let result = Engine.metrics(&tree, &MemorySpans::new(spans()), range, &context);
    assert!(matches!(result, Err(Error::Source(_))));
}
