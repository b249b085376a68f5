//! Trees made from trees. What comes out can be run, and printed: printing puts parentheses around
//! every operator, so a tree needs none of its own.

use super::{Expr, Literal, LogQuery};

/// Replaces every expression by what `rule` makes of it, one after its operands, so that a rule sees
/// what has been rewritten already and need not recurse. Lines and their stages are reached with
/// [`walk_log_queries_mut`].
///
/// ```
/// use logql::ast::{Expr, rewrite::rewrite};
/// // A dashboard's query over all streams instead of per service.
/// let query = logql::parse(r#"sum by (service) (rate({env="prod"}[5m]))"#)?;
/// let query = rewrite(query, &mut |node| match node {
///     Expr::VectorAggregation(mut aggregation) => {
///         aggregation.grouping = None;
///         Expr::VectorAggregation(aggregation)
///     }
///     node => node,
/// });
/// assert_eq!(query.to_string(), r#"sum(rate({env="prod"}[5m]))"#);
/// # Ok::<(), logql::Error>(())
/// ```
pub fn rewrite(mut expr: Expr, rule: &mut impl FnMut(Expr) -> Expr) -> Expr {
    match &mut expr {
        Expr::Log(_) | Expr::RangeAggregation(_) | Expr::Literal(_) | Expr::Vector(_) => {}
        Expr::VectorAggregation(node) => rewrite_in_place(&mut node.inner, rule),
        Expr::Binary(node) => {
            rewrite_in_place(&mut node.left, rule);
            rewrite_in_place(&mut node.right, rule);
        }
        Expr::LabelReplace(node) => rewrite_in_place(&mut node.inner, rule),
    }
    rule(expr)
}

fn rewrite_in_place(place: &mut Expr, rule: &mut impl FnMut(Expr) -> Expr) {
    // What stands in the place while its node is away.
    let nothing = Expr::Literal(Literal { value: 0.0, at: super::At::default() });
    let taken = std::mem::replace(place, nothing);
    *place = rewrite(taken, rule);
}

/// Calls `visit` with the selector and stages of every place where lines are read.
///
/// ```
/// use logql::ast::{At, LabelMatcher, MatchOp, rewrite::walk_log_queries_mut};
/// // Every selector of a tenant's query reads that tenant's streams only.
/// let mut query = logql::parse(r#"rate({app="a"} |= "x" [5m]) / rate({app="a"}[5m])"#)?;
/// walk_log_queries_mut(&mut query, &mut |log| {
///     log.selector.matchers.push(LabelMatcher {
///         name: "tenant".into(),
///         op: MatchOp::Equal,
///         value: "blue".into(),
///         at: At::default(),
///     });
/// });
/// let text = query.to_string();
/// assert_eq!(text.matches(r#"tenant="blue""#).count(), 2);
/// # Ok::<(), logql::Error>(())
/// ```
pub fn walk_log_queries_mut(expr: &mut Expr, visit: &mut impl FnMut(&mut LogQuery)) {
    match expr {
        Expr::Log(log) => visit(log),
        Expr::RangeAggregation(node) => visit(&mut node.range.log),
        Expr::VectorAggregation(node) => walk_log_queries_mut(&mut node.inner, visit),
        Expr::Binary(node) => {
            walk_log_queries_mut(&mut node.left, visit);
            walk_log_queries_mut(&mut node.right, visit);
        }
        Expr::LabelReplace(node) => walk_log_queries_mut(&mut node.inner, visit),
        Expr::Literal(_) | Expr::Vector(_) => {}
    }
}
