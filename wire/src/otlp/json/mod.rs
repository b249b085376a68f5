//! OTLP in JSON, turned into protobuf.
//!
//! 1. `schema` lists the messages of the three requests: names, numbers and types of their fields.
//! 2. `transcode` walks the text along the schema and writes the protobuf message.
//! 3. `print` goes the other way, for what is sent.
//!
//! The rules are those of protobuf's JSON mapping with OTLP's changes, read with tolerance: field
//! names in camelCase or as in the protobuf files, ids in hexadecimal digits, other bytes in base64,
//! 64-bit integers as strings or numbers, enumerations as numbers or names, `NaN` and infinities as
//! strings, `null` for the default, unknown fields ignored whatever they hold.

mod number;
mod print;
mod schema;
mod transcode;

use std::borrow::Cow;

pub(super) use print::print;
pub(super) use schema::{LOGS, METRICS, Message, TRACES};

use crate::error::Error;
use crate::json::Reader;

/// How an OTLP request is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Protobuf: content type `application/x-protobuf`, and gRPC.
    Protobuf,
    /// JSON: content type `application/json`.
    Json,
}

/// The request in protobuf. `schema` is its message.
pub(super) fn request<'a>(
    input: &'a [u8],
    encoding: Encoding,
    schema: &'static Message,
) -> Result<Cow<'a, [u8]>, Error> {
    match encoding {
        Encoding::Protobuf => Ok(Cow::Borrowed(input)),
        Encoding::Json => transcode::transcode(input, schema).map(Cow::Owned),
    }
}

/// The first name in a JSON object.
pub(super) fn first_name(input: &[u8]) -> Option<String> {
    Reader::new(input).ok()?.first_name()
}
