//! Formats of Loki.

pub mod push;
