//! The samples of a range vector themselves: what an instant query of one gives.

use telemetry_core::time::Millis;

use super::row::Scratch;
use super::{EvaluationError, Evaluator, Grid};
use crate::plan::{METADATA_LABELS, Range};
use crate::value::Series;

/// The samples of `range` at the only step of `grid`, sorted by labels.
pub(crate) fn range_values<'a>(
    evaluator: &'a Evaluator<'a>,
    range: &'a Range,
    grid: Grid,
) -> Result<Vec<Series>, EvaluationError> {
    let source = evaluator.range_source(range, grid)?;
    let mut scratch = Scratch::default();
    let mut result = Vec::new();
    let (start, end) = (source.when().start(0), source.when().end(0));
    for (index, identity) in source.identities().iter().enumerate() {
        let mut slot = scratch.take(source.slot());
        source.load(index, &mut slot, &mut scratch)?;
        let inside = |time: &i64| *time > start && *time <= end;
        let columns = &slot.columns;
        let floats = columns.floats.times.iter().zip(&columns.floats.values);
        let histograms = columns.histograms.times.iter().zip(&columns.histograms.values);
        let series = Series {
            labels: match identity.drop_name {
                true => identity.labels.without(&METADATA_LABELS),
                false => identity.labels.clone(),
            },
            floats: floats
                .filter(|(time, _)| inside(time))
                .map(|(time, value)| (Millis(*time), *value))
                .collect(),
            histograms: histograms
                .filter(|(time, _)| inside(time))
                .map(|(time, value)| (Millis(*time), value.clone()))
                .collect(),
        };
        if !series.floats.is_empty() || !series.histograms.is_empty() {
            result.push(series);
        }
        scratch.put(source.slot(), slot);
    }
    result.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(result)
}
