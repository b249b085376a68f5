//! OTLP, OpenTelemetry's own protocol: logs, metrics and traces, in protobuf and in JSON.
//!
//! A request is a list of resources, each with a list of scopes, each with a list of items (log
//! records, metrics with data points, spans). Items are refused one by one, as OTLP's partial
//! success wants it: [`Outcome`](crate::Outcome) says which and why, and [`encode_response`] makes
//! the answer of it. An input that is not a request at all is an error, and nothing of it is stored.
//!
//! JSON is turned into protobuf first and then decoded by the same code, so the two encodings cannot
//! differ in meaning.

mod guess;
mod hex;
mod json;
mod logs;
mod metrics;
pub(crate) mod name;
mod resource;
mod response;
pub(crate) mod texts;
mod time;
mod traces;
mod value;

pub use guess::{Signal, guess};
pub use json::Encoding;
pub use logs::{LogOptions, decode_logs, encode_logs};
pub use metrics::{
    DeltaOptions, MetricEncoder, MetricOptions, MetricReceiver, Promotion, Translation,
    decode_metrics,
};
pub use response::encode_response;
pub use traces::decode_traces;
