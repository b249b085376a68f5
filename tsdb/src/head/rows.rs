//! The samples of a target: series that are scraped together, a row for each scrape.
//!
//! ~~~text
//! target   series  s0 s1 s2 … sn            the layout, fixed
//!          rows    t0 │ v v v … v │         one time, one value for every series
//!                  t1 │ v v v … v │
//! ~~~
//!
//! Appending a row is one copy, whatever the number of series in the store. Rows lie in blocks of
//! fixed size that never move; the one writer fills in a row and then raises the count of rows,
//! so readers need no lock: they take the block and look at as many rows as there were. The parts
//! are atomics only to say so in safe Rust: loads and stores of them are plain moves.
//!
//! Invariants:
//! - times of a target rise strictly, and so do the numbers of the commits, not strictly;
//! - a series that a scrape did not give has [`HOLE`] in its row: bits that no sample in a row has,
//!   since a sample that has them is stored on its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};
use telemetry_core::source::Columns;

use crate::record::RowCodec;

/// The bits of a place in a row without a sample: a signalling NaN.
pub(crate) const HOLE: u64 = 0x7ff4_5155_4144_5241;

/// Rows of the largest block. Blocks begin with a single row, so that a series with a handful of
/// samples does not pay for more.
const ROWS_MAX: usize = 256;
/// Values of a block of rows, unless a single row is longer.
const VALUES_MAX: usize = 1 << 18;

/// Series that are scraped together, with their samples.
#[derive(Debug)]
pub(crate) struct Target {
    series: Box<[u32]>,
    rows: RwLock<Vec<Arc<Rows>>>,
    /// Time of the last row; [`i64::MIN`] without any.
    newest: AtomicI64,
    /// Whether the newest sample of every series of the layout is in the last row.
    owns_newest: AtomicBool,
    /// Whether any row has a hole.
    has_holes: AtomicBool,
    /// How rows are written to the log.
    pub(crate) codec: Mutex<RowCodec>,
}

/// A block of rows.
#[derive(Debug)]
struct Rows {
    columns: usize,
    times: Box<[AtomicI64]>,
    commits: Box<[AtomicU64]>,
    /// The bits of the values, row by row.
    values: Box<[AtomicU64]>,
    len: AtomicUsize,
}

impl Target {
    /// A target without rows.
    pub(crate) fn new(series: &[u32]) -> Self {
        Target {
            series: series.into(),
            rows: RwLock::default(),
            newest: AtomicI64::new(i64::MIN),
            owns_newest: AtomicBool::new(false),
            has_holes: AtomicBool::new(false),
            codec: Mutex::default(),
        }
    }

    /// The layout.
    pub(crate) fn series(&self) -> &[u32] {
        &self.series
    }

    /// Time of the last row.
    pub(crate) fn newest(&self) -> Option<i64> {
        Some(self.newest.load(Ordering::Acquire)).filter(|newest| *newest != i64::MIN)
    }

    pub(crate) fn owns_newest(&self) -> bool {
        self.owns_newest.load(Ordering::Acquire)
    }

    pub(crate) fn set_owns_newest(&self, owns: bool) {
        self.owns_newest.store(owns, Ordering::Release);
    }

    /// The newest sample of a series: its time and value.
    pub(crate) fn newest_of(&self, column: u32) -> Option<(i64, f64)> {
        let rows = self.rows.read();
        rows.iter().rev().find_map(|block| {
            let len = block.len.load(Ordering::Acquire);
            let held = |row: usize| Some((block.time(row), block.value(row, column as usize)?));
            (0..len).rev().find_map(held)
        })
    }

    /// The value of a series at a time.
    pub(crate) fn value_at(&self, time: i64, column: u32) -> Option<f64> {
        let rows = self.rows.read();
        rows.iter().find_map(|block| {
            let len = block.len.load(Ordering::Acquire);
            let row = partition(len, |row| block.time(row) < time);
            let there = row < len && block.time(row) == time;
            if there { block.value(row, column as usize) } else { None }
        })
    }

    /// Adds a row: as many values as there are series. Only the one writer calls this. Gives how
    /// many bytes of memory were taken for it.
    pub(crate) fn append(&self, time: i64, values: impl Iterator<Item = f64>, commit: u64) -> u64 {
        let last = self.rows.read().last().cloned();
        let mut has_holes = false;
        let values = values.inspect(|value| has_holes |= value.to_bits() == HOLE);
        let full = last.as_ref().is_none_or(|last| last.len.load(Ordering::Relaxed) == last.rows());
        let (block, bytes) = match last {
            Some(last) if !full => (last, 0),
            _ => {
                let mut rows = self.rows.write();
                let held = rows.iter().map(|block| block.rows()).sum();
                let block = Arc::new(Rows::after(held, self.series.len()));
                rows.push(Arc::clone(&block));
                let bytes = (block.values.len() + 2 * block.times.len()) * 8;
                (block, bytes as u64)
            }
        };
        block.append(time, values, commit);
        if has_holes {
            self.has_holes.store(true, Ordering::Relaxed);
        }
        self.newest.store(time, Ordering::Release);
        bytes
    }

    /// The rows that belong to commits up to `visible`.
    pub(crate) fn view(self: &Arc<Self>, visible: u64) -> TargetView {
        let mut view =
            TargetView { target: Arc::clone(self), blocks: Vec::new(), times: Vec::new() };
        for block in self.rows.read().iter() {
            let len = block.len.load(Ordering::Acquire);
            let len = partition(len, |row| block.commits[row].load(Ordering::Relaxed) <= visible);
            view.times.extend((0..len).map(|row| block.time(row)));
            view.blocks.push((Arc::clone(block), len));
        }
        view
    }
}

/// The first of `len` places for which `before` does not hold.
fn partition(len: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low.midpoint(high);
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

impl Rows {
    /// An empty block to follow `held` rows: a quarter as many, within bounds.
    fn after(held: usize, columns: usize) -> Self {
        let rows = (held / 4).clamp(1, ROWS_MAX).min((VALUES_MAX / columns.max(1)).max(1));
        Rows {
            columns,
            times: std::iter::repeat_with(AtomicI64::default).take(rows).collect(),
            commits: std::iter::repeat_with(AtomicU64::default).take(rows).collect(),
            values: std::iter::repeat_with(AtomicU64::default).take(rows * columns).collect(),
            len: AtomicUsize::new(0),
        }
    }

    fn rows(&self) -> usize {
        self.times.len()
    }

    fn time(&self, row: usize) -> i64 {
        self.times[row].load(Ordering::Relaxed)
    }

    /// The value at a place, unless that is a hole.
    fn value(&self, row: usize, column: usize) -> Option<f64> {
        let bits = self.values.get(row * self.columns + column)?.load(Ordering::Relaxed);
        (bits != HOLE).then(|| f64::from_bits(bits))
    }

    fn append(&self, time: i64, values: impl Iterator<Item = f64>, commit: u64) {
        let row = self.len.load(Ordering::Relaxed);
        self.times[row].store(time, Ordering::Relaxed);
        self.commits[row].store(commit, Ordering::Relaxed);
        let start = row * self.columns;
        for (slot, value) in self.values[start..start + self.columns].iter().zip(values) {
            slot.store(value.to_bits(), Ordering::Relaxed);
        }
        self.len.store(row + 1, Ordering::Release);
    }
}

/// The rows of a target that one reader sees.
#[derive(Debug)]
pub(crate) struct TargetView {
    target: Arc<Target>,
    blocks: Vec<(Arc<Rows>, usize)>,
    /// The times of the rows, ascending.
    pub(crate) times: Vec<i64>,
}

impl TargetView {
    /// What tells this target from others while the view lives.
    pub(crate) fn identity(&self) -> usize {
        Arc::as_ptr(&self.target).addr()
    }

    /// The samples of a series, where it is not in all of the rows.
    pub(crate) fn with_holes(&self, column: u32) -> Option<Columns> {
        if !self.target.has_holes.load(Ordering::Relaxed) {
            return None;
        }
        let mut values = Vec::new();
        self.column(column, 0, self.times.len(), &mut values);
        let is_held = |value: &f64| value.to_bits() != HOLE;
        if values.iter().all(is_held) {
            return None;
        }
        let mut columns = Columns::default();
        for (time, value) in self.times.iter().zip(&values).filter(|(_, value)| is_held(value)) {
            columns.floats.push(*time, *value, 0);
        }
        Some(columns)
    }

    /// Appends the values of a series in the rows `start..end`, holes included.
    pub(crate) fn column(&self, column: u32, start: usize, end: usize, out: &mut Vec<f64>) {
        let column = column as usize;
        let mut first = 0;
        out.reserve(end.saturating_sub(start));
        for (block, len) in &self.blocks {
            let from = start.clamp(first, first + len) - first;
            let to = end.clamp(first, first + len) - first;
            if from < to {
                let values = &block.values[from * block.columns..to * block.columns];
                let values = values.iter().skip(column).step_by(block.columns.max(1));
                out.extend(values.map(|bits| f64::from_bits(bits.load(Ordering::Relaxed))));
            }
            first += len;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_columns() {
        let target = Arc::new(Target::new(&[7, 3]));
        for row in 0..1_000_i32 {
            target.append(
                row.into(),
                [f64::from(row), f64::from(-row)].into_iter(),
                1 + row as u64,
            );
        }
        let view = target.view(u64::MAX);
        assert_eq!(view.times.len(), 1_000);
        let mut values = Vec::new();
        view.column(1, 10, 700, &mut values);
        assert_eq!(values.len(), 690);
        assert_eq!((values[0], values[689]), (-10.0, -699.0));
        assert_eq!(target.newest_of(0), Some((999, 999.0)));
        assert_eq!(target.value_at(500, 1), Some(-500.0));
        assert_eq!(target.value_at(1_000, 1), None);
    }

    #[test]
    fn a_hole_is_no_sample() {
        let target = Arc::new(Target::new(&[4, 5]));
        let hole = f64::from_bits(HOLE);
        target.append(1, [1.0, 10.0].into_iter(), 1);
        assert!(target.view(u64::MAX).with_holes(1).is_none());
        target.append(2, [2.0, hole].into_iter(), 2);
        let view = target.view(u64::MAX);
        assert!(view.with_holes(0).is_none());
        assert_eq!(view.with_holes(1).unwrap().floats.times, [1]);
        assert_eq!(target.newest_of(0), Some((2, 2.0)));
        assert_eq!(target.newest_of(1), Some((1, 10.0)));
        assert_eq!(target.value_at(2, 1), None);
    }

    #[test]
    fn later_commits_are_not_seen() {
        let target = Arc::new(Target::new(&[0]));
        for commit in 1..=40 {
            target.append(commit as i64, [1.0].into_iter(), commit);
        }
        assert_eq!(target.view(25).times.last(), Some(&25));
        assert_eq!(target.view(0).times.len(), 0);
    }
}
