//! Trees made from trees.
//!
//! ~~~text
//! parse ──▶ rewrite ──▶ parenthesise ──▶ print::canonical
//! ~~~
//!
//! A rewritten tree can be evaluated as it is. To be *printed* it needs parentheses wherever
//! precedence would read its text differently: [`parenthesise`] puts them there, and nowhere else.

use super::{Binary, BinaryOp, Expr, Paren, visit::walk_mut};
use telemetry_core::syntax::Span;

/// Replaces every node by what `rule` makes of it, a node after what it holds, so that a rule sees
/// what has been rewritten already and need not recurse.
///
/// ```
/// use promql::ast::{Expr, rewrite::rewrite};
/// // Parentheses around a single selector say nothing.
/// let expr = promql::parse("((a)) + (b + c)")?;
/// let expr = rewrite(expr, &mut |node| match node {
///     Expr::Paren(paren) if matches!(*paren.expr, Expr::Selector(_)) => *paren.expr,
///     node => node,
/// });
/// assert_eq!(expr.to_string(), "a + (b + c)");
/// # Ok::<(), promql::Error>(())
/// ```
pub fn rewrite(mut expr: Expr, rule: &mut impl FnMut(Expr) -> Expr) -> Expr {
    match &mut expr {
        Expr::Number(_) | Expr::String(_) | Expr::Selector(_) | Expr::Matrix(_) => {}
        Expr::Subquery(node) => rewrite_in_place(&mut node.expr, rule),
        Expr::Call(node) => node.args.iter_mut().for_each(|arg| rewrite_in_place(arg, rule)),
        Expr::Aggregate(node) => {
            if let Some(param) = &mut node.param {
                rewrite_in_place(param, rule);
            }
            rewrite_in_place(&mut node.expr, rule);
        }
        Expr::Unary(node) => rewrite_in_place(&mut node.expr, rule),
        Expr::Binary(node) => {
            rewrite_in_place(&mut node.left, rule);
            rewrite_in_place(&mut node.right, rule);
        }
        Expr::Paren(node) => rewrite_in_place(&mut node.expr, rule),
    }
    rule(expr)
}

fn rewrite_in_place(place: &mut Expr, rule: &mut impl FnMut(Expr) -> Expr) {
    let taken = std::mem::replace(place, nothing());
    *place = rewrite(taken, rule);
}

/// Puts parentheses where the text of `expr` would otherwise be read as another tree.
///
/// ```
/// use promql::ast::{Expr, rewrite::parenthesise};
/// let mut product = promql::parse("rate(a[5m]) * b")?;
/// let sum = promql::parse("b + c")?;
/// if let Expr::Binary(node) = &mut product {
///     node.right = sum.into();
/// }
/// assert_eq!(product.to_string(), "rate(a[5m]) * b + c");
/// parenthesise(&mut product);
/// assert_eq!(product.to_string(), "rate(a[5m]) * (b + c)");
/// # Ok::<(), promql::Error>(())
/// ```
pub fn parenthesise(expr: &mut Expr) {
    walk_mut(expr, &mut |node| {
        match node {
            Expr::Binary(Binary { op, left, right, .. }) => {
                wrap_unless(left, may_stand_left_of(*op, left));
                wrap_unless(right, may_stand_right_of(*op, right));
            }
            Expr::Unary(unary) => {
                let fits = may_stand_behind_a_sign(&unary.expr);
                wrap_unless(&mut unary.expr, fits);
            }
            Expr::Subquery(subquery) => {
                let fits = is_operand(&subquery.expr);
                wrap_unless(&mut subquery.expr, fits);
            }
            _ => {}
        }
        true
    });
}

fn may_stand_left_of(op: BinaryOp, expr: &Expr) -> bool {
    match expr {
        // `^` binds more than a sign.
        Expr::Unary(_) => op != BinaryOp::Power,
        Expr::Number(_) => op != BinaryOp::Power || is_operand(expr),
        // `^` alone associates to the right.
        Expr::Binary(inner) if op == BinaryOp::Power => inner.op.binding() > op.binding(),
        Expr::Binary(inner) => inner.op.binding() >= op.binding(),
        _ => true,
    }
}

fn may_stand_right_of(op: BinaryOp, expr: &Expr) -> bool {
    match expr {
        Expr::Binary(inner) if op == BinaryOp::Power => inner.op.binding() >= op.binding(),
        Expr::Binary(inner) => inner.op.binding() > op.binding(),
        _ => true,
    }
}

/// A sign in front of a number would become part of it.
fn may_stand_behind_a_sign(expr: &Expr) -> bool {
    match expr {
        Expr::Number(_) => false,
        Expr::Binary(inner) => inner.op == BinaryOp::Power,
        _ => true,
    }
}

/// Whether a range, and `^`, take all of `expr`.
fn is_operand(expr: &Expr) -> bool {
    match expr {
        Expr::Binary(_) | Expr::Unary(_) => false,
        Expr::Number(number) => !number.value.is_sign_negative(),
        _ => true,
    }
}

fn wrap_unless(place: &mut Expr, fits: bool) {
    if !fits {
        let span = place.span();
        let expr = std::mem::replace(place, nothing());
        *place = Expr::Paren(Paren { expr: Box::new(expr), span });
    }
}

/// What stands in a place while its node is away.
fn nothing() -> Expr {
    Expr::Number(super::NumberLiteral { value: 0.0, is_duration: false, span: Span::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::visit::clear_spans;
    use crate::{ParseOptions, parse_with};

    /// Without parentheses in the tree, and with those put back that it needs.
    fn squeezed(query: &str) -> String {
        let expr = parse_with(query, &ParseOptions::EVERYTHING).unwrap();
        let mut expr = rewrite(expr, &mut |node| match node {
            Expr::Paren(paren) => *paren.expr,
            node => node,
        });
        parenthesise(&mut expr);
        let text = expr.to_string();
        let mut again = parse_with(&text, &ParseOptions::EVERYTHING).unwrap();
        clear_spans(&mut again);
        clear_spans(&mut expr);
        assert_eq!(again, expr, "{text}");
        text
    }

    #[test]
    fn only_needed_parentheses_remain() {
        for (query, expected) in [
            ("(a + b) * c", "(a + b) * c"),
            ("a + (b * c)", "a + b * c"),
            ("(a - b) - c", "a - b - c"),
            ("a - (b - c)", "a - (b - c)"),
            ("(a ^ b) ^ c", "(a ^ b) ^ c"),
            ("a ^ (b ^ c)", "a ^ b ^ c"),
            ("a ^ (b * c)", "a ^ (b * c)"),
            ("(-a) ^ b", "(-a) ^ b"),
            ("-(a ^ b)", "-a ^ b"),
            ("-(a * b)", "-(a * b)"),
            ("a * (-b)", "a * -b"),
            ("(-1) ^ b", "(-1) ^ b"),
            ("(-1) * b", "-1 * b"),
            ("(a or b) and c", "(a or b) and c"),
            ("a or (b and c)", "a or b and c"),
            ("(a > b)[5m:]", "(a > b)[5m:]"),
            ("(sum(a))[5m:]", "sum(a)[5m:]"),
            ("sum((a + b))", "sum(a + b)"),
        ] {
            assert_eq!(squeezed(query), expected, "{query}");
        }
    }
}
