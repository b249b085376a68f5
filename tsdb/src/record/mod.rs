//! What goes into the log: a commit as bytes, and back.
//!
//! [`format`] draws the bytes. Writing and reading go through the same states: which series and
//! layouts have been defined, and the last row of each layout. Both begin empty with a head, so
//! what a record needs is either in it or in an earlier record of the same head.

mod decode;
mod encode;
mod format;
mod row;

pub(crate) use decode::{ReplayState, decode};
pub(crate) use encode::{LogState, encode, encode_notes};
pub(crate) use row::RowCodec;
