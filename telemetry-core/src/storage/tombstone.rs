//! Deletes: what a caller took away, by matchers and time.
//!
//! A tombstone takes part in the order of commits: it hides what was committed before it and
//! nothing that is committed after. It is applied when data is read, carried out when the data is
//! flushed or compacted, and forgotten when no data before it is left.
//!
//! ~~~text
//! field       encoding
//! sequence    varint   its place in the order of commits
//! start       signed varint   first time deleted, in the engine's unit
//! end         signed varint   last time deleted, still deleted
//! matchers    varint count, then per matcher: op u8 (0 =, 1 !=, 2 =~, 3 !~), name, value
//! predicate   length and bytes   the engine's own condition; empty for none
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::cursor::Cursor;
use super::error::{Damage, Damaged};
use super::varint::{put_bytes, put_i64, put_str, put_u64};
use crate::labels::{Labels, MatchOp, Matcher};

/// A delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// Its place in the order of commits; the kernel sets it.
    pub sequence: u64,
    /// First time deleted, in the engine's unit.
    pub start: i64,
    /// Last time deleted, still deleted. Engines whose ranges leave the end out pass `end - 1`.
    pub end: i64,
    /// Every one of them must hold for the labels; without any, everything in the time is deleted.
    pub matchers: Vec<Matcher>,
    /// A condition of the engine's own, in its own encoding; empty for none.
    pub predicate: Vec<u8>,
}

impl Tombstone {
    /// A delete of what the matchers select from `start` to `end`, both included.
    pub fn new(matchers: Vec<Matcher>, start: i64, end: i64) -> Self {
        Tombstone { sequence: 0, start, end, matchers, predicate: Vec::new() }
    }

    /// Whether the labels are selected.
    pub fn selects(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|matcher| matcher.matches_labels(labels))
    }

    /// Whether the time is deleted.
    pub const fn covers(&self, time: i64) -> bool {
        self.start <= time && time <= self.end
    }

    /// Whether some time from `start` to `end`, both included, is deleted.
    pub const fn overlaps(&self, start: i64, end: i64) -> bool {
        self.start <= end && start <= self.end
    }

    /// Appends the encoded form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_u64(out, self.sequence);
        put_i64(out, self.start);
        put_i64(out, self.end);
        put_u64(out, self.matchers.len() as u64);
        for matcher in &self.matchers {
            out.push(match matcher.op() {
                MatchOp::Equal => 0,
                MatchOp::NotEqual => 1,
                MatchOp::Regex => 2,
                MatchOp::NotRegex => 3,
            });
            put_str(out, matcher.name());
            put_str(out, matcher.value());
        }
        put_bytes(out, &self.predicate);
    }

    /// Reads the encoded form.
    ///
    /// # Errors
    /// It is damaged, or a regular expression in it is not one.
    pub fn decode(cursor: &mut Cursor<'_>) -> Result<Self, Damaged> {
        let sequence = cursor.varint_u64()?;
        let start = cursor.varint_i64()?;
        let end = cursor.varint_i64()?;
        let count = cursor.count(3)?;
        let mut matchers = Vec::with_capacity(count);
        for _ in 0..count {
            let at = cursor.position();
            let op = match cursor.u8()? {
                0 => MatchOp::Equal,
                1 => MatchOp::NotEqual,
                2 => MatchOp::Regex,
                3 => MatchOp::NotRegex,
                other => {
                    let damage = Damage::Unknown { what: "matcher", found: other.into() };
                    return Err(Damaged::at(at, damage));
                }
            };
            let (name, value) = (cursor.str()?, cursor.str()?);
            let matcher = Matcher::new(op, name, value);
            matchers.push(matcher.map_err(|_| Damaged::field(at, "the regular expression"))?);
        }
        let predicate = cursor.bytes()?.to_vec();
        Ok(Tombstone { sequence, start, end, matchers, predicate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tombstone_comes_back() {
        let tombstone = Tombstone {
            sequence: 300,
            start: -1,
            end: 7,
            matchers: vec![
                Matcher::equal("job", "api"),
                Matcher::new(MatchOp::NotRegex, "pod", "a.*").unwrap(),
            ],
            predicate: vec![1, 2],
        };
        let mut bytes = Vec::new();
        tombstone.encode(&mut bytes);
        let mut golden = vec![0xac, 2, 1, 14, 2, 0, 3];
        golden.extend_from_slice(b"job\x03api\x03\x03pod\x03a.*\x02\x01\x02");
        assert_eq!(bytes, golden);
        let mut cursor = Cursor::new(&bytes);
        assert_eq!(Tombstone::decode(&mut cursor).unwrap(), tombstone);
        for len in 0..bytes.len() {
            assert!(Tombstone::decode(&mut Cursor::new(&bytes[..len])).is_err());
        }
    }

    #[test]
    fn both_ends_are_deleted() {
        let tombstone = Tombstone::new(Vec::new(), 5, 7);
        assert!(!tombstone.covers(4) && tombstone.covers(5) && tombstone.covers(7));
        assert!(tombstone.overlaps(7, 9) && !tombstone.overlaps(8, 9));
        assert!(tombstone.selects(&crate::labels! { "a" => "b" }));
    }
}
