//! The string table: texts are referred to by position.

use crate::error::{Error, Fault, PprofErrorKind};
use crate::protobuf::Reader;

/// Checks positions in the string table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strings {
    len: usize,
}

impl Strings {
    /// Of a table of so many texts; an empty one counts as that of the empty text alone.
    pub(super) fn new(len: usize) -> Self {
        Strings { len: len.max(1) }
    }

    /// The position that comes next in `message`.
    #[inline]
    pub(super) fn position(self, message: &mut Reader<'_>) -> Result<u32, Fault> {
        let at = message.position();
        self.check(message.int64()?, at)
    }

    pub(super) fn check(self, index: i64, position: usize) -> Result<u32, Fault> {
        match u32::try_from(index) {
            Ok(at) if (at as usize) < self.len => Ok(at),
            _ => {
                let kind = PprofErrorKind::NoString { index, len: self.len };
                Err(Box::new(Error::Pprof { position, kind }))
            }
        }
    }
}
