//! Logs: `ExportLogsServiceRequest`, into streams and structured metadata as Loki does it.

mod decode;
mod metadata;
mod options;
mod stream;

pub use decode::decode_logs;
pub use options::LogOptions;
