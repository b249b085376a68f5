//! The string table: texts are referred to by position.

use crate::error::{Error, PprofErrorKind};
use crate::protobuf::Field;

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

    /// The position that `field` holds.
    #[inline]
    pub(super) fn position(self, field: &Field<'_>) -> Result<u32, Error> {
        self.check(field.int64()?, field.at)
    }

    pub(super) fn check(self, index: i64, position: usize) -> Result<u32, Error> {
        match u32::try_from(index) {
            Ok(at) if (at as usize) < self.len => Ok(at),
            _ => {
                let kind = PprofErrorKind::NoString { index, len: self.len };
                Err(Error::Pprof { position, kind })
            }
        }
    }
}
