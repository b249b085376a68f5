//! The trace engine of Quadra.
#![forbid(unsafe_code)]
