//! On several lines where one would be too long.
//!
//! A node whose text is longer than [`LINE_BYTES_MAX`] is split: what it holds goes to lines of its
//! own, indented by one level more, and each of these is split in turn. A node that fits, and one
//! that holds no others (a selector, a literal), stays on one line.

use super::canonical::{canonical, write_aggregate_head, write_operator, write_subquery_range};
use crate::ast::{Aggregate, Binary, Call, Expr};

/// Bytes of the longest text that is not split.
pub const LINE_BYTES_MAX: usize = 100;
/// One level of indentation.
const INDENT: &str = "  ";

/// `expr` as Prometheus lays it out; it parses back to the same tree.
pub fn pretty(expr: &Expr) -> String {
    let mut out = String::new();
    write_pretty(&mut out, expr, 0);
    out
}

/// Writes `expr` and the indentation of its first line.
fn write_pretty(out: &mut String, expr: &Expr, level: usize) {
    if let Expr::Binary(node) = expr {
        return write_binary(out, expr, node, level);
    }
    indent(out, level);
    write_from_here(out, expr, level);
}

/// Writes `expr`; the indentation of its first line is there.
fn write_from_here(out: &mut String, expr: &Expr, level: usize) {
    let line = canonical(expr);
    if line.len() <= LINE_BYTES_MAX {
        out.push_str(&line);
        return;
    }
    // Writing to a String cannot fail.
    match expr {
        Expr::Number(_) | Expr::String(_) | Expr::Selector(_) | Expr::Matrix(_) => {
            out.push_str(&line);
        }
        Expr::Subquery(node) => {
            let mut inner = String::new();
            write_pretty(&mut inner, &node.expr, level);
            out.push_str(inner.trim_start());
            let _ = write_subquery_range(out, node);
        }
        Expr::Call(node) => write_call(out, node, level),
        Expr::Aggregate(node) => write_aggregate(out, node, level),
        Expr::Unary(node) => {
            let mut inner = String::new();
            write_pretty(&mut inner, &node.expr, level);
            out.push_str(node.op.name());
            out.push_str(inner.trim_start());
        }
        Expr::Binary(node) => {
            let mut inner = String::new();
            write_binary(&mut inner, expr, node, level);
            out.push_str(inner.trim_start());
        }
        Expr::Paren(node) => {
            out.push_str("(\n");
            write_pretty(out, &node.expr, level + 1);
            out.push('\n');
            indent(out, level);
            out.push(')');
        }
    }
}

fn write_binary(out: &mut String, expr: &Expr, node: &Binary, level: usize) {
    let line = canonical(expr);
    if line.len() <= LINE_BYTES_MAX {
        indent(out, level);
        out.push_str(&line);
        return;
    }
    write_pretty(out, &node.left, level + 1);
    out.push('\n');
    indent(out, level);
    let _ = write_operator(out, node);
    out.push('\n');
    write_pretty(out, &node.right, level + 1);
}

fn write_call(out: &mut String, node: &Call, level: usize) {
    out.push_str(&node.name);
    out.push_str("(\n");
    for (at, arg) in node.args.iter().enumerate() {
        if at > 0 {
            out.push_str(",\n");
        }
        write_pretty(out, arg, level + 1);
    }
    out.push('\n');
    indent(out, level);
    out.push(')');
}

fn write_aggregate(out: &mut String, node: &Aggregate, level: usize) {
    let _ = write_aggregate_head(out, node);
    out.push_str("(\n");
    if let Some(param) = &node.param {
        write_pretty(out, param, level + 1);
        out.push_str(",\n");
    }
    write_pretty(out, &node.expr, level + 1);
    out.push('\n');
    indent(out, level);
    out.push(')');
}

fn indent(out: &mut String, level: usize) {
    for _ in 0..level {
        out.push_str(INDENT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    #[test]
    fn what_fits_stays_on_one_line() {
        let expr = parse("sum by (job) (rate(errors_total[5m]))").unwrap();
        assert_eq!(pretty(&expr), canonical(&expr));
    }

    #[test]
    fn what_is_too_long_is_split_from_the_outside() {
        let expr = parse(
            "-sum by (job) (rate(http_requests_total{job=\"api\",code=~\"5..\"}[5m])) \
             / on (job) group_left () topk(3, sum by (job) (rate(http_requests_total{job=\"api\",\
             handler!~\"/metrics|/health|/ready|/debug/.*\",instance=~\"prod-.*\"}[5m])))",
        )
        .unwrap();
        let expected = r#"
  -sum by (job) (rate(http_requests_total{job="api",code=~"5.."}[5m]))
/ on (job) group_left ()
  topk(
    3,
    sum by (job) (
      rate(
        http_requests_total{job="api",handler!~"/metrics|/health|/ready|/debug/.*",instance=~"prod-.*"}[5m]
      )
    )
  )"#;
        assert_eq!(pretty(&expr), expected.trim_start_matches('\n'));
        assert_eq!(canonical(&parse(&pretty(&expr)).unwrap()), canonical(&expr));
    }
}
