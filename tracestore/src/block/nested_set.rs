//! Nested-set numbers of a group: computed from the parents, which say in which row a parent is.
//!
//! The numbers are not stored: rows of parents are smaller, and numbering them is a walk over arrays
//! (some nanoseconds per span). Only traces in which ids repeat need to be looked up by id.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::source::span::NestedSets;
use telemetry_core::storage::Result;

use super::group::{Group, kind_of};

/// No row.
const NONE: u32 = u32::MAX;

impl Group<'_> {
    /// Nested-set numbers of every row.
    ///
    /// # Errors
    ///
    /// A page cannot be read or is damaged.
    pub(crate) fn nested_sets(&self) -> Result<NestedSets> {
        let traces = self.traces()?;
        let parents = self.parents()?;
        let mut sets = NestedSets::default();
        let mut walk = Walk::default();
        for trace in 0..traces.len() {
            let rows = traces.rows(trace);
            if traces.repeats(trace) {
                let (ids, outcomes) = (self.span_ids()?, self.outcomes()?);
                sets.push_rows(rows.clone().map(|row| {
                    let at = row as usize;
                    let id = ids.get(at).copied().unwrap_or_default();
                    let kind = kind_of(outcomes.get(at).copied().unwrap_or_default());
                    (id, parents.id(row, rows.start, &ids), kind)
                }));
            } else {
                let codes = parents.codes().get(rows.start as usize..rows.end as usize);
                walk.push_trace(codes.unwrap_or_default(), &mut sets);
            }
        }
        Ok(sets)
    }
}

/// Lists of children as chains of rows, reused from trace to trace.
#[derive(Default)]
struct Walk {
    /// First child of each row.
    first: Vec<u32>,
    /// Next sibling of each row; of roots, the next root.
    next: Vec<u32>,
    stack: Vec<(u32, i32)>,
}

impl Walk {
    /// Numbers a trace whose rows have these parents (see [`super::group::Parents`]).
    fn push_trace(&mut self, codes: &[u32], sets: &mut NestedSets) {
        let base = sets.left.len();
        let end = base + codes.len();
        sets.left.resize(end, 0);
        sets.right.resize(end, 0);
        sets.parent.resize(end, 0);
        sets.children.resize(end, 0);
        self.first.clear();
        self.first.resize(codes.len(), NONE);
        self.next.clear();
        self.next.resize(codes.len(), NONE);
        let mut roots = NONE;
        // From the last row to the first, so that chains are in row order.
        for (at, code) in codes.iter().enumerate().rev() {
            let chain = match code {
                0 => Some(&mut roots),
                1 => None,
                code => {
                    let parent = (code - 2) as usize;
                    let children = sets.children.get_mut(base + parent).into_iter();
                    children.for_each(|children| *children += 1);
                    self.first.get_mut(parent)
                }
            };
            if let (Some(chain), Some(next)) = (chain, self.next.get_mut(at)) {
                *next = std::mem::replace(chain, u32::try_from(at).unwrap_or(NONE));
            }
        }
        self.number(roots, base, sets);
    }

    /// Depth first, without recursion: on the stack is what was entered, with its number.
    fn number(&mut self, roots: u32, base: usize, sets: &mut NestedSets) {
        let (mut at, mut parent, mut number) = (roots, -1, 1);
        loop {
            if at != NONE {
                let row = base + at as usize;
                sets.left.get_mut(row).into_iter().for_each(|left| *left = number);
                sets.parent.get_mut(row).into_iter().for_each(|slot| *slot = parent);
                self.stack.push((at, parent));
                parent = number;
                number += 1;
                at = self.first.get(at as usize).copied().unwrap_or(NONE);
            } else if let Some((left, parent_of_left)) = self.stack.pop() {
                let right = sets.right.get_mut(base + left as usize);
                right.into_iter().for_each(|right| *right = number);
                number += 1;
                parent = parent_of_left;
                at = self.next.get(left as usize).copied().unwrap_or(NONE);
            } else {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use telemetry_core::model::{SpanId, SpanKind};

    proptest! {
        #[test]
        fn rows_give_the_numbers_that_ids_give(codes in prop::collection::vec(0_u32..12, 1..12)) {
            let rows = u32::try_from(codes.len()).unwrap();
            let codes: Vec<u32> = codes.iter().map(|code| if *code > rows + 1 { 0 } else { *code }).collect();
            let id = |row: u32| SpanId(u64::from(row + 1).to_be_bytes());
            let mut expected = NestedSets::default();
            expected.push_rows((0..rows).zip(&codes).map(|(row, code)| {
                let parent = match code {
                    0 => None,
                    1 => Some(SpanId([9; 8])),
                    code => Some(id(code - 2)),
                };
                (id(row), parent, SpanKind::Internal)
            }));
            let mut sets = NestedSets::default();
            let mut walk = Walk::default();
            walk.push_trace(&codes, &mut sets);
            prop_assert_eq!(&sets, &expected);
        }
    }
}
