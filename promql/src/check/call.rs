//! Calls and aggregations: do they exist, and do their arguments fit?

use super::{ArgumentCount, CheckError, CheckErrorKind, Place, check, refuse, selector};
use crate::ast::{Aggregate, Call, Expr, Extension, ValueType};
use crate::functions::signature::{Signature, signature};
use crate::parse::ParseOptions;
use crate::print::quote_bytes;
use telemetry_core::syntax::Span;

/// The type of `expr`, which makes sense; a function that does not exist gives a vector.
pub fn type_of(expr: &Expr) -> ValueType {
    match expr {
        Expr::Number(_) => ValueType::Scalar,
        Expr::String(_) => ValueType::String,
        Expr::Selector(_) | Expr::Aggregate(_) => ValueType::Vector,
        Expr::Matrix(_) | Expr::Subquery(_) => ValueType::Matrix,
        Expr::Call(node) => signature(&node.name).map_or(ValueType::Vector, |row| row.gives),
        Expr::Unary(node) => type_of(&node.expr),
        Expr::Binary(node) => match (type_of(&node.left), type_of(&node.right)) {
            (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
            _ => ValueType::Vector,
        },
        Expr::Paren(node) => type_of(&node.expr),
    }
}

pub(super) fn call(node: &Call, options: &ParseOptions) -> Result<ValueType, CheckError> {
    let Some(row) = signature(&node.name) else {
        let name = node.name.clone();
        return refuse(CheckErrorKind::UnknownFunction { name }, node.name_span);
    };
    if row.experimental && !options.experimental_functions {
        let name = node.name.clone();
        return refuse(CheckErrorKind::Experimental { name }, node.name_span);
    }
    argument_count(row, node)?;
    for (index, arg) in node.args.iter().enumerate() {
        let found = match (row.name, index, arg) {
            ("info", 1, Expr::Selector(labels)) => {
                if labels.name.is_some() {
                    return refuse(CheckErrorKind::InfoSelector, labels.span);
                }
                selector::labels_only(labels)?;
                ValueType::Vector
            }
            ("info", 1, _) => return refuse(CheckErrorKind::InfoSelector, arg.span()),
            _ => check(arg, options)?,
        };
        let expected = row.argument(index).unwrap_or(found);
        expect_type(expected, found, Place::Call(row.name), arg.span())?;
        extension(row, arg)?;
    }
    Ok(row.gives)
}

fn argument_count(row: &Signature, node: &Call) -> Result<(), CheckError> {
    let found = node.args.len();
    let least = row.takes.len();
    let most = least.saturating_add(row.then.at_most);
    let expected = match found {
        _ if least == most && found != least => ArgumentCount::Exactly(least),
        _ if found < least => ArgumentCount::AtLeast(least),
        _ if found > most => ArgumentCount::AtMost(most),
        _ => return Ok(()),
    };
    refuse(CheckErrorKind::ArgumentCount { function: row.name, expected, found }, node.span)
}

/// `anchored` and `smoothed` change what few functions compute, and others refuse them.
fn extension(row: &Signature, arg: &Expr) -> Result<(), CheckError> {
    let Expr::Matrix(matrix) = without_parens(arg) else { return Ok(()) };
    let Some(extension) = matrix.selector.extension else { return Ok(()) };
    let known = match row.name {
        "delta" | "increase" | "rate" => true,
        "changes" | "resets" => extension == Extension::Anchored,
        _ => false,
    };
    if known {
        return Ok(());
    }
    let kind = CheckErrorKind::ExtensionInFunction { extension, function: row.name };
    refuse(kind, matrix.span)
}

pub(super) fn aggregate(node: &Aggregate, options: &ParseOptions) -> Result<(), CheckError> {
    if node.op.is_experimental() && !options.experimental_functions {
        let name = node.op.name().into();
        return refuse(CheckErrorKind::Experimental { name }, node.span);
    }
    if let Some(param) = &node.param {
        let found = check(param, options)?;
        let expected = node.op.takes_param().unwrap_or(found);
        expect_type(expected, found, Place::AggregationParameter, param.span())?;
        if let Expr::String(literal) = without_parens(param)
            && (literal.value.is_empty() || literal.bytes.is_some())
        {
            let bytes = literal.bytes.as_deref().unwrap_or_default();
            let quoted = quote_bytes(bytes).into();
            return refuse(CheckErrorKind::LabelName { quoted }, literal.span);
        }
    }
    let found = check(&node.expr, options)?;
    expect_type(ValueType::Vector, found, Place::Aggregation, node.expr.span())
}

fn expect_type(
    expected: ValueType,
    found: ValueType,
    place: Place,
    span: Span,
) -> Result<(), CheckError> {
    if found == expected {
        return Ok(());
    }
    refuse(CheckErrorKind::Type { expected, found, place }, span)
}

fn without_parens(mut expr: &Expr) -> &Expr {
    while let Expr::Paren(paren) = expr {
        expr = &paren.expr;
    }
    expr
}
