//! The metrics engine of Quadra: an embedded time-series database.
#![forbid(unsafe_code)]
