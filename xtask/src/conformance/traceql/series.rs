//! Metrics queries, and how their series are compared.

use super::json::{close, float, integer, list, shown, spell, text};
use super::oracle::{BASE_NANOS, differs, refused};
use serde_json::Value;
use std::collections::BTreeMap;
use telemetry_core::query::QueryContext;
use telemetry_core::source::span::SpanSource;
use traceql::{Engine, MetricsRange, MetricsResult};

/// Samples by time, in milliseconds, of each series by its labels.
pub(super) type Samples = BTreeMap<Vec<(String, String)>, BTreeMap<i64, f64>>;

/// Runs a metrics query.
pub(super) fn run(
    query: &str,
    source: &dyn SpanSource,
    range: MetricsRange,
) -> Result<MetricsResult, String> {
    let tree = traceql::parse(query).map_err(|error| error.render(query))?;
    let found = Engine.metrics(&tree, source, range, &QueryContext::new());
    found.map_err(|error| error.to_string())
}

/// Our series, their times moved back by `base` nanoseconds.
pub(super) fn ours(found: &MetricsResult, base: i64) -> Samples {
    let mut all = Samples::new();
    for series in &found.series {
        let labels =
            series.labels.iter().map(|(key, value)| (key.to_string(), label(&spell(value))));
        let samples = found.times.iter().zip(&series.values).filter(|(_, value)| !value.is_nan());
        let samples = samples.map(|(time, value)| ((time.0 - base) / 1_000_000, *value));
        let mut labels: Vec<_> = labels.collect();
        labels.sort();
        all.insert(labels, samples.collect());
    }
    all
}

/// Labels of the test data, sorted.
pub(super) fn labels(value: &Value) -> Vec<(String, String)> {
    let pair = |pair: &Value| (text(&pair[0]).to_owned(), label(&shown(&pair[1])));
    let mut labels: Vec<_> = list(value).iter().map(pair).collect();
    labels.sort();
    labels
}

/// Floats are rounded to twelve digits in the test data.
fn label(spelt: &str) -> String {
    match spelt.strip_prefix("float ").and_then(|number| number.parse::<f64>().ok()) {
        Some(number) => format!("float {number:.9e}"),
        None => spelt.to_owned(),
    }
}

/// Compares series as sets, samples within a relative 1e-9.
pub(super) fn compare(found: &Samples, wanted: &Samples) -> Result<(), String> {
    for (labels, samples) in wanted {
        let Some(ours) = found.get(labels) else {
            let others: Vec<_> = found.keys().take(8).collect();
            return Err(format!("no series {labels:?} among {others:?}"));
        };
        if ours.keys().ne(samples.keys()) {
            return Err(format!("{labels:?}: {ours:?}\nexpected {samples:?}"));
        }
        for (time, value) in samples {
            if !ours.get(time).is_some_and(|found| close(*found, *value)) {
                return Err(format!(
                    "{labels:?} at {time}: {:?}, expected {value}",
                    ours.get(time)
                ));
            }
        }
    }
    match found.keys().find(|labels| !wanted.contains_key(*labels)) {
        Some(labels) => Err(format!("series too many: {labels:?}")),
        None => Ok(()),
    }
}

/// `{"series": [{"labels", "samples": [[time, value]]}]}`
pub(super) fn wanted(series: &Value) -> Samples {
    let mut all = Samples::new();
    for series in list(series) {
        let sample = |pair: &Value| Some((pair[0].as_i64()?, float(&pair[1])?));
        let samples = list(&series["samples"]).iter().filter_map(sample);
        all.insert(labels(&series["labels"]), samples.filter(|(_, v)| !v.is_nan()).collect());
    }
    all
}

/// Seconds, possibly with a fraction, as nanoseconds behind the base.
fn time(value: &Value) -> Option<i64> {
    let seconds: f64 = text(value).parse().ok()?;
    Some(BASE_NANOS + (seconds * 1e9).round() as i64)
}

/// A question of the oracle for a range.
pub(super) fn range(source: &dyn SpanSource, case: &Value) -> Result<(), String> {
    let (input, expect) = (&case["input"], &case["expect"]);
    let (start, end) = (time(&input["start"]).ok_or("start")?, time(&input["end"]).ok_or("end")?);
    let step = match text(&input["step"]) {
        "" => traceql::default_step(end - start),
        step => match (step.parse::<f64>(), traceql::testing::duration(step)) {
            (Ok(seconds), _) => (seconds * 1e9) as i64,
            (_, Some(nanos)) => nanos,
            _ => return Err(format!("step {step}")),
        },
    };
    let found = run(text(&input["q"]), source, MetricsRange::aligned(start, end, step));
    if differs(case) {
        return found.map(|_| ());
    }
    match (found, refused(expect)) {
        (Err(_), true) => Ok(()),
        (Ok(_), true) => Err("should be refused".to_owned()),
        (Err(error), false) => Err(error),
        (Ok(found), false) => compare(&ours(&found, BASE_NANOS), &wanted(&expect["series"])),
    }
}

/// A question of the oracle for one instant.
pub(super) fn instant(source: &dyn SpanSource, case: &Value) -> Result<(), String> {
    let (input, expect) = (&case["input"], &case["expect"]);
    let (start, end) = (time(&input["start"]).ok_or("start")?, time(&input["end"]).ok_or("end")?);
    let found = run(text(&input["q"]), source, MetricsRange::instant(start, end));
    let found = match (found, refused(expect)) {
        (Err(_), true) => return Ok(()),
        (Ok(_), true) => return Err("should be refused".to_owned()),
        (found, false) => found?,
    };
    let at = (end - BASE_NANOS) / 1_000_000;
    let mut all = Samples::new();
    for series in list(&expect["series"]) {
        let value = float(&series["value"]).ok_or("value")?;
        all.insert(labels(&series["labels"]), BTreeMap::from([(at, value)]));
    }
    compare(&ours(&found, BASE_NANOS), &all)
}

/// Start, end and step of a case in nanoseconds.
pub(super) fn given_range(case: &Value) -> Option<MetricsRange> {
    let (start, end) = (integer(&case["start"])?, integer(&case["end"])?);
    if case["instant"] == Value::Bool(true) {
        return Some(MetricsRange::instant(start, end));
    }
    Some(MetricsRange::new(start, end, integer(&case["step"])?))
}
