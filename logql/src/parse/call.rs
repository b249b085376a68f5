//! `label_replace(…)` and `vector(…)`.

use super::literal::unsigned_number;
use super::metric;
use super::tokens::{Parsed, Tokens, keyword, string};
use crate::ast::{LabelReplace, Literal};
use crate::lexer::Keyword;
use telemetry_core::syntax::Span;

pub(super) fn label_replace(input: Tokens<'_>) -> Parsed<'_, LabelReplace> {
    let (rest, _) = keyword(Keyword::LabelReplace)(input)?;
    let (rest, _) = keyword(Keyword::OpenParen)(rest)?;
    let (rest, inner) = rest.nested(metric)?;
    let (rest, (destination, _)) = argument(rest)?;
    let (rest, (replacement, _)) = argument(rest)?;
    let (rest, (source, _)) = argument(rest)?;
    let (rest, (regex, regex_span)) = argument(rest)?;
    let (rest, _) = keyword(Keyword::CloseParen)(rest)?;
    let node = LabelReplace {
        inner: Box::new(inner),
        destination,
        replacement,
        source,
        regex,
        regex_at: regex_span.into(),
        at: input.until(&rest).into(),
    };
    Ok((rest, node))
}

/// `, "text"`.
fn argument(input: Tokens<'_>) -> Parsed<'_, (Box<str>, Span)> {
    let (rest, _) = keyword(Keyword::Comma)(input)?;
    string(rest)
}

pub(super) fn vector(input: Tokens<'_>) -> Parsed<'_, Literal> {
    let (rest, _) = keyword(Keyword::Vector)(input)?;
    let (rest, _) = keyword(Keyword::OpenParen)(rest)?;
    let (rest, number) = unsigned_number(rest)?;
    let (rest, _) = keyword(Keyword::CloseParen)(rest)?;
    Ok((rest, Literal { value: number.value, at: input.until(&rest).into() }))
}
