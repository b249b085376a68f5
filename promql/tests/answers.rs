//! What queries answer, as a reader of the language's manual would check it.
//!
//! ~~~text
//! minute               0    1    2    3    4    5    6    7    8    9
//! requests_total api   0   60  120  180  240  300   30   90  150  210     a reset at 6
//! requests_total db   10   10   10   10   10   10   10   10   10   10
//! heat           api   1    3    2  NaN    5    ∎                         ends at 5
//! wait_bucket          le 0.1: 1, le 1: 3, le +Inf: 4, each times the minute
//! ~~~

use std::sync::Arc;
use std::time::Duration;

use promql::{Engine, Error, Options, ParseOptions, Value};
use telemetry_core::labels;
use telemetry_core::labels::{Labels, METRIC_NAME};
use telemetry_core::model::{CUSTOM_BUCKETS_SCHEMA, Histogram, STALE_MARKER, SampleValue};
use telemetry_core::query::QueryContext;
use telemetry_core::source::MemoryMetrics;
use telemetry_core::time::MillisRange;

const MINUTE: i64 = 60_000;

fn source() -> MemoryMetrics {
    let mut source = MemoryMetrics::new();
    let mut series = |labels: Labels, values: &[f64]| {
        for (minute, value) in (0..).zip(values) {
            source.insert(&labels, minute * MINUTE, *value);
        }
    };
    series(
        labels! { "__name__" => "requests_total", "job" => "api" },
        &[0.0, 60.0, 120.0, 180.0, 240.0, 300.0, 30.0, 90.0, 150.0, 210.0],
    );
    series(labels! { "__name__" => "requests_total", "job" => "db" }, &[10.0; 10]);
    series(
        labels! { "__name__" => "heat", "job" => "api" },
        &[1.0, 3.0, 2.0, f64::NAN, 5.0, STALE_MARKER],
    );
    for (bound, count) in [("0.1", 1.0), ("1", 3.0), ("+Inf", 4.0)] {
        let values: Vec<f64> = (0..10).map(|minute| f64::from(minute) * count).collect();
        series(labels! { "__name__" => "wait_bucket", "le" => bound }, &values);
    }
    source
}

/// Labels as a selector would be written.
fn shown(labels: &Labels) -> String {
    format!("{}{}", labels.name().unwrap_or_default(), labels.without(&[METRIC_NAME]))
}

fn engine(delayed_name_removal: bool) -> Engine {
    let mut options = Options::default();
    options.parse = ParseOptions::EVERYTHING;
    options.delayed_name_removal = delayed_name_removal;
    Engine::new(options)
}

/// The series of an instant query at `minute`, one a line.
fn lines(engine: &Engine, query: &str, minute: i64) -> Result<Vec<String>, Error> {
    let context = QueryContext::new();
    let result = engine.instant(&source(), query, minute * MINUTE, &context)?;
    Ok(match result.value {
        Value::Scalar { value, .. } => vec![value.to_string()],
        Value::String { value, .. } => vec![format!("{value:?}")],
        Value::Vector(elements) => elements
            .iter()
            .map(|element| match &element.value {
                SampleValue::Float(value) => format!("{} {value}", shown(&element.labels)),
                SampleValue::Histogram(value) => format!("{} {value:?}", shown(&element.labels)),
            })
            .collect(),
        Value::Matrix(series) => series
            .iter()
            .map(|series| {
                let points = series.floats.iter().map(|(_, value)| format!(" {value}"));
                format!("{}{}", shown(&series.labels), points.collect::<String>())
            })
            .collect(),
    })
}

#[test]
fn queries_answer_what_their_functions_mean() {
    let table: &[(&str, i64, &[&str])] = &[
        ("1 + 2 * 3", 0, &["7"]),
        ("\"text\"", 0, &["\"text\""]),
        ("time()", 3, &["180"]),
        // The newest sample that is not too old, unless it ends the series.
        ("heat", 4, &[r#"heat{job="api"} 5"#]),
        ("heat", 5, &[]),
        ("heat offset 1m", 5, &[r#"heat{job="api"} 5"#]),
        ("heat @ 60", 9, &[r#"heat{job="api"} 3"#]),
        ("requests_total{job=\"db\"}", 14, &[]),
        // Ranges are open at their start.
        ("requests_total{job=\"api\"}[2m]", 2, &[r#"requests_total{job="api"} 60 120"#]),
        ("count_over_time(requests_total{job=\"db\"}[3m])", 5, &[r#"{job="db"} 3"#]),
        // The counter falls at 6: what it had reached counts. 150 in 3 minutes are 200 in 4.
        ("increase(requests_total{job=\"api\"}[4m])", 8, &[r#"{job="api"} 200"#]),
        ("resets(requests_total[9m])", 9, &[r#"{job="api"} 1"#, r#"{job="db"} 0"#]),
        ("idelta(requests_total{job=\"api\"}[3m])", 6, &[r#"{job="api"} -270"#]),
        // NaN is the least and the greatest of nothing but itself.
        ("max_over_time(heat[4m])", 4, &[r#"{job="api"} 5"#]),
        ("changes(heat[5m])", 4, &[r#"{job="api"} 4"#]),
        ("quantile_over_time(0.5, requests_total{job=\"api\"}[3m])", 3, &[r#"{job="api"} 120"#]),
        // One series of ones where there is nothing.
        ("absent(nothing{job=\"x\",job2=~\"y\"})", 0, &[r#"{job="x"} 1"#]),
        ("absent(heat)", 0, &[]),
        // Aggregations keep what they group by.
        ("sum by (job) (requests_total)", 1, &[r#"{job="api"} 60"#, r#"{job="db"} 10"#]),
        ("count_values(\"n\", requests_total)", 0, &[r#"{n="0"} 1"#, r#"{n="10"} 1"#]),
        ("bottomk(1, requests_total)", 1, &[r#"requests_total{job="db"} 10"#]),
        (
            "sort_desc(requests_total)",
            0,
            &[r#"requests_total{job="db"} 10"#, r#"requests_total{job="api"} 0"#],
        ),
        // Comparisons filter; `bool` tells.
        ("requests_total > 50", 1, &[r#"requests_total{job="api"} 60"#]),
        ("50 < bool requests_total", 1, &[r#"{job="api"} 1"#, r#"{job="db"} 0"#]),
        ("requests_total and on(job) heat", 1, &[r#"requests_total{job="api"} 60"#]),
        ("requests_total / on(job) heat", 1, &[r#"{job="api"} 20"#]),
        ("heat + on(job) fill(0) requests_total", 1, &[r#"{job="api"} 63"#, r#"{job="db"} 10"#]),
        // Half of 4 observations lie in the bucket that ends at 1.
        ("histogram_quantile(0.5, wait_bucket)", 1, &["{} 0.55"]),
        ("histogram_fraction(0, 0.1, wait_bucket)", 1, &["{} 0.25"]),
        // Sub-queries look at multiples of their step.
        ("sum_over_time(heat[2m30s:1m])", 2, &[r#"{job="api"} 6"#]),
        (
            "max_over_time(rate(requests_total[2m])[3m:])",
            9,
            &[r#"{job="api"} 1"#, r#"{job="db"} 0"#],
        ),
        (
            "label_replace(heat, \"tier\", \"$1-tier\", \"job\", \"(.*)\")",
            0,
            &[r#"heat{job="api", tier="api-tier"} 1"#],
        ),
    ];
    for (query, minute, expected) in table {
        let found =
            lines(&engine(false), query, *minute).unwrap_or_else(|e| panic!("{query}: {e}"));
        assert_eq!(found, *expected, "{query} at minute {minute}");
    }
}

#[test]
fn a_dropped_name_is_seen_by_functions_on_labels_if_it_is_dropped_late() {
    let query = "label_replace(-heat, \"name\", \"$1\", \"__name__\", \"(.*)\")";
    assert_eq!(lines(&engine(true), query, 0).unwrap(), [r#"{job="api", name="heat"} -1"#]);
    assert_eq!(lines(&engine(false), query, 0).unwrap(), [r#"{job="api"} -1"#]);
}

#[test]
fn values_have_the_times_of_their_steps() {
    let range = MillisRange::new(0, 5 * MINUTE);
    let step = Duration::from_secs(120);
    let context = QueryContext::new();
    let result = engine(false).range(&source(), "heat", range, step, &context).unwrap();
    let Value::Matrix(series) = result.value else { panic!("no matrix") };
    let points: Vec<(i64, f64)> = series[0].floats.iter().map(|(t, v)| (t.0, *v)).collect();
    assert_eq!(points, [(0, 1.0), (2 * MINUTE, 2.0), (4 * MINUTE, 5.0)]);
}

#[test]
fn the_end_of_a_range_is_the_one_asked_for_not_the_last_step() {
    let range = MillisRange::new(0, 9 * MINUTE);
    let ask = |query: &str| {
        let (step, context) = (Duration::from_secs(240), QueryContext::new());
        let answer = engine(false).range(&source(), query, range, step, &context).unwrap();
        let Value::Matrix(rows) = answer.value else { panic!("no matrix: {query}") };
        rows[0].floats.iter().map(|(_, value)| *value).collect::<Vec<_>>()
    };
    assert_eq!(ask("requests_total{job='api'} @ end()"), [210.0; 3]);
    assert_eq!(ask("vector(end() - start())"), [540.0; 3]);
    assert_eq!(ask("count_over_time(requests_total{job='db'}[range()] @ end())"), [9.0; 3]);
}

#[test]
fn a_histogram_beside_a_float_is_remarked_once() {
    let mut source = MemoryMetrics::new();
    let histogram = |value| SampleValue::Histogram(Arc::new(value));
    let custom = Histogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        custom_bounds: vec![1.0],
        ..Histogram::default()
    };
    source.insert(&labels! { "__name__" => "a" }, 0, 1.0);
    source.insert(&labels! { "__name__" => "b" }, 0, histogram(Histogram::default()));
    source.insert(&labels! { "__name__" => "c" }, 0, histogram(custom));
    let context = QueryContext::new();
    let answer = engine(false).instant(&source, "sum({__name__=~'.+'})", 0, &context).unwrap();
    assert_eq!(answer.value, Value::Vector(Vec::new()));
    let texts: Vec<_> = answer.annotations.iter().map(|note| &*note.text).collect();
    let mixed = "PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)";
    assert_eq!(texts, [mixed]);
}

#[test]
fn errors_name_what_is_wrong_and_where() {
    let table = [
        (
            "requests_total + on() heat",
            "multiple matches for labels: many-to-one matching must be explicit \
             (group_left/group_right)",
            0,
        ),
        (
            "1 + (heat * on() requests_total)",
            "found duplicate series for the match group {} on the right hand-side of the \
             operation: [{__name__=\"requests_total\", job=\"db\"}, {__name__=\"requests_total\", \
             job=\"api\"}];many-to-many matching not allowed: matching labels must be unique on one side",
            5,
        ),
        ("abs({job=\"api\"})", "vector cannot contain metrics with the same labelset", 0),
        ("topk(scalar(nothing), heat)", "Parameter value is NaN", 5),
        (
            "double_exponential_smoothing(heat[3m], 2, 0.5)",
            "invalid smoothing factor. Expected: 0 < sf < 1, got: 2.000000",
            39,
        ),
    ];
    for (query, message, start) in table {
        let error = lines(&engine(false), query, 1).unwrap_err();
        assert_eq!(error.message(), message, "{query}");
        assert_eq!(error.span().map(|span| span.start), Some(start), "{query}");
    }
}

#[test]
fn remarks_name_the_expression_they_are_about() {
    let table = [
        (
            "sum(rate(heat[3m]))",
            "PromQL info: metric might not be a counter, name does not end in \
             _total/_sum/_count/_bucket: \"heat\" (1:10)",
        ),
        (
            "quantile(2, heat)",
            "PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)",
        ),
        (
            "histogram_quantile(0.5, heat)",
            "PromQL warning: bucket label \"le\" is missing or has a malformed value of \"\" for \
             metric name \"heat\" (1:25)",
        ),
    ];
    for (query, text) in table {
        let context = QueryContext::new();
        let result = engine(false).instant(&source(), query, 2 * MINUTE, &context).unwrap();
        let texts: Vec<&str> = result.annotations.iter().map(|a| a.text.as_str()).collect();
        assert_eq!(texts, [text], "{query}");
    }
}
