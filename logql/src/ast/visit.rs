//! A walk over the tree, parents before children, left before right.

use super::{Expr, LogQuery, Selector, Stage};

/// Called by [`walk`] for the nodes it passes. Every method does nothing by default.
pub trait Visit<'a> {
    /// An expression, before its operands.
    fn expr(&mut self, _: &'a Expr) {}
    /// A log query, before its selector and stages.
    fn log_query(&mut self, _: &'a LogQuery) {}
    /// A selector.
    fn selector(&mut self, _: &'a Selector) {}
    /// A stage of a pipeline.
    fn stage(&mut self, _: &'a Stage) {}
}

/// Shows every node under `expr` to `visit`. The depth of a parsed tree is bounded, hence this is.
pub fn walk<'a>(expr: &'a Expr, visit: &mut dyn Visit<'a>) {
    visit.expr(expr);
    match expr {
        Expr::Log(log) => walk_log(log, visit),
        Expr::RangeAggregation(node) => walk_log(&node.range.log, visit),
        Expr::VectorAggregation(node) => walk(&node.inner, visit),
        Expr::Binary(node) => {
            walk(&node.left, visit);
            walk(&node.right, visit);
        }
        Expr::LabelReplace(node) => walk(&node.inner, visit),
        Expr::Literal(_) | Expr::Vector(_) => {}
    }
}

fn walk_log<'a>(log: &'a LogQuery, visit: &mut dyn Visit<'a>) {
    visit.log_query(log);
    visit.selector(&log.selector);
    for stage in &log.stages {
        visit.stage(stage);
    }
}
