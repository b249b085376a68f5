//! What a template alone says about a filter.
//!
//! ~~~text
//! template   took ␣ ms: error ␣        ␣: slots; digits of at most 3, digits of at most 5
//! "error"    within what is static                          every line has it
//! "fault"    fits nowhere                                   no line has it
//! "s: error 17", "250 ms"   over slots that may hold it     lines must be looked at
//! "1234 ms", "abc ms"       too long, no digits             no line has it
//! ~~~
//!
//! Where a needle can only lie so that it has the whole value of a slot in it, a long one, lines are
//! looked at only on pages that have such a value (block/values.rs): an id between two delimiters,
//! or one as long as all that stand there.

use memchr::memchr;
use memchr::memmem::Finder;
use telemetry_core::source::Template;

use crate::block::values;
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
        // Where a slot has other bytes than letters and digits it may have any.
        let anchors = (0..class::OTHER).map(anchor).collect();
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

    /// Whether lines of a template contain it. With [`Verdict::Open`] also long values of which a
    /// line that does has one, if there are such.
    pub(super) fn verdict<'s>(
        &'s self,
        template: Template<'s>,
        slots: &'s [Summary],
    ) -> (Verdict, Vec<&'s [u8]>) {
        let mask = slots.iter().fold(0, |mask, slot| mask | slot.mask);
        if let Some(Some(anchor)) = self.anchors.get(usize::from(mask))
            && anchor.find(template.text).is_none()
        {
            return (Verdict::Out, Vec::new());
        }
        let mut search = Search::new(self.text(), template, slots);
        let is_static = |gap: &[u8]| gap.len() >= search.needle.len() && self.is_in(gap);
        if (0..=template.slots.len()).any(|gap| is_static(search.gap(gap))) {
            return (Verdict::Kept, Vec::new());
        }
        search.slots_crossed();
        match search.found {
            Places::None => (Verdict::Out, Vec::new()),
            Places::Holding(values) => (Verdict::Open, values),
            Places::Any => (Verdict::Open, Vec::new()),
        }
    }

    /// The slots of a template whose values may contain it, if it can lie nowhere else in a line;
    /// none where it could lie partly in a slot.
    pub(super) fn inside_slots(
        &self,
        template: Template<'_>,
        slots: &[Summary],
    ) -> Option<Vec<usize>> {
        let needle = self.text();
        let search = Search::new(needle, template, slots);
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

/// Where a needle can lie in the lines of a template, partly or wholly in slots.
enum Places<'s> {
    None,
    /// Only where one of these long values is whole.
    Holding(Vec<&'s [u8]>),
    Any,
}

struct Search<'s> {
    needle: &'s [u8],
    template: Template<'s>,
    slots: &'s [Summary],
    steps: u32,
    found: Places<'s>,
}

impl<'s> Search<'s> {
    fn new(needle: &'s [u8], template: Template<'s>, slots: &'s [Summary]) -> Self {
        Search { needle, template, slots, steps: 0, found: Places::None }
    }

    /// What is static before slot `index`, or behind the last one.
    fn gap(&self, index: usize) -> &'s [u8] {
        let place = |slot: Option<&telemetry_core::source::Slot>| slot.map(|slot| slot.at as usize);
        let before = index.checked_sub(1).and_then(|before| self.template.slots.get(before));
        let start = place(before).unwrap_or(0);
        let end = place(self.template.slots.get(index)).unwrap_or(self.template.text.len());
        self.template.text.get(start..end).unwrap_or_default()
    }

    /// Finds how the needle could lie so that a part of it is in a slot.
    fn slots_crossed(&mut self) {
        for slot in 0..self.slots.len() {
            self.go_on(slot, 0, 0, None);
            // It begins in what is static before the slot.
            let gap = self.gap(slot);
            for at in gap.len().saturating_sub(self.needle.len() - 1)..gap.len() {
                let begin = gap.get(at..).unwrap_or_default();
                if self.needle.starts_with(begin) {
                    self.go_on(slot, begin.len(), 1, None);
                }
            }
            if matches!(self.found, Places::Any) {
                return;
            }
        }
    }

    /// Goes on from byte `at` of the needle in this slot, of which at least `least` bytes are to be
    /// used; `value` is a long value that lies whole in what is before.
    fn go_on(&mut self, slot: usize, at: usize, least: usize, value: Option<&'s [u8]>) {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            self.found = Places::Any;
        }
        let (Some(summary), false) =
            (self.slots.get(slot).copied(), matches!(self.found, Places::Any))
        else {
            return;
        };
        let rest = self.needle.get(at..).unwrap_or_default();
        // Lines that are no template have any bytes in their slot.
        if summary.mask & class::OTHER != 0 {
            return self.lies(value);
        }
        let is_in = |byte: &&u8| class_of(**byte) & summary.mask != 0;
        let most = rest.iter().take(summary.bytes_max as usize).take_while(is_in).count();
        let value_of = |used: usize| {
            // It begins where the slot does or is as long as its values are, and so at its end.
            let is_whole = (at > 0 && used < rest.len()) || used == summary.bytes_max as usize;
            rest.get(..used).filter(|value| is_whole && value.len() >= values::BYTES_MIN)
        };
        if most == rest.len() {
            self.lies(value.or_else(|| value_of(most)));
        }
        let gap = self.gap(slot + 1);
        // Most often the needle has not even the first byte of what is static behind the slot.
        if gap.first().is_some_and(|byte| memchr(*byte, rest).is_none()) {
            return;
        }
        for used in least..=most.min(rest.len() - 1) {
            let value = value.or_else(|| value_of(used));
            let rest = rest.get(used..).unwrap_or_default();
            if gap.starts_with(rest) {
                self.lies(value);
            } else if rest.starts_with(gap) {
                self.go_on(slot + 1, at + used + gap.len(), 1, value);
            }
        }
    }

    /// Notes that the needle can lie in a line, and then perhaps has a long value in it.
    fn lies(&mut self, value: Option<&'s [u8]>) {
        match (&mut self.found, value) {
            (Places::Any, _) => {}
            (_, None) => self.found = Places::Any,
            (Places::None, Some(value)) => self.found = Places::Holding(vec![value]),
            (Places::Holding(values), Some(value)) if values.contains(&value) => {}
            (Places::Holding(values), Some(value)) => values.push(value),
        }
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
        Needle::new(needle.as_bytes()).verdict(template, dictionary.summaries(number)).0
    }

    /// The long values that lines with `needle` have one of, or that it is another verdict.
    fn values(dictionary: &Dictionary, needle: &str) -> Result<Vec<String>, Verdict> {
        let needle = Needle::new(needle.as_bytes());
        let template = dictionary.template(1).unwrap();
        let text = |value: &&[u8]| String::from_utf8(value.to_vec()).unwrap();
        match needle.verdict(template, dictionary.summaries(1)) {
            (Verdict::Open, values) => Ok(values.iter().map(text).collect()),
            (verdict, _) => Err(verdict),
        }
    }

    #[test]
    fn whole_long_values_of_a_needle_are_found() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let line = |id: &str, parent: &str| format!("trace={id}-{parent} took 17 ms");
        let lines = [line(id, "00f067aa0ba902b7"), line(&id.replace('4', "7"), "0af7651916cd43dd")];
        let dictionary = coder(&lines.each_ref().map(String::as_str)).dictionary;
        // As long as all values there are, or between two delimiters.
        assert_eq!(values(&dictionary, id), Ok(vec![id.to_owned()]));
        assert_eq!(values(&dictionary, &format!("={id}-0")), Ok(vec![id.to_owned()]));
        assert_eq!(values(&dictionary, &format!("={id}")), Ok(vec![id.to_owned()]));
        assert_eq!(values(&dictionary, &format!("{}-00f0", &id[1..])), Ok(vec![]));
        let parent = "00f067aa0ba902b7";
        assert_eq!(values(&dictionary, &format!("6-{parent} t")), Ok(vec![parent.to_owned()]));
        // A part of it may be in the longer one.
        assert_eq!(values(&dictionary, parent), Ok(vec![]));
        assert_eq!(values(&dictionary, &id[1..]), Ok(vec![]));
        assert_eq!(values(&dictionary, &format!("{id}0")), Err(Verdict::Out));
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
                        let (_, values) = whole.verdict(template, all.summaries(number));
                        prop_assert!(values.is_empty());
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
