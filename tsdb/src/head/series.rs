//! The samples of one series in a head, beside the rows of its targets.
//!
//! Samples lie in up to four kinds of places; within each, times rise strictly:
//!
//! ~~~text
//! columns      a column of each target that the series was in
//! floats       floats that came alone
//! histograms   histograms
//! late         what came out of order, by time
//! ~~~
//!
//! No time occurs twice in one series: a second sample at a time is refused before it gets here.

use std::collections::BTreeMap;
use std::sync::Arc;

use telemetry_core::model::{Histogram, SampleValue};
use telemetry_core::source::{Columns, FloatColumn, HistogramColumn};

use super::places::Place;
use super::rows::Target;
use crate::registry::{Newest, Print};

/// The samples of one series.
#[derive(Debug, Default)]
pub(crate) struct SeriesBuffer {
    /// Targets that have the series, and its column there.
    pub(super) columns: Vec<(Arc<Target>, u32)>,
    /// The place in `columns` of the target whose last row is the newest sample.
    home: Option<usize>,
    /// The newest sample where no target has it.
    newest: Option<Newest>,
    pub(super) floats: Run<f64>,
    pub(super) histograms: Run<Arc<Histogram>>,
    /// By time: imports may bring many.
    pub(super) late: BTreeMap<i64, LateSample>,
}

/// Samples of one kind, in order.
#[derive(Debug)]
pub(super) struct Run<T> {
    pub(super) times: Vec<i64>,
    pub(super) values: Vec<T>,
    /// Start timestamps: as many, or none as long as all are unknown.
    pub(super) starts: Vec<i64>,
    /// The commits that the samples came with.
    commits: Vec<u64>,
}

/// A sample that came out of order.
#[derive(Clone, Debug)]
pub(super) struct LateSample {
    value: SampleValue,
    start: i64,
    commit: u64,
}

impl<T> Default for Run<T> {
    fn default() -> Self {
        Run { times: Vec::new(), values: Vec::new(), starts: Vec::new(), commits: Vec::new() }
    }
}

impl<T: Clone> Run<T> {
    fn push(&mut self, time: i64, value: T, start: i64, commit: u64) {
        if start != 0 || !self.starts.is_empty() {
            self.starts.resize(self.times.len(), 0);
            self.starts.push(start);
        }
        self.times.push(time);
        self.values.push(value);
        self.commits.push(commit);
    }

    /// How many samples belong to commits up to `visible`.
    pub(super) fn visible(&self, visible: u64) -> usize {
        match self.commits.last() {
            Some(last) if *last > visible => self.commits.partition_point(|at| *at <= visible),
            _ => self.commits.len(),
        }
    }

    fn at(&self, time: i64) -> Option<&T> {
        self.times.binary_search(&time).ok().and_then(|index| self.values.get(index))
    }
}

fn newest_in(target: &Target, column: u32) -> Option<Newest> {
    let (time, value) = target.newest_of(column)?;
    Some(Newest { time, print: Print::Float(value.to_bits()) })
}

impl Place<'_> {
    /// The newest sample in this head.
    pub(super) fn newest(&self) -> Option<Newest> {
        match self {
            Place::Empty => None,
            Place::Column(target, column) => newest_in(target, *column),
            Place::Buffer(buffer) => buffer.newest(),
        }
    }

    /// The target that has the newest sample, and the column there.
    pub(super) fn home(&self) -> Option<(Arc<Target>, u32)> {
        match self {
            Place::Empty => None,
            Place::Column(target, column) => Some((Arc::clone(target), *column)),
            Place::Buffer(buffer) => buffer.home().cloned(),
        }
    }

    /// The value at a time before the newest.
    pub(super) fn value_at(&self, time: i64) -> Option<Print> {
        match self {
            Place::Empty => None,
            Place::Column(target, column) => {
                let value = target.value_at(time, *column)?;
                Some(Print::Float(value.to_bits()))
            }
            Place::Buffer(buffer) => buffer.value_at(time),
        }
    }
}

impl SeriesBuffer {
    /// The buffer of a series that was a column of a target so far, or nothing at all.
    pub(super) fn of_column(column: Option<(Arc<Target>, u32)>) -> Self {
        let home = column.as_ref().map(|_| 0);
        SeriesBuffer { columns: column.into_iter().collect(), home, ..SeriesBuffer::default() }
    }

    /// The newest sample in this head.
    pub(crate) fn newest(&self) -> Option<Newest> {
        match self.home.and_then(|home| self.columns.get(home)) {
            Some((target, column)) => newest_in(target, *column),
            None => self.newest,
        }
    }

    /// The target that has the newest sample, and the column there.
    pub(super) fn home(&self) -> Option<&(Arc<Target>, u32)> {
        self.columns.get(self.home?)
    }

    /// The value at a time before the newest.
    pub(super) fn value_at(&self, time: i64) -> Option<Print> {
        let float = self.floats.at(time).copied();
        let float = float.or_else(|| {
            self.columns.iter().find_map(|(target, column)| target.value_at(time, *column))
        });
        float
            .map(|value| Print::Float(value.to_bits()))
            .or_else(|| {
                let histogram = self.histograms.at(time)?;
                Some(Print::of(&SampleValue::Histogram(Arc::clone(histogram))))
            })
            .or_else(|| self.late.get(&time).map(|sample| Print::of(&sample.value)))
    }

    /// Adds the newest sample.
    pub(super) fn push(&mut self, time: i64, value: SampleValue, start: i64, commit: u64) {
        self.leave_home();
        self.newest = Some(Newest { time, print: Print::of(&value) });
        match value {
            SampleValue::Float(value) => self.floats.push(time, value, start, commit),
            SampleValue::Histogram(value) => self.histograms.push(time, value, start, commit),
        }
    }

    /// Adds a sample before the newest.
    pub(super) fn push_late(&mut self, time: i64, value: SampleValue, start: i64, commit: u64) {
        if self.home.is_none() && self.newest.is_none_or(|newest| newest.time < time) {
            // Its newest sample is in an earlier head; this one is the newest of this head.
            self.newest = Some(Newest { time, print: Print::of(&value) });
        }
        self.late.entry(time).or_insert(LateSample { value, start, commit });
    }

    /// The newest sample is about to be in the next row of `target`.
    pub(super) fn move_home(&mut self, target: &Arc<Target>, column: u32) {
        let place = self.columns.iter().position(|(known, _)| Arc::ptr_eq(known, target));
        if self.home != place {
            self.leave_home();
        }
        self.home = Some(place.unwrap_or_else(|| {
            self.columns.push((Arc::clone(target), column));
            self.columns.len() - 1
        }));
    }

    fn leave_home(&mut self) {
        if let Some(home) = self.home {
            self.newest = self.newest();
            if let Some((target, _)) = self.columns.get(home) {
                target.set_owns_newest(false);
            }
            self.home = None;
        }
    }

    /// What came out of order in commits up to `visible`.
    pub(super) fn visible_late(&self, visible: u64) -> Columns {
        let mut columns = Columns::default();
        for (time, LateSample { value, start, commit }) in &self.late {
            match value {
                _ if *commit > visible => {}
                SampleValue::Float(value) => columns.floats.push(*time, *value, *start),
                SampleValue::Histogram(value) => {
                    columns.histograms.push(*time, Arc::clone(value), *start);
                }
            }
        }
        columns
    }

    /// The floats that came alone in commits up to `visible`.
    pub(super) fn visible_floats(&self, visible: u64) -> FloatColumn {
        let run = &self.floats;
        let count = run.visible(visible);
        FloatColumn {
            times: run.times.get(..count).unwrap_or_default().to_vec(),
            values: run.values.get(..count).unwrap_or_default().to_vec(),
            starts: run.starts.get(..count).unwrap_or_default().to_vec(),
        }
    }

    /// The histograms in commits up to `visible`.
    pub(super) fn visible_histograms(&self, visible: u64) -> HistogramColumn {
        let run = &self.histograms;
        let count = run.visible(visible);
        HistogramColumn {
            times: run.times.get(..count).unwrap_or_default().to_vec(),
            values: run.values.get(..count).unwrap_or_default().to_vec(),
            starts: run.starts.get(..count).unwrap_or_default().to_vec(),
        }
    }
}
