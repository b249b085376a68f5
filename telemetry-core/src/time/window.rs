//! Ranges of time, and which of their ends are in.
//!
//! Metrics count both ends in, as Prometheus does; logs, traces and profiles leave the end out.
//! The two conventions are two types, so that they cannot be mixed up.

use super::instant::{Millis, Nanos};
use std::ops::{Range, RangeInclusive};

/// A range of metric time, both ends included. Empty where `end < start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MillisRange {
    /// The first millisecond.
    pub start: Millis,
    /// The last millisecond, still in.
    pub end: Millis,
}

/// A range of log, trace or profile time: `start` included, `end` not. Empty where `end <= start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NanosRange {
    /// The first nanosecond.
    pub start: Nanos,
    /// The first nanosecond that is out.
    pub end: Nanos,
}

impl MillisRange {
    /// All time.
    pub const ALL: MillisRange = MillisRange { start: Millis::MIN, end: Millis::MAX };
    /// No time.
    pub const EMPTY: MillisRange = MillisRange { start: Millis::MAX, end: Millis::MIN };

    /// The range from `start` to `end`, both included.
    pub fn new(start: impl Into<Millis>, end: impl Into<Millis>) -> Self {
        MillisRange { start: start.into(), end: end.into() }
    }

    /// Whether no time is in it.
    pub const fn is_empty(&self) -> bool {
        self.end.0 < self.start.0
    }

    /// Whether `time` is in it.
    pub const fn contains(&self, time: Millis) -> bool {
        self.start.0 <= time.0 && time.0 <= self.end.0
    }

    /// Whether all of `other` is in it; an empty range is in every range.
    pub const fn covers(&self, other: &MillisRange) -> bool {
        other.is_empty() || (self.start.0 <= other.start.0 && other.end.0 <= self.end.0)
    }

    /// Whether some time is in both.
    pub fn overlaps(&self, other: &MillisRange) -> bool {
        !self.intersect(other).is_empty()
    }

    /// The time that is in both.
    #[must_use]
    pub fn intersect(&self, other: &MillisRange) -> MillisRange {
        MillisRange { start: self.start.max(other.start), end: self.end.min(other.end) }
    }

    /// The smallest range that covers both.
    #[must_use]
    pub fn union(&self, other: &MillisRange) -> MillisRange {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => *other,
            (_, true) => *self,
            _ => MillisRange { start: self.start.min(other.start), end: self.end.max(other.end) },
        }
    }

    /// The smallest range that also has `time` in it.
    #[must_use]
    pub fn including(&self, time: Millis) -> MillisRange {
        self.union(&MillisRange { start: time, end: time })
    }
}

impl NanosRange {
    /// All time, except the last nanosecond that can be expressed.
    pub const ALL: NanosRange = NanosRange { start: Nanos::MIN, end: Nanos::MAX };
    /// No time.
    pub const EMPTY: NanosRange = NanosRange { start: Nanos::MAX, end: Nanos::MIN };

    /// The range from `start` up to, but without, `end`.
    pub fn new(start: impl Into<Nanos>, end: impl Into<Nanos>) -> Self {
        NanosRange { start: start.into(), end: end.into() }
    }

    /// Whether no time is in it.
    pub const fn is_empty(&self) -> bool {
        self.end.0 <= self.start.0
    }

    /// Whether `time` is in it.
    pub const fn contains(&self, time: Nanos) -> bool {
        self.start.0 <= time.0 && time.0 < self.end.0
    }

    /// Whether all of `other` is in it; an empty range is in every range.
    pub const fn covers(&self, other: &NanosRange) -> bool {
        other.is_empty() || (self.start.0 <= other.start.0 && other.end.0 <= self.end.0)
    }

    /// Whether some time is in both.
    pub fn overlaps(&self, other: &NanosRange) -> bool {
        !self.intersect(other).is_empty()
    }

    /// The time that is in both.
    #[must_use]
    pub fn intersect(&self, other: &NanosRange) -> NanosRange {
        NanosRange { start: self.start.max(other.start), end: self.end.min(other.end) }
    }

    /// The smallest range that covers both.
    #[must_use]
    pub fn union(&self, other: &NanosRange) -> NanosRange {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => *other,
            (_, true) => *self,
            _ => NanosRange { start: self.start.min(other.start), end: self.end.max(other.end) },
        }
    }

    /// The smallest range that also has `time` in it.
    #[must_use]
    pub fn including(&self, time: Nanos) -> NanosRange {
        self.union(&NanosRange { start: time, end: time.saturating_add(1) })
    }
}

impl<T: Into<Millis>> From<RangeInclusive<T>> for MillisRange {
    fn from(range: RangeInclusive<T>) -> Self {
        let (start, end) = range.into_inner();
        MillisRange::new(start, end)
    }
}

impl<T: Into<Nanos>> From<Range<T>> for NanosRange {
    fn from(range: Range<T>) -> Self {
        NanosRange::new(range.start, range.end)
    }
}

/// Every nanosecond of the milliseconds in the range.
impl From<MillisRange> for NanosRange {
    fn from(range: MillisRange) -> Self {
        if range.is_empty() {
            return NanosRange::EMPTY;
        }
        NanosRange::new(range.start, range.end.saturating_add(1))
    }
}

/// Every millisecond of which some nanosecond is in the range.
impl From<NanosRange> for MillisRange {
    fn from(range: NanosRange) -> Self {
        if range.is_empty() {
            return MillisRange::EMPTY;
        }
        MillisRange::new(range.start, range.end.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metric_ranges_hold_both_ends() {
        let range = MillisRange::from(10..=20);
        assert!(range.contains(Millis(10)) && range.contains(Millis(20)));
        assert!(!range.contains(Millis(9)) && !range.contains(Millis(21)));
        assert!(range.overlaps(&(20..=30).into()));
        assert!(!range.overlaps(&(21..=30).into()));
        assert!(!MillisRange::new(5, 5).is_empty());
    }

    #[test]
    fn other_ranges_leave_the_end_out() {
        let range = NanosRange::from(10..20);
        assert!(range.contains(Nanos(10)) && !range.contains(Nanos(20)));
        assert!(!range.overlaps(&(20..30).into()));
        assert!(range.overlaps(&(19..30).into()));
        assert!(NanosRange::new(5, 5).is_empty());
    }

    #[test]
    fn the_empty_range_adds_nothing() {
        let range = MillisRange::from(10..=20);
        assert_eq!(MillisRange::EMPTY.union(&range), range);
        assert_eq!(range.union(&MillisRange::EMPTY), range);
        assert!(range.covers(&MillisRange::EMPTY));
        assert_eq!(NanosRange::EMPTY.including(Nanos(4)), NanosRange::new(4, 5));
        assert!(!NanosRange::new(5, 3).overlaps(&NanosRange::ALL));
    }
}
