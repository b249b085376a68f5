//! Inputs in pieces, and lines in them.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::io::BufRead;
use std::ops::ControlFlow;

use memchr::memchr;

use crate::error::Error;

/// The first line without its end, and what follows that; none where no line ends.
#[inline]
pub(crate) fn first_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, after) = bytes.split_at_checked(memchr(b'\n', bytes)?)?;
    Some((line, after.get(1..)?))
}

/// Hands `input` to `take` piece by piece, to its end or until `take` stops it.
pub(crate) fn for_each_piece(
    input: &mut dyn BufRead,
    mut take: impl FnMut(&[u8]) -> Result<ControlFlow<()>, Error>,
) -> Result<(), Error> {
    loop {
        let piece = input.fill_buf().map_err(|source| Error::Read { source })?;
        let len = piece.len();
        if len == 0 {
            return Ok(());
        }
        let flow = take(piece)?;
        input.consume(len);
        if flow.is_break() {
            return Ok(());
        }
    }
}
