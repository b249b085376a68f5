//! `user.tags[0]["odd name"]`: where in a document a value is.
//!
//! ~~~text
//! path   = field-or-index { "." field | index }
//! field  = [A-Za-z_@$] { [A-Za-z0-9_-…] }
//! index  = "[" ( number | '"' text '"' ) "]"
//! ~~~

use crate::error::PathError;
use telemetry_core::syntax::string;

/// Steps a path may have.
const STEPS_MAX: usize = 100;

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into the member of an object.
    Key(Box<str>),
    /// Into the element of an array.
    Index(usize),
}

#[derive(Clone, Debug, PartialEq)]
enum PathToken {
    Dot,
    Open,
    Close,
    Field(Box<str>),
    Text(Box<str>),
    Index(usize),
    End,
}

impl PathToken {
    fn describe(&self) -> &'static str {
        match self {
            PathToken::Dot => "DOT",
            PathToken::Open => "LSB",
            PathToken::Close => "RSB",
            PathToken::Field(_) => "FIELD",
            PathToken::Text(_) => "STRING",
            PathToken::Index(_) => "INDEX",
            PathToken::End => "$end",
        }
    }
}

/// The steps of a path; none for an empty text.
pub(crate) fn parse_path(text: &str) -> Result<Vec<Step>, PathError> {
    let mut lexer = Lexer { rest: text };
    let mut steps = Vec::new();
    let mut token = lexer.next()?;
    if token == PathToken::End {
        return Ok(steps);
    }
    loop {
        if steps.len() >= STEPS_MAX {
            return Err(PathError::TooLong);
        }
        token = match (token, steps.is_empty()) {
            (PathToken::Field(name), true) => {
                steps.push(Step::Key(name));
                lexer.next()?
            }
            (PathToken::Dot, false) => match lexer.next()? {
                PathToken::Field(name) => {
                    steps.push(Step::Key(name));
                    lexer.next()?
                }
                other => return Err(unexpected(&other, &["FIELD"])),
            },
            (PathToken::Open, _) => {
                match lexer.next()? {
                    PathToken::Text(name) => steps.push(Step::Key(name)),
                    PathToken::Index(index) => steps.push(Step::Index(index)),
                    other => return Err(unexpected(&other, &["STRING", "INDEX"])),
                }
                match lexer.next()? {
                    PathToken::Close => lexer.next()?,
                    other => return Err(unexpected(&other, &["RSB"])),
                }
            }
            (PathToken::End, false) => return Ok(steps),
            (other, true) => return Err(unexpected(&other, &["LSB", "FIELD"])),
            (other, false) => return Err(unexpected(&other, &[])),
        };
    }
}

fn unexpected(token: &PathToken, expected: &[&'static str]) -> PathError {
    PathError::Unexpected { found: token.describe(), expected: expected.to_vec() }
}

struct Lexer<'t> {
    rest: &'t str,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<PathToken, PathError> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let Some(c) = self.rest.chars().next() else { return Ok(PathToken::End) };
        let (token, len) = match c {
            '.' => (PathToken::Dot, 1),
            '[' => (PathToken::Open, 1),
            ']' => (PathToken::Close, 1),
            '"' => {
                let literal = string::read(self.rest).map_err(|_| PathError::Character('"'))?;
                (PathToken::Text(literal.value.into()), literal.len)
            }
            '0'..='9' => {
                let len = run(self.rest, |c| c.is_ascii_digit());
                let digits = self.rest.get(..len).unwrap_or_default();
                let index = digits.parse().map_err(|_| PathError::TooLong)?;
                (PathToken::Index(index), len)
            }
            _ if starts_field(c) => {
                let len = run(self.rest, |c| starts_field(c) || c.is_numeric() || c == '-');
                (PathToken::Field(self.rest.get(..len).unwrap_or_default().into()), len)
            }
            _ => return Err(PathError::Character(c)),
        };
        self.rest = self.rest.get(len..).unwrap_or_default();
        Ok(token)
    }
}

fn run(text: &str, keep: impl Fn(char) -> bool) -> usize {
    text.find(|c| !keep(c)).unwrap_or(text.len())
}

fn starts_field(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '@' | '$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> String {
        let show = |step: &Step| match step {
            Step::Key(name) => format!("{name:?}"),
            Step::Index(index) => index.to_string(),
        };
        match parse_path(text) {
            Ok(steps) => steps.iter().map(show).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn paths() {
        for (text, expected) in [
            ("app", r#""app""#),
            ("", ""),
            ("[0]", "0"),
            (r#"["a b"].c[2].d"#, r#""a b" "c" 2 "d""#),
            ("pod..uuid", "syntax error: unexpected DOT, expecting FIELD"),
            ("a b", "syntax error: unexpected FIELD"),
            (r#""pod"]"#, "syntax error: unexpected STRING, expecting LSB or FIELD"),
            (r#"["a""b"]"#, "syntax error: unexpected STRING, expecting RSB"),
            ("a[", "syntax error: unexpected $end, expecting STRING or INDEX"),
        ] {
            assert_eq!(steps(text), expected, "{text}");
        }
        assert!(parse_path(&"a.".repeat(1_000)).is_err());
    }
}
