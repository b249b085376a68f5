//! Strings and names in the form that is read back.

use crate::lexer::is_bare_label;
use std::fmt::{self, Write};
use telemetry_core::labels::is_classic_name;
use telemetry_core::syntax::string::write_quoted;

/// `bytes` in quotes, those that are not UTF-8 as escapes.
pub(crate) fn quote_bytes(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        let mut quoted = String::new();
        // Writing to a String cannot fail.
        let _ = write_quoted(&mut quoted, chunk.valid());
        let bare = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        out.push_str(bare.unwrap_or_default());
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

/// A label's name in braces, in quotes where it needs them.
pub(super) fn write_label(out: &mut impl Write, name: &str) -> fmt::Result {
    if is_classic_name(name) { out.write_str(name) } else { write_quoted(out, name) }
}

/// ` (a, b)`.
pub(super) fn write_labels(out: &mut impl Write, labels: &[Box<str>]) -> fmt::Result {
    out.write_str(" (")?;
    for (at, label) in labels.iter().enumerate() {
        if at > 0 {
            out.write_str(", ")?;
        }
        if is_bare_label(label) {
            out.write_str(label)?;
        } else {
            write_quoted(out, label)?;
        }
    }
    out.write_str(")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_escaped() {
        assert_eq!(quote_bytes(b"a\xc5z\n"), r#""a\xc5z\n""#);
        assert_eq!(quote_bytes(b""), r#""""#);
    }

    #[test]
    fn names_are_quoted_where_they_must() {
        let mut out = String::new();
        write_labels(&mut out, &["a".into(), "b.c".into(), "d:e".into(), "Inf".into()]).unwrap();
        assert_eq!(out, r#" (a, "b.c", "d:e", "Inf")"#);
    }
}
