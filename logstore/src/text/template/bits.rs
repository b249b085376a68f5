//! Numbers of a fixed count of bits, one behind the other, the lowest bit first.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

/// The widest numbers that one unaligned read of eight bytes holds at any bit.
const NARROW_BITS_MAX: u32 = 57;

/// Bits that a number up to `max` takes.
pub(crate) fn width(max: u64) -> u32 {
    u64::BITS - max.leading_zeros()
}

/// Bytes that `count` numbers take; none if `bits` is no width.
pub(crate) fn bytes(count: usize, bits: u32) -> Option<usize> {
    let total = count.checked_mul(usize::try_from(bits).ok()?)?;
    (bits <= u64::BITS).then_some(total.div_ceil(8))
}

/// Appends numbers below `1 << bits`.
pub(crate) fn put(values: impl Iterator<Item = u64>, bits: u32, out: &mut Vec<u8>) {
    if bits == 0 {
        return;
    }
    let (mut held, mut count) = (0_u128, 0_u32);
    for value in values {
        held |= u128::from(value) << count;
        count += bits;
        if count >= u64::BITS {
            let [low @ .., _, _, _, _, _, _, _, _] = held.to_le_bytes();
            out.extend_from_slice(&low);
            held >>= u64::BITS;
            count -= u64::BITS;
        }
    }
    let rest = held.to_le_bytes();
    out.extend(rest.iter().take(count.div_ceil(8) as usize));
}

/// Hands `count` numbers to `each`; missing bytes are zeros.
pub(crate) fn read(from: &[u8], count: usize, bits: u32, mut each: impl FnMut(u64)) {
    let mask = match bits {
        0 => 0,
        bits => u64::MAX >> (u64::BITS - bits.min(u64::BITS)),
    };
    let mut bit = 0_usize;
    for _ in 0..count {
        let (at, shift) = (bit / 8, bit % 8);
        let word = match from.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            Some(word) if bits <= NARROW_BITS_MAX => u64::from_le_bytes(*word) >> shift,
            _ => wide(from, at, shift),
        };
        each(word & mask);
        bit += bits as usize;
    }
}

/// The 64 bits that begin `shift` bits into byte `at`.
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
fn wide(from: &[u8], at: usize, shift: usize) -> u64 {
    let mut word = [0; 16];
    let rest = from.get(at..).unwrap_or_default();
    word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    (u128::from_le_bytes(word) >> shift) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_bits() {
        let mut out = Vec::new();
        put([1, 2, 3].into_iter(), 3, &mut out);
        assert_eq!(out, [0b1101_0001, 0]);
    }

    proptest! {
        #[test]
        fn numbers_come_back(
            values in prop::collection::vec(any::<u64>(), 0..50), shift in 0_u32..64,
        ) {
            let values: Vec<u64> = values.iter().map(|value| value >> shift).collect();
            let bits = width(values.iter().copied().max().unwrap_or(0));
            let mut out = Vec::new();
            put(values.iter().copied(), bits, &mut out);
            prop_assert_eq!(Some(out.len()), bytes(values.len(), bits));
            let mut back = Vec::new();
            read(&out, values.len(), bits, |value| back.push(value));
            prop_assert_eq!(back, values);
        }
    }
}
