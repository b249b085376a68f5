//! Which long values are on a page: where one that is looked for is not, the page is not read.
//!
//! A Bloom filter over the hashes of all values of slots that have at least [`BYTES_MIN`] bytes:
//! ids of traces, requests, blocks. What is short or static is told by templates already.
//!
//! ~~~text
//! bits   a row of bits, the lowest of each byte first; of each value PROBES are set:
//!        (low half of its hash + n × (high half | 1)) mod 2³², as a share of all bits
//! ~~~
//!
//! The hash is that of the gaps of templates (text/template/tokenize.rs). Source: A. Kirsch,
//! M. Mitzenmacher, "Less hashing, same performance: building a better Bloom filter" (2006).
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use bytes::Bytes;

use crate::text::template::GapHash;

/// Bytes of the shortest value that is in a filter.
pub(crate) const BYTES_MIN: usize = 16;

/// Bits for each value. With these, three pages in two hundred are read in vain.
const VALUE_BITS: usize = 9;
/// Bits that are set for each value.
const PROBES: u32 = 6;

/// The hash of a value.
pub(crate) fn hash(value: &[u8]) -> u64 {
    let mut hash = GapHash::default();
    hash.add(value);
    hash.finish()
}

/// Appends the filter of values by their hashes, of which each may come more than once; nothing
/// where there are none.
pub(super) fn write(hashes: &mut Vec<u64>, out: &mut Vec<u8>) {
    hashes.sort_unstable();
    hashes.dedup();
    let start = out.len();
    out.resize(start + (hashes.len() * VALUE_BITS).div_ceil(8), 0);
    let filter = out.get_mut(start..).unwrap_or_default();
    let count = filter.len() as u64 * 8;
    for hash in hashes {
        for (byte, mask) in places(*hash, count) {
            if let Some(byte) = filter.get_mut(byte) {
                *byte |= mask;
            }
        }
    }
}

/// The filter of a page; without bytes where it has no long values.
#[derive(Clone, Debug)]
pub(crate) struct Filter(pub(super) Bytes);

impl Filter {
    /// Whether a value with this hash may be on the page.
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        let is_set =
            |(byte, mask): (usize, u8)| self.0.get(byte).is_some_and(|byte| byte & mask != 0);
        places(hash, self.0.len() as u64 * 8).all(is_set)
    }
}

/// The bytes and the bits in them that stand for a value among `count` bits.
fn places(hash: u64, count: u64) -> impl Iterator<Item = (usize, u8)> {
    let (low, high) = (hash & u64::from(u32::MAX), hash >> 32 | 1);
    (0..u64::from(PROBES)).map(move |probe| {
        let share = (low + probe * high) & u64::from(u32::MAX);
        let bit = (share * count) >> 32;
        // Less than the bits of a filter, which is in memory.
        (usize::try_from(bit / 8).unwrap_or(usize::MAX), 1 << (bit % 8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filter(values: &[&[u8]]) -> Filter {
        let mut out = Vec::new();
        write(&mut values.iter().map(|value| hash(value)).collect(), &mut out);
        Filter(Bytes::from(out))
    }

    #[test]
    fn golden_filter() {
        let id: &[u8] = b"4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(hash(id), 0x3317_d556_25ab_ab7a);
        let one = filter(&[id]);
        assert_eq!(one.0, filter(&[id; 3]).0);
        assert_eq!(one.0[..], [0b0010_0100, 0b1000_1001]);
        assert!(filter(&[]).0.is_empty());
    }

    #[test]
    fn few_others_seem_to_be_there() {
        let value = |number: u64| format!("{:032x}", u128::from(number).pow(3)).into_bytes();
        let values: Vec<Vec<u8>> = (0..3_000).map(value).collect();
        let filter = filter(&values.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_eq!(filter.0.len(), 3_000 * VALUE_BITS / 8);
        let found = (3_000..13_000).filter(|other| filter.may_hold(hash(&value(*other))));
        let found = found.count();
        assert!(found < 200, "{found} of 10,000");
    }

    proptest! {
        #[test]
        fn what_is_there_is_found(values in prop::collection::vec("[0-9a-f]{16,40}", 0..60)) {
            let values: Vec<&[u8]> = values.iter().map(String::as_bytes).collect();
            let filter = filter(&values);
            prop_assert!(values.iter().all(|value| filter.may_hold(hash(value))));
        }

        #[test]
        fn any_bytes_are_a_filter(bytes in prop::collection::vec(any::<u8>(), 0..40), hash: u64) {
            Filter(Bytes::from(bytes)).may_hold(hash);
        }
    }
}
