//! Nested-set numbers: ancestry by comparing integers.
//!
//! ~~~text
//!          a 1..8                walk each tree depth first; count on entering (left) and on
//!         ╱     ╲                leaving (right); children in row order, trees in row order
//!     b 2..5   d 6..7
//!       │                        x is an ancestor of y  ⇔  left(x) < left(y) ∧ right(y) < right(x)
//!     c 3..4                     x is the parent of y   ⇔  parent(y) = left(x)
//! ~~~
//!
//! A root (a span without a parent id) has `parent` -1. Spans that no root reaches have 0 in all
//! three numbers, and so have all spans of a trace in which more than two spans share one id. Two spans
//! may share an id (Zipkin's client and server side): the children belong to the second where its kind
//! is server, and the server side is taken as a child of the client side.

use hashbrown::HashMap;

use super::{Intrinsic, SpanValue};
use crate::model::{Span, SpanId, SpanKind};

/// Nested-set numbers and child counts of the rows of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NestedSets {
    /// Number on entering.
    pub left: Vec<i32>,
    /// Number on leaving.
    pub right: Vec<i32>,
    /// `left` of the parent; -1 for roots.
    pub parent: Vec<i32>,
    /// Number of rows of the trace whose parent id is this row's id.
    pub children: Vec<u32>,
}

/// What the numbering needs to know of a row.
#[derive(Clone, Copy, Debug)]
struct Row {
    id: SpanId,
    parent: Option<SpanId>,
    kind: SpanKind,
}

/// The row that names the trace: the last root in row order.
pub fn root_of(spans: &[Span]) -> Option<usize> {
    spans.iter().rposition(|span| span.parent_span_id.is_none())
}

impl NestedSets {
    /// Numbers the spans of one trace and appends them. `spans` is in row order.
    pub fn push_trace(&mut self, spans: &[Span]) {
        self.push_rows(spans.iter().map(|span| (span.span_id, span.parent_span_id, span.kind)));
    }

    /// As [`push_trace`](Self::push_trace), from ids, parent ids and kinds.
    pub fn push_rows(
        &mut self,
        rows: impl IntoIterator<Item = (SpanId, Option<SpanId>, SpanKind)>,
    ) {
        let rows: Vec<Row> =
            rows.into_iter().map(|(id, parent, kind)| Row { id, parent, kind }).collect();
        let base = self.left.len();
        let end = base + rows.len();
        self.left.resize(end, 0);
        self.right.resize(end, 0);
        self.parent.resize(end, 0);
        self.children.resize(end, 0);
        let mut by_id = HashMap::<SpanId, Vec<usize>>::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            by_id.entry(row.id).or_default().push(at);
        }
        for row in &rows {
            let parents = row.parent.and_then(|parent| by_id.get(&parent));
            for parent in parents.into_iter().flatten() {
                if let Some(count) = self.children.get_mut(base + parent) {
                    *count += 1;
                }
            }
        }
        if by_id.values().all(|same| same.len() <= 2) {
            self.number(base, &parents(&rows, &by_id));
        }
    }

    /// The number of `row` that `intrinsic` names; nil for intrinsics that are not of the tree.
    pub fn value(&self, intrinsic: Intrinsic, row: usize) -> SpanValue {
        let number = |column: &[i32]| column.get(row).map(|n| SpanValue::Int(i64::from(*n)));
        match intrinsic {
            Intrinsic::NestedSetLeft => number(&self.left),
            Intrinsic::NestedSetRight => number(&self.right),
            Intrinsic::NestedSetParent => number(&self.parent),
            Intrinsic::ChildCount => {
                self.children.get(row).map(|count| SpanValue::Int(i64::from(*count)))
            }
            _ => None,
        }
        .unwrap_or_default()
    }

    /// Walks the trees that `parents` describes without recursion: traces can be deep.
    fn number(&mut self, base: usize, parents: &[Parent]) {
        let mut children = vec![Vec::new(); parents.len()];
        let mut stack: Vec<(usize, i32, bool)> = Vec::new();
        for (at, parent) in parents.iter().enumerate().rev() {
            match parent {
                // Pushed in reverse, so that the first is walked first.
                Parent::Row(parent) => {
                    children.get_mut(*parent).into_iter().for_each(|c| c.push(at))
                }
                Parent::Root => stack.push((at, -1, false)),
                Parent::Missing => {}
            }
        }
        let mut next = 1;
        while let Some((at, parent, entered)) = stack.pop() {
            let row = base + at;
            if entered {
                self.right.get_mut(row).into_iter().for_each(|right| *right = next);
                next += 1;
                continue;
            }
            let left = next;
            next += 1;
            self.left.get_mut(row).into_iter().for_each(|slot| *slot = left);
            self.parent.get_mut(row).into_iter().for_each(|slot| *slot = parent);
            stack.push((at, parent, true));
            let below = children.get(at).into_iter().flatten();
            stack.extend(below.map(|child| (*child, left, false)));
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Parent {
    Root,
    Row(usize),
    Missing,
}

fn parents(rows: &[Row], by_id: &HashMap<SpanId, Vec<usize>>) -> Vec<Parent> {
    let server = |at: usize| rows.get(at).is_some_and(|row| row.kind == SpanKind::Server);
    rows.iter()
        .enumerate()
        .map(|(at, row)| {
            // The server side of a shared id hangs below the client side.
            let shared = by_id.get(&row.id).map(Vec::as_slice).unwrap_or_default();
            if let [a, b] = shared
                && row.kind == SpanKind::Server
            {
                let other = if *a == at { *b } else { *a };
                if !server(other) {
                    return Parent::Row(other);
                }
            }
            let Some(parent) = row.parent else { return Parent::Root };
            match by_id.get(&parent).map(Vec::as_slice) {
                Some([one]) => Parent::Row(*one),
                Some([a, b]) => {
                    // A client's children come from the server side and the other way round.
                    let from_server = row.kind != SpanKind::Server;
                    Parent::Row(if server(*a) == from_server { *a } else { *b })
                }
                _ => Parent::Missing,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> SpanId {
        SpanId([0, 0, 0, 0, 0, 0, 0, number])
    }

    fn numbers(rows: &[(u8, u8)]) -> Vec<(i32, i32, i32)> {
        let mut sets = NestedSets::default();
        sets.push_rows(rows.iter().map(|(span, parent)| {
            (id(*span), (*parent > 0).then(|| id(*parent)), SpanKind::Internal)
        }));
        (0..rows.len()).map(|at| (sets.left[at], sets.right[at], sets.parent[at])).collect()
    }

    #[test]
    fn a_tree_is_numbered_depth_first() {
        assert_eq!(
            numbers(&[(1, 0), (2, 1), (3, 2), (4, 1)]),
            [(1, 8, -1), (2, 5, 1), (3, 4, 2), (6, 7, 1)]
        );
    }

    #[test]
    fn two_roots_are_two_trees() {
        assert_eq!(numbers(&[(1, 0), (2, 0), (3, 2)]), [(1, 2, -1), (3, 6, -1), (4, 5, 3)]);
    }

    #[test]
    fn what_no_root_reaches_has_no_numbers() {
        assert_eq!(numbers(&[(1, 0), (2, 9), (3, 2)]), [(1, 2, -1), (0, 0, 0), (0, 0, 0)]);
        assert_eq!(numbers(&[(1, 2), (2, 1)]), [(0, 0, 0), (0, 0, 0)]);
        assert_eq!(numbers(&[(1, 0), (1, 0), (1, 0)]), [(0, 0, 0); 3]);
    }

    #[test]
    fn children_are_counted_without_a_root_too() {
        let mut sets = NestedSets::default();
        let rows = [(2, 9), (3, 2), (4, 2)];
        sets.push_rows(rows.map(|(span, parent)| (id(span), Some(id(parent)), SpanKind::Client)));
        assert_eq!(sets.children, [2, 0, 0]);
    }

    #[test]
    fn the_server_side_of_a_shared_id_hangs_below_the_client_side() {
        let mut sets = NestedSets::default();
        sets.push_rows([
            (id(1), None, SpanKind::Client),
            (id(1), None, SpanKind::Server),
            (id(2), Some(id(1)), SpanKind::Internal),
        ]);
        assert_eq!(sets.left, [1, 2, 3]);
        assert_eq!(sets.parent, [-1, 1, 2]);
    }
}
