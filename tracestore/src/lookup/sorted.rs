//! Ascending lists of hashes.

/// How much longer one list must be for a search to beat going through both.
const SEARCH_RATIO: usize = 16;

/// Appends the hashes that both lists have.
pub(crate) fn common(a: &[u32], b: &[u32], out: &mut Vec<u32>) {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() * SEARCH_RATIO < long.len() {
        let mut rest = long;
        for hash in short {
            rest = skip_to(rest, *hash);
            if rest.first() == Some(hash) {
                out.push(*hash);
            }
        }
    } else {
        let mut rest = long.iter().copied().peekable();
        for hash in short {
            while rest.next_if(|other| other < hash).is_some() {}
            if rest.peek() == Some(hash) {
                out.push(*hash);
            }
        }
    }
}

/// What is left of a list from `hash` on: steps double until they are too far.
fn skip_to(list: &[u32], hash: u32) -> &[u32] {
    let mut step = 1;
    while list.get(step).is_some_and(|other| *other < hash) {
        step *= 2;
    }
    let near = list.get(step / 2..(step + 1).min(list.len())).unwrap_or_default();
    let skipped = step / 2 + near.partition_point(|other| *other < hash);
    list.get(skipped..).unwrap_or_default()
}

/// Whether the list has the hash.
pub(crate) fn contains(list: &[u32], hash: u32) -> bool {
    list.binary_search(&hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn equals_the_intersection_of_sets(
            a in prop::collection::btree_set(0_u32..500, 0..12),
            b in prop::collection::btree_set(0_u32..500, 0..400),
        ) {
            let list = |set: &BTreeSet<u32>| set.iter().copied().collect::<Vec<u32>>();
            let expected: Vec<u32> = a.intersection(&b).copied().collect();
            let mut found = Vec::new();
            common(&list(&a), &list(&b), &mut found);
            prop_assert_eq!(&found, &expected);
            found.clear();
            common(&list(&b), &list(&a), &mut found);
            prop_assert_eq!(found, expected);
        }
    }
}
