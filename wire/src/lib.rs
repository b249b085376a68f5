//! Decoders of telemetry formats: bytes in, sinks out, no sockets.
//!
//! | format | function | items |
//! |---|---|---|
//! | OTLP logs, protobuf and JSON | [`otlp::decode_logs`] | log records |
//! | OTLP metrics, protobuf and JSON | [`otlp::MetricReceiver`], [`otlp::MetricEncoder`] | data points |
//! | OTLP traces, protobuf and JSON | [`otlp::decode_traces`] | spans |
//! | Prometheus text exposition, OpenMetrics 1.0, protobuf exposition | [`prometheus::ExpositionReceiver`], [`prometheus::ExpositionWriter`] | samples |
//! | Prometheus remote write | [`prometheus::remote_write`] | samples |
//! | Prometheus remote read, samples and chunks | [`prometheus::remote_read`] | requests, answers |
//! | Loki push, protobuf and JSON | [`loki::push`] | log entries |
//! | log files: text, JSON, syslog, CRI, Docker, journal; gzip or not; growing ones | [`lines::import`], [`lines::Follower`] | log entries |
//! | CSV, JSON lines, InfluxDB line protocol | [`metric_lines::Importer`] | samples |
//! | pprof, gzip or not | [`pprof::decode`], [`pprof::encode`] | a [`Profile`] |
//! | a scrape: an exposition with staleness, limits, `up` | [`scrape::Scrape::ingest`] | samples |
//! | folded stacks | [`folded::decode`] | a [`Profile`] |
//!
//! Decoders hand items to a sink of [`telemetry_core::sink`] and commit once. What the sink or the
//! format refuses item by item is in the [`Outcome`]; an input that cannot be read at all is an
//! [`Error`] with the position of the byte, and nothing of it is stored. No input panics, recursion
//! is bounded, and memory is a small multiple of the input: what an item may take beyond its bytes
//! is a constant.
//!
//! Bodies arrive decompressed, except those whose format fixes the compression: pprof, remote
//! write, Loki's push. [`gunzip`] is there for the others, with a bound on what comes out.
//!
//! [`Profile`]: telemetry_core::model::Profile
#![forbid(unsafe_code)]

mod base64;
mod decimal;
mod error;
pub mod folded;
mod gzip;
mod json;
mod known;
pub mod lines;
pub mod loki;
pub mod metric_lines;
pub mod otlp;
mod outcome;
mod pending;
pub mod pprof;
pub mod prometheus;
mod protobuf;
pub mod relabel;
pub mod scrape;
mod snappy;

pub use error::{
    Error, ExpositionErrorKind, JsonErrorKind, PprofErrorKind, ProtobufErrorKind,
    StreamLabelsErrorKind,
};
pub use gzip::{gunzip, is_gzip};
pub use outcome::Outcome;
