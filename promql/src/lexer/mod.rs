//! Text → tokens.
//!
//! Which characters make a token depends on where they stand:
//!
//! * in braces every word is a name, and there are no numbers and no operators but those of matchers;
//! * in brackets a colon is a token of its own; elsewhere it is part of a metric's name.
//!
//! White space and comments (`#` to the end of the line) separate tokens and leave no trace. The
//! first bytes that make no token become [`TokenKind::Invalid`], the last of the tokens, and the
//! error that belongs to it is kept beside: an error of the grammar in front of it comes first.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod token;

pub use token::{Keyword, TokenKind};
pub(crate) use token::{Token, is_bare_label, is_bare_metric_name};

use crate::parse::{SyntaxError, SyntaxErrorKind};
use telemetry_core::syntax::Span;
use telemetry_core::syntax::string::{StringErrorKind, read_bytes};

/// The tokens of a text. The last one is [`TokenKind::End`], or [`TokenKind::Invalid`] with an error.
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<Token>,
    pub(crate) error: Option<SyntaxError>,
}

/// Reads all of `query`.
pub(crate) fn lex(query: &str) -> Lexed {
    let mut lexer = Lexer { text: query, bytes: query.as_bytes(), at: 0, place: Place::Outside };
    // Four bytes a token is near what dashboards write.
    let mut tokens = Vec::with_capacity(query.len() / 4 + 2);
    loop {
        match lexer.token() {
            Ok(token) => {
                tokens.push(token);
                if token.kind == TokenKind::End {
                    return Lexed { tokens, error: None };
                }
            }
            Err(error) => {
                tokens.push(Token { kind: TokenKind::Invalid, span: error.span });
                return Lexed { tokens, error: Some(error) };
            }
        }
    }
}

/// Where the lexer stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Braces,
    Brackets,
}

struct Lexer<'q> {
    text: &'q str,
    bytes: &'q [u8],
    at: usize,
    place: Place,
}

impl Lexer<'_> {
    fn token(&mut self) -> Result<Token, SyntaxError> {
        self.skip_blank();
        let Some(byte) = self.peek(0) else {
            return Ok(Token { kind: TokenKind::End, span: Span::at(self.at) });
        };
        match byte {
            b'"' | b'\'' | b'`' => return self.string(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => return Ok(self.word()),
            b':' if self.place == Place::Outside => return Ok(self.word()),
            _ => {}
        }
        if self.place == Place::Braces {
            return self.in_braces(byte);
        }
        let digit_follows = self.peek(1).is_some_and(|next| next.is_ascii_digit());
        if byte.is_ascii_digit() || (byte == b'.' && digit_follows) {
            return self.number();
        }
        self.punctuation(byte)
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn skip_blank(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'#' => {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                _ => break,
            }
        }
    }

    /// Moves over `bytes` bytes, which make a token.
    fn take(&mut self, bytes: usize, kind: TokenKind) -> Token {
        let start = self.at;
        self.at += bytes;
        Token { kind, span: Span::new(start, self.at) }
    }

    /// Moves over the bytes that `belongs` accepts.
    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| !belongs(*byte)).unwrap_or(rest.len());
    }

    fn word(&mut self) -> Token {
        let start = self.at;
        let colons = self.place == Place::Outside;
        self.take_while(|byte| is_word(byte) || (colons && byte == b':'));
        let span = Span::new(start, self.at);
        let word = span.text(self.text);
        let kind = if self.place == Place::Braces {
            TokenKind::Name
        } else if word.contains(':') {
            TokenKind::MetricName
        } else {
            token::classify(word)
        };
        Token { kind, span }
    }

    fn string(&mut self) -> Result<Token, SyntaxError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match read_bytes(rest) {
            Ok(literal) => Ok(self.take(literal.len, TokenKind::String)),
            Err(error) => {
                // A missing quote concerns all that follows the first one.
                let span = match error.kind {
                    StringErrorKind::Unterminated => Span::new(self.at, self.bytes.len()),
                    // A wrong escape may end inside a character.
                    _ => Span::new(
                        self.text.floor_char_boundary(self.at + error.span.start),
                        self.text.ceil_char_boundary(self.at + error.span.end),
                    ),
                };
                Err(SyntaxError { kind: SyntaxErrorKind::String(error.kind), span })
            }
        }
    }

    /// A number, or a number with units of time. Units are checked when the value is computed.
    fn number(&mut self) -> Result<Token, SyntaxError> {
        let start = self.at;
        let mut kind = TokenKind::Number;
        if self.peek(0) == Some(b'0') && matches!(self.peek(1), Some(b'x' | b'X')) {
            self.at += 2;
            self.take_while(|byte| byte.is_ascii_hexdigit() || byte == b'_');
        } else {
            self.take_while(is_digit);
            if matches!(self.peek(0), Some(b's' | b'm' | b'h' | b'd' | b'w' | b'y')) {
                kind = TokenKind::Duration;
                self.take_while(|byte| byte.is_ascii_alphanumeric());
            } else {
                self.fraction_and_exponent();
            }
        }
        let end = self.at;
        self.take_while(|byte| is_word(byte) || byte == b'.');
        let span = Span::new(start, self.at);
        if self.at > end {
            return Err(SyntaxError { kind: SyntaxErrorKind::Number, span });
        }
        Ok(Token { kind, span })
    }

    fn fraction_and_exponent(&mut self) {
        if self.peek(0) == Some(b'.') {
            self.at += 1;
            self.take_while(is_digit);
        }
        if matches!(self.peek(0), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
            if self.peek(1 + sign).is_some_and(|byte| byte.is_ascii_digit()) {
                self.at += 1 + sign;
                self.take_while(is_digit);
            }
        }
    }

    fn in_braces(&mut self, byte: u8) -> Result<Token, SyntaxError> {
        let (bytes, kind) = match (byte, self.peek(1)) {
            (b',', _) => (1, TokenKind::Comma),
            (b'}', _) => {
                self.place = Place::Outside;
                (1, TokenKind::RightBrace)
            }
            (b'=', Some(b'~')) => (2, TokenKind::RegexMatch),
            (b'=', _) => (1, TokenKind::Assign),
            (b'!', Some(b'=')) => (2, TokenKind::NotEqual),
            (b'!', Some(b'~')) => (2, TokenKind::RegexNoMatch),
            _ => return Err(self.unexpected()),
        };
        Ok(self.take(bytes, kind))
    }

    fn punctuation(&mut self, byte: u8) -> Result<Token, SyntaxError> {
        let (bytes, kind) = match (byte, self.peek(1)) {
            (b'(', _) => (1, TokenKind::LeftParen),
            (b')', _) => (1, TokenKind::RightParen),
            (b'{', _) if self.place == Place::Outside => {
                self.place = Place::Braces;
                (1, TokenKind::LeftBrace)
            }
            (b'[', _) if self.place == Place::Outside => {
                self.place = Place::Brackets;
                (1, TokenKind::LeftBracket)
            }
            (b']', _) if self.place == Place::Brackets => {
                self.place = Place::Outside;
                (1, TokenKind::RightBracket)
            }
            (b':', _) => (1, TokenKind::Colon),
            (b',', _) => (1, TokenKind::Comma),
            (b'@', _) => (1, TokenKind::At),
            (b'+', _) => (1, TokenKind::Plus),
            (b'-', _) => (1, TokenKind::Minus),
            (b'*', _) => (1, TokenKind::Star),
            (b'/', _) => (1, TokenKind::Slash),
            (b'%', _) => (1, TokenKind::Percent),
            (b'^', _) => (1, TokenKind::Caret),
            (b'=', Some(b'=')) => (2, TokenKind::Equal),
            (b'=', Some(b'~')) => return Err(self.unexpected()),
            (b'=', _) => (1, TokenKind::Assign),
            (b'!', Some(b'=')) => (2, TokenKind::NotEqual),
            (b'<', Some(b'=')) => (2, TokenKind::LessOrEqual),
            (b'<', Some(b'/')) => (2, TokenKind::TrimUpper),
            (b'<', _) => (1, TokenKind::Less),
            (b'>', Some(b'=')) => (2, TokenKind::GreaterOrEqual),
            (b'>', Some(b'/')) => (2, TokenKind::TrimLower),
            (b'>', _) => (1, TokenKind::Greater),
            _ => return Err(self.unexpected()),
        };
        Ok(self.take(bytes, kind))
    }

    fn unexpected(&self) -> SyntaxError {
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
        SyntaxError {
            kind: SyntaxErrorKind::Character { found },
            span: Span::new(self.at, self.at + found.len_utf8()),
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::AggregateOp;

    fn kinds(query: &str) -> Vec<TokenKind> {
        lex(query).tokens.iter().map(|token| token.kind).collect()
    }

    #[test]
    fn words_are_keywords_outside_braces_only() {
        let sum = TokenKind::Keyword(Keyword::Aggregate(AggregateOp::Sum));
        assert_eq!(kinds("SUM"), [sum, TokenKind::End]);
        assert_eq!(
            kinds("{sum"),
            [TokenKind::LeftBrace, TokenKind::Name, TokenKind::End],
            "the missing brace is for the grammar to find"
        );
    }

    #[test]
    fn a_colon_belongs_to_the_name_except_in_brackets() {
        assert_eq!(kinds("a:b"), [TokenKind::MetricName, TokenKind::End]);
        assert_eq!(
            kinds("a[5m:1m]"),
            [
                TokenKind::Name,
                TokenKind::LeftBracket,
                TokenKind::Duration,
                TokenKind::Colon,
                TokenKind::Duration,
                TokenKind::RightBracket,
                TokenKind::End
            ]
        );
    }

    #[test]
    fn numbers_end_where_no_word_goes_on() {
        for number in ["1", ".5", "5.", "1e3", "1E-3", "0x1F", "1_000", "Inf", "nan", "0755"] {
            assert_eq!(kinds(number), [TokenKind::Number, TokenKind::End], "{number}");
        }
        for bad in ["2.5.", "100..4", "1e", "1x", "0xg", "1.5h"] {
            assert_eq!(kinds(bad), [TokenKind::Invalid], "{bad}");
        }
    }

    #[test]
    fn comments_and_blanks_leave_no_trace() {
        assert_eq!(kinds(" # a\n\t# b"), [TokenKind::End]);
    }

    #[test]
    fn nothing_is_read_behind_invalid_text() {
        let lexed = lex("a ~ b $");
        let kinds: Vec<_> = lexed.tokens.iter().map(|token| token.kind).collect();
        assert_eq!(kinds, [TokenKind::Name, TokenKind::Invalid]);
        let error = lexed.error.unwrap();
        assert_eq!(error.kind, SyntaxErrorKind::Character { found: '~' });
        assert_eq!(error.span, Span::new(2, 3));
    }
}
