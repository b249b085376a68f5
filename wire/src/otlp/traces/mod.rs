//! Traces: `ExportTraceServiceRequest`.

mod decode;

pub use decode::decode_traces;
