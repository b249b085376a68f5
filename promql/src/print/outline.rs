//! The nodes of a tree, one a line.

use super::canonical::{canonical, write_aggregate_head, write_operator, write_subquery_range};
use crate::ast::Expr;
use std::fmt::Write as _;

/// What a tree is made of, a line per node, what it holds indented below it. For people, not for
/// programs: the form may change.
///
/// ```
/// let expr = promql::parse("sum by (a) (rate(b[5m])) > 1")?;
/// assert_eq!(promql::print::outline(&expr), "\
/// Binary >
///   Aggregate sum by (a)
///     Call rate
///       Matrix b[5m]
///   Number 1
/// ");
/// # Ok::<(), promql::Error>(())
/// ```
pub fn outline(expr: &Expr) -> String {
    let mut out = String::new();
    write_outline(&mut out, expr, 0);
    out
}

fn write_outline(out: &mut String, expr: &Expr, level: usize) {
    for _ in 0..level {
        out.push_str("  ");
    }
    let mut detail = String::new();
    // Writing to a String cannot fail.
    let (kind, below): (_, Vec<&Expr>) = match expr {
        Expr::Number(_) => ("Number", vec![]),
        Expr::String(_) => ("String", vec![]),
        Expr::Selector(_) => ("Selector", vec![]),
        Expr::Matrix(_) => ("Matrix", vec![]),
        Expr::Subquery(node) => {
            let _ = write_subquery_range(&mut detail, node);
            ("Subquery", vec![&node.expr])
        }
        Expr::Call(node) => {
            detail.push_str(&node.name);
            ("Call", node.args.iter().collect())
        }
        Expr::Aggregate(node) => {
            let _ = write_aggregate_head(&mut detail, node);
            ("Aggregate", node.param.iter().map(|param| &**param).chain([&*node.expr]).collect())
        }
        Expr::Unary(node) => {
            detail.push_str(node.op.name());
            ("Unary", vec![&node.expr])
        }
        Expr::Binary(node) => {
            let _ = write_operator(&mut detail, node);
            ("Binary", vec![&node.left, &node.right])
        }
        Expr::Paren(node) => ("Paren", vec![&node.expr]),
    };
    if below.is_empty() && detail.is_empty() {
        detail = canonical(expr);
    }
    let line = format!("{kind} {detail}");
    let _ = writeln!(out, "{}", line.trim_end());
    for node in below {
        write_outline(out, node, level + 1);
    }
}
