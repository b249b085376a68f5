//! `function(argument, …)`.

use super::tokens::{Built, Parsed, Tokens, built, refuse, token};
use super::{Expected, SyntaxErrorKind, expression};
use crate::ast::{Call, Expr};
use crate::lexer::TokenKind;
use nom::Parser as _;
use nom::combinator::cut;

/// A call. The caller has seen a name and a parenthesis.
pub(super) fn call(input: Tokens<'_>) -> Parsed<'_, Built<Expr>> {
    let name = input.peek().span;
    let (rest, args) = arguments(input.advance())?;
    let below = args.iter().map(|arg| arg.height).max().unwrap_or(0);
    let span = rest.span_from(name.start);
    let node = Expr::Call(Call {
        name: name.text(input.query).into(),
        name_span: name,
        args: args.into_iter().map(|arg| arg.node).collect(),
        span,
    });
    Ok((rest, built(node, span, below)?))
}

/// Expressions in parentheses with commas between them.
pub(super) fn arguments(input: Tokens<'_>) -> Parsed<'_, Vec<Built<Expr>>> {
    let (mut rest, _) = token(TokenKind::LeftParen)(input)?;
    let mut args = Vec::new();
    if rest.peek().kind == TokenKind::RightParen {
        return Ok((rest.advance(), args));
    }
    loop {
        let (after, arg) = cut(expression).parse(rest)?;
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
