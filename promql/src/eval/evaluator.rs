//! From nodes of the plan to rows.

use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::syntax::Span;

use super::fetch::Fetched;
use super::once::OnceRows;
use super::pace::paced;
use super::select::{Look, SelectRows};
use super::{Annotations, Collected, EvaluationError, Grid, Identity, Row, RowSet, merge, pieces};
use crate::plan::{METADATA_LABELS, Select, Vector};

/// What does not change during a query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// How far back an instant selector looks, in milliseconds.
    pub(crate) lookback: i64,
    /// Whether metric names are dropped at the very end.
    pub(crate) delayed_name_removal: bool,
    /// Whether start timestamps are looked at.
    pub(crate) start_timestamps: bool,
}

/// Evaluates the nodes of a plan.
pub(crate) struct Evaluator<'a> {
    pub(crate) context: &'a QueryContext,
    /// The series of each selector of the plan.
    pub(crate) fetched: &'a [Fetched<'a>],
    pub(crate) annotations: &'a Annotations,
    pub(crate) settings: Settings,
}

impl<'a> Evaluator<'a> {
    /// The rows of a vector over `grid`.
    pub(crate) fn rows(
        &'a self,
        node: &'a Vector,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        self.context.check()?;
        self.context.bound(Resource::Samples, grid.count as u64)?;
        match node {
            Vector::Select(select) => self.select(select, Look::Values, grid),
            Vector::TimesOf(select) => {
                let rows = self.select(select, Look::Times, grid)?;
                self.distinct(rows, grid, select.span)
            }
            Vector::StartsOf(select) => {
                let rows = self.select(select, Look::Starts, grid)?;
                self.distinct(rows, grid, select.span)
            }
            Vector::OverTime(call) => self.over_time(call, grid),
            Vector::AbsentOverTime { range, labels } => self.absent_over_time(range, labels, grid),
            Vector::Map { map, input } => self.map(map, input, grid),
            Vector::WithScalar(node) => self.with_scalar(node, grid),
            Vector::Binary(node) => self.binary(node, grid),
            Vector::Set(node) => self.set(node, grid),
            Vector::Aggregate(node) => self.aggregate(node, grid),
            Vector::OfScalar(scalar) => {
                let row = Row::of_floats(self.scalar(scalar, grid)?.into_floats(grid.count));
                Ok(RowSet::Ready(vec![Collected::new(Identity::default(), row)]))
            }
            Vector::Absent { input, labels } => self.absent(input, labels, grid),
            Vector::LabelReplace(node) => self.label_replace(node, grid),
            Vector::LabelJoin(node) => self.label_join(node, grid),
            Vector::Sort { input, order, span } => self.sort(input, order, *span, grid),
            Vector::Histogram(node) => self.histogram(node, grid),
            Vector::Info(node) => self.info(node, grid),
            Vector::Once(inner) => {
                let rows = self.rows(inner, Grid { count: grid.count.min(1), ..grid })?;
                if grid.count == 1 {
                    return Ok(rows);
                }
                Ok(RowSet::Lazy(Box::new(OnceRows::new(rows.into_rows(), grid.count))))
            }
        }
    }

    /// The rows of a vector, all computed; those without any value are left out.
    pub(crate) fn collect(
        &'a self,
        node: &'a Vector,
        grid: Grid,
    ) -> Result<Vec<Collected>, EvaluationError> {
        let rows = self.rows(node, grid)?;
        self.collected(rows, grid)
    }

    pub(super) fn collected(
        &self,
        rows: RowSet<'_>,
        grid: Grid,
    ) -> Result<Vec<Collected>, EvaluationError> {
        pieces::collect(self.context, rows, grid.count)
    }

    pub(super) fn select(
        &'a self,
        select: &Select,
        look: Look,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        Ok(RowSet::Lazy(Box::new(SelectRows::new(self, select, look, grid)?)))
    }

    /// The names of rows that lose their metric name: at once, or at the end.
    pub(super) fn nameless(
        &self,
        identities: &[Identity],
    ) -> Result<Vec<Identity>, EvaluationError> {
        paced(self.context, identities, |identity| self.without_name(identity))
    }

    /// The name of one of them.
    pub(super) fn without_name(&self, identity: &Identity) -> Identity {
        match self.settings.delayed_name_removal {
            true => Identity::dropping(identity.labels.clone(), true),
            false => Identity::new(identity.labels.without(&METADATA_LABELS)),
        }
    }

    /// Rows whose names may have become equal by losing the metric name: those that take turns are
    /// joined, others are an error.
    pub(super) fn distinct(
        &self,
        rows: RowSet<'a>,
        grid: Grid,
        span: Span,
    ) -> Result<RowSet<'a>, EvaluationError> {
        if self.settings.delayed_name_removal {
            return Ok(rows);
        }
        let rows = rows.into_rows();
        if !merge::has_duplicates(self.context, rows.identities().iter())? {
            return Ok(RowSet::Lazy(rows));
        }
        let collected = self.collected(RowSet::Lazy(rows), grid)?;
        merge::join_equal(self.context, collected, span).map(RowSet::Ready)
    }
}
