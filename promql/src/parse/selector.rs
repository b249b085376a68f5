//! `name{label="value", …}`.

use super::literal::utf8_string;
use super::tokens::{Built, Parsed, Tokens, built, token};
use super::{Expected, SyntaxError};
use crate::ast::{Expr, LabelMatcher, MatchOp, Modifiers, VectorSelector};
use crate::lexer::{Token, TokenKind};
use nom::Parser as _;
use nom::combinator::cut;
use telemetry_core::labels::METRIC_NAME;

/// A name, a list of matchers, or both. The caller has seen that the next token begins one.
pub(super) fn selector(input: Tokens<'_>) -> Parsed<'_, Built<Expr>> {
    let first = input.peek();
    let mut rest = input;
    let mut name = None;
    if first.kind != TokenKind::LeftBrace {
        name = Some(first.span.text(input.query()).into());
        rest = rest.advance();
    }
    let mut matchers = Vec::new();
    if rest.peek().kind == TokenKind::LeftBrace {
        (rest, matchers) =
            cut(list(TokenKind::LeftBrace, matcher, TokenKind::RightBrace)).parse(rest)?;
    }
    let span = rest.span_from(first.span.start);
    let modifiers = Modifiers::default();
    let node = VectorSelector { name, matchers, extension: None, modifiers, span };
    Ok((rest, built(Expr::Selector(node), span, 0)?))
}

/// `label="value"`, or the name of the metric as a bare string.
fn matcher(input: Tokens<'_>) -> Parsed<'_, LabelMatcher> {
    let Token { kind, span } = input.peek();
    let (rest, name) = match kind {
        TokenKind::Name => (input.advance(), span.text(input.query()).into()),
        TokenKind::String => {
            let (rest, name) = utf8_string(input)?;
            if matches!(rest.peek().kind, TokenKind::Comma | TokenKind::RightBrace) {
                let op = MatchOp::Equal;
                return Ok((
                    rest,
                    LabelMatcher { op, name: METRIC_NAME.into(), value: name, span },
                ));
            }
            (rest, name)
        }
        _ => return Err(input.unexpected(Expected::Label)),
    };
    let (rest, op) = match_operator(rest)?;
    let (rest, value) = utf8_string(rest)?;
    Ok((rest, LabelMatcher { op, name, value, span: rest.span_from(span.start) }))
}

fn match_operator(input: Tokens<'_>) -> Parsed<'_, MatchOp> {
    let op = match input.peek().kind {
        TokenKind::Assign => MatchOp::Equal,
        TokenKind::NotEqual => MatchOp::NotEqual,
        TokenKind::RegexMatch => MatchOp::Regex,
        TokenKind::RegexNoMatch => MatchOp::NotRegex,
        _ => return Err(input.unexpected(Expected::MatchOperator)),
    };
    Ok((input.advance(), op))
}

/// Items between `open` and `close`, with commas between them and perhaps one behind the last.
pub(super) fn list<'t, T>(
    open: TokenKind,
    item: impl Fn(Tokens<'t>) -> Parsed<'t, T>,
    close: TokenKind,
) -> impl FnMut(Tokens<'t>) -> Result<(Tokens<'t>, Vec<T>), nom::Err<SyntaxError>> {
    move |input| {
        let (mut rest, _) = token(open)(input)?;
        let mut items = Vec::new();
        loop {
            if rest.peek().kind == close {
                return Ok((rest.advance(), items));
            }
            let (after, one) = item(rest)?;
            items.push(one);
            rest = match after.peek().kind {
                TokenKind::Comma => after.advance(),
                kind if kind == close => after,
                _ => return Err(after.unexpected(Expected::CommaOr(close))),
            };
        }
    }
}
