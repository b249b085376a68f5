//! Prefix codes: how many bits each bin's code has, by how often the bin is met.
//!
//! Codes are Huffman's, at most [`LENGTH_MAX`] bits long, and canonical: shorter ones first, equal
//! ones in the order of the bins. So lengths alone say what they are.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

/// Bits of the longest code.
pub(super) const LENGTH_MAX: u32 = 10;

/// Code lengths for bins with these counts; 0 for one with none. At least two have some.
pub(super) fn lengths(counts: &[u64]) -> Vec<u32> {
    let mut weights: Vec<u64> = counts.to_vec();
    loop {
        let lengths = huffman(&weights);
        if lengths.iter().all(|length| *length <= LENGTH_MAX) {
            return lengths;
        }
        // Flatter weights make flatter trees; equal ones make one of the least depth.
        weights.iter_mut().filter(|weight| **weight > 0).for_each(|w| *w = w.div_ceil(2) + 1);
        if let Some(most) = weights.iter().max().filter(|most| **most <= 3) {
            let most = *most;
            weights.iter_mut().filter(|weight| **weight > 0).for_each(|w| *w = most);
        }
    }
}

/// Huffman's lengths: the two lightest trees become one until one is left.
fn huffman(weights: &[u64]) -> Vec<u32> {
    let mut leaves: Vec<(u64, usize)> = weights
        .iter()
        .enumerate()
        .filter_map(|(at, weight)| (*weight > 0).then_some((*weight, at)))
        .collect();
    leaves.sort_unstable();
    // Trees come into being in the order of their weights: leaves first, then joined ones, of
    // which each remembers its parent.
    let count = leaves.len();
    let mut trees: Vec<u64> = leaves.iter().map(|(weight, _)| *weight).collect();
    let mut parents: Vec<usize> = vec![0; count];
    let (mut leaf, mut joined) = (0, count);
    for parent in count..(2 * count).saturating_sub(1) {
        let mut weight = 0;
        for _ in 0..2 {
            let from_leaf = leaf < count
                && trees.get(joined).is_none_or(|tree| trees.get(leaf).is_some_and(|l| l <= tree));
            let lightest = if from_leaf { &mut leaf } else { &mut joined };
            weight += trees.get(*lightest).copied().unwrap_or(0);
            if let Some(slot) = parents.get_mut(*lightest) {
                *slot = parent;
            }
            *lightest += 1;
        }
        trees.push(weight);
        parents.push(0);
    }
    // The last tree is the root; a parent comes behind its children.
    let mut depths = vec![0_u32; trees.len()];
    for at in (0..trees.len().saturating_sub(1)).rev() {
        let parent = parents.get(at).and_then(|parent| depths.get(*parent)).copied().unwrap_or(0);
        if let Some(slot) = depths.get_mut(at) {
            *slot = parent + 1;
        }
    }
    let mut lengths = vec![0; weights.len()];
    for ((_, at), depth) in leaves.iter().zip(depths) {
        if let Some(slot) = lengths.get_mut(*at) {
            *slot = depth;
        }
    }
    lengths
}

/// The places of bins in the order of their codes. There are few lengths, so that to look for each
/// costs less than to sort.
pub(super) fn in_code_order(
    lengths: impl Iterator<Item = u32> + Clone,
) -> impl Iterator<Item = usize> {
    (1..=LENGTH_MAX).flat_map(move |wanted| {
        let places = lengths.clone().enumerate();
        places.filter(move |(_, length)| *length == wanted).map(|(at, _)| at)
    })
}

/// Whether codes of these lengths exist and leave no code over.
pub(super) fn are_complete(lengths: impl Iterator<Item = u32>) -> bool {
    let shares = lengths.filter(|length| *length > 0).map(|length| {
        LENGTH_MAX.checked_sub(length).map_or(1 << (LENGTH_MAX + 1), |share| 1_u64 << share)
    });
    shares.sum::<u64>() == 1 << LENGTH_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_lengths() {
        assert_eq!(lengths(&[8, 1, 0, 1, 4]), [1, 3, 0, 3, 2]);
        assert!(in_code_order([1, 3, 0, 3, 2].into_iter()).eq([0, 4, 1, 3]));
    }

    #[test]
    fn lengths_are_limited() {
        let doubling: Vec<u64> = (0..40).map(|i| 1 << i).collect();
        let lengths = lengths(&doubling);
        assert_eq!(lengths.iter().max(), Some(&LENGTH_MAX));
        assert!(are_complete(lengths.iter().copied()));
    }

    proptest! {
        #[test]
        fn codes_are_complete(counts in prop::collection::vec(0_u64..1000, 2..300)) {
            prop_assume!(counts.iter().filter(|count| **count > 0).count() >= 2);
            let lengths = lengths(&counts);
            prop_assert!(are_complete(lengths.iter().copied()));
            for (count, length) in counts.iter().zip(&lengths) {
                prop_assert_eq!(*count == 0, *length == 0);
            }
        }
    }
}
