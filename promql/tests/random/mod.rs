//! Random data, and random queries that draw on the whole language.
#![allow(dead_code, reason = "tests take what they need of it")]

pub(crate) mod data;
pub(crate) mod query;

/// Pseudo-random numbers (SplitMix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// Whether something happens that does so `times` in `of`.
    pub(crate) fn chance(&mut self, times: u64, of: u64) -> bool {
        self.below(of) < times
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// How many cases a test does: `usual`, or as many as `QUADRA_CASES` says.
pub(crate) fn cases(usual: u64) -> u64 {
    std::env::var("QUADRA_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}
