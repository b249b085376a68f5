//! Which well-formed queries have a meaning.
//!
//! Children are checked before their parents, left before right; the first fault is reported.
//! What belongs to a single stage (paths, templates, addresses) is checked when the stage is
//! made, as in Loki: formatting a query does not need it.

mod fold;
mod pipeline;

pub(crate) use fold::{apply, compare, fold};
pub(crate) use pipeline::check_stages;

use fold::evaluate;

use crate::ast::{
    Binary, Expr, LogQuery, RangeAggregation, RangeOp, Selector, VectorAggregation, VectorOp,
};
use crate::error::{CheckError, Error};
use telemetry_core::labels::Matcher;
use telemetry_core::labels::regex::Regex;
use telemetry_core::syntax::Span;

/// Checks a whole tree.
pub(crate) fn check(expr: &Expr) -> Result<(), Error> {
    match expr {
        Expr::Log(log) => check_log(log),
        Expr::RangeAggregation(node) => check_range(node),
        Expr::VectorAggregation(node) => {
            check(&node.inner)?;
            check_vector(node).map_err(|error| at(error, node.at.0))
        }
        Expr::Binary(node) => {
            check(&node.left)?;
            check(&node.right)?;
            check_operands(node)
        }
        Expr::LabelReplace(node) => {
            check(&node.inner)?;
            Regex::new(&label_replace_pattern(&node.regex))
                .map(drop)
                .map_err(|error| at(CheckError::LabelReplaceRegex(error), node.regex_at.0))
        }
        Expr::Literal(_) | Expr::Vector(_) => Ok(()),
    }
}

/// The regular expression of `label_replace` is anchored at both ends.
pub(crate) fn label_replace_pattern(regex: &str) -> String {
    format!("^(?:{regex})$")
}

fn at(error: CheckError, span: Span) -> Error {
    Error::Check { error, span }
}

/// Checks a log query.
pub(crate) fn check_log(log: &LogQuery) -> Result<(), Error> {
    check_stages(&log.stages)?;
    check_selector(&log.selector)
}

/// A selector must name something: one matcher must refuse the empty text.
fn check_selector(selector: &Selector) -> Result<(), Error> {
    let matchers = matchers(selector)?;
    if matchers.iter().all(Matcher::matches_empty) {
        return Err(at(CheckError::MatchesEverything, selector.at.0));
    }
    Ok(())
}

/// The matchers of a selector, compiled.
pub(crate) fn matchers(selector: &Selector) -> Result<Vec<Matcher>, Error> {
    selector
        .matchers
        .iter()
        .map(|matcher| {
            Matcher::new(matcher.op, &*matcher.name, &*matcher.value)
                .map_err(|error| at(CheckError::Regex(error), matcher.at.0))
        })
        .collect()
}

fn check_range(node: &RangeAggregation) -> Result<(), Error> {
    check_log(&node.range.log)?;
    for filter in node.range.unwrap.iter().flat_map(|unwrap| &unwrap.filters) {
        pipeline::check_label_filter(filter)?;
    }
    range_rules(node).map_err(|error| at(error, node.at.0))
}

fn range_rules(node: &RangeAggregation) -> Result<(), CheckError> {
    use RangeOp as Op;
    let op = node.op;
    match (&node.parameter, op) {
        (Some(_), Op::Quantile) => {}
        (Some(parameter), _) => {
            return Err(CheckError::RangeParameter { text: parameter.text.clone(), op });
        }
        (None, Op::Quantile) => return Err(CheckError::RangeParameterMissing(op)),
        (None, _) => {}
    }
    let groups = matches!(
        op,
        Op::Avg | Op::Stddev | Op::Stdvar | Op::Quantile | Op::Max | Op::Min | Op::First | Op::Last
    );
    if node.grouping.is_some() && !groups {
        return Err(CheckError::RangeGrouping(op));
    }
    let counts_lines = matches!(op, Op::Count | Op::Bytes | Op::BytesRate);
    let takes_both = matches!(op, Op::Rate | Op::Absent);
    match node.range.unwrap.is_some() {
        true if counts_lines => Err(CheckError::HasUnwrap(op)),
        false if !counts_lines && !takes_both => Err(CheckError::NeedsUnwrap(op)),
        _ => Ok(()),
    }
}

fn check_vector(node: &VectorAggregation) -> Result<(), CheckError> {
    let op = node.op;
    let takes_k = matches!(op, VectorOp::Topk | VectorOp::Bottomk | VectorOp::ApproxTopk);
    match &node.parameter {
        Some(parameter) => {
            let text = parameter.text.clone();
            if !takes_k {
                return Err(CheckError::VectorParameter { op, text });
            }
            match text.parse::<i64>() {
                Err(_) => return Err(CheckError::VectorParameterInvalid { op, text }),
                Ok(k) if k <= 0 => return Err(CheckError::VectorParameterZero { op, text }),
                Ok(_) => {}
            }
        }
        None if takes_k => return Err(CheckError::VectorParameterMissing(op)),
        None => {}
    }
    match (&node.grouping, op) {
        (Some(_), VectorOp::Sort | VectorOp::SortDesc) => Err(CheckError::SortGrouping),
        (Some(_), VectorOp::ApproxTopk) => Err(CheckError::VectorGrouping(op)),
        _ => Ok(()),
    }
}

fn check_operands(node: &Binary) -> Result<(), Error> {
    let op = node.op;
    let sides = [("left", &node.left), ("right", &node.right)];
    for (side, operand) in sides {
        if let Expr::Log(log) = &**operand {
            let name = if log.stages.is_empty() { "MatchersExpr" } else { "PipelineExpr" };
            let error = CheckError::OperandType { side, op, node: name };
            return Err(at(error, operand.span()));
        }
    }
    for (side, operand) in sides {
        if op.is_set()
            && let Some(value) = evaluate(operand)
        {
            let error = CheckError::OperandLiteral { side, op, value };
            return Err(at(error, operand.span()));
        }
    }
    Ok(())
}
