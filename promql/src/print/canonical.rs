//! One line, as Prometheus prints it.
//!
//! Any tree that a parser built parses back to itself, spans aside. Parentheses are printed where
//! the tree has them and nowhere else, so a tree made by hand needs [`Paren`](crate::ast::Paren)
//! where precedence asks for it.

use super::quote::{quote_bytes, write_label, write_labels};
use crate::ast::{
    Aggregate, AtTime, Binary, Call, Duration, DurationExpr, DurationExprKind, DurationKind, Expr,
    Extension, Grouping, LabelMatcher, Matching, MatchingLabels, MatrixSelector, Modifiers,
    NumberLiteral, Side, StringLiteral, Subquery, VectorSelector,
};
use crate::check::millis_of;
use crate::lexer::is_bare_metric_name;
use std::fmt::{self, Write};
use telemetry_core::labels::METRIC_NAME;
use telemetry_core::syntax::number;
use telemetry_core::syntax::string::write_quoted;
use telemetry_core::time::duration::Prometheus;

/// `expr` as Prometheus prints it.
///
/// ```
/// let expr = promql::parse("SUM(rate({'http.requests'}[300])) BY('a.b',c,) >bool 0x10")?;
/// let text = promql::print::canonical(&expr);
/// assert_eq!(text, r#"sum by ("a.b", c) (rate({__name__="http.requests"}[5m])) > bool 16"#);
/// # Ok::<(), promql::Error>(())
/// ```
pub fn canonical(expr: &Expr) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_expr(&mut out, expr);
    out
}

impl fmt::Display for Expr {
    /// Writes what [`canonical`] returns.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_expr(f, self)
    }
}

fn write_expr(out: &mut impl Write, expr: &Expr) -> fmt::Result {
    match expr {
        Expr::Number(node) => write_number(out, node),
        Expr::String(node) => write_string(out, node),
        Expr::Selector(node) => {
            write_series(out, node)?;
            write_extension(out, node.extension)?;
            write_modifiers(out, &node.modifiers)
        }
        Expr::Matrix(node) => write_matrix(out, node),
        Expr::Subquery(node) => {
            write_expr(out, &node.expr)?;
            write_subquery_range(out, node)
        }
        Expr::Call(node) => write_call(out, node),
        Expr::Aggregate(node) => write_aggregate(out, node),
        Expr::Unary(node) => {
            out.write_str(node.op.name())?;
            write_expr(out, &node.expr)
        }
        Expr::Binary(node) => {
            write_expr(out, &node.left)?;
            out.write_str(" ")?;
            write_operator(out, node)?;
            out.write_str(" ")?;
            write_expr(out, &node.right)
        }
        Expr::Paren(node) => {
            out.write_str("(")?;
            write_expr(out, &node.expr)?;
            out.write_str(")")
        }
    }
}

fn write_number(out: &mut impl Write, node: &NumberLiteral) -> fmt::Result {
    if node.is_duration { write_seconds(out, node.value) } else { number::write_f(out, node.value) }
}

/// Seconds as a duration: `1h30m`.
fn write_seconds(out: &mut impl Write, seconds: f64) -> fmt::Result {
    write_millis(out, millis_of(seconds))
}

fn write_millis(out: &mut impl Write, millis: i64) -> fmt::Result {
    let sign = if millis < 0 { "-" } else { "" };
    write!(out, "{sign}{}", Prometheus(millis.saturating_abs().saturating_mul(1_000_000)))
}

fn write_string(out: &mut impl Write, node: &StringLiteral) -> fmt::Result {
    match &node.bytes {
        Some(bytes) => out.write_str(&quote_bytes(bytes)),
        None => write_quoted(out, &node.value),
    }
}

/// A selector without what follows the braces.
fn write_series(out: &mut impl Write, node: &VectorSelector) -> fmt::Result {
    let bare = node.name.as_deref().filter(|name| is_bare_metric_name(name));
    if let Some(name) = bare {
        out.write_str(name)?;
        if node.matchers.is_empty() {
            return Ok(());
        }
    }
    out.write_str("{")?;
    let mut separator = "";
    if let (None, Some(name)) = (bare, node.name.as_deref()) {
        write!(out, "{METRIC_NAME}=")?;
        write_quoted(out, name)?;
        separator = ", ";
    }
    for LabelMatcher { op, name, value, .. } in &node.matchers {
        out.write_str(separator)?;
        // Prometheus puts no space here, unlike everywhere else.
        separator = ",";
        write_label(out, name)?;
        out.write_str(op.as_str())?;
        write_quoted(out, value)?;
    }
    out.write_str("}")
}

fn write_extension(out: &mut impl Write, extension: Option<Extension>) -> fmt::Result {
    match extension {
        Some(Extension::Anchored) => out.write_str(" anchored"),
        Some(Extension::Smoothed) => out.write_str(" smoothed"),
        None => Ok(()),
    }
}

fn write_modifiers(out: &mut impl Write, modifiers: &Modifiers) -> fmt::Result {
    match modifiers.at.map(|at| at.time) {
        Some(AtTime::Millis(millis)) => {
            let sign = if millis < 0 { "-" } else { "" };
            let (seconds, rest) = (millis.unsigned_abs() / 1000, millis.unsigned_abs() % 1000);
            write!(out, " @ {sign}{seconds}.{rest:03}")?;
        }
        Some(AtTime::Start) => out.write_str(" @ start()")?,
        Some(AtTime::End) => out.write_str(" @ end()")?,
        None => {}
    }
    if let Some(offset) = &modifiers.offset {
        out.write_str(" offset ")?;
        write_duration(out, offset)?;
    }
    Ok(())
}

fn write_matrix(out: &mut impl Write, node: &MatrixSelector) -> fmt::Result {
    write_series(out, &node.selector)?;
    out.write_str("[")?;
    write_duration(out, &node.range)?;
    out.write_str("]")?;
    write_extension(out, node.selector.extension)?;
    write_modifiers(out, &node.selector.modifiers)
}

/// What stands behind the expression of a subquery.
pub(super) fn write_subquery_range(out: &mut impl Write, node: &Subquery) -> fmt::Result {
    out.write_str("[")?;
    write_duration(out, &node.range)?;
    out.write_str(":")?;
    if let Some(step) = &node.step {
        write_duration(out, step)?;
    }
    out.write_str("]")?;
    write_modifiers(out, &node.modifiers)
}

fn write_duration(out: &mut impl Write, duration: &Duration) -> fmt::Result {
    match &duration.kind {
        DurationKind::Millis(millis) => write_millis(out, *millis),
        DurationKind::Expr(expr) => write_duration_expr(out, expr),
    }
}

fn write_duration_expr(out: &mut impl Write, expr: &DurationExpr) -> fmt::Result {
    match &expr.kind {
        DurationExprKind::Number { value, is_duration: true } => write_seconds(out, *value),
        DurationExprKind::Number { value, is_duration: false } => number::write_f(out, *value),
        DurationExprKind::Step => out.write_str("step()"),
        DurationExprKind::Range => out.write_str("range()"),
        DurationExprKind::MinOf(left, right) => write_of_two(out, "min_of", left, right),
        DurationExprKind::MaxOf(left, right) => write_of_two(out, "max_of", left, right),
        DurationExprKind::Negate(inner) => {
            out.write_str("-")?;
            write_duration_expr(out, inner)
        }
        DurationExprKind::Binary(op, left, right) => {
            write_duration_expr(out, left)?;
            write!(out, " {} ", op.name())?;
            write_duration_expr(out, right)
        }
        DurationExprKind::Paren(inner) => {
            out.write_str("(")?;
            write_duration_expr(out, inner)?;
            out.write_str(")")
        }
    }
}

fn write_of_two(
    out: &mut impl Write,
    function: &str,
    left: &DurationExpr,
    right: &DurationExpr,
) -> fmt::Result {
    write!(out, "{function}(")?;
    write_duration_expr(out, left)?;
    out.write_str(", ")?;
    write_duration_expr(out, right)?;
    out.write_str(")")
}

fn write_call(out: &mut impl Write, node: &Call) -> fmt::Result {
    write!(out, "{}(", node.name)?;
    for (at, arg) in node.args.iter().enumerate() {
        if at > 0 {
            out.write_str(", ")?;
        }
        write_expr(out, arg)?;
    }
    out.write_str(")")
}

fn write_aggregate(out: &mut impl Write, node: &Aggregate) -> fmt::Result {
    write_aggregate_head(out, node)?;
    out.write_str("(")?;
    if let Some(param) = &node.param {
        write_expr(out, param)?;
        out.write_str(", ")?;
    }
    write_expr(out, &node.expr)?;
    out.write_str(")")
}

/// The operation and its clause: `sum by (job) `.
pub(super) fn write_aggregate_head(out: &mut impl Write, node: &Aggregate) -> fmt::Result {
    out.write_str(node.op.name())?;
    let (word, labels) = match &node.grouping {
        Grouping::By(labels) if labels.is_empty() => return Ok(()),
        Grouping::By(labels) => (" by", labels),
        Grouping::Without(labels) => (" without", labels),
    };
    out.write_str(word)?;
    write_labels(out, labels)?;
    out.write_str(" ")
}

/// The operator with its modifiers, without spaces around it.
pub(super) fn write_operator(out: &mut impl Write, node: &Binary) -> fmt::Result {
    let Matching { labels, group, fill } = &node.matching;
    out.write_str(node.op.name())?;
    if node.return_bool {
        out.write_str(" bool")?;
    }
    match labels {
        MatchingLabels::Ignoring(labels) if labels.is_empty() && group.is_none() => {}
        MatchingLabels::Ignoring(labels) => {
            out.write_str(" ignoring")?;
            write_labels(out, labels)?;
        }
        MatchingLabels::On(labels) => {
            out.write_str(" on")?;
            write_labels(out, labels)?;
        }
    }
    if let Some(group) = group {
        out.write_str(if group.many == Side::Left { " group_left" } else { " group_right" })?;
        write_labels(out, &group.include)?;
    }
    match (fill.left, fill.right) {
        (Some(left), Some(right)) if left.to_bits() == right.to_bits() => {
            write!(out, " fill ({})", number::G(left))
        }
        (left, right) => {
            if let Some(left) = left {
                write!(out, " fill_left ({})", number::G(left))?;
            }
            if let Some(right) = right {
                write!(out, " fill_right ({})", number::G(right))?;
            }
            Ok(())
        }
    }
}
