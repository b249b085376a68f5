//! The symbols of a body of version 2.0: every text once, referred to by its number.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::HashMap;

use telemetry_core::sink::RefusalReason;

use super::known::Key;
use super::labels::Pairs;
use crate::protobuf::Writer;

/// So many times the bytes of a body may its texts have where they are referred to: a byte refers
/// to any text, so a small body could stand for any number of bytes of labels.
const EXPANSION_MAX: usize = 64;

const SYMBOL_RULE: &str = "a symbol is in the table";

/// The texts of a body, as they lie in it, with what stands for them.
#[derive(Debug)]
pub(super) struct Symbols<'a> {
    texts: Vec<(&'a [u8], Key)>,
    bytes_left: usize,
    bytes_max: usize,
}

impl<'a> Symbols<'a> {
    /// No texts yet, for a body of so many bytes.
    pub(super) fn new(body_bytes: usize) -> Self {
        let bytes_max = body_bytes.saturating_mul(EXPANSION_MAX);
        Symbols { texts: Vec::new(), bytes_left: bytes_max, bytes_max }
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

    pub(super) fn push(&mut self, text: &'a [u8]) {
        self.texts.push((text, Key::of(text)));
    }

    /// The text of a number; none where there is none.
    pub(super) fn get(&self, number: u64) -> Option<&'a [u8]> {
        Some(self.texts.get(usize::try_from(number).ok()?)?.0)
    }

    /// What stands for the labels that `numbers` are, in this body and every other. Their texts are
    /// [spent](Self::spend), here and not in [`labels`](Self::labels).
    #[inline]
    pub(super) fn key(&mut self, numbers: &[u64]) -> Result<Key, RefusalReason> {
        let (mut key, mut bytes, mut all) = (Key::default(), 0, true);
        for number in numbers {
            match usize::try_from(*number).ok().and_then(|number| self.texts.get(number)) {
                Some((text, of_text)) => {
                    key.add(*of_text);
                    bytes += text.len();
                }
                None => all = false,
            }
        }
        self.spend(bytes)?;
        if all { Ok(key) } else { Err(RefusalReason::Malformed { rule: SYMBOL_RULE }) }
    }

    /// The labels that `numbers` are, names and values by turns.
    pub(super) fn labels(&self, numbers: &[u64]) -> Result<Pairs<'a>, RefusalReason> {
        let (pairs, []) = numbers.as_chunks::<2>() else {
            return Err(RefusalReason::Malformed { rule: "labels are pairs of symbols" });
        };
        let mut labels = Pairs::default();
        for [name, value] in pairs {
            let (Some(name), Some(value)) = (self.get(*name), self.get(*value)) else {
                return Err(RefusalReason::Malformed { rule: SYMBOL_RULE });
            };
            labels.add(name, value);
        }
        Ok(labels)
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
