//! Which samples each step looks at.
//!
//! ~~~text
//! samples   t0   t1   t2   t3   t4   t5
//! step k         └─────(  lo = 2, hi = 5  ]   the window (end − range, end] as indexes lo..hi
//! ~~~
//!
//! Bounds are found by two pointers that only move forward, once per column of times: series that
//! were scraped together have equal columns. Where the source numbers its columns of times, the
//! windows of a number are found again by it, and the times of further series with that number are
//! not even decoded. Where it does not, columns are compared, which costs a tenth of finding the bounds.

use hashbrown::HashMap;
use telemetry_core::time::MillisRange;
use telemetry_core::vector::Presence;

use super::Grid;
use crate::functions::{RateSteps, Segments};

/// When the windows of the steps of a grid end, and how long they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WindowTimes {
    pub(crate) grid: Grid,
    /// The end of every window, instead of the time of its step.
    pub(crate) at: Option<i64>,
    /// How long before that the window ends, in milliseconds; negative: after.
    pub(crate) offset: i64,
    /// How long the window is, in milliseconds.
    pub(crate) range: i64,
}

/// Columns of times without a number whose windows are kept: series of different targets often come
/// by turns.
const COLUMNS: usize = 32;

/// Samples and steps whose windows are kept for columns with a number: some 16 MiB.
const KEPT: usize = 1 << 19;

/// The windows of the last columns of times.
#[derive(Debug, Default)]
pub(crate) struct WindowCache {
    known: Vec<Windows>,
    last: usize,
    /// Windows of columns that the source has numbered.
    numbered: HashMap<u64, Windows>,
    /// Samples and steps in them.
    kept: usize,
}

/// The windows of one column of times.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    made_for: Option<WindowTimes>,
    /// The column.
    pub(crate) times: Vec<i64>,
    /// Index of the first sample of each window.
    pub(crate) low: Vec<u32>,
    /// Index behind the last one.
    pub(crate) high: Vec<u32>,
    /// The steps whose window holds a sample.
    pub(crate) populated: Presence,
    /// What rates need, made when first asked for.
    pub(crate) rates: Option<RateSteps>,
    /// The segments of the windows, made when first asked for.
    segments: Option<Segments>,
    /// How many samples the windows hold together.
    held: usize,
    /// How many samples the longest one holds.
    longest: usize,
}

impl WindowTimes {
    /// The end of the window of `step`, which is in it.
    #[inline]
    pub(crate) fn end(&self, step: usize) -> i64 {
        self.at.unwrap_or_else(|| self.grid.time(step)).saturating_sub(self.offset)
    }

    /// The start of the window of `step`, which is not in it.
    #[inline]
    pub(crate) fn start(&self, step: usize) -> i64 {
        self.end(step).saturating_sub(self.range)
    }

    /// The times at which a sub-query evaluates what it looks at, `step` milliseconds apart.
    pub(crate) fn inner_grid(&self, step: i64) -> Grid {
        let (start, end) = self.extent();
        Grid::multiples(start.saturating_sub(1), end, step)
    }

    /// The times of all samples that any window can hold, both ends included.
    pub(crate) fn extent(&self) -> (i64, i64) {
        let last = self.grid.count.saturating_sub(1);
        (self.start(0).saturating_add(1), self.end(last))
    }

    /// [`extent`](Self::extent) as a range.
    pub(crate) fn window(&self) -> MillisRange {
        let (start, end) = self.extent();
        MillisRange::new(start, end)
    }
}

impl WindowCache {
    /// The windows over `times`.
    pub(crate) fn over(&mut self, times: &[i64], wanted: WindowTimes) -> &mut Windows {
        let known = |windows: &Windows| windows.made_for == Some(wanted) && windows.times == times;
        if !self.known.get(self.last).is_some_and(known) {
            self.last = match self.known.iter().position(known) {
                Some(at) => at,
                None if self.known.len() < COLUMNS => {
                    self.known.push(Windows::default());
                    self.known.len() - 1
                }
                None => (self.last + 1) % COLUMNS,
            };
        }
        let windows = &mut self.known[self.last];
        windows.update(times, wanted);
        windows
    }

    /// Those asked for last by [`over`](Self::over).
    pub(crate) fn last(&self) -> Option<&Windows> {
        self.known.get(self.last)
    }

    /// The windows over the column of times with this number, if it was kept.
    pub(crate) fn numbered(&mut self, column: u64, wanted: WindowTimes) -> Option<&mut Windows> {
        self.numbered.get_mut(&column).filter(|windows| windows.made_for == Some(wanted))
    }

    /// Keeps the windows over `times`, the column with this number, if they are not there.
    pub(crate) fn keep(&mut self, column: u64, times: &[i64], wanted: WindowTimes) {
        if self.numbered(column, wanted).is_some() {
            return;
        }
        let size = times.len().saturating_add(wanted.grid.count);
        if self.kept.saturating_add(size) > KEPT {
            self.numbered.clear();
            self.kept = 0;
        }
        if size <= KEPT {
            let mut windows = Windows::default();
            windows.update(times, wanted);
            self.numbered.insert(column, windows);
            self.kept += size;
        }
    }
}

impl Windows {
    /// Finds the windows over `times`, unless that is what was done last.
    fn update(&mut self, times: &[i64], wanted: WindowTimes) {
        if self.made_for == Some(wanted) && self.times == times {
            return;
        }
        self.made_for = Some(wanted);
        self.times.clear();
        self.times.extend_from_slice(times);
        self.rates = None;
        self.segments = None;
        self.find(wanted);
        let held = |(low, high): (&u32, &u32)| (high - low) as usize;
        let held = || self.low.iter().zip(&self.high).map(held);
        (self.held, self.longest) = (held().sum(), held().max().unwrap_or(0));
    }

    fn find(&mut self, wanted: WindowTimes) {
        let times = std::mem::take(&mut self.times);
        self.find_over(&times, wanted);
        self.times = times;
    }

    fn find_over(&mut self, times: &[i64], wanted: WindowTimes) {
        let steps = wanted.grid.count;
        self.low.clear();
        self.high.clear();
        self.populated.reset(steps);
        if wanted.at.is_some() {
            let low = times.partition_point(|time| *time <= wanted.start(0));
            let high = times.partition_point(|time| *time <= wanted.end(0)).max(low);
            self.low.resize(steps, index(low));
            self.high.resize(steps, index(high));
            if low < high {
                self.populated.fill();
            }
            return;
        }
        self.slide(times, wanted);
    }

    fn slide(&mut self, times: &[i64], wanted: WindowTimes) {
        let steps = wanted.grid.count;
        self.low.reserve(steps);
        self.high.reserve(steps);
        let (mut low, mut high) = (0, 0);
        let (mut word, mut bits) = (0, 0_u64);
        for step in 0..steps {
            let end = wanted.end(step);
            let start = end.saturating_sub(wanted.range);
            while times.get(high).is_some_and(|time| *time <= end) {
                high += 1;
            }
            while low < high && times[low] <= start {
                low += 1;
            }
            self.low.push(index(low));
            self.high.push(index(high));
            if step / 64 != word {
                self.populated.set_word(word, bits);
                (word, bits) = (step / 64, 0);
            }
            bits |= u64::from(low < high) << (step % 64);
        }
        self.populated.set_word(word, bits);
    }

    /// In how many windows a sample is, on average.
    pub(crate) fn overlap(&self) -> usize {
        self.held / self.times.len().max(1)
    }

    /// How many samples the longest window holds.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// The segments of the windows.
    pub(crate) fn segments(&mut self) -> &Segments {
        self.segments.get_or_insert_with(|| Segments::new(&self.low, &self.high))
    }

    /// The segments, if they were made.
    pub(crate) fn known_segments(&self) -> Option<&Segments> {
        self.segments.as_ref()
    }

    /// The bounds of the window of `step`.
    #[inline]
    pub(crate) fn bounds(&self, step: usize) -> (usize, usize) {
        (self.low[step] as usize, self.high[step] as usize)
    }
}

/// A column of one series in one query has fewer than 2³² samples.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(at: Option<i64>) -> WindowTimes {
        WindowTimes { grid: Grid { start: 0, step: 10, count: 4 }, at, offset: 0, range: 15 }
    }

    #[test]
    fn windows_are_open_at_their_start() {
        let mut windows = Windows::default();
        windows.update(&[-15, 0, 5, 10, 31], times(None));
        let bounds: Vec<_> = (0..4).map(|step| windows.bounds(step)).collect();
        // (-15, 0]  (-5, 10]  (5, 20]  (15, 30]
        assert_eq!(bounds, [(1, 2), (1, 4), (3, 4), (4, 4)]);
        assert_eq!(windows.populated.ones().collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn a_fixed_time_gives_every_step_the_same_window() {
        let mut windows = Windows::default();
        windows.update(&[0, 5, 10], times(Some(10)));
        assert!((0..4).all(|step| windows.bounds(step) == (0, 3)));
        windows.update(&[0, 5, 10], times(Some(30)));
        assert!(windows.populated.is_none());
    }

    #[test]
    fn bounds_equal_those_found_by_looking_at_every_sample() {
        let column: Vec<i64> = (0..100).map(|i| i * 7 + i * i % 5).collect();
        for (step, range, offset) in [(3, 10, 0), (50, 7, -20), (1, 1, 5), (90, 400, 100)] {
            let grid = Grid { start: -50, step, count: 300 };
            let wanted = WindowTimes { grid, at: None, offset, range };
            let mut windows = Windows::default();
            windows.update(&column, wanted);
            for step in 0..grid.count {
                let (start, end) = (wanted.start(step), wanted.end(step));
                let inside: Vec<usize> =
                    (0..column.len()).filter(|i| column[*i] > start && column[*i] <= end).collect();
                let (low, high) = windows.bounds(step);
                assert_eq!((low..high).collect::<Vec<_>>(), inside);
                assert_eq!(windows.populated.contains(step), !inside.is_empty());
            }
        }
    }
}
