//! Scalars: a number per step.

use super::{EvaluationError, Evaluator, Grid, scalar_arithmetic};
use crate::functions::{greatest, least};
use crate::plan::Scalar;

/// A number per step, or the same for all.
#[derive(Clone, Debug)]
pub(crate) enum ScalarColumn {
    Constant(f64),
    Steps(Vec<f64>),
}

impl ScalarColumn {
    #[inline]
    pub(crate) fn at(&self, step: usize) -> f64 {
        match self {
            ScalarColumn::Constant(value) => *value,
            ScalarColumn::Steps(values) => values.get(step).copied().unwrap_or(f64::NAN),
        }
    }

    pub(crate) fn into_floats(self, steps: usize) -> Vec<f64> {
        match self {
            ScalarColumn::Constant(value) => vec![value; steps],
            ScalarColumn::Steps(values) => values,
        }
    }

    fn map(self, map: impl Fn(f64) -> f64) -> Self {
        match self {
            ScalarColumn::Constant(value) => ScalarColumn::Constant(map(value)),
            ScalarColumn::Steps(mut values) => {
                values.iter_mut().for_each(|value| *value = map(*value));
                ScalarColumn::Steps(values)
            }
        }
    }

    fn join(&self, other: &ScalarColumn, steps: usize, join: impl Fn(f64, f64) -> f64) -> Self {
        match (self, other) {
            (ScalarColumn::Constant(a), ScalarColumn::Constant(b)) => {
                ScalarColumn::Constant(join(*a, *b))
            }
            _ => ScalarColumn::Steps(
                (0..steps).map(|step| join(self.at(step), other.at(step))).collect(),
            ),
        }
    }
}

impl<'a> Evaluator<'a> {
    /// The numbers of a scalar over `grid`.
    pub(crate) fn scalar(
        &'a self,
        node: &'a Scalar,
        grid: Grid,
    ) -> Result<ScalarColumn, EvaluationError> {
        let steps = grid.count;
        Ok(match node {
            Scalar::Constant(value) => ScalarColumn::Constant(*value),
            Scalar::Time => {
                ScalarColumn::Steps((0..steps).map(|step| grid.time(step) as f64 / 1e3).collect())
            }
            Scalar::OfVector(vector) => {
                let rows = self.collect(vector, grid)?;
                let mut values = vec![f64::NAN; steps];
                let mut found = vec![0_u8; steps];
                for row in &rows {
                    for step in &row.row.presence {
                        if row.row.histogram(step).is_none() {
                            found[step] = found[step].saturating_add(1);
                            values[step] =
                                if found[step] == 1 { row.row.floats[step] } else { f64::NAN };
                        }
                    }
                }
                ScalarColumn::Steps(values)
            }
            Scalar::Negate(inner) => self.scalar(inner, grid)?.map(|value| -value),
            Scalar::Binary { op, left, right } => {
                let (left, right) = (self.scalar(left, grid)?, self.scalar(right, grid)?);
                left.join(&right, steps, |a, b| scalar_arithmetic(*op, a, b))
            }
            Scalar::Least(left, right) => {
                self.scalar(left, grid)?.join(&self.scalar(right, grid)?, steps, least)
            }
            Scalar::Greatest(left, right) => {
                self.scalar(left, grid)?.join(&self.scalar(right, grid)?, steps, greatest)
            }
            Scalar::Once(inner) => {
                let once = Grid { count: steps.min(1), ..grid };
                ScalarColumn::Constant(self.scalar(inner, once)?.at(0))
            }
        })
    }
}
