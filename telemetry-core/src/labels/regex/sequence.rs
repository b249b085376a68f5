//! Groups without an automaton, for expressions that are texts and runs of characters in turn.
//!
//! ~~~text
//! method=(\S+) .* status=(\d+)     text "method=" · ( run \S ) · text " " · run . · text " status=" · ( run \d )
//! ~~~
//!
//! Such an expression is matched as it is written: a text by comparison, a run as far as it goes and,
//! where what follows may begin inside it, back from there (forth, if it is lazy), a text that may be
//! missing with it first (without, if it is lazy). A place is written, or said to be none, each time
//! its item is passed, so it needs no undoing. That is the order in
//! which a backtracking engine tries, and so the match is the one that the engine would report.
//! Backtracking is bounded by [`STEPS_PER_BYTE`]; past that the automaton has to tell.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::engine::Slot;
use memchr::memmem::Finder;
use regex_automata::util::primitives::NonMaxUsize;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Parts that a sequence may have: each run takes a little stack.
const ITEMS_MAX: usize = 64;
/// Steps that a search may take per byte of the text.
const STEPS_PER_BYTE: usize = 2;
/// Steps that any search may take.
const STEPS_MIN: usize = 256;

/// The parts of an expression, one behind the other.
pub(super) struct Sequence {
    items: Box<[Item]>,
    /// The text that every match begins with.
    first: Option<Finder<'static>>,
}

enum Item {
    Text(Box<[u8]>),
    Run(Run),
    /// A text that may be missing, and the number of the group that it is, if it is one.
    Maybe {
        text: Box<[u8]>,
        group: Option<usize>,
        greedy: bool,
    },
    /// The start or the end of a group, by its place among all.
    Place(usize),
    Start,
    End,
}

/// Bytes of a set, one after the other.
struct Run {
    set: Box<[bool; 256]>,
    min: usize,
    max: usize,
    greedy: bool,
    /// Whether what follows cannot begin with a byte of the set: then the run takes all it can.
    is_closed: bool,
    /// The byte that has to follow, if it is known.
    next: Option<u8>,
}

impl Run {
    fn takes(&self, byte: u8) -> bool {
        self.set.get(usize::from(byte)).copied().unwrap_or_default()
    }
}

/// The search gave up.
struct Exhausted;

impl Sequence {
    /// The parts of `hir`; `None` where it is of another kind.
    pub(super) fn new(hir: &Hir) -> Option<Self> {
        let mut items = Vec::new();
        flatten(hir, &mut items)?;
        let is_run = |item: &Item| matches!(item, Item::Run(_));
        if items.len() > ITEMS_MAX || !items.iter().any(is_run) {
            return None;
        }
        for at in (0..items.len()).rev() {
            let (head, tail) = items.split_at_mut(at + 1);
            let Some(Item::Run(run)) = head.last_mut() else { continue };
            match tail.iter().find(|item| !matches!(item, Item::Place(_))) {
                Some(Item::Text(text)) => {
                    run.next = text.first().copied();
                    run.is_closed = run.next.is_some_and(|byte| !run.takes(byte));
                }
                Some(Item::Run(other)) if other.min > 0 => {
                    run.is_closed = run.set.iter().zip(&*other.set).all(|(a, b)| !(a & b));
                }
                Some(Item::End) => run.is_closed = true,
                _ => {}
            }
        }
        let first = items.iter().find(|item| !matches!(item, Item::Place(_)));
        let first = match first {
            Some(Item::Text(text)) => Some(Finder::new(text).into_owned()),
            _ => None,
        };
        Some(Sequence { items: items.into(), first })
    }

    /// Fills `slots` with the places of the leftmost match and of its groups; false where there is
    /// none, and nothing where that takes too many steps to tell.
    pub(super) fn find(&self, text: &str, slots: &mut [Slot]) -> Option<bool> {
        let text = text.as_bytes();
        let steps = text.len().saturating_mul(STEPS_PER_BYTE).max(STEPS_MIN);
        let mut search = Search { text, slots, steps };
        let is_anchored = matches!(self.items.first(), Some(Item::Start));
        let mut from = 0;
        while from <= text.len() {
            let start = match &self.first {
                Some(first) => match text.get(from..).and_then(|rest| first.find(rest)) {
                    Some(at) => from + at,
                    None => return Some(false),
                },
                None => from,
            };
            if is_boundary(text, start) {
                match search.run(&self.items, start) {
                    Ok(Some(end)) => {
                        search.place(0, start);
                        search.place(1, end);
                        return Some(true);
                    }
                    Ok(None) => {}
                    Err(Exhausted) => return None,
                }
            }
            if is_anchored {
                return Some(false);
            }
            from = start + 1;
        }
        Some(false)
    }
}

struct Search<'s> {
    text: &'s [u8],
    slots: &'s mut [Slot],
    steps: usize,
}

impl Search<'_> {
    fn place(&mut self, slot: usize, at: usize) {
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = NonMaxUsize::new(at);
        }
    }

    fn step(&mut self, count: usize) -> Result<(), Exhausted> {
        self.steps = self.steps.checked_sub(count).ok_or(Exhausted)?;
        Ok(())
    }

    /// The end of the match of `items` that begins at `at`. The depth is the number of runs.
    fn run(&mut self, items: &[Item], at: usize) -> Result<Option<usize>, Exhausted> {
        let mut at = at;
        for (number, item) in items.iter().enumerate() {
            match item {
                Item::Place(slot) => self.place(*slot, at),
                Item::Text(text) => match self.text.get(at..) {
                    Some(rest) if rest.starts_with(text) => at += text.len(),
                    _ => return Ok(None),
                },
                Item::Start if at != 0 => return Ok(None),
                Item::End if at != self.text.len() => return Ok(None),
                Item::Start | Item::End => {}
                Item::Maybe { text, group, greedy } => {
                    let behind = items.get(number + 1..).unwrap_or_default();
                    return self.maybe(text, *group, *greedy, behind, at);
                }
                Item::Run(run) => {
                    let rest = self.text.get(at..).unwrap_or_default();
                    let near = rest.get(..run.max.min(rest.len())).unwrap_or_default();
                    let most = near.iter().position(|byte| !run.takes(*byte));
                    let most = most.unwrap_or(near.len());
                    self.step(most / 8 + 1)?;
                    if most < run.min {
                        return Ok(None);
                    }
                    if run.is_closed {
                        at += most;
                        continue;
                    }
                    let behind = items.get(number + 1..).unwrap_or_default();
                    return self.choose(run, behind, at, most);
                }
            }
        }
        Ok(Some(at))
    }

    /// Tries a text that may be missing in the order of preference.
    fn maybe(
        &mut self,
        text: &[u8],
        group: Option<usize>,
        greedy: bool,
        behind: &[Item],
        at: usize,
    ) -> Result<Option<usize>, Exhausted> {
        for with in [greedy, !greedy] {
            self.step(1)?;
            let is_there = || self.text.get(at..).is_some_and(|rest| rest.starts_with(text));
            if with && !is_there() {
                continue;
            }
            let end = if with { at + text.len() } else { at };
            if let Some(group) = group {
                for (slot, place) in [(group * 2, at), (group * 2 + 1, end)] {
                    if let Some(slot) = self.slots.get_mut(slot) {
                        *slot = if with { NonMaxUsize::new(place) } else { None };
                    }
                }
            }
            if let Some(found) = self.run(behind, end)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Tries the lengths of a run in the order of preference.
    fn choose(
        &mut self,
        run: &Run,
        behind: &[Item],
        at: usize,
        most: usize,
    ) -> Result<Option<usize>, Exhausted> {
        for tried in 0..=most - run.min {
            self.step(1)?;
            let length = if run.greedy { most - tried } else { run.min + tried };
            let end = at + length;
            let fits = run.next.is_none_or(|next| self.text.get(end) == Some(&next));
            if fits
                && is_boundary(self.text, end)
                && let Some(found) = self.run(behind, end)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// Whether a character begins at `at`, or the text ends there.
fn is_boundary(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|byte| byte & 0xc0 != 0x80)
}

fn flatten(hir: &Hir, items: &mut Vec<Item>) -> Option<()> {
    if items.len() > ITEMS_MAX {
        return None;
    }
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => items.push(Item::Text(literal.0.clone())),
        HirKind::Look(Look::Start) => items.push(Item::Start),
        HirKind::Look(Look::End) => items.push(Item::End),
        HirKind::Look(_) | HirKind::Alternation(_) => return None,
        HirKind::Class(_) => items.push(Item::Run(run(hir, 1, 1, true)?)),
        HirKind::Repetition(repetition) => {
            if let (0, Some(1), Some(item)) =
                (repetition.min, repetition.max, maybe(&repetition.sub, repetition.greedy))
            {
                items.push(item);
                return Some(());
            }
            let max = repetition.max.map_or(usize::MAX, |max| max as usize);
            items.push(Item::Run(run(
                &repetition.sub,
                repetition.min as usize,
                max,
                repetition.greedy,
            )?));
        }
        HirKind::Capture(capture) => {
            let group = usize::try_from(capture.index).ok()?;
            items.push(Item::Place(group * 2));
            flatten(&capture.sub, items)?;
            items.push(Item::Place(group * 2 + 1));
        }
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| flatten(part, items))?,
    }
    Some(())
}

/// A text that may be missing, if `hir` is one: of several bytes, or a group.
fn maybe(hir: &Hir, greedy: bool) -> Option<Item> {
    let (text, group) = match hir.kind() {
        HirKind::Literal(literal) if literal.0.len() > 1 => (literal, None),
        HirKind::Capture(capture) => match capture.sub.kind() {
            HirKind::Literal(literal) => (literal, Some(usize::try_from(capture.index).ok()?)),
            _ => return None,
        },
        _ => return None,
    };
    Some(Item::Maybe { text: text.0.clone(), group, greedy })
}

/// A run of the characters of `hir`, where their bytes can be told one by one.
fn run(hir: &Hir, min: usize, max: usize, greedy: bool) -> Option<Run> {
    let mut set = Box::new([false; 256]);
    let mut add = |from: u32, to: u32| {
        for (byte, is_in) in (0_u32..).zip(set.iter_mut()) {
            *is_in |= (from..=to).contains(&byte);
        }
    };
    match hir.kind() {
        HirKind::Literal(literal) => match *literal.0 {
            [byte] if byte.is_ascii() => add(byte.into(), byte.into()),
            _ => return None,
        },
        HirKind::Class(Class::Bytes(class)) if class.is_ascii() => {
            class.iter().for_each(|range| add(range.start().into(), range.end().into()));
        }
        HirKind::Class(Class::Unicode(class)) => {
            for range in class.iter().filter(|range| range.start().is_ascii()) {
                add(range.start().into(), u32::from(range.end()).min(0x7f));
            }
            if !class.is_ascii() {
                // Of the others all must be in, and each counts as one: any number of them.
                let last = class.iter().last()?;
                let has_all = u32::from(last.start()) <= 0x80 && last.end() == char::MAX;
                if !has_all || min > 1 || max != usize::MAX {
                    return None;
                }
                add(0x80, 0xff);
            }
        }
        _ => return None,
    }
    Some(Run { set, min, max, greedy, is_closed: false, next: None })
}

#[cfg(test)]
mod tests {
    use super::super::{Regex, RegexOptions};
    use proptest::prelude::*;

    fn is_sequence(pattern: &str) -> bool {
        Regex::new(pattern).unwrap().0.sequence.is_some()
    }

    #[test]
    fn texts_and_runs_in_turn_are_a_sequence() {
        assert!(is_sequence(r"method=(?P<method>\S+) .* status=(?P<status>\d+)"));
        assert!(is_sequence(r"for (invalid user )?(?P<user>\S+) from"));
        assert!(is_sequence(r#"^(?P<ip>\S+) \[(?P<time>[^\]]+)\] "(?P<path>.*?)""#));
        for other in ["(a|bc)d", r"(\w+)\b", "(ab)+", "(é)+", "(.)x", "([a-é]+)", "ab+"] {
            assert!(!is_sequence(other), "{other}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn groups_lie_where_the_engine_finds_them(
            pieces in prop::collection::vec(
                (prop::sample::select(vec![
                    "a", "ab", " ", "é", "=", r"\S+", r"\S*", ".*", ".*?", ".+?", "[ab]+", "[ab]*?",
                    r"\d{1,2}", r"\d+", "[^=]*", "[^=]+", "a?", "a??", " +", "b{2}", "[ab1]",
                    "(ab)?", "(?:ab)?", "(ab)??", "(b)?", "(é=)?",
                ]), any::<bool>()),
                1..6),
            ends in (any::<bool>(), any::<bool>()),
            anchored in any::<bool>(),
            texts in prop::collection::vec("[ab1= é\n]{0,14}", 1..8),
        ) {
            let mut pattern = String::new();
            pattern.push_str(if ends.0 { "^" } else { "" });
            for (piece, is_group) in &pieces {
                pattern.push_str(&if *is_group { format!("({piece})") } else { (*piece).to_owned() });
            }
            pattern.push_str(if ends.1 { "$" } else { "" });
            let options = RegexOptions { anchored, ..RegexOptions::default() };
            let regex = Regex::with_options(&pattern, options).unwrap();
            for text in &texts {
                let found = regex.captures(text.as_bytes());
                prop_assert_eq!(found, regex.captures_by_engine(text), "{} on {:?}", pattern, text);
            }
        }
    }
}
