//! Reading series from the source.

use std::sync::Arc;

use telemetry_core::model::{CounterReset, is_stale};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Columns, MetricSource, SeriesHints, SeriesRequest, SeriesSet};
use telemetry_core::time::MillisRange;

use super::{EvaluationError, Identity, continuity};
use crate::native;
use crate::plan::Selector;

/// The series of a selector.
pub(crate) struct Fetched<'a> {
    series: Box<dyn SeriesSet + 'a>,
    pub(crate) identities: Vec<Identity>,
}

/// Asks the source for the series of every selector.
pub(crate) fn fetch<'a>(
    source: &'a dyn MetricSource,
    selectors: &[Selector],
    context: &QueryContext,
) -> Result<Vec<Fetched<'a>>, EvaluationError> {
    let one = |selector: &Selector| {
        let mut request = SeriesRequest::new(selector.matchers.clone(), selector.window);
        let mut hints = SeriesHints::default();
        hints.step_ms = selector.step_ms;
        hints.range_ms = selector.range_ms;
        hints.function = selector.function;
        request.hints = hints;
        let series = source.select(&request, context)?;
        let labels = (0..series.len()).map(|index| series.labels(index).clone());
        Ok(Fetched { identities: labels.map(Identity::new).collect(), series })
    };
    selectors.iter().map(one).collect()
}

impl Fetched<'_> {
    /// Decodes the samples of series `index` in `window` into `columns`, whatever was in them.
    /// Histograms say that they were not reset where they count on from the sample before, which is
    /// looked for up to `reach` milliseconds before the window.
    pub(crate) fn decode(
        &self,
        index: usize,
        window: MillisRange,
        reach: i64,
        columns: &mut Columns,
        context: &QueryContext,
    ) -> Result<(), EvaluationError> {
        columns.clear();
        context.check()?;
        let (mut chunks, mut skipped) = (0, 0);
        let in_order = self.series.chunks(index)?;
        for chunk in &in_order {
            if chunk.statistics().window.overlaps(&window) {
                chunk.decode(window, columns)?;
                chunks += 1;
            } else {
                skipped += 1;
            }
        }
        context.statistics().add_chunks(chunks);
        context.statistics().add_chunks_skipped(skipped);
        let samples = columns.floats.times.len() + columns.histograms.times.len();
        context.charge_samples(samples as u64)?;
        if !columns.histograms.times.is_empty() {
            let before = continuity::before(columns, &in_order, window, reach)?;
            continuity::mark_continued(columns, before.as_deref());
        }
        Ok(())
    }
}

/// Takes the staleness markers out: ranges do not see them.
pub(super) fn drop_stale(columns: &mut Columns) {
    let floats = &mut columns.floats;
    if floats.values.iter().any(|value| is_stale(*value)) {
        let keep: Vec<bool> = floats.values.iter().map(|value| !is_stale(*value)).collect();
        retain(&mut floats.times, &keep);
        retain(&mut floats.values, &keep);
        retain(&mut floats.starts, &keep);
    }
    let histograms = &mut columns.histograms;
    if histograms.values.iter().any(|value| is_stale(value.sum)) {
        let keep: Vec<bool> = histograms.values.iter().map(|value| !is_stale(value.sum)).collect();
        retain(&mut histograms.times, &keep);
        retain(&mut histograms.values, &keep);
        retain(&mut histograms.starts, &keep);
    }
}

/// Says of each histogram whether it was reset since the one before, where the source does not know.
/// Prometheus does so where only counts and sums are looked at, and remarks on what contradicts.
pub(super) fn mark_resets(columns: &mut Columns) {
    let values = &mut columns.histograms.values;
    for at in 1..values.len() {
        if values[at].counter_reset == CounterReset::Unknown {
            let reset = native::detect_reset(&values[at], &values[at - 1]);
            Arc::make_mut(&mut values[at]).counter_reset =
                if reset { CounterReset::Reset } else { CounterReset::NotReset };
        }
    }
}

fn retain<T>(column: &mut Vec<T>, keep: &[bool]) {
    let mut at = 0;
    column.retain(|_| {
        at += 1;
        keep.get(at - 1).copied().unwrap_or(true)
    });
}
