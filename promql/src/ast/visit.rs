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
    children(expr).into_iter().flatten().for_each(|child| walk(child, visit));
    if let Expr::Call(node) = expr {
        node.args.iter().for_each(|arg| walk(arg, visit));
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

/// As [`walk`], with the nodes above each one, the outermost first.
///
/// ```
/// use promql::ast::{visit::walk_below, Expr};
/// // A rate of a sum is wrong whenever one of the counters was reset.
/// let expr = promql::parse("max(rate(sum(errors_total)[5m:]))")?;
/// let mut found = Vec::new();
/// walk_below(&expr, &mut |node, above| {
///     let in_rate = above.iter().any(|node| matches!(node, Expr::Call(call) if &*call.name == "rate"));
///     if in_rate && matches!(node, Expr::Aggregate(_)) {
///         found.push(node.span());
///     }
///     true
/// });
/// assert_eq!(found, [(9..26).into()]);
/// # Ok::<(), promql::Error>(())
/// ```
pub fn walk_below<'tree>(
    expr: &'tree Expr,
    visit: &mut impl FnMut(&'tree Expr, &[&'tree Expr]) -> bool,
) {
    below(expr, &mut Vec::new(), visit);
}

fn below<'tree>(
    expr: &'tree Expr,
    above: &mut Vec<&'tree Expr>,
    visit: &mut impl FnMut(&'tree Expr, &[&'tree Expr]) -> bool,
) {
    if !visit(expr, above) {
        return;
    }
    above.push(expr);
    children(expr).into_iter().flatten().for_each(|child| below(child, above, visit));
    if let Expr::Call(node) = expr {
        node.args.iter().for_each(|arg| below(arg, above, visit));
    }
    above.pop();
}

/// What a node holds, in the order of the text, the arguments of a call aside.
fn children(expr: &Expr) -> [Option<&Expr>; 2] {
    match expr {
        Expr::Number(_) | Expr::String(_) | Expr::Selector(_) | Expr::Matrix(_) | Expr::Call(_) => {
            [None, None]
        }
        Expr::Subquery(node) => [Some(&node.expr), None],
        Expr::Aggregate(node) => [node.param.as_deref(), Some(&node.expr)],
        Expr::Unary(node) => [Some(&node.expr), None],
        Expr::Binary(node) => [Some(&node.left), Some(&node.right)],
        Expr::Paren(node) => [Some(&node.expr), None],
    }
}

/// Calls `visit` with every selector, that of a range vector included.
pub fn walk_selectors<'tree>(expr: &'tree Expr, visit: &mut impl FnMut(&'tree VectorSelector)) {
    walk(expr, &mut |node| {
        match node {
            Expr::Selector(selector) => visit(selector),
            Expr::Matrix(matrix) => visit(&matrix.selector),
            _ => {}
        }
        true
    });
}

/// As [`walk_selectors`], and `visit` may change the selector it sees.
///
/// ```
/// use promql::ast::{LabelMatcher, MatchOp, visit::walk_selectors_mut};
/// use telemetry_core::syntax::Span;
/// // Every selector of a tenant's query reads that tenant's series only.
/// let tenant = LabelMatcher {
///     op: MatchOp::Equal,
///     name: "tenant".into(),
///     value: "blue".into(),
///     span: Span::default(),
/// };
/// let mut expr = promql::parse("rate(a[5m]) / b")?;
/// walk_selectors_mut(&mut expr, &mut |selector| {
///     selector.matchers.retain(|matcher| matcher.name != tenant.name);
///     selector.matchers.push(tenant.clone());
/// });
/// assert_eq!(expr.to_string(), r#"rate(a{tenant="blue"}[5m]) / b{tenant="blue"}"#);
/// # Ok::<(), promql::Error>(())
/// ```
pub fn walk_selectors_mut(expr: &mut Expr, visit: &mut impl FnMut(&mut VectorSelector)) {
    walk_mut(expr, &mut |node| {
        match node {
            Expr::Selector(selector) => visit(selector),
            Expr::Matrix(matrix) => visit(&mut matrix.selector),
            _ => {}
        }
        true
    });
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
