//! From the tree to the plan.

use telemetry_core::labels::{Matcher, is_classic_name};
use telemetry_core::syntax::Span;
use telemetry_core::time::MillisRange;

use super::share::Shared;
use super::{Plan, Range, Root, Scalar, Select, Selector, Subquery, Vector};
use crate::ast::{
    AtTime, Expr, LabelMatcher, MatrixSelector, Modifiers, Subquery as SubqueryNode, Unary,
    UnaryOp, VectorSelector,
};
use crate::check::duration_millis;
use crate::eval::{EvaluationError, Grid};
use crate::plan::ValueMap;

/// What a plan depends on beside the query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlanSettings {
    /// The times asked for.
    pub(crate) grid: Grid,
    /// The end asked for, which the last step need not meet.
    pub(crate) end: i64,
    /// Whether it is a range query, even if of one step.
    pub(crate) is_range: bool,
    /// How far back an instant selector looks, in milliseconds.
    pub(crate) lookback: i64,
    /// The step of sub-queries that have none, in milliseconds.
    pub(crate) subquery_step: i64,
    /// Whether only classic names of labels may be made, not any UTF-8 text.
    pub(crate) legacy_names: bool,
}

/// The plan of a checked query.
pub(crate) fn plan(expr: &Expr, settings: PlanSettings) -> Result<Plan, EvaluationError> {
    let grid = settings.grid;
    let mut planner = Planner {
        settings,
        shared: Shared::default(),
        slots: 0,
        matchers: Vec::new(),
        function: "",
        counts_only: false,
    };
    let scope = Scope { first: grid.start, last: grid.end(), step: grid.step };
    let root = planner.root(expr, scope)?;
    Ok(Plan { root, selectors: planner.shared.into_selectors() })
}

pub(super) struct Planner {
    pub(super) settings: PlanSettings,
    shared: Shared,
    slots: usize,
    /// The matchers made so far: a regular expression that comes twice is compiled once.
    matchers: Vec<Matcher>,
    /// The function around what is planned, for the source.
    pub(super) function: &'static str,
    /// Whether of histograms in what is planned only counts and sums are looked at.
    pub(super) counts_only: bool,
}

/// The times at which a part of the query is evaluated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) step: i64,
}

/// A node, and whether it is the same at every step.
pub(super) struct Planned<T> {
    pub(super) node: T,
    pub(super) fixed: bool,
}

pub(super) type PlanResult<T> = Result<Planned<T>, EvaluationError>;

impl<T> Planned<T> {
    pub(super) fn fixed(node: T) -> Self {
        Planned { node, fixed: true }
    }

    pub(super) fn varying(node: T) -> Self {
        Planned { node, fixed: false }
    }
}

impl Planned<Vector> {
    /// To be a part of something that changes with the step.
    pub(super) fn once(self) -> Vector {
        if self.fixed { Vector::Once(Box::new(self.node)) } else { self.node }
    }
}

impl Planned<Scalar> {
    /// To be a part of something that changes with the step.
    pub(super) fn once(self) -> Scalar {
        match self.node {
            constant @ Scalar::Constant(_) => constant,
            node if self.fixed => Scalar::Once(Box::new(node)),
            node => node,
        }
    }
}

impl Planner {
    fn root(&mut self, expr: &Expr, scope: Scope) -> Result<Root, EvaluationError> {
        match strip(expr) {
            Expr::String(text) => return Ok(Root::String(text.value.clone())),
            node @ (Expr::Matrix(_) | Expr::Subquery(_)) => {
                return self.range(node, scope).map(|range| Root::Range(range.node));
            }
            _ => {}
        }
        if self.is_scalar(expr) {
            return self.scalar(expr, scope).map(|scalar| Root::Scalar(scalar.once()));
        }
        self.vector(expr, scope).map(|vector| Root::Vector(vector.once()))
    }

    /// An expression that must be a vector.
    pub(super) fn vector(&mut self, expr: &Expr, scope: Scope) -> PlanResult<Vector> {
        match expr {
            Expr::Paren(node) => self.vector(&node.expr, scope),
            Expr::Selector(node) => {
                let range = self.settings.lookback;
                let select = self.select(node, range, None, scope)?;
                Ok(Planned { fixed: select.at.is_some(), node: Vector::Select(select) })
            }
            Expr::Call(node) => self.vector_call(node, scope),
            Expr::Aggregate(node) => self.aggregate(node, scope),
            Expr::Binary(node) => self.vector_binary(node, scope),
            Expr::Unary(Unary { op: UnaryOp::Plus, expr, .. }) => self.vector(expr, scope),
            Expr::Unary(node) => {
                let input = self.vector(&node.expr, scope)?;
                let (fixed, input) = (input.fixed, Box::new(input.node));
                Ok(Planned { fixed, node: Vector::Map { map: ValueMap::Negate, input } })
            }
            other => Err(EvaluationError::Misplaced { span: other.span() }),
        }
    }

    /// An expression that must be a range.
    pub(super) fn range(&mut self, expr: &Expr, scope: Scope) -> PlanResult<Range> {
        match expr {
            Expr::Paren(node) => self.range(&node.expr, scope),
            Expr::Matrix(node) => self.samples(node, scope),
            Expr::Subquery(node) => self.subquery(node, scope),
            other => Err(EvaluationError::Misplaced { span: other.span() }),
        }
    }

    fn samples(&mut self, node: &MatrixSelector, scope: Scope) -> PlanResult<Range> {
        let range = self.positive(&node.range)?;
        let select = self.select(&node.selector, range, Some(range), scope)?;
        Ok(Planned { fixed: select.at.is_some(), node: Range::Samples { select, range } })
    }

    fn subquery(&mut self, node: &SubqueryNode, scope: Scope) -> PlanResult<Range> {
        let range = self.positive(&node.range)?;
        let step = match &node.step {
            Some(step) => self.positive(step)?,
            None => self.settings.subquery_step,
        };
        let (at, offset) = self.modifiers(&node.modifiers)?;
        let end = |time: i64| at.unwrap_or(time).saturating_sub(offset);
        let inner_grid =
            Grid::multiples(end(scope.first).saturating_sub(range), end(scope.last), step);
        let inner_scope = Scope { first: inner_grid.start, last: inner_grid.end(), step };
        let counts_only = std::mem::replace(&mut self.counts_only, false);
        let inner = self.vector(&node.expr, inner_scope)?.once();
        self.counts_only = counts_only;
        let slot = self.slot();
        let subquery = Subquery { inner, range, step, offset, at, slot };
        Ok(Planned { fixed: at.is_some(), node: Range::Subquery(Box::new(subquery)) })
    }

    /// A selector that looks `range` back from each step.
    pub(super) fn select(
        &mut self,
        node: &VectorSelector,
        range: i64,
        range_ms: Option<i64>,
        scope: Scope,
    ) -> Result<Select, EvaluationError> {
        let (at, offset) = self.modifiers(&node.modifiers)?;
        // Extended ranges look further: back for the sample before, with `smoothed` also ahead.
        let reach = if node.extension.is_some() { self.settings.lookback } else { 0 };
        let end = |time: i64| at.unwrap_or(time).saturating_sub(offset);
        let start = end(scope.first).saturating_sub(range).saturating_sub(reach);
        let window =
            MillisRange::new(start.saturating_add(1), end(scope.last).saturating_add(reach));
        let selector = Selector {
            matchers: self.matchers(node)?,
            window,
            step_ms: (scope.first < scope.last).then_some(scope.step),
            range_ms,
            function: self.function,
            uses: 1,
        };
        let selector = self.shared.add(selector);
        let (extension, counts_only) = (node.extension, self.counts_only);
        let (span, slot) = (node.span, self.slot());
        Ok(Select { selector, at, offset, extension, counts_only, span, slot })
    }

    /// The number of a selector that is not written as one.
    pub(super) fn select_by(&mut self, selector: Selector) -> usize {
        self.shared.add(selector)
    }

    /// The fixed time and the offset.
    pub(super) fn modifiers(
        &self,
        node: &Modifiers,
    ) -> Result<(Option<i64>, i64), EvaluationError> {
        let grid = self.settings.grid;
        let at = node.at.map(|at| match at.time {
            AtTime::Millis(millis) => millis,
            AtTime::Start => grid.start,
            AtTime::End => self.settings.end,
        });
        let offset = match &node.offset {
            Some(offset) => self.duration(offset)?,
            None => 0,
        };
        Ok((at, offset))
    }

    fn positive(&self, duration: &crate::ast::Duration) -> Result<i64, EvaluationError> {
        let millis = self.duration(duration)?;
        if millis <= 0 {
            let kind = crate::check::CheckErrorKind::DurationNotPositive;
            return Err(EvaluationError::Check { kind, span: duration.span });
        }
        Ok(millis)
    }

    fn duration(&self, duration: &crate::ast::Duration) -> Result<i64, EvaluationError> {
        let grid = self.settings.grid;
        let step = if self.settings.is_range { grid.step } else { 0 };
        let range = self.settings.end.saturating_sub(grid.start);
        duration_millis(duration, step, range).map_err(EvaluationError::from)
    }

    pub(super) fn slot(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }
}

impl Planner {
    /// The matchers of a selector, with its name as the first one.
    pub(super) fn matchers(
        &mut self,
        node: &VectorSelector,
    ) -> Result<Vec<Matcher>, EvaluationError> {
        let name = node.name.iter().map(|name| Matcher::equal("__name__", &**name));
        let mut result: Vec<Matcher> = name.collect();
        for written in &node.matchers {
            result.push(self.matcher(written)?);
        }
        Ok(result)
    }

    fn matcher(&mut self, written: &LabelMatcher) -> Result<Matcher, EvaluationError> {
        let same = |known: &&Matcher| {
            (known.op(), known.name(), known.value())
                == (written.op, &*written.name, &*written.value)
        };
        if let Some(known) = self.matchers.iter().find(same) {
            return Ok(known.clone());
        }
        let made = Matcher::new(written.op, &*written.name, &*written.value)
            .map_err(|source| EvaluationError::Matcher { source, span: written.span })?;
        self.matchers.push(made.clone());
        Ok(made)
    }

    /// Whether a text may be the name of a label. What is no UTF-8 has become U+FFFD on the way here.
    pub(super) fn is_label_name(&self, name: &str) -> bool {
        match self.settings.legacy_names {
            true => is_classic_name(name),
            false => !name.is_empty() && !name.contains('\u{fffd}'),
        }
    }
}

/// Without parentheses.
pub(super) fn strip(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(node) => strip(&node.expr),
        other => other,
    }
}

/// The text of an argument that must be one.
pub(super) fn text(expr: &Expr) -> Result<(&str, Span), EvaluationError> {
    match strip(expr) {
        Expr::String(text) => Ok((&text.value, text.span)),
        other => Err(EvaluationError::Misplaced { span: other.span() }),
    }
}
