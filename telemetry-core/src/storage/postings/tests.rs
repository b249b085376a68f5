//! Sets, indexes and selection against naive ones.

use super::*;
use crate::labels::{Labels, MatchOp, Matcher};
use bytes::Bytes;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn indexes(series: &[Labels]) -> (MemoryPostings, FrozenPostings) {
    let mut memory = MemoryPostings::new();
    for (id, labels) in (0..).zip(series) {
        memory.insert(id * 3, labels);
    }
    let frozen = FrozenPostings::open(Bytes::from(memory.freeze().unwrap())).unwrap();
    (memory, frozen)
}

/// What every matcher means, id by id.
fn naive(series: &[Labels], matchers: &[Matcher]) -> Vec<u32> {
    let matches = |labels: &Labels| matchers.iter().all(|matcher| matcher.matches_labels(labels));
    (0..).zip(series).filter(|(_, labels)| matches(labels)).map(|(id, _)| id * 3).collect()
}

fn labels() -> impl Strategy<Value = Labels> {
    let value = prop::sample::select(vec!["", "a", "b", "ab", "abc", "c", "\n", "é"]);
    prop::collection::vec((prop::sample::select(vec!["x", "y", "z"]), value), 0..4)
        .prop_map(|pairs| pairs.into_iter().collect())
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let op = prop::sample::select(vec![
        MatchOp::Equal,
        MatchOp::NotEqual,
        MatchOp::Regex,
        MatchOp::NotRegex,
    ]);
    let value = prop::sample::select(vec![
        "", "a", "ab", "none", "a|b", "a|", "a.*", ".*", ".+", "ab?", "[ab]", "(a|b)c?", "|", "é",
    ]);
    (op, prop::sample::select(vec!["x", "y", "none"]), value)
        .prop_map(|(op, name, value)| Matcher::new(op, name, value).unwrap())
}

proptest! {
    #[test]
    fn both_indexes_select_what_the_matchers_mean(
        series in prop::collection::vec(labels(), 0..60),
        matchers in prop::collection::vec(matcher(), 0..4),
    ) {
        let (memory, frozen) = indexes(&series);
        let expected = naive(&series, &matchers);
        let selected = |index: &dyn PostingsIndex| -> Vec<u32> {
            select(index, &matchers).unwrap().iter().collect()
        };
        prop_assert_eq!(selected(&memory), &*expected);
        prop_assert_eq!(selected(&frozen), expected);
        frozen.verify().unwrap();
        prop_assert_eq!(memory.names().unwrap(), frozen.names().unwrap());
        for name in ["x", "y", "none"] {
            prop_assert_eq!(memory.values(name).unwrap(), frozen.values(name).unwrap());
        }
    }

    #[test]
    fn what_is_removed_is_gone(
        series in prop::collection::vec(labels(), 1..60),
        removed in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        matchers in prop::collection::vec(matcher(), 0..3),
    ) {
        let (mut memory, _) = indexes(&series);
        let removed: BTreeSet<usize> = removed.iter().map(|i| i.index(series.len())).collect();
        for i in &removed {
            memory.remove(*i as u32 * 3, &series[*i]);
        }
        let mut expected = naive(&series, &matchers);
        expected.retain(|id| !removed.contains(&(*id as usize / 3)));
        let selected: Vec<u32> = select(&memory, &matchers).unwrap().iter().collect();
        prop_assert_eq!(selected, expected);
        let left: BTreeSet<String> = (0..series.len())
            .filter(|i| !removed.contains(i))
            .flat_map(|i| series[i].iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>())
            .collect();
        prop_assert_eq!(memory.names().unwrap(), left.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn sets_behave_like_sets(
        one in prop::collection::btree_set(0u32..200_000, 0..300),
        two in prop::collection::btree_set(0u32..200_000, 0..300),
        range in 0u32..100_000,
    ) {
        let mut one = one;
        one.extend(range..range + 5000);
        let set = |ids: &BTreeSet<u32>| ids.iter().copied().collect::<Postings>();
        let back = |set: &Postings| set.iter().collect::<BTreeSet<u32>>();
        let (a, b) = (set(&one), set(&two));
        let mut union = a.clone();
        union.union_with(&b);
        prop_assert_eq!(back(&union), &one | &two);
        let mut both = a.clone();
        both.intersect_with(&b);
        prop_assert_eq!(back(&both), &one & &two);
        prop_assert_eq!(a.overlaps(&b), !both.is_empty());
        let mut rest = a.clone();
        rest.subtract(&b);
        prop_assert_eq!(back(&rest), &one - &two);
        prop_assert_eq!(a.len(), one.len() as u64);
        prop_assert_eq!(a.min_max(), Some((*one.first().unwrap(), *one.last().unwrap())));
        let mut bytes = Vec::new();
        a.encode(&mut bytes);
        prop_assert_eq!(Postings::decode(&bytes), Some(a));
        bytes.push(0);
        prop_assert_eq!(Postings::decode(&bytes), None);
    }

    /// Bytes that are no bitmap, or a damaged one, are refused or are some other set.
    #[test]
    fn damaged_bitmaps_never_panic(
        ids in prop::collection::vec(0u32..300_000, 0..2000),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = Vec::new();
        ids.into_iter().collect::<Postings>().encode(&mut bytes);
        prop_assert!(Postings::decode(&bytes[..cut.index(bytes.len())]).is_none());
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] ^= byte;
        }
        if let Some(set) = Postings::decode(&bytes) {
            prop_assert!(set.iter().take(100_000).count() as u64 <= set.len());
        }
    }

    #[test]
    fn a_damaged_index_never_panics(
        series in prop::collection::vec(labels(), 1..40),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        matchers in prop::collection::vec(matcher(), 0..3),
    ) {
        let (memory, _) = indexes(&series);
        let mut bytes = memory.freeze().unwrap();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] ^= byte;
        }
        if let Ok(index) = FrozenPostings::open(Bytes::from(bytes)) {
            let _ = select(&index, &matchers);
            let _ = index.names();
            let _ = index.values("x");
            let _ = index.verify();
        }
    }
}

#[test]
fn an_index_without_ids_selects_nothing() {
    let (memory, frozen) = indexes(&[]);
    for index in [&memory as &dyn PostingsIndex, &frozen] {
        assert!(select(index, &[]).unwrap().is_empty());
        assert!(select(index, &[Matcher::equal("a", "")]).unwrap().is_empty());
    }
}

#[test]
fn a_list_of_one_is_a_number() {
    let series: Vec<Labels> = (0..1000).map(|i| crate::labels! { "id" => i.to_string() }).collect();
    let (memory, _) = indexes(&series);
    let bytes = memory.freeze().unwrap();
    // Header and rows, the text, a tag and an id of two bytes; bitmaps only for the sets of all.
    assert!(bytes.len() < 1000 * (8 + 3 + 3) + 9000, "{} bytes", bytes.len());
    assert!(memory.heap_bytes() < 1000 * 100, "{} bytes", memory.heap_bytes());
}
