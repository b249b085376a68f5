//! `{app="api", env!="dev"} |= "x" | json`: selectors and pipelines.

use super::modifier::list;
use super::stage;
use super::tokens::{Parsed, Tokens, identifier, keyword, string};
use crate::ast::{LabelMatcher, LogQuery, Selector, Stage};
use crate::lexer::{Keyword, TokenKind};
use telemetry_core::labels::MatchOp;

/// A selector and all stages behind it.
pub(super) fn log_query(input: Tokens<'_>) -> Parsed<'_, LogQuery> {
    let (rest, selector) = selector(input)?;
    let (rest, stages) = pipeline(rest)?;
    Ok((rest, LogQuery { selector, stages, at: input.until(&rest).into() }))
}

/// `{…}`.
pub(super) fn selector(input: Tokens<'_>) -> Parsed<'_, Selector> {
    let (rest, _) = keyword(Keyword::OpenBrace)(input)?;
    let (rest, matchers) = match keyword(Keyword::CloseBrace)(rest) {
        Ok((rest, _)) => (rest, Vec::new()),
        Err(_) => {
            let (rest, matchers) = list(rest, matcher)?;
            let (rest, _) = keyword(Keyword::CloseBrace)(rest)?;
            (rest, matchers)
        }
    };
    Ok((rest, Selector { matchers, at: input.until(&rest).into() }))
}

/// `name op "value"`.
pub(super) fn matcher(input: Tokens<'_>) -> Parsed<'_, LabelMatcher> {
    let (rest, name) = identifier(input)?;
    let (rest, op) = match_op(rest)?;
    let (rest, (value, _)) = string(rest)?;
    Ok((rest, LabelMatcher { name, op, value, at: input.until(&rest).into() }))
}

pub(super) fn match_op(input: Tokens<'_>) -> Parsed<'_, MatchOp> {
    let op = match input.kind() {
        TokenKind::Keyword(Keyword::Equal) => MatchOp::Equal,
        TokenKind::Keyword(Keyword::NotEqual) => MatchOp::NotEqual,
        TokenKind::Keyword(Keyword::RegexMatch) => MatchOp::Regex,
        TokenKind::Keyword(Keyword::NotRegexMatch) => MatchOp::NotRegex,
        _ => {
            for expected in ["=", "=~", "!~"] {
                let _ = input.fail::<()>(expected);
            }
            return input.fail("!=");
        }
    };
    Ok((input.advanced(), op))
}

/// Stages, as many as there are; stops in front of `| unwrap`, which is none.
pub(super) fn pipeline(input: Tokens<'_>) -> Parsed<'_, Vec<Stage>> {
    let mut rest = input;
    let mut stages = Vec::new();
    while stage::starts(rest) {
        rest = stage::stage(rest, &mut stages)?.0;
    }
    Ok((rest, stages))
}
