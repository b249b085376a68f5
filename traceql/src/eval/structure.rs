//! Structural operators: which spans of the right side stand in a relation to some span of the left.
//!
//! Everything is comparison of nested-set numbers, after one sort of the left side:
//!
//! * *descendant*: the intervals of spans are nested or apart, so `r` lies in some left interval if among
//!   those that begin before it the furthest end is behind its own end;
//! * *ancestor*: the first left interval that begins behind `r` begins before `r` ends;
//! * *child*, *parent*, *sibling*: equality of `parent` with `left`, `left` with `parent`, `parent` with `parent`.
//!
//! Spans outside of a tree have zeros and stand in no relation. Roots are nobody's siblings.

use telemetry_core::source::span::NestedSets;

use crate::ast::{Relation, StructuralMode};

/// What an operator keeps of the rows of its two sides, ascending.
pub(crate) fn join(
    nested: &NestedSets,
    relation: Relation,
    mode: StructuralMode,
    left: &[u32],
    right: &[u32],
) -> Vec<u32> {
    let mut kept = related(nested, relation, left, right);
    match mode {
        StructuralMode::Right => kept,
        StructuralMode::NotRight => {
            // Both are ascending.
            let mut related = kept.iter().copied().peekable();
            let unrelated = |row: &u32| {
                while related.next_if(|known| known < row).is_some() {}
                related.peek() != Some(row)
            };
            // Who the siblings of a span outside of a tree are is not known.
            let known = |row: &u32| {
                relation != Relation::Sibling
                    || nested.left.get(*row as usize).is_some_and(|left| *left > 0)
            };
            right.iter().copied().filter(known).filter(unrelated).collect()
        }
        StructuralMode::Union => {
            let inverse = match relation {
                Relation::Descendant => Relation::Ancestor,
                Relation::Ancestor => Relation::Descendant,
                Relation::Child => Relation::Parent,
                Relation::Parent => Relation::Child,
                Relation::Sibling => Relation::Sibling,
            };
            kept.extend(related(nested, inverse, right, left));
            kept.sort_unstable();
            kept.dedup();
            kept
        }
    }
}

/// Rows of `right` that stand in `relation` to some row of `left`.
fn related(nested: &NestedSets, relation: Relation, left: &[u32], right: &[u32]) -> Vec<u32> {
    let number = |column: &[i32], row: u32| column.get(row as usize).copied().unwrap_or_default();
    let begin = |row: u32| number(&nested.left, row);
    let end = |row: u32| number(&nested.right, row);
    let parent = |row: u32| number(&nested.parent, row);
    let in_tree = |row: &u32| begin(*row) > 0;
    let sorted = |key: &dyn Fn(u32) -> i32| {
        let mut keys: Vec<i32> = left.iter().copied().filter(in_tree).map(key).collect();
        keys.sort_unstable();
        keys
    };
    let keep = |test: &dyn Fn(u32) -> bool| {
        right.iter().copied().filter(|row| in_tree(row) && test(*row)).collect()
    };
    match relation {
        Relation::Descendant => {
            let mut intervals: Vec<(i32, i32)> =
                left.iter().copied().filter(in_tree).map(|row| (begin(row), end(row))).collect();
            intervals.sort_unstable();
            let mut furthest = i32::MIN;
            intervals.iter_mut().for_each(|(_, end)| {
                furthest = furthest.max(*end);
                *end = furthest;
            });
            keep(&|row| {
                let before = intervals.partition_point(|(left, _)| *left < begin(row));
                before
                    .checked_sub(1)
                    .and_then(|at| intervals.get(at))
                    .is_some_and(|i| i.1 > end(row))
            })
        }
        Relation::Ancestor => {
            let begins = sorted(&begin);
            keep(&|row| {
                let behind = begins.partition_point(|left| *left <= begin(row));
                begins.get(behind).is_some_and(|left| *left < end(row))
            })
        }
        Relation::Child => {
            let begins = sorted(&begin);
            keep(&|row| begins.binary_search(&parent(row)).is_ok())
        }
        Relation::Parent => {
            let parents = sorted(&parent);
            keep(&|row| parents.binary_search(&begin(row)).is_ok())
        }
        Relation::Sibling => {
            // A span is no sibling of itself: another one with its parent is needed.
            let mut siblings: Vec<(i32, u32)> =
                left.iter().copied().filter(in_tree).map(|row| (parent(row), row)).collect();
            siblings.sort_unstable();
            keep(&|row| {
                let parent = parent(row);
                let first = siblings.partition_point(|(of, _)| *of < parent);
                let mut same = siblings.get(first..).into_iter().flatten().take(2);
                parent > 0 && same.any(|(of, other)| *of == parent && *other != row)
            })
        }
    }
}
