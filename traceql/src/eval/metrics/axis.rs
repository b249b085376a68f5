//! The time axis of a metrics query: points, each of which closes an interval.
//!
//! ~~~text
//! start ──┐                                    ┌── end, still in
//!   (     │      ](        ](        ](        │ ]
//!         └ out     point 0   point 1   point 2  point 3       points are multiples of the step
//! ~~~
//!
//! A span counts where it begins. The interval of a point is open at its start and closed at the point;
//! the first and the last are cut by the range.

use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::time::{Nanos, NanosRange};

use crate::error::Error;

const SECOND: i64 = 1_000_000_000;

/// The range and the step of a metrics query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricsRange {
    start: Nanos,
    end: Nanos,
    step: i64,
    instant: bool,
}

impl MetricsRange {
    /// Spans that begin after `start` and at or before `end`, by intervals of `step` nanoseconds.
    pub fn new(start: impl Into<Nanos>, end: impl Into<Nanos>, step: i64) -> Self {
        MetricsRange { start: start.into(), end: end.into(), step, instant: false }
    }

    /// As [`new`](Self::new), with the range widened to whole steps and by one more at its start:
    /// the first point is then at or before `start`. This is what Tempo's HTTP interface does.
    pub fn aligned(start: impl Into<Nanos>, end: impl Into<Nanos>, step: i64) -> Self {
        let (start, end) = (start.into(), end.into());
        if step <= 0 {
            return MetricsRange::new(start, end, step);
        }
        let floor = start.0.div_euclid(step).saturating_sub(1).saturating_mul(step);
        let ceil = end.0.div_euclid(step) + i64::from(end.0.rem_euclid(step) > 0);
        MetricsRange::new(floor, ceil.saturating_mul(step), step)
    }

    /// One interval from `start` to `end`, both included, with one point at its end.
    pub fn instant(start: impl Into<Nanos>, end: impl Into<Nanos>) -> Self {
        let (start, end) = (start.into(), end.into());
        MetricsRange { start, end, step: end.since(start), instant: true }
    }
}

/// The step that a range of so many nanoseconds has where none is given: about 240 points, in
/// whole multiples of a round number.
pub fn default_step(range: i64) -> i64 {
    const POINTS: i64 = 240;
    const ROUND: [i64; 6] =
        [3600 * SECOND, 300 * SECOND, 60 * SECOND, 15 * SECOND, 5 * SECOND, SECOND];
    /// Below a minute.
    const FINE: i64 = SECOND / 20;
    if range < 60 * SECOND {
        return (range / POINTS / FINE * FINE).max(FINE);
    }
    let step = range / POINTS;
    match ROUND.into_iter().find(|round| step >= *round) {
        Some(round) => step / round * round,
        None => SECOND,
    }
}

/// Points of a range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    range: MetricsRange,
    first: i64,
    /// Number of points.
    pub(crate) len: usize,
}

impl Axis {
    pub(crate) fn new(range: MetricsRange, context: &QueryContext) -> Result<Self, Error> {
        if range.step <= 0 || range.end <= range.start {
            return Err(Error::Step);
        }
        if range.instant {
            return Ok(Axis { range, first: range.end.0, len: 1 });
        }
        let first = range.start.0.div_euclid(range.step) + 1;
        let last =
            range.end.0.div_euclid(range.step) + i64::from(range.end.0.rem_euclid(range.step) > 0);
        let len = last.saturating_sub(first).saturating_add(1).max(0);
        context.bound(Resource::Steps, len.unsigned_abs())?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        Ok(Axis { range, first: first.saturating_mul(range.step), len })
    }

    /// The point whose interval a time is in.
    pub(crate) fn point(&self, time: Nanos) -> Option<usize> {
        let MetricsRange { start, end, step, instant } = self.range;
        let after = if instant { time >= start } else { time > start };
        if !after || time > end {
            return None;
        }
        if instant {
            return Some(0);
        }
        let behind = time.0.saturating_sub(self.first);
        let point = behind.div_euclid(step) + i64::from(behind.rem_euclid(step) > 0);
        usize::try_from(point).ok().filter(|point| *point < self.len)
    }

    pub(crate) fn points(&self) -> Vec<Nanos> {
        let point = |at: usize| {
            let at = i64::try_from(at).unwrap_or(i64::MAX);
            Nanos(self.first.saturating_add(at.saturating_mul(self.range.step)))
        };
        (0..self.len).map(point).collect()
    }

    /// Seconds of one interval.
    pub(crate) fn seconds(&self) -> f64 {
        self.range.step as f64 / SECOND as f64
    }

    /// Traces that can have a span in the range.
    pub(crate) fn window(&self) -> NanosRange {
        NanosRange::new(self.range.start, self.range.end.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(range: MetricsRange) -> Axis {
        Axis::new(range, &QueryContext::new()).unwrap()
    }

    #[test]
    fn intervals_are_open_at_their_start_and_closed_at_their_point() {
        let axis = axis(MetricsRange::new(1, 50, 15));
        assert_eq!(axis.points(), [15, 30, 45, 60].map(Nanos));
        let point = |time: i64| axis.point(Nanos(time));
        assert_eq!([point(1), point(2), point(15), point(16)], [None, Some(0), Some(0), Some(1)]);
        assert_eq!([point(50), point(51)], [Some(3), None]);
    }

    #[test]
    fn an_aligned_range_has_a_point_at_its_start() {
        let axis = axis(MetricsRange::aligned(0, 100, 50));
        assert_eq!(axis.points(), [0, 50, 100].map(Nanos));
        assert_eq!(axis.point(Nanos(0)), Some(0));
    }

    #[test]
    fn an_instant_has_both_ends() {
        let axis = axis(MetricsRange::instant(10, 20));
        assert_eq!(axis.points(), [Nanos(20)]);
        assert_eq!([axis.point(Nanos(10)), axis.point(Nanos(20))], [Some(0), Some(0)]);
    }

    #[test]
    fn a_range_without_time_is_refused() {
        let context = QueryContext::new();
        assert!(Axis::new(MetricsRange::new(0, 10, 0), &context).is_err());
        assert!(Axis::new(MetricsRange::new(10, 10, 1), &context).is_err());
        assert!(Axis::new(MetricsRange::new(i64::MIN, i64::MAX, 1), &context).is_err());
    }
}
