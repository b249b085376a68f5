//! The templates of a block, each once.
//!
//! ~~~text
//! templates  varint │ each, from number 1 on:
//!   text     length varint, bytes         what all its lines share
//!   slots    varint │ each:
//!     at     varint difference to the slot before    where in the text
//!     mask   u8      classes of bytes in its values (tokenize.rs)
//!     bytes  varint  length of its longest value
//! ~~~
//!
//! Template 0 is always there and not written: no text, and one slot of any bytes, for lines that
//! are no template.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use telemetry_core::source::{Slot, SlotKind, Template};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, varint};

use super::tokenize::{GapHash, Span, class};

/// More templates are not taken: lines of others are kept as they are.
pub(crate) const TEMPLATES_MAX: usize = 1 << 15;
/// Text of all templates; more is not taken.
const TEXT_BYTES_MAX: usize = 16 << 20;

/// What all values of a slot are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Classes of the bytes in them.
    pub(crate) mask: u8,
    /// Length of the longest.
    pub(crate) bytes_max: u32,
}

impl Summary {
    fn kind(self) -> SlotKind {
        match self.mask {
            class::DIGIT => SlotKind::Digits,
            mask if mask & class::OTHER == 0 => SlotKind::Word,
            _ => SlotKind::Text,
        }
    }
}

/// Templates by number.
#[derive(Clone, Debug)]
pub(crate) struct Dictionary {
    text: Vec<u8>,
    text_ends: Vec<usize>,
    slots: Vec<Slot>,
    summaries: Vec<Summary>,
    slot_ends: Vec<usize>,
    by_hash: HashMap<u64, u32, FixedState>,
}

impl Default for Dictionary {
    fn default() -> Self {
        Dictionary {
            text: Vec::new(),
            text_ends: vec![0],
            slots: vec![Slot { at: 0, kind: SlotKind::Text }],
            summaries: vec![Summary { mask: class::OTHER, bytes_max: 0 }],
            slot_ends: vec![1],
            by_hash: HashMap::default(),
        }
    }
}

fn part(ends: &[usize], index: usize) -> Option<std::ops::Range<usize>> {
    let end = *ends.get(index)?;
    let start = index.checked_sub(1).and_then(|before| ends.get(before)).copied();
    Some(start.unwrap_or(0)..end)
}

impl Dictionary {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.text_ends.len()
    }

    /// Template `number`; `id` of it is its number.
    pub(crate) fn template(&self, number: u32) -> Option<Template<'_>> {
        let text = self.text.get(part(&self.text_ends, number as usize)?)?;
        let slots = self.slots.get(part(&self.slot_ends, number as usize)?)?;
        Some(Template { id: u64::from(number), text, slots })
    }

    /// What the values in the slots of template `number` are like.
    pub(crate) fn summaries(&self, number: u32) -> &[Summary] {
        let slots = part(&self.slot_ends, number as usize).unwrap_or_default();
        self.summaries.get(slots).unwrap_or_default()
    }

    /// The number of the template of a line that lies at `start` of the text of its page, with these
    /// variables; none where there is no room for it.
    pub(super) fn intern(
        &mut self,
        hash: u64,
        line: &[u8],
        start: u32,
        spans: &[Span],
    ) -> Option<u32> {
        if let Some(number) = self.by_hash.get(&hash) {
            return self.is_of(*number, line, start, spans).then_some(*number);
        }
        let text = self.text.len();
        if self.len() >= TEMPLATES_MAX || text + line.len() > TEXT_BYTES_MAX {
            return None;
        }
        let mut from = 0;
        for span in spans {
            let to = (span.start - start) as usize;
            self.text.extend_from_slice(line.get(from..to).unwrap_or_default());
            from = to + span.bytes as usize;
            let at = u32::try_from(self.text.len() - text).ok()?;
            self.slots.push(Slot { at, kind: SlotKind::Digits });
            self.summaries.push(Summary { mask: 0, bytes_max: 0 });
        }
        self.text.extend_from_slice(line.get(from..).unwrap_or_default());
        Some(self.close(hash))
    }

    /// The template that is known by a hash; whether the line is of it, [`is_of`](Self::is_of) says.
    pub(super) fn find(&self, hash: u64) -> Option<u32> {
        self.by_hash.get(&hash).copied()
    }

    fn close(&mut self, hash: u64) -> u32 {
        let number = u32::try_from(self.len()).unwrap_or(u32::MAX);
        self.text_ends.push(self.text.len());
        self.slot_ends.push(self.slots.len());
        self.by_hash.insert(hash, number);
        number
    }

    /// Whether the line has exactly the text of template `number` around its variables.
    pub(super) fn is_of(&self, number: u32, line: &[u8], start: u32, spans: &[Span]) -> bool {
        let Some(template) = self.template(number) else { return false };
        if template.slots.len() != spans.len() {
            return false;
        }
        let (mut from, mut at) = (0, 0);
        for (span, slot) in spans.iter().zip(template.slots) {
            let (to, next) = ((span.start - start) as usize, slot.at as usize);
            if line.get(from..to) != template.text.get(at..next) {
                return false;
            }
            (from, at) = (to + span.bytes as usize, next);
        }
        line.get(from..) == template.text.get(at..)
    }

    /// Notes that slot `slot` of template `number` has values like these.
    pub(super) fn widen(&mut self, number: u32, slot: usize, found: Summary) {
        let Some(slots) = part(&self.slot_ends, number as usize) else { return };
        let at = slots.start + slot;
        if at >= slots.end {
            return;
        }
        if let (Some(summary), Some(slot)) = (self.summaries.get_mut(at), self.slots.get_mut(at)) {
            summary.mask |= found.mask;
            summary.bytes_max = summary.bytes_max.max(found.bytes_max);
            slot.kind = summary.kind();
        }
    }

    /// The number here of template `number` of another dictionary; none where there is no room.
    pub(crate) fn adopt(&mut self, other: &Dictionary, number: u32) -> Option<u32> {
        let template = other.template(number)?;
        let own = match number {
            0 => 0,
            _ => self.find_or_copy(template)?,
        };
        for (slot, summary) in other.summaries(number).iter().enumerate() {
            self.widen(own, slot, *summary);
        }
        Some(own)
    }

    fn find_or_copy(&mut self, template: Template<'_>) -> Option<u32> {
        let hash = hash(template);
        if let Some(number) = self.by_hash.get(&hash) {
            let same = |own: Template<'_>| {
                let places = |slots: &[Slot]| slots.iter().map(|slot| slot.at).collect::<Vec<_>>();
                own.text == template.text && places(own.slots) == places(template.slots)
            };
            return self.template(*number).is_some_and(same).then_some(*number);
        }
        if self.len() >= TEMPLATES_MAX || self.text.len() + template.text.len() > TEXT_BYTES_MAX {
            return None;
        }
        self.text.extend_from_slice(template.text);
        for slot in template.slots {
            self.slots.push(Slot { at: slot.at, kind: SlotKind::Digits });
            self.summaries.push(Summary { mask: 0, bytes_max: 0 });
        }
        Some(self.close(hash))
    }

    /// Appends the templates.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        varint::put_u64(out, self.len() as u64 - 1);
        for number in (1..).take(self.len() - 1) {
            let Some(template) = self.template(number) else { continue };
            varint::put_bytes(out, template.text);
            varint::put_u64(out, template.slots.len() as u64);
            let mut before = 0;
            for (slot, summary) in template.slots.iter().zip(self.summaries(number)) {
                varint::put_u64(out, u64::from(slot.at - before));
                before = slot.at;
                out.push(summary.mask);
                varint::put_u64(out, u64::from(summary.bytes_max));
            }
        }
    }

    /// Reads templates.
    ///
    /// # Errors
    ///
    /// Where the bytes are no dictionary.
    pub(crate) fn read(input: &mut Cursor<'_>) -> Result<Self, Damaged> {
        let mut all = Dictionary::default();
        for _ in 0..input.count(2)? {
            let text = input.bytes()?;
            all.text.extend_from_slice(text);
            let mut at = 0_u32;
            for _ in 0..input.count(3)? {
                at = at
                    .checked_add(input.varint_u32()?)
                    .filter(|at| *at as usize <= text.len())
                    .ok_or_else(|| input.field("place of a slot"))?;
                let summary = Summary { mask: input.u8()?, bytes_max: input.varint_u32()? };
                all.slots.push(Slot { at, kind: summary.kind() });
                all.summaries.push(summary);
            }
            all.text_ends.push(all.text.len());
            all.slot_ends.push(all.slots.len());
        }
        Ok(all)
    }
}

fn hash(template: Template<'_>) -> u64 {
    let mut hash = GapHash::default();
    let mut from = 0;
    for slot in template.slots {
        hash.add(template.text.get(from..slot.at as usize).unwrap_or_default());
        from = slot.at as usize;
    }
    hash.add(template.text.get(from..).unwrap_or_default());
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::super::tokenize::variables;
    use super::*;

    fn intern(dictionary: &mut Dictionary, line: &str) -> u32 {
        let mut spans = Vec::new();
        let hash = variables(line.as_bytes(), 0, &mut spans).unwrap();
        dictionary.intern(hash, line.as_bytes(), 0, &spans).unwrap()
    }

    #[test]
    fn golden_dictionary() {
        let mut dictionary = Dictionary::default();
        assert_eq!(intern(&mut dictionary, "a 17 b5"), 1);
        assert_eq!(intern(&mut dictionary, "a 1 b22"), 1);
        dictionary.widen(1, 0, Summary { mask: class::DIGIT, bytes_max: 2 });
        dictionary.widen(1, 1, Summary { mask: class::DIGIT, bytes_max: 3 });
        let mut bytes = Vec::new();
        dictionary.write(&mut bytes);
        assert_eq!(bytes, [1, 4, b'a', b' ', b' ', b'b', 2, 2, 1, 2, 2, 1, 3]);
        let back = Dictionary::read(&mut Cursor::new(&bytes)).unwrap();
        assert_eq!(back.template(1), dictionary.template(1));
        assert_eq!(back.summaries(1), dictionary.summaries(1));
        for length in 0..bytes.len() {
            assert!(Dictionary::read(&mut Cursor::new(&bytes[..length])).is_err());
        }
    }

    #[test]
    fn an_adopted_template_is_known_by_its_lines() {
        let mut first = Dictionary::default();
        let number = intern(&mut first, "took 15 ms");
        first.widen(number, 0, Summary { mask: class::DIGIT, bytes_max: 2 });
        let mut second = Dictionary::default();
        intern(&mut second, "other 1");
        let own = second.adopt(&first, number).unwrap();
        assert_eq!(own, 2);
        assert_eq!(second.adopt(&first, number), Some(own));
        assert_eq!(intern(&mut second, "took 7 ms"), own);
        assert_eq!(second.summaries(own), first.summaries(number));
    }
}
