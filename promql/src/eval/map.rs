//! Functions of every value by itself.

use super::scalar::ScalarColumn;
use super::{EvaluationError, Evaluator, Grid, Identity, Row, RowSet, Rows, Scratch};
use crate::functions::{greatest, least, round};
use crate::native;
use crate::plan::{ValueMap, Vector};
use telemetry_core::model::Histogram;

struct MapRows<'a> {
    inner: Box<dyn Rows + 'a>,
    identities: Vec<Identity>,
    change: Change<'a>,
    grid: Grid,
}

/// A [`ValueMap`] with its scalars computed.
enum Change<'a> {
    Float(&'a (dyn Fn(f64) -> f64 + Sync)),
    Negate,
    WithOne(fn(f64, f64) -> f64, ScalarColumn),
    Clamp(ScalarColumn, ScalarColumn),
    Time,
    Nothing,
    OfHistogram(fn(&Histogram) -> f64),
}

impl<'a> Evaluator<'a> {
    pub(super) fn map(
        &'a self,
        map: &'a ValueMap,
        input: &'a Vector,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        let change = match map {
            ValueMap::Float(_, function) => Change::Float(function),
            ValueMap::Negate => Change::Negate,
            ValueMap::Round(nearest) => {
                let by = |value, nearest: f64| round(value, 1.0 / nearest);
                Change::WithOne(by, self.scalar(nearest, grid)?)
            }
            ValueMap::Clamp(low, high) => {
                Change::Clamp(self.scalar(low, grid)?, self.scalar(high, grid)?)
            }
            ValueMap::ClampMin(low) => Change::WithOne(greatest, self.scalar(low, grid)?),
            ValueMap::ClampMax(high) => Change::WithOne(least, self.scalar(high, grid)?),
            ValueMap::Time => Change::Time,
            ValueMap::Nothing => Change::Nothing,
            ValueMap::HistogramAvg => Change::OfHistogram(|of| of.sum / of.count),
            ValueMap::HistogramCount => Change::OfHistogram(|of| of.count),
            ValueMap::HistogramSum => Change::OfHistogram(|of| of.sum),
            ValueMap::HistogramStddev => Change::OfHistogram(|of| native::variance(of).sqrt()),
            ValueMap::HistogramStdvar => Change::OfHistogram(native::variance),
        };
        let inner = self.rows(input, grid)?.into_rows();
        let identities = self.nameless(inner.identities())?;
        let rows = RowSet::Lazy(Box::new(MapRows { inner, identities, change, grid }));
        self.distinct(rows, grid, telemetry_core::syntax::Span::default())
    }
}

impl MapRows<'_> {
    fn change(&self, row: &mut Row) {
        match &self.change {
            Change::Float(function) => {
                row.keep_floats();
                // Functions may be slow (logarithms): absent steps are not computed.
                for step in row.presence.clone().ones() {
                    row.floats[step] = function(row.floats[step]);
                }
            }
            Change::Negate => {
                row.floats.iter_mut().for_each(|value| *value = -*value);
                for histogram in row.histograms.iter_mut().flatten() {
                    *histogram = native::scaled(histogram, -1.0).into();
                }
            }
            Change::WithOne(function, parameter) => {
                row.keep_floats();
                for (step, value) in row.floats.iter_mut().enumerate() {
                    *value = function(*value, parameter.at(step));
                }
            }
            Change::Clamp(low, high) => {
                row.keep_floats();
                for step in 0..row.floats.len() {
                    let (low, high) = (low.at(step), high.at(step));
                    if low > high {
                        row.presence.remove(step);
                    }
                    row.floats[step] = greatest(low, least(high, row.floats[step]));
                }
            }
            Change::Time => {
                row.histograms.clear();
                for (step, value) in row.floats.iter_mut().enumerate() {
                    *value = self.grid.time(step) as f64 / 1e3;
                }
            }
            Change::Nothing => row.presence.reset(self.grid.count),
            Change::OfHistogram(function) => {
                for step in 0..row.floats.len() {
                    match row.histogram(step).map(|histogram| function(histogram)) {
                        Some(value) => row.floats[step] = value,
                        None => row.presence.remove(step),
                    }
                }
                row.histograms.clear();
            }
        }
    }
}

impl Rows for MapRows<'_> {
    fn identities(&self) -> &[Identity] {
        &self.identities
    }

    fn fill(
        &self,
        index: usize,
        scratch: &mut Scratch,
        out: &mut Row,
    ) -> Result<(), EvaluationError> {
        self.inner.fill(index, scratch, out)?;
        self.change(out);
        Ok(())
    }
}
