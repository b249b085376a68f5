//! Text → tokens.
//!
//! The lexer never fails: what is no token becomes [`TokenKind::Bad`], and the parser stops there
//! if it gets that far. Three things need a look ahead:
//!
//! 1. A function name is a function only in front of `(`, or of `by (` or `without (`; anywhere
//!    else it is a plain name, so that `{sum="x"}` is a selector.
//! 2. A number that runs on into a unit is a duration or a size: `5m`, `-1.5h`, `10KiB`.
//! 3. `[` swallows everything up to `]`; the inside must be one duration in Prometheus' spelling.
//!
//! A `#` starts a comment that ends with its line.

mod token;
mod unit;

pub use token::{BadToken, Keyword, Token, TokenKind};
pub(crate) use unit::{parse_go_duration, parse_human_bytes};

use telemetry_core::syntax::{Span, string};

/// The tokens of `query`; the last one is [`TokenKind::End`], after it or after a bad one nothing
/// follows.
pub fn tokenize(query: &str) -> Vec<Token> {
    let mut lexer = Lexer { query, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next_token();
        let last = matches!(token.kind, TokenKind::End | TokenKind::Bad(_));
        tokens.push(token);
        if last {
            return tokens;
        }
    }
}

struct Lexer<'q> {
    query: &'q str,
    at: usize,
}

impl<'q> Lexer<'q> {
    fn rest(&self) -> &'q str {
        self.query.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next_token(&mut self) -> Token {
        self.skip_blank();
        let start = self.at;
        let kind = match self.peek() {
            None => TokenKind::End,
            Some('"' | '`') => self.string(),
            Some('[') => self.range(),
            Some('.') if !self.second_is_digit() => self.punctuation(),
            Some('0'..='9' | '.') => self.number(),
            Some('-') => self.minus(),
            Some(c) if c == '_' || c.is_alphabetic() => self.name(),
            Some(_) => self.punctuation(),
        };
        Token { kind, span: Span::new(start, self.at) }
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            self.at += blank;
            let rest = self.rest();
            if !rest.starts_with('#') {
                return;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }

    fn second_is_digit(&self) -> bool {
        self.rest().as_bytes().get(1).is_some_and(u8::is_ascii_digit)
    }

    fn string(&mut self) -> TokenKind {
        match string::read(self.rest()) {
            Ok(literal) => {
                self.at += literal.len;
                TokenKind::String(literal.value.into())
            }
            Err(error) => TokenKind::Bad(error.kind.into()),
        }
    }

    fn range(&mut self) -> TokenKind {
        let inside = self.rest().get(1..).unwrap_or_default();
        let Some(end) = inside.find(']') else {
            return TokenKind::Bad(BadToken::UnclosedRange);
        };
        match unit::parse_range(inside.get(..end).unwrap_or_default()) {
            Ok(nanos) => {
                self.at += end + 2;
                TokenKind::Range(nanos)
            }
            Err(bad) => TokenKind::Bad(bad),
        }
    }

    fn minus(&mut self) -> TokenKind {
        let rest = self.rest();
        for flag in [Keyword::KeepEmpty, Keyword::Strict] {
            let ends = |len: usize| {
                let next = rest.as_bytes().get(len);
                !next.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
            };
            if rest.starts_with(flag.as_str()) && ends(flag.as_str().len()) {
                self.at += flag.as_str().len();
                return TokenKind::Keyword(flag);
            }
        }
        self.at += 1;
        self.unit_token(self.at - 1).unwrap_or(TokenKind::Keyword(Keyword::Sub))
    }

    fn number(&mut self) -> TokenKind {
        let start = self.at;
        self.at += number_len(self.rest());
        self.unit_token(start).unwrap_or(TokenKind::Number)
    }

    /// If the number or sign that starts at `start` and ends here runs on into a unit: the
    /// duration or size.
    fn unit_token(&mut self, start: usize) -> Option<TokenKind> {
        let text = |end: usize| self.query.get(start..end).unwrap_or_default();
        let duration_end =
            self.at + run(self.rest(), |c| c.is_numeric() || "nuµmshdwy.".contains(c));
        if duration_end > self.at
            && let Some(nanos) = unit::parse_duration(text(duration_end))
        {
            self.at = duration_end;
            return Some(TokenKind::Duration(nanos));
        }
        let bytes_end = self.at + run(self.rest(), |c| c.is_numeric() || "BikKMGTP.".contains(c));
        if bytes_end > self.at
            && let Some(bytes) = parse_human_bytes(text(bytes_end)).ok()
        {
            self.at = bytes_end;
            return Some(TokenKind::Bytes(bytes));
        }
        None
    }

    fn name(&mut self) -> TokenKind {
        let start = self.at;
        self.at += run(self.rest(), |c| c == '_' || c.is_alphanumeric());
        let text = self.query.get(start..self.at).unwrap_or_default();
        if let Some(function) = token::function(text) {
            return if self.is_function() { function } else { TokenKind::Identifier };
        }
        token::word(text).map_or(TokenKind::Identifier, TokenKind::Keyword)
    }

    /// Whether a parenthesis follows, or a grouping with one.
    fn is_function(&self) -> bool {
        let rest = self.rest().trim_start();
        if rest.starts_with('(') {
            return true;
        }
        ["by", "without"].into_iter().any(|word| {
            let head = rest.get(..word.len()).unwrap_or_default();
            let tail = rest.get(word.len()..).unwrap_or_default();
            head.eq_ignore_ascii_case(word) && tail.trim_start().starts_with('(')
        })
    }

    fn punctuation(&mut self) -> TokenKind {
        let rest = self.rest();
        let len = rest.chars().next().map_or(0, char::len_utf8);
        for len in [len + 1, len] {
            let Some(text) = rest.get(..len) else { continue };
            let found = Keyword::ALL.iter().find(|keyword| keyword.as_str() == text);
            if let Some(keyword) = found {
                self.at += len;
                return TokenKind::Keyword(*keyword);
            }
        }
        self.at += len;
        TokenKind::Identifier
    }
}

/// Bytes at the head of `text` whose characters satisfy `keep`.
fn run(text: &str, keep: impl Fn(char) -> bool) -> usize {
    text.find(|c| !keep(c)).unwrap_or(text.len())
}

/// Length of the number at the head of `text`: Go's integers and floats, in any base.
fn number_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or_default();
    let digits = |mut i: usize, hex: bool| {
        while at(i) == b'_' || at(i).is_ascii_digit() || (hex && at(i).is_ascii_hexdigit()) {
            i += 1;
        }
        i
    };
    let (hex, mut end) = match (at(0), at(1) | 0x20) {
        (b'0', b'x') => (true, 2),
        (b'0', b'b' | b'o') => (false, 2),
        _ => (false, 0),
    };
    end = digits(end, hex);
    if at(end) == b'.' {
        end = digits(end + 1, hex);
    }
    let exponent = if hex { b'p' } else { b'e' };
    if at(end) | 0x20 == exponent {
        let sign = usize::from(matches!(at(end + 1), b'+' | b'-'));
        if at(end + 1 + sign).is_ascii_digit() {
            end = digits(end + 1 + sign, false);
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(query: &str) -> Vec<String> {
        tokenize(query).iter().map(|token| token.kind.describe().to_string()).collect()
    }

    #[test]
    fn a_function_name_without_parenthesis_is_a_name() {
        assert_eq!(words(r#"{sum="x"}"#), ["{", "IDENTIFIER", "=", "STRING", "}", "$end"]);
        assert_eq!(words("SUM BY (a)"), ["sum", "by", "(", "IDENTIFIER", ")", "$end"]);
        assert_eq!(words("sum by a")[..2], ["IDENTIFIER", "by"]);
        assert_eq!(words("bytes < 1B"), ["IDENTIFIER", "<", "BYTES", "$end"]);
    }

    #[test]
    fn numbers_run_on_into_units() {
        assert_eq!(words("123"), ["NUMBER", "$end"]);
        assert_eq!(words("-123ms"), ["DURATION", "$end"]);
        assert_eq!(words("-123"), ["-", "NUMBER", "$end"]);
        assert_eq!(words("34+-123"), ["NUMBER", "+", "-", "NUMBER", "$end"]);
        assert_eq!(words("1h0.0m0s"), ["DURATION", "$end"]);
        assert_eq!(words("4.00 200MiB"), ["NUMBER", "BYTES", "$end"]);
        assert_eq!(words("0x1p3 0b10 1e6"), ["NUMBER", "NUMBER", "NUMBER", "$end"]);
    }

    #[test]
    fn ranges_hold_one_duration() {
        assert_eq!(tokenize("[1h30m]")[0].kind, TokenKind::Range(5_400_000_000_000));
        for (text, message) in [
            ("[5minutes]", r#"unknown unit "minutes" in duration "5minutes""#),
            ("[0.5h]", r#"unknown unit "." in duration "0.5h""#),
            ("[300]", r#"not a valid duration string: "300""#),
            ("[5m:1m]", r#"unknown unit "m:" in duration "5m:1m""#),
            ("[5", "missing closing ']' in duration"),
            ("[]", "empty duration string"),
        ] {
            let TokenKind::Bad(bad) = tokenize(text)[0].kind.clone() else { panic!("{text}") };
            assert_eq!(bad.to_string(), message, "{text}");
        }
    }

    #[test]
    fn comments_end_with_their_line() {
        assert_eq!(words("# a\n1 # b"), ["NUMBER", "$end"]);
        assert_eq!(words(r##""#""##), ["STRING", "$end"]);
    }

    #[test]
    fn flags_are_whole_words() {
        assert_eq!(words("--strict --keep-empty"), ["--strict", "--keep-empty", "$end"]);
        assert_eq!(words("--bad"), ["-", "-", "IDENTIFIER", "$end"]);
    }
}
