//! Aggregates: `count()`, `avg(…)`.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use nom::Parser;

use super::field::field_expr;
use super::{Parsed, Tokens, covered, deeper, expected, next_symbol, next_word, skip, symbol};
use crate::ast::{Aggregate, AggregateOp};
use crate::lexer::Symbol;

/// The aggregate that the next word names.
pub(super) fn aggregate_op(input: Tokens<'_>) -> Option<AggregateOp> {
    Some(match next_word(input)? {
        "count" => AggregateOp::Count,
        "min" => AggregateOp::Min,
        "max" => AggregateOp::Max,
        "avg" => AggregateOp::Avg,
        "sum" => AggregateOp::Sum,
        _ => return None,
    })
}

/// `op(…)`; `count` takes nothing, the others an expression.
pub(super) fn aggregate(input: Tokens<'_>, op: AggregateOp, depth: usize) -> Parsed<'_, Aggregate> {
    let (inside, _) = symbol(Symbol::Open).parse(skip(input))?;
    let (rest, operand) = match op {
        AggregateOp::Count => (inside, None),
        _ => {
            let (rest, operand) = field_expr(inside, deeper(depth, input)?)?;
            (rest, Some(operand))
        }
    };
    if next_symbol(rest) != Some(Symbol::Close) {
        return expected(rest, "`)`");
    }
    let rest = skip(rest);
    Ok((rest, Aggregate { op, operand, at: covered(input, rest) }))
}
