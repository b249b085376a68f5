//! What the rows of a group are added to: columns, one entry per step.

use telemetry_core::labels::Labels;
use telemetry_core::model::Histogram;
use telemetry_core::syntax::Span;
use telemetry_core::vector::Presence;

use super::super::row::HISTOGRAM_BYTES;
use super::super::{Evaluator, Identity, Note, Row};
use super::column::{MeanColumn, SumColumn};
use crate::ast::AggregateOp;
use crate::native::{Incompatible, Working};

/// What additions need to know.
#[derive(Clone, Copy)]
pub(super) struct Joining<'a> {
    pub(super) evaluator: &'a Evaluator<'a>,
    pub(super) op: AggregateOp,
    /// The vector that is aggregated.
    pub(super) span: Span,
}

/// The rows of a group so far.
pub(super) struct Accumulator {
    /// Steps at which a float came.
    floats: Presence,
    columns: Columns,
    /// Per step what came as histograms; empty until one comes.
    histograms: Vec<Option<Histograms>>,
    /// How many there are that nobody has accounted for.
    histograms_new: u64,
    drop_name: bool,
}

/// Histograms at one step.
enum Histograms {
    Sum {
        total: Box<Working>,
        count: f64,
    },
    /// Exponential and custom buckets came together, or a float came first: there is no result.
    Incompatible,
}

enum Columns {
    Sum(SumColumn),
    Mean(MeanColumn),
    Extreme { values: Vec<f64>, greatest: bool },
    Count(Vec<f64>),
    Group,
    Variance { count: Vec<f64>, mean: Vec<f64>, squares: Vec<f64> },
}

impl Joining<'_> {
    fn remark(&self, note: Note) {
        self.evaluator.annotations.add(note, self.span);
    }
}

impl Accumulator {
    pub(super) fn new(op: AggregateOp, steps: usize) -> Self {
        let columns = match op {
            AggregateOp::Sum => Columns::Sum(SumColumn::new(steps)),
            AggregateOp::Avg => Columns::Mean(MeanColumn::new(steps)),
            AggregateOp::Min => Columns::Extreme { values: vec![0.0; steps], greatest: false },
            AggregateOp::Max => Columns::Extreme { values: vec![0.0; steps], greatest: true },
            AggregateOp::Count => Columns::Count(vec![0.0; steps]),
            AggregateOp::Stddev | AggregateOp::Stdvar => Columns::Variance {
                count: vec![0.0; steps],
                mean: vec![0.0; steps],
                squares: vec![0.0; steps],
            },
            _ => Columns::Group,
        };
        let floats = Presence::none(steps);
        Accumulator { floats, columns, histograms: Vec::new(), histograms_new: 0, drop_name: false }
    }

    /// What one takes in memory for floats, roughly.
    pub(super) fn bytes(op: AggregateOp, steps: usize) -> u64 {
        let columns = match op {
            AggregateOp::Avg | AggregateOp::Stddev | AggregateOp::Stdvar => 3,
            AggregateOp::Sum => 2,
            _ => 1,
        };
        Row::bytes(steps).saturating_mul(columns)
    }

    /// What the histograms take that came since this was asked last, roughly.
    pub(super) fn take_histogram_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.histograms_new).saturating_mul(HISTOGRAM_BYTES)
    }

    /// Adds a row of the group.
    pub(super) fn add(&mut self, row: &Row, identity: &Identity, joining: &Joining<'_>) {
        if row.presence.is_none() {
            return;
        }
        self.drop_name |= identity.drop_name;
        if !row.has_histograms() {
            self.add_floats(&row.presence, &row.floats);
            return;
        }
        if matches!(joining.op, AggregateOp::Count | AggregateOp::Group) {
            self.add_floats(&row.presence, &row.floats);
            return;
        }
        let mut floats = row.presence.clone();
        for step in row.presence.ones() {
            if let Some(histogram) = row.histogram(step) {
                floats.remove(step);
                self.add_histogram(step, histogram, &identity.labels, joining);
            }
        }
        self.add_floats(&floats, &row.floats);
    }

    fn add_floats(&mut self, presence: &Presence, values: &[f64]) {
        let seen = &self.floats;
        match &mut self.columns {
            // A sum starts at zero, which adds nothing.
            Columns::Sum(sums) => sums.add(presence, values),
            Columns::Mean(means) => means.add(presence, values),
            Columns::Extreme { values: best, greatest: true } => {
                each(presence, values, best, |step, best, value| {
                    if !seen.contains(step) || *best < value || best.is_nan() {
                        *best = value;
                    }
                });
            }
            Columns::Extreme { values: best, .. } => {
                each(presence, values, best, |step, best, value| {
                    if !seen.contains(step) || *best > value || best.is_nan() {
                        *best = value;
                    }
                });
            }
            Columns::Count(counts) => each(presence, values, counts, |_, count, _| *count += 1.0),
            Columns::Group => {}
            Columns::Variance { count, mean, squares } => {
                for step in presence {
                    // Welford. The first value is its own mean, unless it is none.
                    let value = values[step];
                    count[step] += 1.0;
                    if count[step] == 1.0 {
                        mean[step] = value;
                        squares[step] = if value.is_finite() { 0.0 } else { f64::NAN };
                        continue;
                    }
                    let delta = value - mean[step];
                    mean[step] += delta / count[step];
                    squares[step] += delta * (value - mean[step]);
                }
            }
        }
        self.floats.unite(presence);
    }

    fn add_histogram(
        &mut self,
        step: usize,
        histogram: &Histogram,
        labels: &Labels,
        joining: &Joining<'_>,
    ) {
        if !matches!(joining.op, AggregateOp::Sum | AggregateOp::Avg) {
            joining.remark(Note::HistogramsIgnored { aggregation: joining.op.name() });
            return;
        }
        if self.histograms.is_empty() {
            self.histograms.resize_with(self.floats.steps(), || None);
        }
        let metric = labels.name().unwrap_or_default();
        match &mut self.histograms[step] {
            // Nothing is added to a float, so there is nothing more to remark.
            slot @ None if self.floats.contains(step) => *slot = Some(Histograms::Incompatible),
            slot @ None => {
                let total = Box::new(Working::from(histogram));
                *slot = Some(Histograms::Sum { total, count: 1.0 });
                self.histograms_new += 1;
            }
            Some(held) => held.add(Working::from(histogram), 1.0, metric, joining),
        }
    }

    /// Adds the rows of a later part of the same group.
    pub(super) fn join(&mut self, other: Accumulator, joining: &Joining<'_>) {
        self.drop_name |= other.drop_name;
        let later = &other.floats;
        match (&mut self.columns, other.columns) {
            (Columns::Sum(sums), Columns::Sum(more)) => sums.join(later, &more),
            (Columns::Mean(means), Columns::Mean(more)) => means.join(later, &more),
            (
                Columns::Variance { count, mean, squares },
                Columns::Variance { count: n, mean: m, squares: s },
            ) => {
                for step in later {
                    // Chan's formula for two parts.
                    let total = count[step] + n[step];
                    let delta = m[step] - mean[step];
                    if count[step] == 0.0 {
                        mean[step] = m[step];
                        squares[step] = s[step];
                    } else {
                        mean[step] += delta * n[step] / total;
                        squares[step] += s[step] + delta * delta * count[step] * n[step] / total;
                    }
                    count[step] = total;
                }
            }
            (Columns::Count(counts), Columns::Count(more)) => {
                later.ones().for_each(|step| counts[step] += more[step]);
            }
            (Columns::Extreme { .. }, Columns::Extreme { values, .. }) => {
                self.add_floats(later, &values);
            }
            _ => {}
        }
        self.floats.unite(&other.floats);
        for (step, held) in other.histograms.into_iter().enumerate() {
            let Some(held) = held else { continue };
            if self.histograms.is_empty() {
                self.histograms.resize_with(self.floats.steps(), || None);
            }
            match (&mut self.histograms[step], held) {
                (slot @ None, held) => *slot = Some(held),
                (Some(mine), Histograms::Sum { total, count }) => {
                    mine.add(*total, count, "", joining);
                }
                (Some(mine), held @ Histograms::Incompatible) => *mine = held,
            }
        }
    }

    /// The row of the group, and whether it loses its metric name.
    pub(super) fn finish(self, joining: &Joining<'_>) -> (Row, bool) {
        let steps = self.floats.steps();
        let values: Vec<f64> = match self.columns {
            Columns::Sum(sums) => sums.finish(),
            Columns::Mean(means) => means.finish(),
            Columns::Extreme { values, .. } | Columns::Count(values) => values,
            Columns::Group => vec![1.0; steps],
            Columns::Variance { count, squares, .. } => {
                let variances = squares.iter().zip(&count).map(|(squares, count)| squares / count);
                match joining.op {
                    AggregateOp::Stddev => variances.map(f64::sqrt).collect(),
                    _ => variances.collect(),
                }
            }
        };
        let mut row = Row { presence: self.floats, floats: values, histograms: Vec::new() };
        for (step, held) in self.histograms.into_iter().enumerate() {
            let Some(held) = held else { continue };
            if row.presence.contains(step) {
                joining.remark(Note::MixedInAggregation);
                row.presence.remove(step);
                continue;
            }
            if let Histograms::Sum { mut total, count } = held {
                if joining.op == AggregateOp::Avg {
                    total.divide(count);
                }
                row.set_histogram(step, total.finish().into());
            }
        }
        (row, self.drop_name)
    }
}

impl Histograms {
    fn add(&mut self, more: Working, count: f64, metric: &str, joining: &Joining<'_>) {
        let Histograms::Sum { total, count: held } = self else { return };
        let operation = "aggregation";
        match total.join(more) {
            Ok(joined) => {
                *held += count;
                if joined.collision {
                    joining.remark(Note::ResetCollision { operation });
                }
                if joined.reconciled {
                    joining.remark(Note::ReconciledBuckets { operation });
                }
            }
            Err(Incompatible) => {
                joining.remark(Note::MixedSchemas { metric: metric.into() });
                *self = Histograms::Incompatible;
            }
        }
    }
}

/// Calls `add` at every step of `presence`. Where all 64 steps of a word are there, in a plain loop
/// that vectorises.
#[inline]
fn each<T>(
    presence: &Presence,
    values: &[f64],
    columns: &mut [T],
    add: impl Fn(usize, &mut T, f64),
) {
    for (at, word) in presence.words().iter().enumerate() {
        let first = at * 64;
        if *word == u64::MAX {
            let (values, columns) = (&values[first..first + 64], &mut columns[first..first + 64]);
            for (offset, (slot, value)) in columns.iter_mut().zip(values).enumerate() {
                add(first + offset, slot, *value);
            }
            continue;
        }
        let mut rest = *word;
        while rest != 0 {
            let step = first + rest.trailing_zeros() as usize;
            add(step, &mut columns[step], values[step]);
            rest &= rest - 1;
        }
    }
}
