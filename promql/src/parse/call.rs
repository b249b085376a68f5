//! `function(argument, …)`.

use super::tokens::{Built, Parsed, Tokens, built, refuse, token};
use super::{Expected, SyntaxError, SyntaxErrorKind, expression};
use crate::ast::{Call, Expr};
use crate::lexer::TokenKind;
use telemetry_core::syntax::Span;

/// A call. The caller has seen a name and a parenthesis.
pub(super) fn call(input: Tokens<'_>) -> Parsed<'_, Built<Expr>> {
    let name = input.peek().span;
    let (rest, args) = arguments(input.advance())?;
    Ok((rest, called(name.text(input.query()), name, args, rest.span_from(name.start))?))
}

fn called(
    name: &str,
    name_span: Span,
    args: Vec<Built<Expr>>,
    span: Span,
) -> Result<Built<Expr>, nom::Err<SyntaxError>> {
    let below = args.iter().map(|arg| arg.height).max().unwrap_or(0);
    let args = args.into_iter().map(|arg| *arg.node).collect();
    built(Expr::Call(Call { name: name.into(), name_span, args, span }), span, below)
}

/// Expressions in parentheses with commas between them.
pub(super) fn arguments(input: Tokens<'_>) -> Parsed<'_, Vec<Built<Expr>>> {
    let (mut rest, _) = token(TokenKind::LeftParen)(input)?;
    let mut args = Vec::new();
    if rest.peek().kind == TokenKind::RightParen {
        return Ok((rest.advance(), args));
    }
    loop {
        let (after, arg) = expression(rest)?;
        args.push(arg);
        let separator = after.peek();
        match separator.kind {
            TokenKind::RightParen => return Ok((after.advance(), args)),
            TokenKind::Comma => rest = after.advance(),
            _ => return Err(after.unexpected(Expected::CommaOr(TokenKind::RightParen))),
        }
        if rest.peek().kind == TokenKind::RightParen {
            return refuse(SyntaxErrorKind::TrailingComma, separator.span);
        }
    }
}
