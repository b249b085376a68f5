//! `compare()`: how often each value of each attribute occurs, in a selection and in the rest.
//!
//! For every attribute of a span and for the intrinsics that have few values two things are
//! counted: its value, and that it has one (the *total*). Values beyond the most frequent ones
//! get no series; one label says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use telemetry_core::query::Resource;
use telemetry_core::source::span::{Intrinsic, SpanColumn, SpanField, SpanValue};

use super::Metrics;
use super::observe::{self, Observed, Wanted};
use crate::ast::{At, Attribute, FieldExpr, MetricsQuery};
use crate::error::Error;
use crate::plan::Predicate;
use crate::value::{Label, Series};

/// Intrinsics that are compared beside the attributes.
const INTRINSICS: [Intrinsic; 9] = [
    Intrinsic::Name,
    Intrinsic::Status,
    Intrinsic::StatusMessage,
    Intrinsic::Kind,
    Intrinsic::TraceRootName,
    Intrinsic::TraceRootService,
    Intrinsic::InstrumentationName,
    Intrinsic::InstrumentationVersion,
    Intrinsic::ChildCount,
];

/// Counts of one attribute.
#[derive(Default)]
struct Counts {
    /// By value and point.
    values: BTreeMap<SpanValue, Vec<f64>>,
    /// Spans that have a value, by point.
    total: Vec<f64>,
}

/// Counts by attribute; the selection second.
type Sides = [BTreeMap<SpanField, Counts>; 2];

/// The series of `compare()`.
pub(super) fn compare(
    metrics: &Metrics<'_>,
    query: &MetricsQuery,
    filter: &FieldExpr,
    top: i64,
    range: Option<(i64, i64)>,
) -> Result<Vec<Series>, Error> {
    let (mut plan, steps) = observe::compile(&query.pipeline, &[])?;
    // The selection is no part of the steps, so it leaves nothing out: the rest is wanted too.
    let selection = Predicate::compile(&mut plan, filter)?;
    let wanted = Wanted {
        fields: INTRINSICS.iter().map(|intrinsic| SpanField::Intrinsic(*intrinsic)).collect(),
        attributes: true,
        selection: Some((&selection, range)),
    };
    let mut sides = Sides::default();
    observe::each_group(metrics, &plan, &steps, &wanted, &mut |observed| {
        observed.columns.iter().try_for_each(|(field, column)| {
            count(metrics, &observed, field, column, &mut sides);
            let values = |side: &BTreeMap<SpanField, Counts>| {
                side.get(field).map_or(0, |counts| counts.values.len() as u64)
            };
            let values = sides.iter().map(values).sum();
            Ok(metrics.context.bound(Resource::Series, values)?)
        })
    })?;
    let [baseline, selection] = sides;
    let mut series = Vec::new();
    side("baseline", baseline, top, &mut series);
    side("selection", selection, top, &mut series);
    Ok(series)
}

/// Counts the values of one field.
fn count(
    metrics: &Metrics<'_>,
    observed: &Observed,
    field: &SpanField,
    column: &SpanColumn,
    sides: &mut Sides,
) {
    let len = metrics.axis.len;
    // A trace without a root has no name to compare.
    let may_be_nameless = *field == SpanField::Intrinsic(Intrinsic::TraceRootName)
        || *field == SpanField::Intrinsic(Intrinsic::TraceRootService);
    let spans = observed.points.iter().zip(&observed.weights).zip(&observed.selected);
    for (at, ((point, weight), selected)) in spans.enumerate() {
        let value = column.value(at);
        if value.is_nil() || (may_be_nameless && value.as_str() == Some("")) {
            continue;
        }
        let [baseline, selection] = &mut *sides;
        let side = if *selected { selection } else { baseline };
        let counts = side.entry(field.clone()).or_default();
        counts.total.resize(len, 0.0);
        counts.total.get_mut(*point).into_iter().for_each(|total| *total += weight);
        value.for_each_element(|value| {
            let counts = counts.values.entry(value).or_insert_with(|| vec![0.0; len]);
            counts.get_mut(*point).into_iter().for_each(|count| *count += weight);
        });
    }
}

/// The series of one side: values of each attribute, the most frequent first, and totals.
fn side(name: &str, counts: BTreeMap<SpanField, Counts>, top: i64, series: &mut Vec<Series>) {
    let kept = usize::try_from(top).unwrap_or(usize::MAX);
    let label = |name: &str, value: SpanValue| -> Label { (Arc::from(name), value) };
    let kind = |suffix: &str| label("__meta_type", format!("{name}{suffix}").as_str().into());
    for (field, Counts { values, total }) in counts {
        let key = Attribute { parent: false, field, at: At::default() }.to_string();
        let nil = || label(&key, "nil".into());
        let mut values: Vec<(SpanValue, Vec<f64>)> = values.into_iter().collect();
        let sum = |counts: &[f64]| counts.iter().sum::<f64>();
        // Equally frequent values stay in their own order.
        values.sort_by(|(_, a), (_, b)| sum(b).total_cmp(&sum(a)));
        if values.len() > kept {
            let error = label("__meta_error", "__too_many_values__".into());
            let labels = vec![kind(""), nil(), error];
            series.push(Series { labels, values: vec![0.0; total.len()] });
        }
        for (value, counts) in values.into_iter().take(kept) {
            series.push(Series { labels: vec![kind(""), label(&key, value)], values: counts });
        }
        series.push(Series { labels: vec![kind("_total"), nil()], values: total });
    }
}
