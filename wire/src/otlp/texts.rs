//! Texts that may not be UTF-8.
//!
//! Exporters cut long attribute values at a number of bytes, in the middle of a character too.
//! That must cost neither the item nor the request: what is not UTF-8 is replaced by U+FFFD and
//! counted. Only lines of logs, which are bytes, and labels of metrics, which are identities, are
//! treated otherwise.

use std::borrow::Cow;

use crate::protobuf::Bytes;

/// Reads texts and counts those that had to be changed.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) replaced: u64,
}

impl Texts {
    /// The text, borrowed where it is right.
    #[inline]
    pub(crate) fn read<'a>(&mut self, bytes: Bytes<'a>) -> Cow<'a, str> {
        match str::from_utf8(bytes.bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => self.replace(bytes),
        }
    }

    #[inline]
    pub(crate) fn owned(&mut self, bytes: Bytes<'_>) -> String {
        match str::from_utf8(bytes.bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => self.replace(bytes).into_owned(),
        }
    }

    #[cold]
    fn replace<'a>(&mut self, bytes: Bytes<'a>) -> Cow<'a, str> {
        self.replaced += 1;
        bytes.text()
    }

    pub(crate) fn append(&mut self, bytes: Bytes<'_>, out: &mut String) {
        out.push_str(&self.read(bytes));
    }
}
