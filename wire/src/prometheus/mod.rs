//! Formats of Prometheus.

mod exposition;
pub mod remote_write;

pub use exposition::decode_text;
