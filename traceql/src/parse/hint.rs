//! `with(name=value, …)`, at the very end of a query.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use nom::Parser;
use nom::sequence::delimited;

use super::attribute::signed_constant;
use super::{Parsed, Tokens, covered, expected, list, next_word, skip, symbol};
use crate::ast::Hint;
use crate::lexer::Symbol;

/// Hints, if there are any.
pub(super) fn opt_hints(input: Tokens<'_>) -> Parsed<'_, Vec<Hint>> {
    if next_word(input) != Some("with") {
        return Ok((input, Vec::new()));
    }
    let list = list(hint);
    delimited(symbol(Symbol::Open), list, symbol(Symbol::Close)).parse(skip(input))
}

fn hint(input: Tokens<'_>) -> Parsed<'_, Hint> {
    let Some(name) = next_word(input) else { return expected(input, "the name of a hint") };
    let (rest, _) = symbol(Symbol::Equal).parse(skip(input))?;
    let (rest, value) = signed_constant(rest)?;
    Ok((rest, Hint { name: name.into(), value, at: covered(input, rest) }))
}
