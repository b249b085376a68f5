//! The condition of a delete on the lines themselves, as it is kept with the delete.
//!
//! ~~~text
//! field       encoding
//! version     u8 = 1
//! filters     varint count, then per filter:
//!   negated   u8       0, or 1: the line must not match
//!   arms      varint count, then per arm:
//!     kind    u8       0 text, 1 regular expression
//!     flags   u8       of an expression: 1 anchored, 2 `.` matches a line end; else 0
//!     text    length and bytes
//! condition   length and bytes   in the language of the store's opener; empty for none
//! ~~~
//!
//! A delete without a condition on lines has no bytes at all.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::regex::{Regex, RegexOptions};
use telemetry_core::source::{LineFilter, LinePattern};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::varint::{put_bytes, put_u64};
use telemetry_core::storage::{Damage, Damaged};

const VERSION: u8 = 1;
const ANCHORED: u8 = 1;
const DOT_MATCHES_NEWLINE: u8 = 2;

/// A condition on lines as it is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    pub(crate) filters: Vec<LineFilter>,
    pub(crate) condition: String,
}

/// The encoded form; none where there is a filter that this store does not know.
pub(crate) fn write(filters: &[LineFilter], condition: &str) -> Option<Vec<u8>> {
    if filters.is_empty() && condition.is_empty() {
        return Some(Vec::new());
    }
    let mut out = vec![VERSION];
    put_u64(&mut out, filters.len() as u64);
    for filter in filters {
        out.push(u8::from(filter.negated));
        put_u64(&mut out, filter.any.len() as u64);
        for pattern in &filter.any {
            match pattern {
                LinePattern::Contains(text) => {
                    out.extend([0, 0]);
                    put_bytes(&mut out, text);
                }
                LinePattern::Regex(regex) => {
                    let RegexOptions { anchored, dot_matches_newline } = regex.options();
                    let dot = u8::from(dot_matches_newline) * DOT_MATCHES_NEWLINE;
                    out.extend([1, u8::from(anchored) * ANCHORED + dot]);
                    put_bytes(&mut out, regex.pattern().as_bytes());
                }
                _ => return None,
            }
        }
    }
    put_bytes(&mut out, condition.as_bytes());
    Some(out)
}

/// Reads the encoded form.
///
/// # Errors
///
/// The bytes are no condition.
pub(crate) fn read(bytes: &[u8]) -> Result<Stored, Damaged> {
    let mut input = Cursor::new(bytes);
    if input.is_empty() {
        return Ok(Stored::default());
    }
    let version = input.u8()?;
    if version != VERSION {
        let damage = Damage::Unknown { what: "version of a condition", found: version.into() };
        return Err(Damaged::at(0, damage));
    }
    let count = input.count(2)?;
    let mut filters = Vec::with_capacity(count);
    for _ in 0..count {
        let negated = match input.u8()? {
            0 => false,
            1 => true,
            _ => return Err(input.field("sign of a filter")),
        };
        let arms = input.count(3)?;
        let mut any = Vec::with_capacity(arms);
        for _ in 0..arms {
            any.push(pattern(&mut input)?);
        }
        filters.push(LineFilter { negated, any });
    }
    let condition = input.str()?.to_owned();
    input.finish()?;
    Ok(Stored { filters, condition })
}

fn pattern(input: &mut Cursor<'_>) -> Result<LinePattern, Damaged> {
    let (kind, flags) = (input.u8()?, input.u8()?);
    if kind > 1 || flags & !(ANCHORED | DOT_MATCHES_NEWLINE) != 0 || (kind == 0 && flags != 0) {
        return Err(input.field("kind of a pattern"));
    }
    if kind == 0 {
        return Ok(LinePattern::Contains(input.bytes()?.to_vec()));
    }
    let options = RegexOptions {
        anchored: flags & ANCHORED != 0,
        dot_matches_newline: flags & DOT_MATCHES_NEWLINE != 0,
    };
    let regex = Regex::with_options(input.str()?, options);
    Ok(LinePattern::Regex(regex.map_err(|_| input.field("regular expression"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filters() -> Vec<LineFilter> {
        let regex = Regex::new("a|b").unwrap();
        let text = LinePattern::Contains(b"secret\xff".to_vec());
        vec![
            LineFilter { negated: false, any: vec![text, LinePattern::Regex(regex)] },
            LineFilter { negated: true, any: vec![] },
        ]
    }

    #[test]
    fn golden_condition() {
        let bytes = write(&filters(), "{}").unwrap();
        let mut golden = vec![1, 2, 0, 2, 0, 0, 7];
        golden.extend(b"secret\xff\x01\x00\x03a|b\x01\x00\x02{}");
        assert_eq!(bytes, golden);
        let stored = read(&bytes).unwrap();
        assert_eq!(write(&stored.filters, &stored.condition).unwrap(), golden);
        for len in 1..bytes.len() {
            assert!(read(&bytes[..len]).is_err(), "{len}");
        }
        assert_eq!(write(&[], "").unwrap(), []);
        assert!(read(&[]).unwrap().filters.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(0_u8..8, 0..40)) {
            if let Ok(stored) = read(&bytes) {
                let again = write(&stored.filters, &stored.condition).unwrap();
                let read_again = read(&again).unwrap();
                prop_assert_eq!(write(&read_again.filters, &read_again.condition).unwrap(), again);
            }
        }
    }
}
