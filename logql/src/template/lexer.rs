//! Template text → pieces: text, and the tokens of actions.
//!
//! `{{` and `}}` enclose an action. A minus and a blank beside them take the white space of the
//! text on that side away; `/* … */` alone in an action is a comment.

use super::error::TemplateErrorKind as Kind;
use telemetry_core::syntax::string;

/// A token and the offset of its first byte.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: TokenKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    Text(String),
    Open,
    Close,
    /// A name: a function, a keyword, `true`, `nil`.
    Word(String),
    /// `.name`, without the dot.
    Field(String),
    /// `$name`, with the dollar sign.
    Variable(String),
    Dot,
    String(String),
    Number(String),
    Char(char),
    Pipe,
    Declare,
    Assign,
    Comma,
    OpenParen,
    CloseParen,
    /// White space, which tells `.a.b` from `.a .b`.
    Space,
}

/// Where a template is wrong.
pub(super) type Wrong = (usize, Kind);

const TRIM: [char; 4] = [' ', '\t', '\r', '\n'];

/// The pieces of a template.
pub(super) fn tokenize(text: &str) -> Result<Vec<Token>, Wrong> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut trim_next = false;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let open = rest.find("{{");
        let mut before = rest.get(..open.unwrap_or(rest.len())).unwrap_or_default();
        if trim_next {
            before = before.trim_start_matches(TRIM);
        }
        let Some(open) = open else {
            push_text(&mut tokens, at, before);
            return Ok(tokens);
        };
        let mut start = at + open + 2;
        let after = text.get(start..).unwrap_or_default();
        if after.starts_with('-') && after.get(1..).is_some_and(|rest| rest.starts_with(TRIM)) {
            before = before.trim_end_matches(TRIM);
            start += 1;
        }
        push_text(&mut tokens, at, before);
        let inside = text.get(start..).unwrap_or_default();
        let blank = inside.len() - inside.trim_start_matches(TRIM).len();
        if inside.get(blank..).is_some_and(|rest| rest.starts_with("/*")) {
            (at, trim_next) = comment(text, start + blank)?;
            continue;
        }
        tokens.push(Token { at: at + open, kind: TokenKind::Open });
        (at, trim_next) = action(text, start, &mut tokens)?;
    }
}

fn push_text(tokens: &mut Vec<Token>, at: usize, text: &str) {
    if !text.is_empty() {
        tokens.push(Token { at, kind: TokenKind::Text(text.into()) });
    }
}

/// Position behind a comment, and whether white space behind it goes.
fn comment(text: &str, at: usize) -> Result<(usize, bool), Wrong> {
    let body = text.get(at..).unwrap_or_default();
    let end = body.find("*/").ok_or((at, Kind::UnclosedComment))?;
    let rest = body.get(end + 2..).unwrap_or_default();
    match closing(rest) {
        Some((len, trim)) => Ok((at + end + 2 + len, trim)),
        None => Err((at, Kind::CommentEnd)),
    }
}

/// Length of the closing delimiter at the head of `rest`, and whether it trims.
fn closing(rest: &str) -> Option<(usize, bool)> {
    if rest.starts_with("}}") {
        return Some((2, false));
    }
    let blank = rest.len() - rest.trim_start_matches(TRIM).len();
    let trims = blank > 0 && rest.get(blank..).is_some_and(|rest| rest.starts_with("-}}"));
    trims.then_some((blank + 3, true))
}

/// Reads the tokens of one action; gives the position behind it, and whether white space behind
/// it goes.
fn action(text: &str, start: usize, tokens: &mut Vec<Token>) -> Result<(usize, bool), Wrong> {
    let mut at = start;
    let mut parens = 0usize;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        if let Some((len, trim)) = closing(rest) {
            if parens > 0 {
                return Err((at, Kind::UnclosedParen));
            }
            tokens.push(Token { at, kind: TokenKind::Close });
            return Ok((at + len, trim));
        }
        let Some(c) = rest.chars().next() else { return Err((start, Kind::UnclosedAction)) };
        let (kind, len) = token(rest, c).map_err(|kind| (at, kind))?;
        match kind {
            TokenKind::OpenParen => parens += 1,
            TokenKind::CloseParen => {
                parens = parens
                    .checked_sub(1)
                    .ok_or((at, Kind::Unexpected { found: ")".into(), context: "input" }))?;
            }
            _ => {}
        }
        tokens.push(Token { at, kind });
        at += len;
    }
}

fn token(rest: &str, c: char) -> Result<(TokenKind, usize), Kind> {
    let second = rest.chars().nth(1);
    Ok(match c {
        _ if TRIM.contains(&c) => {
            (TokenKind::Space, rest.len() - rest.trim_start_matches(TRIM).len())
        }
        '|' => (TokenKind::Pipe, 1),
        '(' => (TokenKind::OpenParen, 1),
        ')' => (TokenKind::CloseParen, 1),
        ',' => (TokenKind::Comma, 1),
        ':' if second == Some('=') => (TokenKind::Declare, 2),
        '=' => (TokenKind::Assign, 1),
        '"' | '`' => {
            let literal = string::read(rest).map_err(|_| Kind::String)?;
            (TokenKind::String(literal.value.into_owned()), literal.len)
        }
        '\'' => char_token(rest)?,
        '$' => {
            let name = word_len(rest.get(1..).unwrap_or_default());
            (TokenKind::Variable(rest.get(..1 + name).unwrap_or_default().into()), 1 + name)
        }
        '.' if second.is_some_and(|c| c.is_ascii_digit()) => number(rest)?,
        '.' => match word_len(rest.get(1..).unwrap_or_default()) {
            0 => (TokenKind::Dot, 1),
            len => (TokenKind::Field(rest.get(1..1 + len).unwrap_or_default().into()), 1 + len),
        },
        '+' | '-' | '0'..='9' => number(rest)?,
        _ if c == '_' || c.is_alphabetic() => {
            let len = word_len(rest);
            (TokenKind::Word(rest.get(..len).unwrap_or_default().into()), len)
        }
        _ => return Err(Kind::Character(u32::from(c))),
    })
}

fn word_len(text: &str) -> usize {
    text.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(text.len())
}

fn number(rest: &str) -> Result<(TokenKind, usize), Kind> {
    let sign = usize::from(rest.starts_with(['+', '-']));
    let body = rest.get(sign..).unwrap_or_default();
    let mut len = 0;
    let mut before = ' ';
    for c in body.chars() {
        let signs = matches!(c, '+' | '-') && matches!(before, 'e' | 'E' | 'p' | 'P');
        if !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_') || signs) {
            break;
        }
        before = c;
        len += c.len_utf8();
    }
    let text = rest.get(..sign + len).unwrap_or_default();
    if len == 0 || !body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(Kind::Number(text.into()));
    }
    Ok((TokenKind::Number(text.into()), sign + len))
}

/// A character constant. Its escapes are those of strings, so it is read as one.
fn char_token(rest: &str) -> Result<(TokenKind, usize), Kind> {
    let literal = string::read(rest).map_err(|_| Kind::String)?;
    let mut chars = literal.value.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok((TokenKind::Char(c), literal.len)),
        _ => Err(Kind::String),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(template: &str) -> Vec<String> {
        let text = |token: Token| match token.kind {
            TokenKind::Text(text) => Some(text),
            _ => None,
        };
        tokenize(template).unwrap().into_iter().filter_map(text).collect()
    }

    #[test]
    fn trim_markers_take_white_space_away() {
        assert_eq!(texts("a {{- 1 -}} b"), ["a", "b"]);
        assert_eq!(texts("a {{-1}} b"), ["a ", " b"]);
        assert_eq!(texts("a {{/* c */}} b {{- /* d */ -}} e"), ["a ", " b", "e"]);
    }

    #[test]
    fn what_is_not_closed_is_refused() {
        for (template, kind) in [
            ("{{.level", Kind::UnclosedAction),
            ("{{/* x", Kind::UnclosedComment),
            ("{{/* x */ y}}", Kind::CommentEnd),
            ("{{(1}}", Kind::UnclosedParen),
            (r#"{{"x}}"#, Kind::String),
        ] {
            assert_eq!(tokenize(template).unwrap_err().1, kind, "{template}");
        }
    }
}
