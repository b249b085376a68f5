//! Columns of one group, by slot, and filters over its rows.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use telemetry_core::query::QueryContext;
use telemetry_core::source::SourceError;
use telemetry_core::source::span::{
    NestedSets, RowBits, SpanColumn, SpanColumnBuilder, SpanField, SpanGroup, SpanTest, SpanValues,
    TraceFacts,
};

use super::expr;
use crate::error::Error;
use crate::plan::{Plan, Predicate};

/// A column is fetched for the whole group, and kept, if at least one row in so many is wanted.
const WHOLE_COLUMN_SHARE: usize = 4;

/// Rows between two looks at the deadline.
const ROWS_PER_CHECK: usize = 1024;

/// A group that is being evaluated, with what has been read of it.
pub(crate) struct Group<'a> {
    /// The rows.
    pub(crate) rows: &'a dyn SpanGroup,
    /// Fields and tests of the query.
    pub(crate) plan: &'a Plan,
    /// Deadline and limits.
    pub(crate) context: &'a QueryContext,
    /// Columns over all rows, by slot.
    columns: RefCell<Vec<Option<Rc<SpanColumn>>>>,
    nested: RefCell<Option<Arc<NestedSets>>>,
    facts: RefCell<Vec<Option<Rc<TraceFacts>>>>,
}

impl<'a> Group<'a> {
    pub(crate) fn new(rows: &'a dyn SpanGroup, plan: &'a Plan, context: &'a QueryContext) -> Self {
        Group {
            rows,
            plan,
            context,
            columns: RefCell::new(vec![None; plan.fields.len()]),
            nested: RefCell::new(None),
            facts: RefCell::new(vec![None; rows.traces()]),
        }
    }

    /// Facts of a trace.
    pub(crate) fn facts(&self, trace: usize) -> Result<Rc<TraceFacts>, SourceError> {
        if let Some(Some(known)) = self.facts.borrow().get(trace) {
            return Ok(known.clone());
        }
        let facts = Rc::new(self.rows.trace(trace)?);
        self.facts.borrow_mut().get_mut(trace).into_iter().for_each(|f| *f = Some(facts.clone()));
        Ok(facts)
    }

    /// The trace of a row.
    pub(crate) fn trace_of(&self, row: u32) -> usize {
        self.rows.trace_starts().partition_point(|start| *start <= row).saturating_sub(1)
    }

    /// Nested-set numbers of all rows.
    pub(crate) fn nested(&self) -> Result<Arc<NestedSets>, SourceError> {
        if let Some(known) = &*self.nested.borrow() {
            return Ok(known.clone());
        }
        let nested = self.rows.nested_sets(self.context)?;
        *self.nested.borrow_mut() = Some(nested.clone());
        Ok(nested)
    }

    /// Values of a field at some rows.
    pub(crate) fn fetch(&self, field: &SpanField, rows: &[u32]) -> Result<SpanColumn, SourceError> {
        match field {
            SpanField::Intrinsic(intrinsic) if intrinsic.is_of_trace() => {
                let mut builder = SpanColumnBuilder::new();
                for row in rows {
                    builder.push(self.facts(self.trace_of(*row))?.value(*intrinsic));
                }
                Ok(builder.build())
            }
            SpanField::Intrinsic(intrinsic) if intrinsic.is_of_tree() => {
                let nested = self.nested()?;
                let mut builder = SpanColumnBuilder::new();
                rows.iter().for_each(|row| builder.push(nested.value(*intrinsic, *row as usize)));
                Ok(builder.build())
            }
            field => self.rows.column(field, rows, self.context),
        }
    }

    /// The column of a slot over some ascending rows, and how positions in it are found.
    pub(crate) fn column(&self, slot: usize, rows: &Wanted<'_>) -> Result<Fetched, SourceError> {
        if let Some(Some(known)) = self.columns.borrow().get(slot) {
            return Ok(Fetched { column: known.clone(), by_row: true });
        }
        let field = self.plan.field(slot);
        let total = self.rows.spans();
        if rows.len() * WHOLE_COLUMN_SHARE < total {
            let column = Rc::new(self.fetch(&field, &rows.list())?);
            return Ok(Fetched { column, by_row: false });
        }
        let all: Vec<u32> = (0..total as u32).collect();
        let column = Rc::new(self.fetch(&field, &all)?);
        self.columns.borrow_mut().get_mut(slot).into_iter().for_each(|c| *c = Some(column.clone()));
        Ok(Fetched { column, by_row: true })
    }

    /// Rows among `candidates` that hold a predicate.
    pub(crate) fn filter(
        &self,
        predicate: &Predicate,
        candidates: &RowBits,
    ) -> Result<RowBits, Error> {
        if candidates.is_empty() {
            return Ok(RowBits::none(candidates.rows()));
        }
        match predicate {
            Predicate::Fixed(true) => Ok(candidates.clone()),
            Predicate::Fixed(false) => Ok(RowBits::none(candidates.rows())),
            Predicate::And(left, right) => {
                // The side that the source can answer goes first and spares the other work.
                let (first, second) =
                    if cost(right) < cost(left) { (right, left) } else { (left, right) };
                let kept = self.filter(first, candidates)?;
                self.filter(second, &kept)
            }
            Predicate::Or(left, right) => {
                let mut kept = self.filter(left, candidates)?;
                let mut rest = candidates.clone();
                rest.and_not(&kept);
                kept.or(&self.filter(right, &rest)?);
                Ok(kept)
            }
            Predicate::Not(inside) => {
                let mut kept = candidates.clone();
                kept.and_not(&self.filter(inside, candidates)?);
                Ok(kept)
            }
            Predicate::Test(test) => self.test(*test, candidates),
            Predicate::Expr(expr) => {
                let rows = Wanted::Bits(candidates);
                let values = expr::Values::new(self, expr, &rows)?;
                let mut kept = RowBits::none(candidates.rows());
                for (at, row) in candidates.iter().enumerate() {
                    if at % ROWS_PER_CHECK == 0 {
                        self.context.check()?;
                    }
                    if values.at(at, row)?.holds() {
                        kept.set(row);
                    }
                }
                Ok(kept)
            }
        }
    }

    fn test(&self, test: usize, candidates: &RowBits) -> Result<RowBits, Error> {
        self.context.check()?;
        if let Some(mut answer) = self.rows.condition(test, self.context)? {
            answer.and(candidates);
            return Ok(answer);
        }
        let Some((slot, test)) = self.plan.tests.get(test) else {
            return Ok(RowBits::none(candidates.rows()));
        };
        let fetched = self.column(*slot, &Wanted::Bits(candidates))?;
        let mut holds = test_column(test, &fetched.column);
        let mut kept = RowBits::none(candidates.rows());
        for (at, row) in candidates.iter().enumerate() {
            if holds(fetched.position(at, row)) {
                kept.set(row);
            }
        }
        Ok(kept)
    }
}

/// What a filter costs: expressions are dear, tests cheap.
fn cost(predicate: &Predicate) -> usize {
    match predicate {
        Predicate::Fixed(_) => 0,
        Predicate::Test(_) => 1,
        Predicate::Not(inside) => cost(inside) + 1,
        Predicate::And(left, right) | Predicate::Or(left, right) => cost(left) + cost(right),
        Predicate::Expr(_) => 100,
    }
}

/// Rows that values are wanted of.
pub(crate) enum Wanted<'a> {
    /// A row per bit set.
    Bits(&'a RowBits),
    /// These, ascending.
    List(&'a [u32]),
}

impl Wanted<'_> {
    fn len(&self) -> usize {
        match self {
            Wanted::Bits(bits) => bits.count(),
            Wanted::List(rows) => rows.len(),
        }
    }

    fn list(&self) -> std::borrow::Cow<'_, [u32]> {
        match self {
            Wanted::Bits(bits) => bits.iter().collect::<Vec<u32>>().into(),
            Wanted::List(rows) => std::borrow::Cow::Borrowed(rows),
        }
    }
}

/// A column over all rows of the group or over the rows wanted.
pub(crate) struct Fetched {
    pub(crate) column: Rc<SpanColumn>,
    by_row: bool,
}

impl Fetched {
    /// Where the value of a row stands: the `at`-th of the rows wanted is `row`.
    pub(crate) fn position(&self, at: usize, row: u32) -> usize {
        if self.by_row { row as usize } else { at }
    }
}

/// Whether the value at a position holds a test. Text is tested once per entry of the dictionary.
fn test_column<'a>(
    test: &'a SpanTest,
    column: &'a SpanColumn,
) -> Box<dyn FnMut(usize) -> bool + 'a> {
    match &column.values {
        SpanValues::String { dictionary, ids } => {
            let mut known = vec![None; dictionary.len()];
            Box::new(move |at| {
                column.is_present(at)
                    && ids.get(at).is_some_and(|id| {
                        let Some(slot) = known.get_mut(*id as usize) else { return false };
                        *slot.get_or_insert_with(|| test.holds(&column.value(at)))
                    })
            })
        }
        SpanValues::Multiple { .. } => {
            Box::new(|at| column.items(at).iter().any(|item| test.holds(item)))
        }
        _ => Box::new(|at| test.holds(&column.value(at))),
    }
}
