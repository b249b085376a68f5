//! A place in the text.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use memchr::memchr_iter;

use crate::error::{Error, ExpositionErrorKind};

/// The bytes not read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    whole: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(whole: &'a [u8]) -> Self {
        Cursor { whole, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.whole.get(self.at..).unwrap_or_default()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.whole.len()
    }

    /// The next byte. At the end of the text it is the line feed that may be missing there.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        self.whole.get(self.at).copied().unwrap_or(b'\n')
    }

    #[inline]
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Steps over `byte` if it comes next.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    /// Steps over spaces and tabs; whether there were any.
    #[inline]
    pub(super) fn blanks(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), b' ' | b'\t') {
            self.at += 1;
        }
        self.at > start
    }

    /// The bytes up to the first that is not wanted.
    #[inline]
    pub(super) fn while_any(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let len = rest.iter().position(|byte| !wanted(*byte)).unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).unwrap_or_default()
    }

    /// What is wrong here.
    #[cold]
    pub(super) fn error(&self, kind: ExpositionErrorKind) -> Error {
        self.error_at(self.at, kind)
    }

    #[cold]
    pub(super) fn error_at(&self, position: usize, kind: ExpositionErrorKind) -> Error {
        let before = self.whole.get(..position).unwrap_or(self.whole);
        let line = memchr_iter(b'\n', before).count() + 1;
        Error::Exposition { position, line, kind }
    }
}
