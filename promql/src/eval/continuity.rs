//! Which stored histograms count on from the sample before them.
//!
//! ~~~text
//! stored    5   8  │ 9   3   7   gauge   8   9   float   9
//! hint      ?   =  │ =   ?   =   gauge   ?   =           ?      ? unknown   = not reset
//!                  └ start of the window
//! ~~~
//!
//! Prometheus knows it from its chunks: one ends where a histogram is less than the one before, and
//! at gauges, floats and staleness markers. The first histogram of a chunk says nothing, as that
//! what came before may be missing; the others were not reset. Here the samples are compared, so
//! that it holds of any source. A hint that the source gives stays.

use std::sync::Arc;

use telemetry_core::model::{CounterReset, Histogram};
use telemetry_core::source::{Chunk, Columns};
use telemetry_core::time::{Millis, MillisRange};

use super::EvaluationError;
use crate::native;

/// The sample right before `window`, if the first one in it asks for it, both are histograms, and
/// they are not further than `reach` milliseconds from the start of the window.
pub(super) fn before(
    columns: &Columns,
    chunks: &[Box<dyn Chunk + '_>],
    window: MillisRange,
    reach: i64,
) -> Result<Option<Arc<Histogram>>, EvaluationError> {
    let (floats, histograms) = (&columns.floats.times, &columns.histograms);
    let is_first = floats.first().is_none_or(|float| histograms.times.first() < Some(float));
    let asks = histograms.values.first().is_some_and(|one| asks(one));
    if !is_first || !asks {
        return Ok(None);
    }
    let start = window.start.0;
    let wanted = MillisRange {
        start: Millis(start.saturating_sub(reach)),
        end: Millis(start.saturating_sub(1)),
    };
    for chunk in chunks.iter().rev() {
        if !chunk.statistics().window.overlaps(&wanted) {
            continue;
        }
        let mut found = Columns::default();
        chunk.decode(wanted, &mut found)?;
        let (float, histogram) = (found.floats.times.last(), found.histograms.times.last());
        if float.is_some() || histogram.is_some() {
            let histogram = found.histograms.values.pop().filter(|_| histogram > float);
            return Ok(histogram);
        }
    }
    Ok(None)
}

/// Says of each histogram that counts on from the sample before that it was not reset. `before` is
/// the one before the first.
pub(super) fn mark_continued(columns: &mut Columns, before: Option<&Histogram>) {
    let floats = &columns.floats.times;
    let histograms = &mut columns.histograms;
    let mut passed = 0;
    for at in 0..histograms.values.len() {
        let time = histograms.times[at];
        let floats_before = passed;
        while floats.get(passed).is_some_and(|float| *float < time) {
            passed += 1;
        }
        let previous = if at == 0 { before } else { Some(&*histograms.values[at - 1]) };
        let current = &histograms.values[at];
        let adjacent = passed == floats_before;
        if adjacent
            && asks(current)
            && previous.is_some_and(|previous| native::continues(current, previous))
        {
            Arc::make_mut(&mut histograms.values[at]).counter_reset = CounterReset::NotReset;
        }
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

/// Forgets what is known about resets: between steps of a subquery there may be one that neither
/// of their histograms tells of.
pub(super) fn forget(histogram: &mut Arc<Histogram>) {
    if matches!(histogram.counter_reset, CounterReset::Reset | CounterReset::NotReset) {
        Arc::make_mut(histogram).counter_reset = CounterReset::Unknown;
    }
}

fn asks(histogram: &Histogram) -> bool {
    histogram.counter_reset == CounterReset::Unknown
}

#[cfg(test)]
mod tests {
    use telemetry_core::labels;
    use telemetry_core::labels::{MatchOp, Matcher};
    use telemetry_core::model::{BucketSpan, STALE_MARKER, SampleValue};
    use telemetry_core::query::QueryContext;
    use telemetry_core::source::{MemoryMetrics, MetricSource, SeriesRequest};

    use super::*;
    use CounterReset::{Gauge, NotReset, Reset, Unknown};

    fn histogram(population: f64, counter_reset: CounterReset) -> Histogram {
        Histogram {
            count: population,
            sum: population,
            positive_spans: vec![BucketSpan { offset: 0, length: 1 }],
            positive_buckets: vec![population],
            counter_reset,
            ..Histogram::default()
        }
    }

    /// Times of floats, and histograms with their times.
    fn hints(floats: &[i64], histograms: &[(i64, Histogram)]) -> Vec<CounterReset> {
        let mut columns = Columns::default();
        floats.iter().for_each(|time| columns.floats.push(*time, 0.0, 0));
        for (time, histogram) in histograms {
            columns.histograms.push(*time, Arc::new(histogram.clone()), 0);
        }
        mark_continued(&mut columns, None);
        columns.histograms.values.iter().map(|value| value.counter_reset).collect()
    }

    #[test]
    fn those_that_do_not_fall_were_not_reset() {
        let counter = [5.0, 8.0, 8.0, 3.0, 7.0].map(|value| histogram(value, Unknown));
        let samples: Vec<_> = (0..).zip(counter).collect();
        assert_eq!(hints(&[], &samples), [Unknown, NotReset, NotReset, Unknown, NotReset]);
    }

    #[test]
    fn what_the_source_says_stays() {
        let samples = [(1, Unknown), (2, Reset), (3, Gauge), (4, Unknown), (5, NotReset)]
            .map(|(time, hint)| (time, histogram(1.0, hint)));
        assert_eq!(hints(&[], &samples), [Unknown, Reset, Gauge, Unknown, NotReset]);
    }

    #[test]
    fn floats_and_staleness_markers_break_off() {
        let counter = |time| (time, histogram(1.0, Unknown));
        let marker = (4, Histogram { sum: STALE_MARKER, ..histogram(1.0, Unknown) });
        let samples = [counter(1), counter(3), marker, counter(5), counter(6)];
        assert_eq!(hints(&[2], &samples), [Unknown, Unknown, Unknown, Unknown, NotReset]);
    }

    #[test]
    fn other_bounds_break_off() {
        let coarser = Histogram { schema: -1, ..histogram(2.0, Unknown) };
        assert_eq!(hints(&[], &[(1, histogram(1.0, Unknown)), (2, coarser)]), [Unknown, Unknown]);
    }

    #[test]
    fn a_vanished_population_is_no_continuation() {
        let mut moved = histogram(9.0, Unknown);
        moved.positive_spans[0].offset = 1;
        assert_eq!(hints(&[], &[(1, histogram(1.0, Unknown)), (2, moved)]), [Unknown, Unknown]);
    }

    #[test]
    fn the_sample_before_the_window_is_looked_for() {
        let mut metrics = MemoryMetrics::new();
        for time in [10_i64, 20, 30] {
            let value = SampleValue::Histogram(Arc::new(histogram(1.0, Unknown)));
            metrics.insert(&labels! { "a" => "b" }, time, value);
        }
        let window = MillisRange::new(15, 30);
        let matcher = Matcher::new(MatchOp::Equal, "a", "b").unwrap();
        let request = SeriesRequest::new(vec![matcher], window);
        let series = metrics.select(&request, &QueryContext::new()).unwrap();
        let chunks = series.chunks(0).unwrap();
        let mut columns = Columns::default();
        chunks[0].decode(window, &mut columns).unwrap();
        assert!(before(&columns, &chunks, window, 5).unwrap().is_some());
        assert!(before(&columns, &chunks, window, 4).unwrap().is_none());
    }
}
