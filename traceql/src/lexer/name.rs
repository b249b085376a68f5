//! Attribute names, plain and quoted in part.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::{NAME_ENDS, failure};
use crate::error::{SyntaxError, SyntaxErrorKind};

/// Whether `c` ends a name outside of quotes.
pub(crate) fn ends_name(c: char) -> bool {
    c.is_whitespace() || NAME_ENDS.contains(c)
}

/// The name at the start of `text` and the bytes it takes. Parts in double quotes may hold any
/// character; there `\"` and `\\` are the only escapes.
pub(super) fn name(text: &str) -> Result<(String, usize), SyntaxError> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    let mut quoted_from = None;
    let end = loop {
        let Some((at, c)) = chars.next() else {
            if let Some(start) = quoted_from {
                return Err(failure(SyntaxErrorKind::UnterminatedName, start, text.len()));
            }
            break text.len();
        };
        match (quoted_from, c) {
            (None, '"') => quoted_from = Some(at),
            (Some(_), '"') => quoted_from = None,
            (Some(_), '\\') => match chars.next() {
                Some((_, escaped @ ('"' | '\\'))) => name.push(escaped),
                other => {
                    let end = other.map_or(text.len(), |(at, c)| at + c.len_utf8());
                    return Err(failure(SyntaxErrorKind::NameEscape, at, end));
                }
            },
            (None, c) if ends_name(c) => break at,
            (_, c) => name.push(c),
        }
    };
    if name.is_empty() {
        return Err(failure(SyntaxErrorKind::EmptyName, 0, end));
    }
    Ok((name, end))
}
