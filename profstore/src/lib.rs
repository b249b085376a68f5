//! The profile engine of Quadra.
#![forbid(unsafe_code)]
