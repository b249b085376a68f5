//! Every fuzz target holds on its seeds and on some thousands of mutations of them. libFuzzer
//! looks deeper, but needs nightly; this runs wherever the tests run, the same way each time.
#![cfg(test)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use xtask::cargo;

#[path = "../../fuzz/src/targets/mod.rs"]
mod targets;

/// Mutated inputs per target.
const ROUNDS: usize = 2_000;

/// Bytes past which an input stops growing.
const INPUT_BYTES_MAX: usize = 4_096;

#[test]
fn every_target_holds_on_its_seeds_and_their_mutations() {
    for target in targets::all() {
        assert!(!target.seeds.is_empty(), "{} has no seeds", target.name);
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut input = Vec::new();
        for (index, seed) in target.seeds.iter().enumerate() {
            run(target, index, seed);
        }
        for round in 0..ROUNDS {
            // A few mutations in a row, then back to a seed.
            if round % 8 == 0 {
                input = random.pick(target.seeds).to_vec();
            }
            random.mutate(&mut input, target.seeds);
            run(target, round, &input);
        }
    }
}

#[test]
fn every_target_is_a_binary_of_the_fuzz_crate_and_the_other_way_round() {
    let text = fs::read_to_string(cargo::workspace_root().join("fuzz/Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&text).unwrap();
    let bins = manifest["bin"].as_array().unwrap();
    let mut bins: Vec<_> = bins.iter().map(|bin| bin["name"].as_str().unwrap()).collect();
    let mut names: Vec<_> = targets::all().map(|target| target.name).collect();
    bins.sort_unstable();
    names.sort_unstable();
    assert_eq!(bins, names);
}

fn run(target: &targets::Target, round: usize, input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err() {
        panic!("{} broke in round {round} on b\"{}\"", target.name, input.escape_ascii());
    }
}

/// Marsaglia's xorshift, so that every run sees the same inputs.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`, or 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }

    /// Changes `input` in one of the ways that find faults: wrong bytes, lengths and order.
    fn mutate(&mut self, input: &mut Vec<u8>, seeds: &[&[u8]]) {
        const TELLING: &[u8] = b"\x00\x01\x7f\x80\xff\n\\\"'`(){}[]|*+?.^$,=~-09";
        let at = self.below(input.len() + 1);
        let until = at + self.below((input.len() - at).min(16) + 1);
        match self.below(7) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = TELLING[self.below(TELLING.len())],
            2 => input.insert(at, TELLING[self.below(TELLING.len())]),
            3 => drop(input.drain(at..until)),
            4 => {
                let repeated = input[at..until].repeat(1 + self.below(8));
                input.splice(at..at, repeated);
            }
            5 => {
                let other = self.pick(seeds);
                let from = self.below(other.len() + 1);
                input.splice(at..until, other[from..].iter().copied());
            }
            _ => input.truncate(at),
        }
        input.truncate(INPUT_BYTES_MAX);
    }
}
