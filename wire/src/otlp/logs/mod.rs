//! Logs: `ExportLogsServiceRequest`, into streams and structured metadata as Loki does it, and back.

mod decode;
mod encode;
mod metadata;
mod names;
mod options;
mod stream;

pub use decode::decode_logs;
pub use encode::encode_logs;
pub use options::LogOptions;
