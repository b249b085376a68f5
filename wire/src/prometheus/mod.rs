//! Formats of Prometheus.

mod exposition;

pub use exposition::decode_text;
