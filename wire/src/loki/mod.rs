//! Formats of Loki.

pub mod push;
#[cfg(feature = "serde")]
pub mod response;
