//! The metrics engine of Quadra.
#![forbid(unsafe_code)]

mod chunk;
