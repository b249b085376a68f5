//! Random queries over random data: the engine gives what the definitions say.

#[cfg(test)]
mod naive;

use std::collections::BTreeMap;
use std::time::Duration;

use naive::{Data, Naive};
use promql::{Engine, Options, ParseOptions, Value};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use telemetry_core::labels::Labels;
use telemetry_core::model::STALE_MARKER;
use telemetry_core::query::QueryContext;
use telemetry_core::source::MemoryMetrics;
use telemetry_core::time::MillisRange;

const SCRAPE: i64 = 15_000;

/// A few series with gaps, resets, staleness markers, NaN and infinity.
fn data() -> impl Strategy<Value = Data> {
    let sample = prop_oneof![
        12 => (-50_i32..200).prop_map(|n| Some(f64::from(n) / 8.0)),
        2 => Just(None),
        1 => Just(Some(STALE_MARKER)),
        1 => prop_oneof![Just(Some(f64::NAN)), Just(Some(f64::INFINITY))],
    ];
    let series = (prop::collection::vec(sample, 0..40), 0_i64..3, 0_i64..200);
    prop::collection::vec(series, 8).prop_map(|columns| {
        let names = [
            ("a", "x", "1"),
            ("a", "x", "2"),
            ("a", "y", "1"),
            ("b", "x", "1"),
            ("b", "y", "1"),
            ("b", "y", "2"),
            ("c", "x", ""),
            ("c", "y", ""),
        ];
        let labels = names.map(|(name, job, instance)| {
            Labels::from_pairs([("__name__", name), ("job", job), ("instance", instance)])
        });
        let place = |(samples, jitter, start): (Vec<Option<f64>>, i64, i64)| {
            let at = |(k, value): (usize, Option<f64>)| {
                Some((start * 1_000 + k as i64 * SCRAPE + jitter * (k as i64 % 5), value?))
            };
            samples.into_iter().enumerate().filter_map(at).collect()
        };
        labels.into_iter().zip(columns.into_iter().map(place)).collect()
    })
}

fn modifiers() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just(String::new()),
        1 => (-300_i32..300).prop_filter("zero", |s| *s != 0).prop_map(|s| format!(" offset {s}s")),
        1 => (0_i32..600).prop_map(|s| format!(" @ {s}")),
        1 => Just(" @ end() offset 30s".to_owned()),
        1 => Just(" @ start()".to_owned()),
    ]
}

fn selector() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("a"),
        Just("b"),
        Just("c"),
        Just("a{job=\"x\"}"),
        Just("b{instance!=\"1\"}"),
        Just("{job=~\"x|z\",__name__!=\"c\"}"),
        Just("d"),
    ];
    name.prop_map(str::to_owned)
}

fn range(vector: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let samples = (selector(), 1_i32..400, modifiers())
        .prop_map(|(selector, seconds, modifiers)| format!("{selector}[{seconds}s]{modifiers}"));
    let subquery = (vector, 30_i32..300, 7_i32..90, modifiers()).prop_map(
        |(vector, range, step, modifiers)| format!("({vector})[{range}s:{step}s]{modifiers}"),
    );
    prop_oneof![4 => samples, 1 => subquery]
}

fn matching() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        2 => Just(""),
        1 => Just("on(job, instance)"),
        1 => Just("on(job)"),
        1 => Just("ignoring(instance)"),
        1 => Just("on(job) group_left()"),
        1 => Just("on(job) group_right(instance)"),
        1 => Just("ignoring(instance) group_left()"),
    ]
}

fn call_of_range(vector: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let function = prop::sample::select(vec![
        "rate",
        "increase",
        "delta",
        "irate",
        "idelta",
        "deriv",
        "changes",
        "resets",
        "sum_over_time",
        "avg_over_time",
        "min_over_time",
        "max_over_time",
        "count_over_time",
        "last_over_time",
        "first_over_time",
        "present_over_time",
        "stdvar_over_time",
        "stddev_over_time",
        "mad_over_time",
        "ts_of_first_over_time",
        "ts_of_last_over_time",
        "ts_of_max_over_time",
        "ts_of_min_over_time",
    ]);
    prop_oneof![
        8 => (function, range(vector.clone())).prop_map(|(f, range)| format!("{f}({range})")),
        1 => (0_i32..=10, range(vector.clone()))
            .prop_map(|(phi, range)| format!("quantile_over_time(0.{phi}, {range})")),
        1 => range(vector).prop_map(|range| format!("predict_linear({range}, 60)")),
    ]
}

fn aggregation(vector: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let op = prop::sample::select(vec![
        "sum",
        "avg",
        "min",
        "max",
        "count",
        "group",
        "stddev",
        "stdvar",
        "quantile",
        "count_values",
        "limitk",
    ]);
    let grouping = prop::sample::select(vec![
        "",
        "by (job)",
        "by (job, instance)",
        "without (instance)",
        "by (__name__)",
        "without ()",
    ]);
    (op, grouping, vector).prop_map(|(op, grouping, vector)| match op {
        "quantile" => format!("quantile {grouping} (0.3, {vector})"),
        // The last digit of a value need not be the same, but becomes a label.
        "count_values" => format!("count_values {grouping} (\"made\", ({vector}) > bool 3.03)"),
        // Which ones come first is up to the order of the series: here they are all in.
        "limitk" => format!("limitk {grouping} (100, {vector})"),
        op => format!("{op} {grouping} ({vector})"),
    })
}

fn query() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        4 => (selector(), modifiers()).prop_map(|(s, m)| format!("{s}{m}")),
        1 => Just("vector(time())".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |vector| {
        let arithmetic =
            prop::sample::select(vec!["+", "-", "*", "/", "%", "^", "atan2", "> bool", "<= bool"]);
        let operator = prop_oneof![
            3 => arithmetic,
            1 => prop::sample::select(vec![">", "<", "==", "!=", ">=", "<="]),
        ];
        let set = prop::sample::select(vec!["and", "or", "unless"]);
        let set_matching = prop::sample::select(vec!["", "on(job)", "ignoring(instance)"]);
        let scalar = prop_oneof![
            Just("2.5".to_owned()),
            Just("time() / 100".to_owned()),
            vector.clone().prop_map(|vector| format!("scalar({vector})")),
        ];
        let map = prop::sample::select(vec![
            "abs", "floor", "ceil", "round", "exp", "ln", "cos", "sgn", "sqrt", "absent", "-", "+",
        ]);
        prop_oneof![
            4 => call_of_range(vector.clone()),
            3 => aggregation(vector.clone()),
            2 => (vector.clone(), operator.clone(), matching(), vector.clone())
                .prop_map(|(a, op, matching, b)| format!("({a}) {op} {matching} ({b})")),
            2 => (vector.clone(), set, set_matching, vector.clone())
                .prop_map(|(a, op, matching, b)| format!("({a}) {op} {matching} ({b})")),
            1 => (vector.clone(), operator.clone(), scalar.clone())
                .prop_map(|(a, op, b)| format!("({a}) {op} {b}")),
            1 => (scalar.clone(), operator, vector.clone())
                .prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            1 => (map, vector.clone()).prop_map(|(map, vector)| format!("{map}({vector})")),
            1 => (vector.clone(), scalar).prop_map(|(v, s)| format!("clamp_min({v}, {s})")),
            1 => vector.prop_map(|vector| {
                format!("label_replace({vector}, \"job\", \"$1-\", \"instance\", \"(1?)2?\")")
            }),
        ]
    })
    .boxed()
}

fn engine() -> Engine {
    let mut options = Options::default();
    options.parse = ParseOptions::EVERYTHING;
    Engine::new(options)
}

fn source(data: &Data) -> MemoryMetrics {
    let mut source = MemoryMetrics::new();
    for (labels, samples) in data {
        for (time, value) in samples {
            source.insert(labels, *time, *value);
        }
    }
    source
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * (a.abs() + b.abs()).max(1e-3)
}

/// Whether sums of these values depend on their order: then nothing can be compared.
fn is_wild(data: &BTreeMap<Labels, Vec<(i64, f64)>>) -> bool {
    data.values().flatten().any(|(_, value)| value.abs() > 1e12 && value.is_finite())
}

/// Ten thousand queries, or as many as `QUADRA_CASES` says.
fn cases() -> u32 {
    std::env::var("QUADRA_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x5eed),
        ..ProptestConfig::default()
    })]

    #[test]
    fn range_queries_are_what_each_step_says(
        data in data(),
        query in query(),
        start in 0_i64..600,
        steps in 1_i64..12,
        step in prop_oneof![Just(15_i64), Just(60), 1_i64..120],
    ) {
        let expr = promql::parse_with(&query, &ParseOptions::EVERYTHING).unwrap();
        let (start, step) = (start * 1_000, step * 1_000);
        let end = start + steps * step;
        let expected = Naive { data: &data, start, end }.range(&expr, step);
        let context = QueryContext::new();
        let range = MillisRange::new(start, end);
        let step = Duration::from_millis(step.unsigned_abs());
        let found = engine().range(&source(&data), &query, range, step, &context);
        match (expected, found) {
            (Err(_), Err(_)) => {}
            (Err(failure), Ok(found)) => prop_assert!(false, "{query}: {failure:?}, but {found:?}"),
            (Ok(_), Err(error)) => prop_assert!(false, "{query}: {error}"),
            (Ok(expected), Ok(found)) => {
                let Value::Matrix(found) = found.value else { panic!("{query}: no matrix") };
                if is_wild(&expected) {
                    return Ok(());
                }
                let labels: Vec<&Labels> = found.iter().map(|series| &series.labels).collect();
                let wanted: Vec<&Labels> = expected.keys().collect();
                prop_assert_eq!(&labels, &wanted, "{}", query);
                for (series, points) in found.iter().zip(expected.values()) {
                    let times: Vec<i64> = series.floats.iter().map(|(time, _)| time.0).collect();
                    let wanted: Vec<i64> = points.iter().map(|(time, _)| *time).collect();
                    prop_assert_eq!(times, wanted, "{} {}", &query, &series.labels);
                    for ((time, found), (_, expected)) in series.floats.iter().zip(points) {
                        prop_assert!(
                            near(*found, *expected),
                            "{} {} at {}: {} for {}", &query, &series.labels, time, found, expected
                        );
                    }
                }
            }
        }
    }
}
