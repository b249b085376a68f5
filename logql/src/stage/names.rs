//! Names of a line's labels, found without comparing each with each.
//!
//! Lines have a few dozen labels, for which a scan over hashes is fastest. A hostile line can have
//! a hundred thousand; from [`SCANNED_MAX`] names on a table finds them.

use hashbrown::HashTable;
use std::ops::Range;

/// Names that are found by a scan.
const SCANNED_MAX: usize = 48;

/// A piece of a buffer.
pub(super) type Piece = Range<usize>;

/// Places of names in a buffer, in the order they were added; none twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    hashes: Vec<u64>,
    pieces: Vec<Piece>,
    /// Numbers of the names, once there are many.
    table: HashTable<usize>,
}

impl Names {
    pub(super) fn clear(&mut self) {
        self.hashes.clear();
        self.pieces.clear();
        if !self.table.is_empty() {
            self.table.clear();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    pub(super) fn piece(&self, number: usize) -> Piece {
        self.pieces.get(number).cloned().unwrap_or_default()
    }

    /// The number of a name.
    pub(super) fn find(&self, text: &str, name: &str) -> Option<usize> {
        self.find_hashed(text, name, hash(name))
    }

    /// The number of a name whose [`hash`] is known.
    pub(super) fn find_hashed(&self, text: &str, name: &str, wanted: u64) -> Option<usize> {
        if self.hashes.is_empty() {
            return None;
        }
        let equal = |number: &usize| {
            let piece = self.pieces.get(*number).cloned().unwrap_or_default();
            text.get(piece) == Some(name)
        };
        if !self.table.is_empty() {
            return self.table.find(wanted, equal).copied();
        }
        let mut numbers = self.hashes.iter().enumerate().filter(|(_, hash)| **hash == wanted);
        numbers.find(|(number, _)| equal(number)).map(|(number, _)| number)
    }

    /// Adds a name that is not there yet.
    pub(super) fn push(&mut self, text: &str, piece: Piece) {
        let hash = hash(text.get(piece.clone()).unwrap_or_default());
        self.push_hashed(piece, hash);
    }

    /// Adds a name that is not there yet and whose [`hash`] is known.
    pub(super) fn push_hashed(&mut self, piece: Piece, hash: u64) {
        self.hashes.push(hash);
        self.pieces.push(piece);
        let hashes = &self.hashes;
        let hash_of = |number: &usize| hashes.get(*number).copied().unwrap_or_default();
        if self.table.is_empty() && hashes.len() > SCANNED_MAX {
            for number in 0..hashes.len() {
                self.table.insert_unique(hash_of(&number), number, hash_of);
            }
        } else if !self.table.is_empty() {
            self.table.insert_unique(hash, hashes.len() - 1, hash_of);
        }
    }

    /// Keeps the names for whose number `keep` holds; they get new numbers, in the same order.
    pub(super) fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        let mut number = 0;
        self.hashes.retain(|_| {
            number += 1;
            keep(number - 1)
        });
        let mut number = 0;
        self.pieces.retain(|_| {
            number += 1;
            keep(number - 1)
        });
        self.table.clear();
        if self.hashes.len() > SCANNED_MAX {
            let hashes = &self.hashes;
            let hash_of = |number: &usize| hashes.get(*number).copied().unwrap_or_default();
            for number in 0..hashes.len() {
                self.table.insert_unique(hash_of(&number), number, hash_of);
            }
        }
    }
}

/// A hash that is cheap for short names: eight bytes at a time, mixed by a multiplication. It only
/// has to spread names over a table; equal names are compared.
pub(super) fn hash(name: &str) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = name.len() as u64;
    let mut chunks = name.as_bytes().chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk.try_into().map(u64::from_le_bytes).unwrap_or_default();
        hash = (hash ^ word).wrapping_mul(MULTIPLIER).rotate_left(29);
    }
    let mut last = [0; 8];
    if let Some(head) = last.get_mut(..chunks.remainder().len()) {
        head.copy_from_slice(chunks.remainder());
    }
    let mixed = (hash ^ u64::from_le_bytes(last)).wrapping_mul(MULTIPLIER);
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_names_are_found() {
        for count in [3, 500] {
            let mut text = String::new();
            let mut names = Names::default();
            for number in 0..count {
                let start = text.len();
                text.push_str(&format!("name{number}"));
                names.push(&text, start..text.len());
            }
            for number in 0..count {
                assert_eq!(names.find(&text, &format!("name{number}")), Some(number));
            }
            assert_eq!(names.find(&text, "name"), None);
            names.retain(|number| number % 2 == 0);
            assert_eq!(names.find(&text, "name2"), Some(1));
            assert_eq!(names.find(&text, "name1"), None);
            names.clear();
            assert_eq!(names.find(&text, "name2"), None);
        }
    }
}
