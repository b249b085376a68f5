//! Names and values of one record, collected without a copy where the input can be borrowed.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;
use std::ops::Range;

use telemetry_core::sink::RefusalReason;

use super::names::{Name, Names, Number, made};
use crate::error::Fault;
use crate::otlp::hex;
use crate::otlp::texts::Texts;
use crate::otlp::value::{Any, Attribute, deeper, next_entry, write_integer};
use crate::protobuf::Bytes;

/// Up to this many pairs are handed on without an allocation.
const INLINE_PAIRS: usize = 32;

/// Bytes that the names of flattened lists may have together. Every name repeats those above it,
/// so a few bytes of input could become any number of bytes of names.
const NESTED_NAME_BYTES_MAX: usize = 1 << 20;

/// Names and values, in the order added.
#[derive(Debug, Default)]
pub(super) struct Pairs<'a> {
    entries: Vec<(Name<'a>, Piece<'a>)>,
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
    #[inline]
    pub(super) fn fault(&self) -> Option<RefusalReason> {
        let (found, limit) = (self.nested_name_bytes, NESTED_NAME_BYTES_MAX);
        let what = "the names of nested attributes";
        (found > limit).then_some(RefusalReason::TooLong { what, found, limit })
    }

    /// Adds an attribute: a list of named values becomes a pair for each, its name in front;
    /// everything else one pair, unless its text is empty.
    #[inline]
    pub(super) fn attribute(
        &mut self,
        attribute: &Attribute<'a>,
        names: &mut Names<'a>,
        texts: &mut Texts,
    ) -> Result<(), Fault> {
        match attribute.value {
            Any::Map(_) => {
                let key = texts.read(attribute.key);
                self.nested("", &key, attribute.value, names, texts, 0)
            }
            Any::String(text) => {
                let value = self.input(text, texts);
                self.add(names.of_key(attribute.key, texts), value);
                Ok(())
            }
            value => {
                let start = self.arena.len();
                value.write_text(&mut self.arena, texts)?;
                let value = Piece::Arena(start..self.arena.len());
                self.add(names.of_key(attribute.key, texts), value);
                Ok(())
            }
        }
    }

    fn nested(
        &mut self,
        prefix: &str,
        key: &str,
        value: Any<'a>,
        names: &mut Names<'a>,
        texts: &mut Texts,
        depth: u32,
    ) -> Result<(), Fault> {
        // Counted before it is made: past the bound nothing is made at all.
        self.nested_name_bytes += prefix.len() + key.len();
        if self.nested_name_bytes > NESTED_NAME_BYTES_MAX {
            return Ok(());
        }
        let whole = if prefix.is_empty() { key } else { &format!("{prefix}_{key}") };
        let name = made(whole);
        let Any::Map(mut entries) = value else {
            let start = self.arena.len();
            value.write_text(&mut self.arena, texts)?;
            let value = Piece::Arena(start..self.arena.len());
            self.add(names.named(Cow::Owned(name)), value);
            return Ok(());
        };
        let depth = deeper(&entries, depth)?;
        while let Some(entry) = next_entry(&mut entries)? {
            let key = texts.read(entry.key);
            self.nested(&name, &key, entry.value, names, texts, depth)?;
        }
        Ok(())
    }

    /// Adds a text, unless it is empty.
    #[inline]
    pub(super) fn text(&mut self, name: Number, text: Bytes<'a>, texts: &mut Texts) {
        let value = self.input(text, texts);
        self.add(Name::Numbered(name), value);
    }

    /// Adds a number, unless it is zero.
    #[inline]
    pub(super) fn number(&mut self, name: Number, value: u64) {
        if value != 0 {
            let start = self.arena.len();
            write_integer(value, &mut self.arena);
            self.add(Name::Numbered(name), Piece::Arena(start..self.arena.len()));
        }
    }

    /// Adds an id in hexadecimal digits, unless it is zero or not there.
    #[inline]
    pub(super) fn id(&mut self, name: Number, id: &[u8]) {
        if hex::is_set(id) {
            let start = self.arena.len();
            hex::append(id, &mut self.arena);
            self.add(Name::Numbered(name), Piece::Arena(start..self.arena.len()));
        }
    }

    /// A text of the input, kept here where it had to be changed.
    #[inline]
    fn input(&mut self, text: Bytes<'a>, texts: &mut Texts) -> Piece<'a> {
        match texts.read(text) {
            Cow::Borrowed(text) => Piece::Input(text),
            Cow::Owned(text) => {
                let start = self.arena.len();
                self.arena.push_str(&text);
                Piece::Arena(start..self.arena.len())
            }
        }
    }

    #[inline]
    fn add(&mut self, name: Name<'a>, value: Piece<'a>) {
        let is_empty = match &value {
            Piece::Input(text) => text.is_empty(),
            Piece::Arena(range) => range.is_empty(),
        };
        if !is_empty {
            self.entries.push((name, value));
        }
    }

    #[inline]
    fn piece<'s>(&'s self, piece: &Piece<'s>) -> &'s str {
        match piece {
            Piece::Input(text) => text,
            Piece::Arena(range) => self.arena.get(range.clone()).unwrap_or_default(),
        }
    }

    /// Names and values, in the order added.
    pub(super) fn iter<'s>(
        &'s self,
        names: &'s Names<'a>,
    ) -> impl Iterator<Item = (&'s str, &'s str)> {
        self.entries.iter().map(|(name, value)| (names.text(name), self.piece(value)))
    }
}

/// Calls `then` with the pairs of all `lists`, each name once: the first one counts, so a record's
/// own name covers that of its scope and of its resource.
#[inline]
pub(super) fn merged<'a, T>(
    lists: [&Pairs<'a>; 3],
    names: &Names<'a>,
    then: impl FnOnce(&[(&str, &str)]) -> T,
) -> T {
    let total: usize = lists.iter().map(|list| list.entries.len()).sum();
    if total > INLINE_PAIRS {
        let mut pairs: Vec<_> = lists.iter().flat_map(|list| list.iter(names)).collect();
        pairs.sort_by(|a, b| a.0.cmp(b.0));
        pairs.dedup_by(|later, earlier| later.0 == earlier.0);
        return then(&pairs);
    }
    let mut pairs = [("", ""); INLINE_PAIRS];
    let mut len = 0;
    let mut seen = 0;
    for list in lists {
        for (name, value) in &list.entries {
            let text = names.text(name);
            let is_known = match name {
                Name::Numbered(number) => {
                    let is_known = seen & number.bit() != 0;
                    seen |= number.bit();
                    is_known
                }
                Name::Other(_) => pairs.iter().take(len).any(|(known, _)| *known == text),
            };
            if let Some(slot) = pairs.get_mut(len).filter(|_| !is_known) {
                *slot = (text, list.piece(value));
                len += 1;
            }
        }
    }
    then(pairs.get(..len).unwrap_or_default())
}
