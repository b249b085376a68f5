//! Names and values of one record, collected without a copy where the input can be borrowed.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;

use telemetry_core::sink::RefusalReason;

use crate::error::Fault;
use crate::otlp::hex;
use crate::otlp::name::LOKI;
use crate::otlp::texts::Texts;
use crate::otlp::value::{Any, Attribute, deeper, next_entry};

/// Up to this many pairs are handed on without an allocation, and compared each with each.
const INLINE_PAIRS: usize = 32;

/// Bytes that the names of flattened lists may have together. Every name repeats those above it,
/// so a few bytes of input could become any number of bytes of names.
const NESTED_NAME_BYTES_MAX: usize = 1 << 20;

/// Names and values, in the order added.
#[derive(Debug, Default)]
pub(super) struct Pairs<'a> {
    entries: Vec<(Piece<'a>, Piece<'a>)>,
    arena: String,
    nested_name_bytes: usize,
}

/// A text in the input or in the arena.
#[derive(Clone, Debug)]
enum Piece<'a> {
    Input(&'a str),
    Arena(Range<usize>),
}

impl<'a> Pairs<'a> {
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.arena.clear();
        self.nested_name_bytes = 0;
    }

    /// Why these pairs cannot be stored, if they cannot: names are missing then.
    pub(super) fn fault(&self) -> Option<RefusalReason> {
        let (found, limit) = (self.nested_name_bytes, NESTED_NAME_BYTES_MAX);
        let what = "the names of nested attributes";
        (found > limit).then_some(RefusalReason::TooLong { what, found, limit })
    }

    /// Adds an attribute: a list of named values becomes a pair for each, its name in front;
    /// everything else one pair, unless its text is empty.
    pub(super) fn attribute(
        &mut self,
        attribute: &Attribute<'a>,
        texts: &mut Texts,
    ) -> Result<(), Fault> {
        match attribute.value {
            Any::Map(_) => {
                let key = texts.read(attribute.key);
                self.nested("", &key, attribute.value, texts, 0)
            }
            Any::String(text) => {
                let value = match texts.read(text) {
                    Cow::Borrowed(text) => Piece::Input(text),
                    Cow::Owned(text) => self.keep(&text),
                };
                let name = self.name(texts.read(attribute.key));
                self.add(name, value);
                Ok(())
            }
            value => {
                let start = self.arena.len();
                value.write_text(&mut self.arena, texts)?;
                let value = Piece::Arena(start..self.arena.len());
                let name = self.name(texts.read(attribute.key));
                self.add(name, value);
                Ok(())
            }
        }
    }

    fn nested(
        &mut self,
        prefix: &str,
        key: &str,
        value: Any<'a>,
        texts: &mut Texts,
        depth: u32,
    ) -> Result<(), Fault> {
        // Counted before it is made: past the bound nothing is made at all.
        self.nested_name_bytes += prefix.len() + key.len();
        if self.nested_name_bytes > NESTED_NAME_BYTES_MAX {
            return Ok(());
        }
        let mut name = String::new();
        let whole = if prefix.is_empty() { key } else { &format!("{prefix}_{key}") };
        // A name cannot be empty; the attribute is kept all the same.
        LOKI.append(if whole.is_empty() { "_" } else { whole }, &mut name);
        let Any::Map(mut entries) = value else {
            let name = self.keep(&name);
            let start = self.arena.len();
            value.write_text(&mut self.arena, texts)?;
            self.add(name, Piece::Arena(start..self.arena.len()));
            return Ok(());
        };
        let depth = deeper(&entries, depth)?;
        while let Some(entry) = next_entry(&mut entries)? {
            let key = texts.read(entry.key);
            self.nested(&name, &key, entry.value, texts, depth)?;
        }
        Ok(())
    }

    /// Adds a text under a name that needs no change, unless it is empty.
    pub(super) fn text(&mut self, name: &'static str, value: Cow<'a, str>) {
        let value = match value {
            Cow::Borrowed(text) => Piece::Input(text),
            Cow::Owned(text) => self.keep(&text),
        };
        self.add(Piece::Input(name), value);
    }

    /// Adds a number, unless it is zero.
    pub(super) fn number(&mut self, name: &'static str, value: u64) {
        if value != 0 {
            let start = self.arena.len();
            // Writing to a string does not fail.
            let _ = write!(self.arena, "{value}");
            self.add(Piece::Input(name), Piece::Arena(start..self.arena.len()));
        }
    }

    /// Adds an id in hexadecimal digits, unless it is zero or not there.
    pub(super) fn id(&mut self, name: &'static str, id: &[u8]) {
        if hex::is_set(id) {
            let start = self.arena.len();
            hex::append(id, &mut self.arena);
            self.add(Piece::Input(name), Piece::Arena(start..self.arena.len()));
        }
    }

    fn name(&mut self, key: Cow<'a, str>) -> Piece<'a> {
        match key {
            Cow::Borrowed(key) if LOKI.is_right(key) => Piece::Input(key),
            key => {
                let start = self.arena.len();
                // A name cannot be empty; the attribute is kept all the same.
                LOKI.append(if key.is_empty() { "_" } else { &key }, &mut self.arena);
                Piece::Arena(start..self.arena.len())
            }
        }
    }

    fn keep(&mut self, text: &str) -> Piece<'a> {
        let start = self.arena.len();
        self.arena.push_str(text);
        Piece::Arena(start..self.arena.len())
    }

    fn add(&mut self, name: Piece<'a>, value: Piece<'a>) {
        let is_empty = match &value {
            Piece::Input(text) => text.is_empty(),
            Piece::Arena(range) => range.is_empty(),
        };
        if !is_empty {
            self.entries.push((name, value));
        }
    }

    fn piece<'s>(&'s self, piece: &Piece<'s>) -> &'s str {
        match piece {
            Piece::Input(text) => text,
            Piece::Arena(range) => self.arena.get(range.clone()).unwrap_or_default(),
        }
    }

    /// Names and values, in the order added.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(name, value)| (self.piece(name), self.piece(value)))
    }
}

/// Calls `then` with the pairs of all `lists`, each name once: the first one counts, so a record's
/// own name covers that of its scope and of its resource.
pub(super) fn merged<T>(lists: &[&Pairs<'_>], then: impl FnOnce(&[(&str, &str)]) -> T) -> T {
    let total: usize = lists.iter().map(|list| list.entries.len()).sum();
    let all = lists.iter().flat_map(|list| list.iter());
    if total > INLINE_PAIRS {
        let mut pairs: Vec<_> = all.collect();
        pairs.sort_by(|a, b| a.0.cmp(b.0));
        pairs.dedup_by(|later, earlier| later.0 == earlier.0);
        return then(&pairs);
    }
    let mut pairs = [("", ""); INLINE_PAIRS];
    let mut len = 0;
    let mut seen = 0_u64;
    for pair in all {
        // Names are compared only where one of the same length and ends has been seen.
        let bit = fingerprint(pair.0);
        let known = seen & bit != 0 && pairs.iter().take(len).any(|(name, _)| *name == pair.0);
        seen |= bit;
        if let Some(slot) = pairs.get_mut(len).filter(|_| !known) {
            *slot = pair;
            len += 1;
        }
    }
    then(pairs.get(..len).unwrap_or_default())
}

/// One of 64 bits, by the length and the ends of a name.
fn fingerprint(name: &str) -> u64 {
    let (first, last) = match name.as_bytes() {
        [] => (0, 0),
        [only] => (*only, 0),
        [first, .., last] => (*first, *last),
    };
    let mixed = (name.len() as u64).wrapping_mul(0x9e37_79b9)
        ^ u64::from(first).wrapping_mul(0x85eb_ca6b)
        ^ u64::from(last).wrapping_mul(0xc2b2_ae35);
    1 << (mixed >> 11 & 63)
}
