//! Names of blocks: 48 bits of time, 80 bits of chance, written so that they sort by time.
//!
//! The text form is 26 characters of Crockford's base 32 (no I, L, O, U), the first of which
//! holds three bits: see github.com/ulid/spec.

use crate::time::Millis;
use parking_lot::Mutex;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of the text form.
pub const ULID_CHARS: usize = 26;

/// A name that no other block has and that sorts by when it was given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ulid(pub u128);

impl Ulid {
    /// Milliseconds since the epoch when it was given.
    pub const fn millis(self) -> Millis {
        Millis((self.0 >> 80) as i64)
    }

    /// Reads the text form; only capital letters are accepted, since we write only these.
    pub fn parse(text: &str) -> Option<Ulid> {
        if text.len() != ULID_CHARS {
            return None;
        }
        let mut value: u128 = 0;
        for (i, byte) in text.bytes().enumerate() {
            let digit = DIGITS.iter().position(|known| *known == byte)?;
            if i == 0 && digit > 7 {
                return None;
            }
            value = value << 5 | digit as u128;
        }
        Some(Ulid(value))
    }
}

impl fmt::Display for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for i in (0..ULID_CHARS).rev() {
            let digit = (self.0 >> (5 * i)) as usize & 31;
            let byte = DIGITS.get(digit).copied().unwrap_or(b'0');
            fmt::Write::write_char(f, char::from(byte))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Chance, for names only: it need not be secret, but two processes must not get the same.
///
/// The generator is SplitMix64 (Steele, Lea, Flood 2014), seeded from the hash keys that the
/// standard library draws from the system.
#[derive(Debug)]
pub struct Randomness {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    next: u64,
    last: Ulid,
}

impl Randomness {
    /// Seeded by the system.
    pub fn system() -> Self {
        let one = RandomState::new().hash_one(0u64);
        let two = RandomState::new().hash_one(std::process::id());
        Randomness::seeded(one ^ two.rotate_left(32))
    }

    /// The same numbers for the same seed: for tests.
    pub fn seeded(seed: u64) -> Self {
        Randomness { state: Mutex::new(State { next: seed, last: Ulid(0) }) }
    }

    /// The next number.
    pub fn next_u64(&self) -> u64 {
        self.state.lock().next_u64()
    }

    /// A name for something made at `now`. Later than every name given before, whatever the clock
    /// does.
    pub fn ulid(&self, now: Millis) -> Ulid {
        let mut state = self.state.lock();
        let high = u128::from(state.next_u64());
        let low = u128::from(state.next_u64());
        let chance = (high << 64 | low) & ((1 << 80) - 1);
        let millis = now.0.clamp(0, (1 << 48) - 1) as u128;
        let mut ulid = Ulid(millis << 80 | chance);
        if ulid <= state.last {
            ulid = Ulid(state.last.0.wrapping_add(1));
        }
        state.last = ulid;
        ulid
    }
}

impl State {
    fn next_u64(&mut self) -> u64 {
        self.next = self.next.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.next;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_and_sorts_like_the_number() {
        let randomness = Randomness::seeded(1);
        let mut before = String::new();
        for millis in [0, 5, 5, 4, 1_700_000_000_000] {
            let ulid = randomness.ulid(Millis(millis));
            let text = ulid.to_string();
            assert_eq!(Ulid::parse(&text), Some(ulid));
            assert!(text > before);
            before = text;
        }
        assert_eq!(Ulid(u128::MAX).to_string(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        assert_eq!(Ulid::parse("8ZZZZZZZZZZZZZZZZZZZZZZZZZ"), None);
        assert_eq!(Ulid::parse("01aryz6s41tsv4rrffq69g5fav"), None);
    }

    #[test]
    fn systems_differ() {
        assert_ne!(Randomness::system().next_u64(), Randomness::system().next_u64());
    }
}
