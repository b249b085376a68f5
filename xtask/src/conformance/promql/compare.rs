//! Is an answer the one expected?

use super::answer::{Answer, Value};
use super::script::{Annotations, Expected, ExpectedSeries, Pattern, Times};
use std::collections::BTreeMap;
use telemetry_core::labels::{Labels, Regex};
use telemetry_core::model::{Histogram, SampleValue, is_stale};
use telemetry_core::query::Severity;

/// How far two floats may differ, relative to the sum of their sizes.
const TOLERANCE: f64 = 1e-6;

/// Whether the value of an instant query is the one expected.
pub(super) fn instant(value: &Value, expected: &Expected) -> Result<(), String> {
    if let Some(text) = &expected.string {
        return match value {
            Value::Text(found) if found == text => Ok(()),
            _ => Err(format!("got {value}, expected {text:?}")),
        };
    }
    if let Some(scalar) = expected.scalar {
        return match value {
            Value::Scalar(found) if same_float(scalar, *found) => Ok(()),
            _ => Err(format!("got {value}, expected the scalar {scalar}")),
        };
    }
    if let Some(Times::Range { start, step, .. }) = expected.range_vector {
        return range(value, expected, start, step);
    }
    let Value::Vector(found) = value else {
        return Err(format!("got {value}, expected a vector"));
    };
    let expected_series = &expected.series;
    if found.len() != expected_series.len() {
        return Err(format!("got {value}, expected {} series", expected_series.len()));
    }
    for (at, series) in expected_series.iter().enumerate() {
        let found = if expected.ordered {
            found.get(at).filter(|(labels, _)| *labels == series.labels)
        } else {
            found.iter().find(|(labels, _)| *labels == series.labels)
        };
        let (_, sample) = found.ok_or(format!("{} is missing in {value}", series.labels))?;
        let slot = series.values.first().cloned().flatten();
        let slot = slot.ok_or(format!("{}: no value expected", series.labels))?;
        same_value(&slot, sample, series)?;
    }
    Ok(())
}

/// Whether the value of a range query is the one expected: the k-th value of a line is at
/// `start + k · step`.
pub(super) fn range(
    value: &Value,
    expected: &Expected,
    start: i64,
    step: i64,
) -> Result<(), String> {
    let Value::Matrix(found) = value else {
        return Err(format!("got {value}, expected a matrix"));
    };
    if !found.is_sorted_by(|a, b| a.0 < b.0) && expected.range_vector.is_none() {
        return Err(format!("not sorted by labels: {value}"));
    }
    let mut expected_series: Vec<(&ExpectedSeries, BTreeMap<i64, &SampleValue>)> = Vec::new();
    for series in &expected.series {
        let points = times(start, step).zip(&series.values);
        let points = points.filter_map(|(time, slot)| Some((time, slot.as_ref()?))).collect();
        expected_series.push((series, points));
    }
    if let Some(scalar) = expected.scalar {
        let all = |(labels, points): &(Labels, Vec<(i64, SampleValue)>)| {
            labels.is_empty()
                && points.iter().all(|(_, value)| {
                    matches!(value, SampleValue::Float(found) if same_float(scalar, *found))
                })
        };
        let right = found.len() == 1 && found.iter().all(all);
        return if right { Ok(()) } else { Err(format!("got {value}, expected {scalar}")) };
    }
    if found.len() != expected_series.len() {
        return Err(format!("got {value}, expected {} series", expected_series.len()));
    }
    for (series, points) in expected_series {
        let labels = &series.labels;
        let (_, samples) = found
            .iter()
            .find(|(found, _)| found == labels)
            .ok_or(format!("{labels} is missing in {value}"))?;
        let found_times: Vec<_> = samples.iter().map(|(time, _)| *time).collect();
        let expected_times: Vec<_> = points.keys().copied().collect();
        if found_times != expected_times {
            return Err(format!("{labels} has points at {found_times:?}, not {expected_times:?}"));
        }
        for ((time, expected), (_, found)) in points.iter().zip(samples) {
            same_value(expected, found, series).map_err(|error| format!("{error} at {time} ms"))?;
        }
    }
    Ok(())
}

fn times(start: i64, step: i64) -> impl Iterator<Item = i64> {
    std::iter::successors(Some(start), move |time| time.checked_add(step.max(1)))
}

fn same_value(
    expected: &SampleValue,
    found: &SampleValue,
    series: &ExpectedSeries,
) -> Result<(), String> {
    let same = match (expected, found) {
        (SampleValue::Float(a), SampleValue::Float(b)) => same_float(*a, *b),
        (SampleValue::Histogram(a), SampleValue::Histogram(b)) => {
            same_histogram(a, b, series.hinted)
        }
        _ => false,
    };
    if same {
        return Ok(());
    }
    Err(format!("{}: got {}, expected {}", series.labels, shown(found), shown(expected)))
}

fn shown(value: &SampleValue) -> String {
    match value {
        SampleValue::Float(value) => value.to_string(),
        SampleValue::Histogram(value) => format!("{value:?}"),
    }
}

/// Equal, both NaN, or nearly equal; the staleness marker equals itself alone.
pub(super) fn same_float(a: f64, b: f64) -> bool {
    if is_stale(a) || is_stale(b) {
        return is_stale(a) && is_stale(b);
    }
    if a == b || (a.is_nan() && b.is_nan()) {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < TOLERANCE
}

fn same_histogram(expected: &Histogram, found: &Histogram, hinted: bool) -> bool {
    let (a, b) = (expected, found);
    let hints = !hinted || a.counter_reset == b.counter_reset;
    let buckets = |buckets: &mut dyn Iterator<Item = (i32, f64)>| -> Vec<(i32, f64)> {
        buckets.filter(|(_, population)| *population != 0.0).collect()
    };
    let same_buckets = |a: Vec<(i32, f64)>, b: Vec<(i32, f64)>| {
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0 && same_float(a.1, b.1))
    };
    hints
        && a.schema == b.schema
        && a.zero_threshold == b.zero_threshold
        && same_float(a.zero_count, b.zero_count)
        && same_float(a.count, b.count)
        && same_float(a.sum, b.sum)
        && a.custom_bounds == b.custom_bounds
        && same_buckets(buckets(&mut a.positive()), buckets(&mut b.positive()))
        && same_buckets(buckets(&mut a.negative()), buckets(&mut b.negative()))
}

/// How annotations are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Positions {
    /// With the line and column at their end.
    Exact,
    /// Without: the query was rewritten, so columns moved.
    Ignored,
}

/// Whether the annotations are those expected.
pub(super) fn annotations(
    answer: &Answer,
    expected: &Expected,
    positions: Positions,
) -> Result<(), String> {
    for (severity, expected) in
        [(Severity::Warning, &expected.warnings), (Severity::Info, &expected.infos)]
    {
        let found: Vec<&str> = answer
            .annotations
            .iter()
            .filter(|annotation| annotation.severity == severity)
            .map(|annotation| annotation.text.as_str())
            .collect();
        of_one_kind(&found, expected, positions)
            .map_err(|reason| format!("{severity:?}: {reason}, got {found:?}"))?;
    }
    Ok(())
}

fn of_one_kind(found: &[&str], expected: &Annotations, positions: Positions) -> Result<(), String> {
    if expected.none && !found.is_empty() {
        return Err("none expected".into());
    }
    if expected.some && found.is_empty() {
        return Err("expected".into());
    }
    if expected.patterns.is_empty() {
        return Ok(());
    }
    for pattern in &expected.patterns {
        if !found.iter().any(|text| matches(pattern, text, positions)) {
            return Err(format!("{} expected", pattern_text(pattern)));
        }
    }
    let fits = |text: &&&str| expected.patterns.iter().any(|p| matches(p, text, positions));
    match found.iter().find(|text| !fits(text)) {
        Some(text) => Err(format!("{text} not expected")),
        None => Ok(()),
    }
}

/// Whether the text of an error or an annotation is the one expected.
pub(super) fn matches(pattern: &Pattern, text: &str, positions: Positions) -> bool {
    match pattern {
        Pattern::Any => true,
        Pattern::Text(expected) if positions == Positions::Exact => text == expected,
        Pattern::Text(expected) => without_position(text) == without_position(expected),
        Pattern::Regex(regex) => Regex::new(regex).is_ok_and(|regex| regex.is_match_str(text)),
    }
}

pub(super) fn pattern_text(pattern: &Pattern) -> &str {
    match pattern {
        Pattern::Any => "any",
        Pattern::Text(text) | Pattern::Regex(text) => text,
    }
}

/// `text` without ` (LINE:COLUMN)` at its end.
fn without_position(text: &str) -> &str {
    let place = |inner: &str| inner.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    match text.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")) {
        Some((before, inner)) if place(inner) => before,
        _ => text,
    }
}

/// The slot of every series at one time, for answers of range queries that stand for instant ones.
pub(super) fn at_time(value: &Value, time: i64, scalar: bool) -> Option<Value> {
    let Value::Matrix(series) = value else { return None };
    let at = |(labels, points): &(Labels, Vec<(i64, SampleValue)>)| {
        let (_, value) = points.iter().find(|(at, _)| *at == time)?;
        Some((labels.clone(), value.clone()))
    };
    let vector: Vec<_> = series.iter().filter_map(at).collect();
    if scalar {
        return match vector.as_slice() {
            [(_, SampleValue::Float(value))] => Some(Value::Scalar(*value)),
            _ => None,
        };
    }
    Some(Value::Vector(vector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_compared_by_size() {
        assert!(same_float(1.0, 1.000_001) && !same_float(1.0, 1.000_01));
        assert!(same_float(f64::NAN, -f64::NAN) && same_float(f64::INFINITY, f64::INFINITY));
        assert!(!same_float(0.0, 1e-300) && !same_float(f64::MAX, f64::INFINITY));
        assert!(!same_float(telemetry_core::model::STALE_MARKER, f64::NAN));
    }

    #[test]
    fn positions_are_cut_off_the_end_only() {
        assert_eq!(without_position("PromQL info: a (b) (1:20)"), "PromQL info: a (b)");
        assert_eq!(without_position("a (b)"), "a (b)");
    }
}
