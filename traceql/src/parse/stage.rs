//! Stages that begin with a keyword: `by`, `coalesce`, `select`.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use nom::Parser;
use nom::sequence::delimited;

use super::attribute::attributes;
use super::field::field_expr;
use super::{Parsed, Tokens, covered, deeper, expected, next_symbol, next_word, skip, symbol};
use crate::ast::Stage;
use crate::lexer::Symbol;

/// Such a stage, if one is next. `coalesce()` cannot be the `first`: there is nothing to join.
pub(super) fn opt_keyword_stage(
    input: Tokens<'_>,
    first: bool,
    depth: usize,
) -> Parsed<'_, Option<Stage>> {
    let open = || symbol(Symbol::Open);
    let close = || symbol(Symbol::Close);
    match next_word(input) {
        Some("by") => {
            let (inside, _) = open().parse(skip(input))?;
            let (rest, by) = field_expr(inside, deeper(depth, input)?)?;
            if next_symbol(rest) != Some(Symbol::Close) {
                return expected(rest, "`)` or an operator");
            }
            let rest = skip(rest);
            Ok((rest, Some(Stage::By(by, covered(input, rest)))))
        }
        Some("coalesce") if !first => {
            let (rest, _) = (open(), close()).parse(skip(input))?;
            Ok((rest, Some(Stage::Coalesce(covered(input, rest)))))
        }
        Some("select") => {
            let (rest, list) = delimited(open(), attributes, close()).parse(skip(input))?;
            Ok((rest, Some(Stage::Select(list, covered(input, rest)))))
        }
        _ => Ok((input, None)),
    }
}
