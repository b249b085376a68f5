//! MD5, which `hashmod` hashes with: nothing here relies on its strength.
//!
//! ~~~text
//! message · 0x80 · zeros · length in bits as u64 LE      in blocks of 64 bytes
//! ~~~
//!
//! 1. The state of four words starts as fixed numbers.
//! 2. Each block turns the state in 64 steps, four rounds of sixteen, and is added to it.
//! 3. The state in little-endian order is the digest.
//!
//! Source: RFC 1321.

/// Bytes of a block.
const BLOCK_BYTES: usize = 64;

/// By how many bits a step turns: four numbers a round.
const TURNS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// The digest of `message`.
pub(super) fn md5(message: &[u8]) -> [u8; 16] {
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let constants = constants();
    let (blocks, rest) = message.as_chunks::<BLOCK_BYTES>();
    blocks.iter().for_each(|block| turn(&mut state, block, &constants));
    let mut tail = rest.to_vec();
    tail.push(0x80);
    let length_bytes = size_of::<u64>();
    tail.resize((tail.len() + length_bytes).next_multiple_of(BLOCK_BYTES) - length_bytes, 0);
    tail.extend((message.len() as u64).wrapping_mul(8).to_le_bytes());
    tail.as_chunks::<BLOCK_BYTES>().0.iter().for_each(|block| turn(&mut state, block, &constants));
    let mut digest = [0; 16];
    for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_le_bytes();
    }
    digest
}

/// The constant of step `i`: the integer part of `2^32 · |sin(i + 1)|`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 2^32")]
fn constants() -> [u32; 64] {
    std::array::from_fn(|step| ((step as f64 + 1.0).sin().abs() * 4_294_967_296.0) as u32)
}

fn turn(state: &mut [u32; 4], block: &[u8; BLOCK_BYTES], constants: &[u32; 64]) {
    let word =
        |at: usize| block.as_chunks().0.get(at).map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let [mut a, mut b, mut c, mut d] = *state;
    for (step, constant) in constants.iter().enumerate() {
        let (round, at) = (step / 16, step % 16);
        let (mixed, index) = match round {
            0 => ((b & c) | (!b & d), at),
            1 => ((d & b) | (!d & c), (5 * at + 1) % 16),
            2 => (b ^ c ^ d, (3 * at + 5) % 16),
            _ => (c ^ (b | !d), (7 * at) % 16),
        };
        let bits = TURNS.get(round).and_then(|turns| turns.get(step % 4)).copied().unwrap_or(0);
        let sum = a.wrapping_add(mixed).wrapping_add(*constant).wrapping_add(word(index));
        (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(bits)));
    }
    for (word, turned) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.wrapping_add(turned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(message: &str) -> String {
        md5(message.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn digests_are_those_of_the_rfc() {
        let cases = [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                "d174ab98d277d9f5a5611c2c9f419d9f",
            ),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ];
        for (message, digest) in cases {
            assert_eq!(hex(message), digest, "{message}");
        }
    }
}
