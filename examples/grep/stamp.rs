//! Times at the head of a line: those that the importer of lines knows.

pub(crate) use quadra::wire::lines::stamp::*;
