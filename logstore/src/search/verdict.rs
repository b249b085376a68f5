//! What a template alone says about a filter.
//!
//! ~~~text
//! template   took ␣ ms: error ␣        ␣: slots; digits of at most 3, digits of at most 5
//! "error"    within what is static                          every line has it
//! "fault"    fits nowhere                                   no line has it
//! "s: error 17", "250 ms"   over slots that may hold it     lines must be looked at
//! "1234 ms", "abc ms"       too long, no digits             no line has it
//! ~~~

use memchr::memmem::Finder;
use telemetry_core::source::Template;

use crate::text::template::{Summary, class, class_of};

/// A shorter word is found nearly everywhere.
const WORD_BYTES_MIN: usize = 3;

/// Steps of one search; whoever needs more looks at the lines.
const STEPS_MAX: u32 = 10_000;

/// What holds of all lines of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No line passes.
    Out,
    /// It hangs on the line.
    Open,
    /// Every line passes.
    Kept,
}

impl Verdict {
    /// That of the opposite.
    pub(super) fn negated(self) -> Self {
        match self {
            Verdict::Out => Verdict::Kept,
            Verdict::Open => Verdict::Open,
            Verdict::Kept => Verdict::Out,
        }
    }
}

/// What lines are searched for.
#[derive(Debug)]
pub(super) struct Needle {
    finder: Finder<'static>,
    /// By the classes of bytes that slots may hold: the longest part of the needle that no slot can
    /// have a byte of, which so must be static.
    anchors: Vec<Option<Finder<'static>>>,
    /// The longest word that lies whole within what is static or within one value.
    word: Option<Finder<'static>>,
}

/// A word whose letters cannot come from more than one place: runs of letters and digits are cut
/// into static text and variables at digits alone, and behind `0x`.
fn is_one_piece(word: &[u8]) -> bool {
    let is_hex = |byte: &u8| class_of(*byte) & class::LETTER == 0;
    let behind_x = word.strip_prefix(b"x").unwrap_or(word);
    word.len() >= WORD_BYTES_MIN && !behind_x.iter().all(is_hex)
}

impl Needle {
    pub(super) fn new(text: &[u8]) -> Self {
        let anchor = |mask: u8| {
            let parts = text.split(|byte| class_of(*byte) & mask != 0);
            let longest = parts.max_by_key(|part| part.len()).filter(|part| !part.is_empty());
            longest.map(|part| Finder::new(part).into_owned())
        };
        let anchors = (0..2 * class::OTHER).map(anchor).collect();
        let words = text.split(|byte| !byte.is_ascii_alphabetic());
        let longest = words.filter(|word| is_one_piece(word)).max_by_key(|word| word.len());
        let word = longest.map(|word| Finder::new(word).into_owned());
        Needle { finder: Finder::new(text).into_owned(), anchors, word }
    }

    /// The longest word that a line has whole, within what is static or within one value.
    pub(super) fn word(&self) -> Option<&Finder<'static>> {
        self.word.as_ref()
    }

    pub(super) fn text(&self) -> &[u8] {
        self.finder.needle()
    }

    pub(super) fn is_in(&self, line: &[u8]) -> bool {
        self.finder.find(line).is_some()
    }

    /// Whether lines of a template contain it.
    pub(super) fn verdict(&self, template: Template<'_>, slots: &[Summary]) -> Verdict {
        let mask = slots.iter().fold(0, |mask, slot| mask | slot.mask);
        if let Some(Some(anchor)) = self.anchors.get(usize::from(mask))
            && anchor.find(template.text).is_none()
        {
            return Verdict::Out;
        }
        let mut search = Search { needle: self.text(), template, slots, steps: 0 };
        if search.needle.is_empty() {
            return Verdict::Kept;
        }
        let is_static = |gap: &[u8]| gap.len() >= search.needle.len() && self.is_in(gap);
        if (0..=template.slots.len()).any(|gap| is_static(search.gap(gap))) {
            return Verdict::Kept;
        }
        if search.crosses_a_slot() { Verdict::Open } else { Verdict::Out }
    }

    /// The slots of a template whose values may contain it, if it can lie nowhere else in a line;
    /// none where it could lie partly in a slot.
    pub(super) fn inside_slots(
        &self,
        template: Template<'_>,
        slots: &[Summary],
    ) -> Option<Vec<usize>> {
        let needle = self.text();
        let search = Search { needle, template, slots, steps: 0 };
        let classes = needle.iter().fold(0, |mask, byte| mask | class_of(*byte));
        // What is static beside a slot and not in the needle ends it there.
        let ends = |byte: Option<&u8>| byte.is_none_or(|byte| !needle.contains(byte));
        let is_apart = |slot: usize| {
            let gap = search.gap(slot);
            (ends(gap.last()) && ends(search.gap(slot + 1).first()))
                && (slot == 0 || !gap.is_empty())
        };
        let is_plain = classes & class::OTHER == 0 && !needle.is_empty();
        if !is_plain || !(0..slots.len()).all(is_apart) {
            return None;
        }
        let may_hold = |slot: &&Summary| {
            let is_any = slot.mask & class::OTHER != 0;
            is_any || (classes & !slot.mask == 0 && needle.len() <= slot.bytes_max as usize)
        };
        let found = slots.iter().enumerate().filter(|(_, slot)| may_hold(slot));
        Some(found.map(|(slot, _)| slot).collect())
    }
}

struct Search<'s> {
    needle: &'s [u8],
    template: Template<'s>,
    slots: &'s [Summary],
    steps: u32,
}

impl<'s> Search<'s> {
    /// What is static before slot `index`, or behind the last one.
    fn gap(&self, index: usize) -> &'s [u8] {
        let place = |slot: Option<&telemetry_core::source::Slot>| slot.map(|slot| slot.at as usize);
        let before = index.checked_sub(1).and_then(|before| self.template.slots.get(before));
        let start = place(before).unwrap_or(0);
        let end = place(self.template.slots.get(index)).unwrap_or(self.template.text.len());
        self.template.text.get(start..end).unwrap_or_default()
    }

    /// Whether the needle could lie so that a part of it is in a slot.
    fn crosses_a_slot(&mut self) -> bool {
        for slot in 0..self.slots.len() {
            if self.fits(slot, 0, 0) {
                return true;
            }
            // It begins in what is static before the slot.
            let gap = self.gap(slot);
            for at in gap.len().saturating_sub(self.needle.len() - 1)..gap.len() {
                let begin = gap.get(at..).unwrap_or_default();
                if self.needle.starts_with(begin) && self.fits(slot, begin.len(), 1) {
                    return true;
                }
            }
        }
        false
    }

    /// Whether the needle could go on from `at` in this slot, of which at least `least` bytes are
    /// to be used.
    fn fits(&mut self, slot: usize, at: usize, least: usize) -> bool {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return true;
        }
        let Some(summary) = self.slots.get(slot) else { return false };
        let rest = self.needle.get(at..).unwrap_or_default();
        let is_in = |byte: &&u8| class_of(**byte) & summary.mask != 0;
        // Lines that are no template have any bytes in their slot.
        let is_any = summary.mask & class::OTHER != 0;
        let most = match is_any {
            true => rest.len(),
            false => rest.iter().take(summary.bytes_max as usize).take_while(is_in).count(),
        };
        if most == rest.len() {
            return true;
        }
        let least = if is_any { 0 } else { least };
        let gap = self.gap(slot + 1);
        for used in least..=most {
            let rest = rest.get(used..).unwrap_or_default();
            if gap.starts_with(rest) {
                return true;
            }
            if rest.starts_with(gap) && self.fits(slot + 1, at + used + gap.len(), 1) {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::template::{Coder, Dictionary};
    use proptest::prelude::*;
    use telemetry_core::source::LogColumns;

    fn coder(lines: &[&str]) -> Coder {
        let mut columns = LogColumns::default();
        lines.iter().for_each(|line| columns.push(0, line.as_bytes(), []));
        let mut coder = Coder::default();
        coder.write(&columns, &mut Vec::new());
        coder
    }

    fn verdict(dictionary: &Dictionary, number: u32, needle: &str) -> Verdict {
        let template = dictionary.template(number).unwrap();
        Needle::new(needle.as_bytes()).verdict(template, dictionary.summaries(number))
    }

    #[test]
    fn templates_decide_what_they_can() {
        let dictionary = coder(&["took 250 ms: error 17", "took 1 ms: error 99999"]).dictionary;
        for (needle, expected) in [
            ("error", Verdict::Kept),
            ("", Verdict::Kept),
            ("fault", Verdict::Out),
            ("s: error 17", Verdict::Open),
            ("250 ms", Verdict::Open),
            ("50 ms: error 1", Verdict::Open),
            ("1234 ms", Verdict::Out),
            ("abc ms", Verdict::Out),
            (" 1", Verdict::Open),
            ("123456", Verdict::Out),
            ("error  1", Verdict::Out),
        ] {
            assert_eq!(verdict(&dictionary, 1, needle), expected, "{needle:?}");
        }
    }

    proptest! {
        #[test]
        fn a_verdict_is_never_wrong(
            lines in prop::collection::vec("[ab1][b ]{0,2}[0-9a:]{1,3}( b|:[0-9]{1,2}|-face)", 1..12),
            needle in "[ab0-9: -]{0,4}",
        ) {
            let texts: Vec<&str> = lines.iter().map(String::as_str).collect();
            let mut coder = coder(&texts);
            for line in texts {
                // The line's template is found again.
                let mut columns = LogColumns::default();
                columns.push(0, line.as_bytes(), []);
                let number = coder.write(&columns, &mut Vec::new())[0].number;
                let all = &coder.dictionary;
                match verdict(all, number, &needle) {
                    Verdict::Out => prop_assert!(!line.contains(&needle)),
                    Verdict::Kept => prop_assert!(line.contains(&needle)),
                    Verdict::Open => {
                        let template = all.template(number).unwrap();
                        let whole = Needle::new(needle.as_bytes());
                        let slots = whole.inside_slots(template, all.summaries(number));
                        if line.contains(&needle) && slots.is_some() {
                            let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric()).collect();
                            prop_assert!(slots.is_some_and(|slots| !slots.is_empty()));
                            prop_assert!(words.iter().any(|word| word.contains(&needle)));
                        }
                    }
                }
            }
        }
    }
}
