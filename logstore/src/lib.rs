//! The log engine of Quadra.
#![forbid(unsafe_code)]
