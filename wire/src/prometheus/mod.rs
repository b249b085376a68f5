//! Formats of Prometheus.

mod exposition;
mod label;
pub(crate) mod native;
pub mod remote_read;
pub mod remote_write;
mod sample;

pub(crate) use exposition::Families;
pub use exposition::{
    Entry, Escaping, Exposed, ExposedExemplar, ExposedValue, ExpositionReceiver, ExpositionWriter,
    Format, Label, NativeInText, ReadOptions, accept, decode_exposition, decode_text, escape_name,
    read_exposition, unescape_name,
};
