//! Symbols: what the addresses of a profile mean, each stored once.
//!
//! ~~~text
//! location ──▶ lines (innermost first) ──▶ function ──▶ name, system name, file (strings)
//!     └──────▶ mapping ──▶ file, build id (strings)
//! ~~~
//!
//! Profiles of one process repeat the same functions over and over: every table holds each
//! distinct row once, so that equal stacks of different profiles become equal ids.

mod adoption;
pub(crate) mod format;
mod table;

pub(crate) use adoption::Adoption;
pub(crate) use table::SymbolTable;
