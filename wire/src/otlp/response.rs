//! The answer to an export request.
//!
//! ~~~text
//! ExportServiceResponse   1 partial_success        partial_success   1 rejected · 2 error_message
//! ~~~
//!
//! The three signals have the same answer, but in JSON the count has a name of its own in each.

use std::fmt::Write;

use super::json::Encoding;
use crate::outcome::Outcome;
use crate::protobuf::Writer;

/// The `Export…ServiceResponse` for an outcome: empty where everything was stored, else with the
/// number of rejected items and [`Outcome::message`].
///
/// `rejected` is the name of the count in JSON: `rejectedSpans`, `rejectedDataPoints` or
/// `rejectedLogRecords`. Protobuf has no need of it.
pub fn encode_response(outcome: &Outcome, encoding: Encoding, rejected: &str) -> Vec<u8> {
    let count = outcome.refused.len() as u64;
    match encoding {
        Encoding::Protobuf => {
            let mut writer = Writer::default();
            if count > 0 {
                writer.message(1, |partial| {
                    partial.varint(1, count);
                    partial.bytes(2, outcome.message().as_bytes());
                });
            }
            writer.finish()
        }
        Encoding::Json if count == 0 => b"{}".to_vec(),
        Encoding::Json => {
            let mut text = String::new();
            // A 64-bit integer is a string in protobuf's JSON. Writing to a string does not fail.
            let _ = write!(text, r#"{{"partialSuccess":{{"{rejected}":"{count}","errorMessage":"#);
            super::value::write_string(&outcome.message(), &mut text);
            text.push_str("}}");
            text.into_bytes()
        }
    }
}

#[cfg(test)]
mod tests {
    use telemetry_core::sink::{Refusal, RefusalReason};

    use super::*;

    #[test]
    fn success_is_empty_and_partial_success_says_why() {
        let complete = Outcome::default();
        assert_eq!(encode_response(&complete, Encoding::Protobuf, "rejectedSpans"), b"");
        assert_eq!(encode_response(&complete, Encoding::Json, "rejectedSpans"), b"{}");
        let reason = RefusalReason::InvalidLabel { name: "\"".to_owned() };
        let refused = vec![Refusal { index: 2, reason }];
        let partial = Outcome { items: 3, refused, ..Outcome::default() };
        let json = encode_response(&partial, Encoding::Json, "rejectedSpans");
        assert_eq!(
            String::from_utf8(json).unwrap(),
            r#"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"1 refused, first item 2: label \"\\\"\" is not valid"}}"#
        );
        let protobuf = encode_response(&partial, Encoding::Protobuf, "rejectedSpans");
        assert!(protobuf.starts_with(b"\x0a\x34\x08\x01\x12\x301 refused"), "{protobuf:?}");
    }
}
