//! The symbols of a body of version 2.0: every text once, referred to by its number.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::HashMap;

use telemetry_core::labels::METRIC_NAME;
use telemetry_core::sink::RefusalReason;

use super::known::Key;
use super::labels::Pairs;
use crate::protobuf::Writer;

/// So many times the bytes of a body may its texts have where they are referred to: a byte refers
/// to any text, so a small body could stand for any number of bytes of labels.
const EXPANSION_MAX: usize = 64;

const SYMBOL_RULE: &str = "a symbol is in the table";
const PAIR_RULE: &str = "labels are pairs of symbols";

/// The texts of a body, as they lie in it, with what stands for them.
#[derive(Debug)]
pub(super) struct Symbols<'a> {
    keys: Vec<(Key, usize)>,
    texts: Vec<Text<'a>>,
    bytes_left: usize,
    bytes_max: usize,
}

/// A text, checked once for all labels that refer to it.
#[derive(Clone, Copy, Debug)]
struct Text<'a> {
    bytes: &'a [u8],
    /// None where it is not UTF-8.
    text: Option<&'a str>,
}

impl<'a> Symbols<'a> {
    /// No texts yet, for a body of so many bytes.
    pub(super) fn new(body_bytes: usize) -> Self {
        let bytes_max = body_bytes.saturating_mul(EXPANSION_MAX);
        Symbols { keys: Vec::new(), texts: Vec::new(), bytes_left: bytes_max, bytes_max }
    }

    /// Takes `bytes` off what texts may have together.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), RefusalReason> {
        let (bytes_left, limit) = (self.bytes_left, self.bytes_max);
        self.bytes_left = bytes_left.checked_sub(bytes).ok_or(RefusalReason::TooLong {
            what: "the labels of a body",
            found: limit.saturating_add(bytes - bytes_left.min(bytes)),
            limit,
        })?;
        Ok(())
    }

    pub(super) fn push(&mut self, bytes: &'a [u8]) {
        self.keys.push((Key::of(bytes), bytes.len()));
        self.texts.push(Text { bytes, text: str::from_utf8(bytes).ok() });
    }

    /// The text of a number; none where there is none.
    pub(super) fn get(&self, number: u64) -> Option<&'a [u8]> {
        self.text(number).map(|text| text.bytes)
    }

    fn text(&self, number: u64) -> Option<Text<'a>> {
        self.texts.get(usize::try_from(number).ok()?).copied()
    }

    /// What stands for the labels that `numbers` are, in this body and every other. Their texts are
    /// [spent](Self::spend), here and not in [`labels`](Self::labels).
    pub(super) fn key(&mut self, numbers: &[u64]) -> Result<Key, RefusalReason> {
        let (pairs, []) = numbers.as_chunks::<2>() else {
            return Err(RefusalReason::Malformed { rule: PAIR_RULE });
        };
        let (mut key, mut bytes, mut all) = (Key::default(), 0, true);
        let find = |number: &u64| self.keys.get(usize::try_from(*number).ok()?).copied();
        for [name, value] in pairs {
            let (name, value) = (find(name), find(value));
            all &= name.is_some() && value.is_some();
            let [name, value] = [name, value].map(Option::unwrap_or_default);
            key.add(name.0, value.0);
            bytes += name.1 + value.1;
        }
        self.spend(bytes)?;
        if all { Ok(key) } else { Err(RefusalReason::Malformed { rule: SYMBOL_RULE }) }
    }

    /// As [`key`](Self::key), of numbers that are still packed; gives with it what is to be spent.
    /// None where one takes more than two bytes, is not in the table, or has no partner: whatever is
    /// wrong then is found by reading them one by one.
    #[inline]
    pub(super) fn key_of_packed(&self, mut packed: &[u8]) -> Option<(Key, usize)> {
        let (mut key, mut bytes) = (Key::default(), 0);
        while !packed.is_empty() {
            let (name, rest) = short_number(packed)?;
            let (value, rest) = short_number(rest)?;
            let (name, value) = (self.keys.get(name)?, self.keys.get(value)?);
            key.add(name.0, value.0);
            bytes += name.1 + value.1;
            packed = rest;
        }
        Some((key, bytes))
    }

    /// The number of the metric's name in packed numbers, where it is the first label.
    #[inline]
    pub(super) fn name_in_packed(&self, packed: &[u8]) -> Option<u64> {
        let (name, rest) = short_number(packed)?;
        let (value, _) = short_number(rest)?;
        (self.texts.get(name)?.bytes == METRIC_NAME.as_bytes()).then_some(value as u64)
    }

    /// Makes `labels` those that `numbers` are, names and values by turns.
    pub(super) fn labels(
        &self,
        numbers: &[u64],
        labels: &mut Pairs<'a>,
    ) -> Result<(), RefusalReason> {
        labels.clear();
        let (pairs, []) = numbers.as_chunks::<2>() else {
            return Err(RefusalReason::Malformed { rule: PAIR_RULE });
        };
        for [name, value] in pairs {
            let (Some(name), Some(value)) = (self.text(*name), self.text(*value)) else {
                return Err(RefusalReason::Malformed { rule: SYMBOL_RULE });
            };
            labels.add_checked(name.bytes, name.text, value.text);
        }
        Ok(())
    }
}

/// Makes `numbers` those that are in `packed`, as far as none takes more than two bytes.
pub(super) fn unpack(mut packed: &[u8], numbers: &mut Vec<u64>) {
    numbers.clear();
    while let Some((number, rest)) = short_number(packed) {
        numbers.push(number as u64);
        packed = rest;
    }
}

/// A varint of one or two bytes at the head of `bytes`, and what follows it.
#[inline]
fn short_number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [number, rest @ ..] if *number < 0x80 => Some((usize::from(*number), rest)),
        [low, high, rest @ ..] if *high < 0x80 => {
            Some((usize::from(*low & 0x7f) | usize::from(*high) << 7, rest))
        }
        _ => None,
    }
}

/// A table under construction. The first text is empty, as the specification wants it.
#[derive(Debug)]
pub(super) struct SymbolTable {
    numbers: HashMap<String, u64>,
    out: Writer,
}

/// The field that symbols are in.
pub(super) const SYMBOLS: u32 = 4;

impl Default for SymbolTable {
    fn default() -> Self {
        let mut table = SymbolTable { numbers: HashMap::new(), out: Writer::default() };
        table.number("");
        table
    }
}

impl SymbolTable {
    /// The number of `text`.
    pub(super) fn number(&mut self, text: &str) -> u64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.numbers.len() as u64;
        self.numbers.insert(text.to_owned(), number);
        self.out.bytes(SYMBOLS, text.as_bytes());
        number
    }

    /// The fields of the table.
    pub(super) fn finish(self) -> Vec<u8> {
        self.out.finish()
    }
}
