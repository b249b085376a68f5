//! `info`: which series are info series, and at what time they are looked up.

use telemetry_core::labels::{Matcher, Regex};
use telemetry_core::time::MillisRange;

use super::call::argument;
use super::planner::{PlanResult, Planned, Planner, Scope, strip};
use super::{Info, Select, Selector, Vector};
use crate::ast::{Call, Expr};
use crate::eval::EvaluationError;

/// The info metric that is meant where none is named.
const DEFAULT_INFO: &str = "target_info";

/// A fixed time, if there is one, and an offset.
type Reference = (Option<i64>, i64);

impl Planner {
    pub(super) fn info(&mut self, node: &Call, scope: Scope) -> PlanResult<Vector> {
        let base = argument(node, 0)?;
        let input = self.vector(base, scope)?;
        let matchers = match node.args.get(1).map(strip) {
            Some(Expr::Selector(selector)) => self.matchers(selector)?,
            _ => Vec::new(),
        };
        let (mut names, labels): (Vec<Matcher>, Vec<Matcher>) =
            matchers.into_iter().partition(|matcher| matcher.name() == "__name__");
        if names.is_empty() {
            names.push(Matcher::equal("__name__", DEFAULT_INFO));
        } else if names.iter().all(|matcher| matcher.op().is_negative())
            && let Ok(any) = Regex::anchored(".+_info")
        {
            names.push(Matcher::with_regex("__name__", any, false));
        }
        let reference = self.reference(base)?.unwrap_or((None, 0));
        let matchers = names.iter().chain(&labels).cloned().collect();
        let select = self.info_select(matchers, reference, scope, node);
        let call = Info { input: input.node, select, names, labels, span: node.span };
        // Info series are looked up at the time of the samples, so both are fixed together.
        Ok(Planned { fixed: input.fixed, node: Vector::Info(Box::new(call)) })
    }

    fn info_select(
        &mut self,
        matchers: Vec<Matcher>,
        (at, offset): Reference,
        scope: Scope,
        node: &Call,
    ) -> Select {
        let end = |time: i64| at.unwrap_or(time).saturating_sub(offset);
        let start = end(scope.first).saturating_sub(self.settings.lookback).saturating_add(1);
        let selector = self.select_by(Selector {
            matchers,
            window: MillisRange::new(start, end(scope.last)),
            step_ms: (scope.first < scope.last).then_some(scope.step),
            range_ms: None,
            function: "info",
            uses: 1,
        });
        let slot = self.slot();
        Select { selector, at, offset, extension: None, counts_only: false, span: node.span, slot }
    }

    /// When the first selector in `expr` reads its samples.
    fn reference(&self, expr: &Expr) -> Result<Option<Reference>, EvaluationError> {
        Ok(match expr {
            Expr::Number(_) | Expr::String(_) => None,
            Expr::Selector(node) => Some(self.modifiers(&node.modifiers)?),
            Expr::Matrix(node) => Some(self.modifiers(&node.selector.modifiers)?),
            Expr::Subquery(node) => {
                let (at, offset) = self.modifiers(&node.modifiers)?;
                self.reference(&node.expr)?.map(|(inner_at, inner_offset)| match inner_at {
                    Some(_) => (inner_at, inner_offset),
                    None => (at, offset.saturating_add(inner_offset)),
                })
            }
            Expr::Call(node) => {
                for arg in &node.args {
                    if let Some(found) = self.reference(arg)? {
                        return Ok(Some(found));
                    }
                }
                None
            }
            Expr::Aggregate(node) => self.reference(&node.expr)?,
            Expr::Unary(node) => self.reference(&node.expr)?,
            Expr::Binary(node) => match self.reference(&node.left)? {
                None => self.reference(&node.right)?,
                found => found,
            },
            Expr::Paren(node) => self.reference(&node.expr)?,
        })
    }
}
