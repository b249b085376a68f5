//! From deltas to running totals.
//!
//! A point of delta temporality says what was added since the one before. What is stored is the
//! total of a series so far, with the start of its first delta as the start timestamp.
//!
//! A delta that is not newer than the last one, or that began before the series did, is refused. A
//! series that nothing was added to for [`DeltaOptions::stale_after_ms`] begins anew: its total
//! is forgotten, and its next delta starts another one.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use hashbrown::HashMap;
use telemetry_core::model::{Histogram, SampleValue};
use telemetry_core::sink::{RefusalReason, SeriesRef};

use super::options::DeltaOptions;
use super::point::Times;
use super::sum::added;

/// The totals of a producer's series.
#[derive(Debug, Default)]
pub(super) struct Deltas {
    totals: HashMap<SeriesRef, Total>,
    /// What the present request changed: the totals before, the newest last.
    before: Vec<(SeriesRef, Option<Total>)>,
}

#[derive(Clone, Debug)]
struct Total {
    start: i64,
    /// Of the newest delta.
    time: i64,
    value: Value,
}

#[derive(Clone, Debug)]
enum Value {
    Float(f64),
    Histogram(Histogram),
}

impl Deltas {
    /// Adds a delta; gives the total and its start.
    pub(super) fn add(
        &mut self,
        series: SeriesRef,
        times: Times,
        delta: SampleValue,
        options: &DeltaOptions,
    ) -> Result<(SampleValue, i64), RefusalReason> {
        if delta.is_stale() {
            let before = self.totals.remove(&series);
            self.before.push((series, before));
            return Ok((delta, 0));
        }
        let is_live =
            |total: &Total| times.millis.saturating_sub(total.time) <= options.stale_after_ms;
        if !self.totals.contains_key(&series) {
            self.make_room(options, &is_live)?;
        }
        let Some(total) = self.totals.get_mut(&series).filter(|total| is_live(total)) else {
            let value = match &delta {
                SampleValue::Float(value) => Value::Float(*value),
                SampleValue::Histogram(histogram) => Value::Histogram((**histogram).clone()),
            };
            // A producer that does not say when it began is taken to begin with this delta.
            let start = if times.start == 0 { times.millis } else { times.start };
            let total = Total { start, time: times.millis, value };
            let before = self.totals.insert(series, total);
            self.before.push((series, before));
            return Ok((delta, start));
        };
        if times.millis <= total.time {
            return Err(RefusalReason::OutOfOrder { time: times.millis, newest: total.time });
        }
        if times.start != 0 && times.start < total.start {
            return Err(RefusalReason::OutOfOrder { time: times.start, newest: total.start });
        }
        self.before.push((series, Some(total.clone())));
        let sum = match (&mut total.value, delta) {
            (Value::Float(sum), SampleValue::Float(delta)) => {
                *sum += delta;
                SampleValue::Float(*sum)
            }
            (Value::Histogram(sum), SampleValue::Histogram(delta)) => {
                match added(sum, &delta) {
                    Some(more) => *sum = more,
                    // Other bounds: nothing can be added up.
                    None => (*sum, total.start) = ((*delta).clone(), times.start),
                }
                SampleValue::Histogram(Arc::new(sum.clone()))
            }
            (value, delta) => {
                *value = match &delta {
                    SampleValue::Float(delta) => Value::Float(*delta),
                    SampleValue::Histogram(delta) => Value::Histogram((**delta).clone()),
                };
                total.start = times.start;
                delta
            }
        };
        total.time = times.millis;
        Ok((sum, total.start))
    }

    /// What the request changed stays.
    pub(super) fn keep(&mut self) {
        self.before.clear();
    }

    /// What the request changed is as it was: nothing of it was stored.
    pub(super) fn undo(&mut self) {
        while let Some((series, before)) = self.before.pop() {
            match before {
                Some(total) => self.totals.insert(series, total),
                None => self.totals.remove(&series),
            };
        }
    }

    /// Makes sure that there is room for one more.
    fn make_room(
        &mut self,
        options: &DeltaOptions,
        is_live: &dyn Fn(&Total) -> bool,
    ) -> Result<(), RefusalReason> {
        if self.totals.len() < options.series_max {
            return Ok(());
        }
        self.totals.retain(|_, total| is_live(total));
        if self.totals.len() < options.series_max {
            return Ok(());
        }
        let limit = options.series_max as u64;
        Err(RefusalReason::TooMany { what: "series of delta temporality", limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(start: i64, millis: i64) -> Times {
        Times { nanos: millis * 1_000_000, millis, start }
    }

    #[test]
    fn deltas_add_up_from_where_they_started() {
        let (mut deltas, options) = (Deltas::default(), DeltaOptions::default());
        let mut add = |series, start, time, value: f64| {
            deltas.add(SeriesRef(series), times(start, time), value.into(), &options)
        };
        assert_eq!(add(1, 100, 200, 3.0), Ok((3.0.into(), 100)));
        assert_eq!(add(1, 200, 300, 4.0), Ok((7.0.into(), 100)));
        assert_eq!(add(2, 0, 300, 1.0), Ok((1.0.into(), 300)), "no start: that of the first");
        let late = RefusalReason::OutOfOrder { time: 300, newest: 300 };
        assert_eq!(add(1, 200, 300, 4.0), Err(late), "twice the same");
        let before = RefusalReason::OutOfOrder { time: 50, newest: 100 };
        assert_eq!(add(1, 50, 400, 4.0), Err(before), "older than the series");
        let later = 300 + options.stale_after_ms + 1;
        assert_eq!(add(1, later - 9, later, 2.0), Ok((2.0.into(), later - 9)), "begun anew");
    }

    #[test]
    fn what_was_not_stored_is_added_again() {
        let (mut deltas, options) = (Deltas::default(), DeltaOptions::default());
        let mut request = |stored: bool, time, value: f64| {
            let total = deltas.add(SeriesRef(1), times(100, time), value.into(), &options);
            if stored {
                deltas.keep()
            } else {
                deltas.undo()
            }
            total
        };
        assert_eq!(request(false, 200, 3.0), Ok((3.0.into(), 100)));
        assert_eq!(request(true, 200, 3.0), Ok((3.0.into(), 100)));
        assert_eq!(request(false, 300, 4.0), Ok((7.0.into(), 100)));
        assert_eq!(request(true, 300, 4.0), Ok((7.0.into(), 100)));
    }

    #[test]
    fn the_number_of_series_is_bounded() {
        let mut deltas = Deltas::default();
        let options = DeltaOptions { series_max: 2, stale_after_ms: 1_000 };
        let mut add = |series, time| {
            deltas.add(SeriesRef(series), times(0, time), 1.0.into(), &options).map(|_| ())
        };
        assert_eq!((add(1, 10), add(2, 900)), (Ok(()), Ok(())));
        let full = RefusalReason::TooMany { what: "series of delta temporality", limit: 2 };
        assert_eq!(add(3, 950), Err(full));
        assert_eq!(add(2, 1_000), Ok(()), "the others go on");
        assert_eq!(add(3, 1_100), Ok(()), "the first one is stale");
    }
}
