//! Walks over a tree.

use super::{
    At, Duration, DurationExpr, DurationExprKind, DurationKind, Expr, Modifiers, VectorSelector,
};
use telemetry_core::syntax::Span;

/// Calls `visit` with `expr` and everything below it, a node before what it holds, in the order of
/// the text. `visit` says whether to go below the node.
///
/// ```
/// use promql::ast::{visit::walk, Expr};
/// let expr = promql::parse("rate(a[5m]) + rate(b[5m])")?;
/// let mut names = Vec::new();
/// walk(&expr, &mut |node| {
///     if let Expr::Matrix(matrix) = node {
///         names.extend(matrix.selector.name.clone());
///     }
///     true
/// });
/// assert_eq!(names, ["a".into(), "b".into()]);
/// # Ok::<(), promql::Error>(())
/// ```
pub fn walk<'tree>(expr: &'tree Expr, visit: &mut impl FnMut(&'tree Expr) -> bool) {
    if !visit(expr) {
        return;
    }
    match expr {
        Expr::Number(_) | Expr::String(_) | Expr::Selector(_) | Expr::Matrix(_) => {}
        Expr::Subquery(node) => walk(&node.expr, visit),
        Expr::Call(node) => node.args.iter().for_each(|arg| walk(arg, visit)),
        Expr::Aggregate(node) => {
            if let Some(param) = &node.param {
                walk(param, visit);
            }
            walk(&node.expr, visit);
        }
        Expr::Unary(node) => walk(&node.expr, visit),
        Expr::Binary(node) => {
            walk(&node.left, visit);
            walk(&node.right, visit);
        }
        Expr::Paren(node) => walk(&node.expr, visit),
    }
}

/// As [`walk`], and `visit` may change the node it sees.
pub fn walk_mut(expr: &mut Expr, visit: &mut impl FnMut(&mut Expr) -> bool) {
    if !visit(expr) {
        return;
    }
    match expr {
        Expr::Number(_) | Expr::String(_) | Expr::Selector(_) | Expr::Matrix(_) => {}
        Expr::Subquery(node) => walk_mut(&mut node.expr, visit),
        Expr::Call(node) => node.args.iter_mut().for_each(|arg| walk_mut(arg, visit)),
        Expr::Aggregate(node) => {
            if let Some(param) = &mut node.param {
                walk_mut(param, visit);
            }
            walk_mut(&mut node.expr, visit);
        }
        Expr::Unary(node) => walk_mut(&mut node.expr, visit),
        Expr::Binary(node) => {
            walk_mut(&mut node.left, visit);
            walk_mut(&mut node.right, visit);
        }
        Expr::Paren(node) => walk_mut(&mut node.expr, visit),
    }
}

/// Sets every span to the default, so that trees of different texts can be compared.
pub fn clear_spans(expr: &mut Expr) {
    walk_mut(expr, &mut |node| {
        match node {
            Expr::Number(node) => node.span = Span::default(),
            Expr::String(node) => node.span = Span::default(),
            Expr::Selector(node) => clear_selector(node),
            Expr::Matrix(node) => {
                node.span = Span::default();
                clear_duration(&mut node.range);
                clear_selector(&mut node.selector);
            }
            Expr::Subquery(node) => {
                node.span = Span::default();
                clear_duration(&mut node.range);
                node.step.iter_mut().for_each(clear_duration);
                clear_modifiers(&mut node.modifiers);
            }
            Expr::Call(node) => {
                node.span = Span::default();
                node.name_span = Span::default();
            }
            Expr::Aggregate(node) => node.span = Span::default(),
            Expr::Unary(node) => node.span = Span::default(),
            Expr::Binary(node) => {
                node.span = Span::default();
                node.op_span = Span::default();
            }
            Expr::Paren(node) => node.span = Span::default(),
        }
        true
    });
}

fn clear_selector(selector: &mut VectorSelector) {
    selector.span = Span::default();
    selector.matchers.iter_mut().for_each(|matcher| matcher.span = Span::default());
    clear_modifiers(&mut selector.modifiers);
}

fn clear_modifiers(modifiers: &mut Modifiers) {
    modifiers.offset.iter_mut().for_each(clear_duration);
    if let Some(At { span, .. }) = &mut modifiers.at {
        *span = Span::default();
    }
}

fn clear_duration(duration: &mut Duration) {
    duration.span = Span::default();
    if let DurationKind::Expr(expr) = &mut duration.kind {
        clear_duration_expr(expr);
    }
}

fn clear_duration_expr(expr: &mut DurationExpr) {
    expr.span = Span::default();
    match &mut expr.kind {
        DurationExprKind::Number { .. } | DurationExprKind::Step | DurationExprKind::Range => {}
        DurationExprKind::Negate(inner) | DurationExprKind::Paren(inner) => {
            clear_duration_expr(inner);
        }
        DurationExprKind::MinOf(left, right)
        | DurationExprKind::MaxOf(left, right)
        | DurationExprKind::Binary(_, left, right) => {
            clear_duration_expr(left);
            clear_duration_expr(right);
        }
    }
}
