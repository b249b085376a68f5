//! Structural operators against a walk over parent links.
#![cfg(test)]

mod spans;

use proptest::prelude::*;
use spans::{found, span, with};
use std::collections::BTreeSet;
use telemetry_core::model::{KeyValue, Span};

/// A span: its parent (an earlier one, none, or one that is missing), and whether it is on the left and right.
type Node = (Option<usize>, bool, bool);

/// Parent number of spans whose parent was not stored.
const MISSING: u8 = 200;

fn forest() -> impl Strategy<Value = Vec<Node>> {
    prop::collection::vec((0_usize..12, 0_u8..10, any::<bool>(), any::<bool>()), 1..12).prop_map(
        |nodes| {
            let mut forest = Vec::new();
            for (at, (parent, kind, left, right)) in nodes.into_iter().enumerate() {
                let parent = match kind {
                    // Few roots and fewer lost spans.
                    0 => None,
                    1 => Some(usize::from(MISSING)),
                    _ if at == 0 => None,
                    _ => Some(parent % at),
                };
                forest.push((parent, left, right));
            }
            forest
        },
    )
}

fn spans_of(forest: &[Node]) -> Vec<Span> {
    let number = |at: usize| if at == usize::from(MISSING) { MISSING } else { at as u8 + 1 };
    let nodes = forest.iter().enumerate().map(|(at, (parent, left, right))| {
        let marks = [KeyValue::new("left", *left), KeyValue::new("right", *right)];
        with(span(1, number(at), parent.map_or(0, number)), marks)
    });
    nodes.collect()
}

/// Ancestors of a node, the nearest first; nothing if they do not lead to a root.
fn ancestors(forest: &[Node], node: usize) -> Option<Vec<usize>> {
    let (mut at, mut above) = (node, Vec::new());
    while let Some(parent) = forest[at].0 {
        forest.get(parent)?;
        above.push(parent);
        at = parent;
    }
    Some(above)
}

/// Whether `r` stands to `l` as the operator says.
fn related(forest: &[Node], operator: &str, l: usize, r: usize) -> bool {
    let (Some(above_l), Some(above_r)) = (ancestors(forest, l), ancestors(forest, r)) else {
        return false;
    };
    match operator {
        ">>" => above_r.contains(&l),
        ">" => above_r.first() == Some(&l),
        "<<" => above_l.contains(&r),
        "<" => above_l.first() == Some(&r),
        _ => l != r && !above_l.is_empty() && above_l.first() == above_r.first(),
    }
}

fn expected(forest: &[Node], operator: &str) -> BTreeSet<(u8, u8)> {
    let (mode, relation) = match operator.as_bytes()[0] {
        b'!' => ('!', &operator[1..]),
        b'&' => ('&', &operator[1..]),
        _ => (' ', operator),
    };
    let left: Vec<usize> = (0..forest.len()).filter(|at| forest[*at].1).collect();
    let right: Vec<usize> = (0..forest.len()).filter(|at| forest[*at].2).collect();
    let holds = |l: usize, r: usize| related(forest, relation, l, r);
    let of_right = |r: &&usize| left.iter().any(|l| holds(*l, **r));
    let of_left = |l: &&usize| right.iter().any(|r| holds(**l, *r));
    let in_tree = |r: &&usize| relation != "~" || ancestors(forest, **r).is_some();
    let kept: Vec<usize> = match mode {
        '!' => right.iter().filter(|r| in_tree(r) && !of_right(r)).copied().collect(),
        '&' => right.iter().filter(of_right).chain(left.iter().filter(of_left)).copied().collect(),
        _ => right.iter().filter(of_right).copied().collect(),
    };
    kept.into_iter().map(|at| (1, at as u8 + 1)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_operator_equals_a_walk_over_parents(forest in forest()) {
        let spans = spans_of(&forest);
        for relation in [">>", ">", "<<", "<", "~"] {
            for mode in ["", "!", "&"] {
                let operator = format!("{mode}{relation}");
                let found = found(&spans, &format!("{{ .left }} {operator} {{ .right }}"));
                prop_assert_eq!(found, expected(&forest, &operator), "{}", operator);
            }
        }
    }
}

#[test]
fn operators_join_to_the_left() {
    let chain = [span(1, 1, 0), span(1, 2, 1), span(1, 3, 2), span(1, 4, 3)];
    let query = "{ name = `span 1` } > { } > { } > { }";
    assert_eq!(found(&chain, query), BTreeSet::from([(1, 4)]));
    assert_eq!(
        found(&chain, "{ } << { name != `span 4` }"),
        BTreeSet::from([(1, 1), (1, 2), (1, 3)])
    );
}

#[test]
fn both_sides_are_of_one_trace() {
    let spans = [span(1, 1, 0), span(2, 2, 0)];
    assert!(found(&spans, "{ name = `span 1` } && { name = `span 2` }").is_empty());
    assert_eq!(found(&spans, "{ name = `span 1` } || { name = `span 2` }").len(), 2);
    assert!(found(&spans, "{ name = `span 1` } >> { }").is_empty());
}

#[test]
fn very_deep_traces_are_walked_without_recursion() {
    let mut spans = Vec::new();
    for at in 0_u64..50_000 {
        let mut span = span(1, 1, 0);
        span.span_id.0 = (at + 1).to_be_bytes();
        span.parent_span_id = (at > 0).then(|| telemetry_core::model::SpanId(at.to_be_bytes()));
        spans.push(span);
    }
    let source = telemetry_core::source::span::MemorySpans::new(spans);
    let result = spans::search(&source, "{ nestedSetParent < 0 } >> { }").unwrap();
    assert_eq!(result.traces[0].spansets[0].matched, 49_999);
}
