//! Text by templates: lines that differ in their numbers alone share what is between them.
//!
//! 1. [`tokenize`] cuts a line, in one pass that also hashes, into static gaps and variables.
//! 2. Lines with equal gaps are rows of one template of the block's [`Dictionary`]; the hash only
//!    finds it, the gaps are compared. A line that cannot be cut is a row of template 0, the whole
//!    line as its variable.
//! 3. Templates that are rare and differ in words alone are joined ([`rare`]).
//! 4. The values of one variable are a column ([`encode_column`]): constant, a field of the entry's
//!    own time, packed numbers, symbols of frequent values, or text.
//!
//! [`format`] draws what comes out. Every line comes back byte for byte.

pub(crate) mod bits;
mod clock;
mod decode;
mod decode_column;
mod dictionary;
mod encode;
mod encode_column;
mod format;
mod frequent;
mod rare;
mod tokenize;

pub(crate) use decode::Coded;
pub(crate) use dictionary::{Dictionary, Summary};
pub(crate) use encode::{Coder, PageTemplate};
pub(crate) use tokenize::{GapHash, class, class_of};

#[cfg(test)]
mod tests;
