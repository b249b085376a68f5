//! Escapes: `\d`, `\pL`, `\x41`, `\Q…\E`.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::Parser;
use crate::labels::regex::class;
use crate::labels::regex::error::{RegexError, RegexErrorKind};
use regex_syntax::hir::{ClassUnicode, Look};

impl Parser<'_> {
    pub(super) fn backslash(&mut self) -> Result<(), RegexError> {
        let start = self.at;
        let letter = self.rest().chars().nth(1);
        match letter {
            Some('A') => self.look(2, Look::Start),
            Some('z') => self.look(2, Look::End),
            Some('b') => self.look(2, Look::WordAscii),
            Some('B') => self.look(2, Look::WordAsciiNegate),
            Some('C') => return Err(self.error(RegexErrorKind::Escape, start, start + 2)),
            Some('Q') => {
                self.at += 2;
                while !self.rest().is_empty() && !self.eat("\\E") {
                    if let Some(c) = self.peek() {
                        self.literal_char(c);
                    }
                }
            }
            _ => match self.class_escape()? {
                Some(class) => self.class_leaf(class)?,
                None => {
                    let code = self.escape()?;
                    self.literal(code);
                }
            },
        }
        Ok(())
    }

    /// Reads `\pL`, `\p{Greek}`, `\d` and the like, if that is at hand.
    pub(super) fn class_escape(&mut self) -> Result<Option<ClassUnicode>, RegexError> {
        let start = self.at;
        let mut chars = self.rest().chars();
        if chars.next() != Some('\\') {
            return Ok(None);
        }
        let Some(letter) = chars.next() else {
            return Ok(None);
        };
        if !matches!(letter, 'p' | 'P') {
            let class = class::perl(letter, self.flags.fold);
            self.at += if class.is_some() { 2 } else { 0 };
            return Ok(class);
        }
        self.at += 2;
        let name = if self.peek() == Some('{') {
            let Some(len) = self.rest().find('}') else {
                let end = self.pattern.len();
                return Err(self.error(RegexErrorKind::CharacterRange, start, end));
            };
            let name = self.rest().get(1..len).unwrap_or_default();
            self.at += len + 1;
            name
        } else {
            let name_start = self.at;
            self.next();
            self.pattern.get(name_start..self.at).unwrap_or_default()
        };
        let (caret, name) = class::negation(name);
        let negate = caret != (letter == 'P');
        let Some(mut class) = self.unicode_class(name) else {
            return Err(self.error(RegexErrorKind::CharacterRange, start, self.at));
        };
        if negate {
            class.negate();
        }
        Ok(Some(class))
    }

    pub(super) fn unicode_class(&mut self, name: &str) -> Option<ClassUnicode> {
        let key = (Box::from(name), self.flags.fold);
        if let Some(class) = self.unicode.get(&key) {
            return Some(class.clone());
        }
        let class = class::unicode(name, self.flags.fold)?;
        self.unicode.insert(key, class.clone());
        Some(class)
    }

    /// Reads the escape of a single code point.
    pub(super) fn escape(&mut self) -> Result<u32, RegexError> {
        let start = self.at;
        self.at += 1;
        let Some(c) = self.next() else {
            let mut error = self.error(RegexErrorKind::TrailingBackslash, start, self.at);
            // Go names no text here.
            error.text = "".into();
            return Err(error);
        };
        let code = match c {
            // One digit that is not zero would be a back reference.
            '0' => Some(self.octal(0)),
            '1'..='7' if matches!(self.peek(), Some('0'..='7')) => {
                Some(self.octal(c.to_digit(8).unwrap_or_default()))
            }
            'x' => self.hex(),
            'a' => Some(0x07),
            'f' => Some(0x0c),
            'n' => Some(0x0a),
            'r' => Some(0x0d),
            't' => Some(0x09),
            'v' => Some(0x0b),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(u32::from(c)),
            _ => None,
        };
        code.ok_or_else(|| self.error(RegexErrorKind::Escape, start, self.at))
    }

    /// Up to two more octal digits.
    fn octal(&mut self, first: u32) -> u32 {
        let mut value = first;
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else {
                break;
            };
            self.at += 1;
            value = value * 8 + digit;
        }
        value
    }

    /// Two hex digits, or any number of them in braces.
    fn hex(&mut self) -> Option<u32> {
        let first = self.next()?;
        if first != '{' {
            let second = self.next();
            return Some(first.to_digit(16)? * 16 + second?.to_digit(16)?);
        }
        let mut value = None;
        loop {
            match self.next()? {
                '}' => return value,
                c => {
                    let next = value.unwrap_or_default() * 16 + c.to_digit(16)?;
                    value = Some(next).filter(|next| *next <= u32::from(char::MAX));
                    value?;
                }
            }
        }
    }
}
