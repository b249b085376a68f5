//! The parts of a template's lines that filters hang on.
//!
//! ~~~text
//! filter     |~ "attempt_[0-9]+_m"           can have none but these: a e m p t _ 0-9
//! template   ␣:␣ started attempt_␣_m_␣ on node ␣
//!            ^^^         ^^^^^^^^^^^^^         ^     segments with slots between other characters
//!                        the only one that has "attempt_": two columns of five are read
//! ~~~
//!
//! A match lies in one segment, and whether there is one hangs on the segment alone: so the others
//! are not put together. A segment without slots is decided once for all lines. Where a filter has
//! no such alphabet, or its segments are most of the line, whole lines are looked at.

use std::ops::Range;

use hashbrown::HashMap;
use telemetry_core::labels::regex::Alphabet;
use telemetry_core::source::{Slot, SlotColumn, SlotForm, Template};
use telemetry_core::storage::Damaged;

use super::filters::Filter;
use super::verdict::Verdict;
use crate::text::template::{Coded, Summary};

/// Rows that are asked before it is seen whether their values repeat.
const TRIED_ROWS: usize = 256;

/// What the lines of a template are asked, filter by filter; a line that passes all is kept.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By number of the filter: where lines differ in whether it finds something.
    asked: Vec<(usize, Vec<Segment>)>,
    /// Whether no line passes.
    is_out: bool,
}

/// A part of a template with the slots in it.
#[derive(Debug)]
struct Segment {
    /// Numbers of the slots.
    slots: Range<usize>,
    /// What is static before each slot, and behind the last.
    gaps: Vec<Box<[u8]>>,
}

impl Plan {
    /// How to ask lines of a template; none where whole lines are as good. `filters` have left the
    /// template open together.
    pub(super) fn new(
        filters: &[Filter],
        template: Template<'_>,
        slots: &[Summary],
    ) -> Option<Self> {
        let mut plan = Plan::default();
        let mut columns = 0;
        for (number, filter) in filters.iter().enumerate() {
            if filter.verdict(template, slots).0 == Verdict::Kept {
                continue;
            }
            let Some(segments) = of_filter(filter, filter.alphabet()?, template, slots) else {
                plan.is_out |= filter.negated;
                continue;
            };
            columns += segments.iter().map(|segment| segment.slots.len()).sum::<usize>();
            plan.asked.push((number, segments));
        }
        // Lines of one slot are no template.
        (columns < slots.len()).then_some(plan)
    }

    /// Keeps those of the rows `nths` of a template that pass.
    pub(super) fn retain(
        &self,
        filters: &[Filter],
        (coded, place): (&Coded, usize),
        times: &[i64],
        nths: &mut Vec<u32>,
    ) -> Result<(), Damaged> {
        if self.is_out {
            nths.clear();
        }
        for (number, segments) in &self.asked {
            let Some(filter) = filters.get(*number) else { continue };
            let mut matching = vec![false; nths.len()];
            for segment in segments {
                let mut columns = Vec::with_capacity(segment.slots.len());
                for slot in segment.slots.clone() {
                    let mut column = SlotColumn::default();
                    coded.column(place, slot, times, &mut column)?;
                    columns.push(column);
                }
                segment.find(filter, &columns, nths, &mut matching);
            }
            let mut matching = matching.into_iter();
            nths.retain(|_| matching.next() != Some(filter.negated));
        }
        Ok(())
    }
}

/// The segments of a template in which a filter may find something; none where it finds something in
/// one without slots, and so in every line.
fn of_filter(
    filter: &Filter,
    alphabet: Alphabet,
    template: Template<'_>,
    summaries: &[Summary],
) -> Option<Vec<Segment>> {
    let text = template.text;
    let mut segments = Vec::new();
    let (mut from, mut first) = (0, 0);
    let is_end = |at: &usize| text.get(*at).is_none_or(|byte| alphabet.lacks(*byte));
    for end in (0..=text.len()).filter(is_end) {
        // A slot at the place of a byte is before it.
        let own = template.slots.get(first..).unwrap_or_default();
        let own = own.iter().take_while(|slot| slot.at as usize <= end).count();
        let slots = first..first + own;
        first += own;
        let segment = Segment::new(template, from..end, slots.clone());
        let part = text.get(from..end).unwrap_or_default();
        // The text of a template is bounded far below four GiB.
        let start = u32::try_from(from).unwrap_or(u32::MAX);
        from = end + 1;
        let moved = |slot: &Slot| Slot { at: slot.at.saturating_sub(start), ..*slot };
        let moved: Vec<Slot> = segment.slots_of(template).iter().map(moved).collect();
        let part = Template { id: template.id, text: part, slots: &moved };
        match filter.found(part, summaries.get(slots.clone()).unwrap_or_default()).0 {
            Verdict::Out => {}
            Verdict::Open if !slots.is_empty() => segments.push(segment),
            Verdict::Open if !filter.finds(part.text) => {}
            Verdict::Open | Verdict::Kept => return None,
        }
    }
    Some(segments)
}

impl Segment {
    fn new(template: Template<'_>, text: Range<usize>, slots: Range<usize>) -> Self {
        let mut gaps = Vec::with_capacity(slots.len() + 1);
        let mut from = text.start;
        for slot in template.slots.get(slots.clone()).unwrap_or_default() {
            let at = slot.at as usize;
            gaps.push(template.text.get(from..at).unwrap_or_default().into());
            from = at;
        }
        gaps.push(template.text.get(from..text.end).unwrap_or_default().into());
        Segment { slots, gaps }
    }

    fn slots_of<'t>(&self, template: Template<'t>) -> &'t [Slot] {
        template.slots.get(self.slots.clone()).unwrap_or_default()
    }

    /// Notes which rows match here. `columns` are those of its slots.
    fn find(&self, filter: &Filter, columns: &[SlotColumn], nths: &[u32], matching: &mut [bool]) {
        // What is constant is put together with what is static.
        let (mut gaps, mut varying) = (vec![Vec::new()], Vec::new());
        let mut pieces = self.gaps.iter();
        let add = |bytes: &[u8], gaps: &mut Vec<Vec<u8>>| {
            if let Some(gap) = gaps.last_mut() {
                gap.extend_from_slice(bytes);
            }
        };
        for column in columns {
            add(pieces.next().map(AsRef::as_ref).unwrap_or_default(), &mut gaps);
            if column.form == SlotForm::Constant {
                add(column.text(0), &mut gaps);
            } else {
                varying.push(column);
                gaps.push(Vec::new());
            }
        }
        add(pieces.next().map(AsRef::as_ref).unwrap_or_default(), &mut gaps);
        let write = |nth: usize, text: &mut Vec<u8>| {
            text.clear();
            let mut gaps = gaps.iter();
            for column in &varying {
                text.extend_from_slice(gaps.next().map(Vec::as_slice).unwrap_or_default());
                column.write(nth, text);
            }
            text.extend_from_slice(gaps.next().map(Vec::as_slice).unwrap_or_default());
        };
        let mut text = Vec::new();
        if varying.is_empty() {
            write(0, &mut text);
            if filter.finds(&text) {
                matching.fill(true);
            }
            return;
        }
        // Where one value varies, each of its values is asked once, if values repeat.
        let mut known: Option<HashMap<u64, bool>> = match &varying[..] {
            [one] if one.form != SlotForm::Text => Some(HashMap::new()),
            _ => None,
        };
        for (tried, (nth, matching)) in nths.iter().zip(matching).enumerate() {
            if *matching {
                continue;
            }
            let nth = *nth as usize;
            let key = varying.first().and_then(|one| one.numbers.get(nth).copied());
            if let (Some(known), Some(key)) = (&known, key)
                && let Some(found) = known.get(&key)
            {
                *matching = *found;
                continue;
            }
            write(nth, &mut text);
            *matching = filter.finds(&text);
            if let (Some(all), Some(key)) = (&mut known, key) {
                all.insert(key, *matching);
                if tried >= TRIED_ROWS && all.len() > tried / 2 {
                    known = None;
                }
            }
        }
    }
}
