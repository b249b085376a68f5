//! The series of a producer's data points, or of a target's metrics, by the bytes of their
//! attributes or labels.
//!
//! ~~~text
//! key      hash of: target, metric's name and kind ⊕ attributes as they lie in the input ⊕ shape
//! by_key   key → first, len
//! series   … _sum _count _bucket _bucket …     those of a point are neighbours, in its order
//! ~~~
//!
//! A producer codes the attributes of a point the same way every time. So their bytes are the key,
//! and of a point that is known no attribute is read, no name is translated and no series is
//! looked up. The shape says what else the number of series hangs on: bounds, quantiles, a sum.
//!
//! Keys are hashes of 128 bits: two points do not share one by chance.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod shape;

use hashbrown::HashTable;
use telemetry_core::sink::SeriesRef;

pub(crate) use shape::Shape;

/// Series that are remembered; past that all are forgotten and looked up anew.
const SERIES_MAX: usize = 1 << 20;

/// What is known of a producer's series.
#[derive(Debug, Default)]
pub(crate) struct Known {
    by_key: HashTable<Entry>,
    series: Vec<SeriesRef>,
    /// Series of the present point that are to come.
    next: usize,
    end: usize,
    /// The key of a point whose series are being noted, from `first` on.
    noting: Option<u128>,
    first: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u128,
    first: u32,
    len: u32,
}

#[expect(clippy::cast_possible_truncation, reason = "half of a hash")]
fn half(key: u128) -> u64 {
    key as u64
}

impl Known {
    /// Turns to the point of this key. Whether its series are known, and all of them are live.
    #[inline]
    pub(crate) fn begin(&mut self, key: u128, is_live: impl FnMut(SeriesRef) -> bool) -> bool {
        if let Some(entry) = self.by_key.find(half(key), |entry| entry.key == key) {
            self.next = entry.first as usize;
            self.end = self.next + entry.len as usize;
            let mut series = self.series.get(self.next..self.end).unwrap_or_default().iter();
            if series.by_ref().copied().all(is_live) {
                return true;
            }
            if let Ok(entry) = self.by_key.find_entry(half(key), |entry| entry.key == key) {
                entry.remove();
            }
        }
        self.begin_noting(key);
        false
    }

    #[cold]
    fn begin_noting(&mut self, key: u128) {
        if self.series.len() >= SERIES_MAX {
            *self = Known::default();
        }
        (self.noting, self.first) = (Some(key), self.series.len());
        (self.next, self.end) = (0, 0);
    }

    /// The next series of the point, where it is known.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<SeriesRef> {
        if self.next == self.end {
            return None;
        }
        self.next += 1;
        self.series.get(self.next - 1).copied()
    }

    /// Notes the next series of a point that is not known; none where there is no such series, and
    /// then the point is not remembered.
    pub(crate) fn note(&mut self, series: Option<SeriesRef>) {
        match series {
            Some(series) if self.noting.is_some() => self.series.push(series),
            _ => self.forget(),
        }
    }

    /// Leaves the point out.
    pub(crate) fn forget(&mut self) {
        if self.noting.take().is_some() {
            self.series.truncate(self.first);
        }
    }

    /// The point has no more series.
    #[inline]
    pub(crate) fn finish(&mut self) {
        let Some(key) = self.noting.take() else { return };
        let (first, len) = (self.first, self.series.len() - self.first);
        // More than 32 bits of series are past the limit.
        if let (Ok(first), Ok(len)) = (u32::try_from(first), u32::try_from(len)) {
            let entry = Entry { key, first, len };
            self.by_key.insert_unique(half(key), entry, |entry| half(entry.key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_points_series_come_again_in_their_order() {
        let mut known = Known::default();
        for (key, series) in [(1, 10..13), (2, 20..21), (3, 30..30)] {
            assert!(!known.begin(key, |_| true));
            series.for_each(|series| known.note(Some(SeriesRef(series))));
            known.finish();
        }
        for (key, series) in [(2, 20..21), (1, 10..13), (3, 30..30)] {
            assert!(known.begin(key, |_| true));
            for expected in series {
                assert_eq!(known.next(), Some(SeriesRef(expected)));
            }
            assert_eq!(known.next(), None);
            known.finish();
        }
    }

    #[test]
    fn a_point_with_a_series_that_cannot_be_is_not_remembered() {
        let mut known = Known::default();
        assert!(!known.begin(1, |_| true));
        for series in [Some(SeriesRef(1)), None, Some(SeriesRef(3))] {
            known.note(series);
        }
        known.finish();
        assert!(!known.begin(1, |_| true));
        known.note(Some(SeriesRef(7)));
        known.finish();
        assert!(known.begin(1, |_| true));
        assert_eq!((known.next(), known.next()), (Some(SeriesRef(7)), None));
    }

    #[test]
    fn a_point_with_a_series_that_is_gone_is_noted_anew() {
        let mut known = Known::default();
        for (series, gone) in [(1, 0), (2, 1), (3, 2)] {
            assert!(!known.begin(1, |series| series != SeriesRef(gone)));
            known.note(Some(SeriesRef(9)));
            known.note(Some(SeriesRef(series)));
            known.finish();
        }
        assert!(known.begin(1, |_| true));
        assert_eq!((known.next(), known.next()), (Some(SeriesRef(9)), Some(SeriesRef(3))));
    }
}
