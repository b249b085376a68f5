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
//! - every series of the layout has a value in every row.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};

use crate::record::RowCodec;

/// Rows of the first block of a target, and of the largest.
const ROWS_MIN: usize = 16;
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

    /// The value of a series in the last row.
    pub(crate) fn last_value(&self, column: u32) -> Option<f64> {
        let rows = self.rows.read();
        let last = rows.last()?;
        let row = last.len.load(Ordering::Acquire).checked_sub(1)?;
        last.value(row, column as usize)
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
        let full = last.as_ref().is_none_or(|last| last.len.load(Ordering::Relaxed) == last.rows());
        let (block, bytes) = match last {
            Some(last) if !full => (last, 0),
            last => {
                let block = Arc::new(Rows::after(last.as_deref(), self.series.len()));
                self.rows.write().push(Arc::clone(&block));
                let bytes = (block.values.len() + 2 * block.times.len()) * 8;
                (block, bytes as u64)
            }
        };
        block.append(time, values, commit);
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
    /// An empty block to follow another: larger than that one, up to a bound.
    fn after(previous: Option<&Rows>, columns: usize) -> Self {
        let grown = previous.map_or(ROWS_MIN, |previous| previous.rows() * 4);
        let rows = grown.min(ROWS_MAX).min((VALUES_MAX / columns.max(1)).max(1));
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

    fn value(&self, row: usize, column: usize) -> Option<f64> {
        let bits = self.values.get(row * self.columns + column)?;
        Some(f64::from_bits(bits.load(Ordering::Relaxed)))
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

    /// Appends the values of a series in the rows `start..end`.
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
        assert_eq!(target.last_value(0), Some(999.0));
        assert_eq!(target.value_at(500, 1), Some(-500.0));
        assert_eq!(target.value_at(1_000, 1), None);
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
