//! The text of a page: one buffer of lines, compressed.

pub(crate) mod choose;
