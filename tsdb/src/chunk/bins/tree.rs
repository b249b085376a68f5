//! Bins: a range of whole numbers cut in halves, and halves of halves, where that pays.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::Damaged;

use super::super::bitstream::{BitReader, BitWriter};
use super::super::logarithm::{BIT, log2};
use super::lengths::LENGTH_MAX;

/// The most leaves of a tree: more than codes can name.
const LEAVES_MAX: usize = 1 << LENGTH_MAX;
/// The deepest tree: lows of bins fit beside their lengths in a table entry.
pub(super) const DEPTH_MAX: u32 = 40;
/// What a leaf costs in the header, about.
const LEAF_BITS: u64 = 3;
/// The length that the first leaf's is told by.
const LENGTH_FIRST: u32 = 4;
/// Bits of a length that is told as it is.
const LENGTH_BITS: u32 = 4;

/// The numbers from `low` to `low + 2^width - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bin {
    pub(super) low: u64,
    pub(super) width: u32,
    /// Bits of its code; none of the numbers is in it if 0.
    pub(super) length: u32,
}

/// A node, in preorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Split,
    /// A bin with so many numbers.
    Leaf {
        low: u64,
        width: u32,
        count: u64,
    },
}

/// A tree as it is built.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    /// The cheapest tree for numbers below `2^depth`, ascending, of which a bin wider than one
    /// number has at most one in `parts`: codes are whole bits, which suit many small bins better
    /// than few large ones.
    pub(super) fn of(sorted: &[u64], depth: u32, parts: u64) -> Tree {
        let total = sorted.len() as u64;
        let mut chooser = Chooser {
            nodes: Vec::new(),
            total_log: log2(total),
            // A bin of fewer numbers does not pay for its header, and codes stay short.
            count_min: (total / 400).max(4),
            count_max: total / parts,
        };
        chooser.node(sorted, 0, depth);
        Tree { nodes: chooser.nodes }
    }

    /// How many numbers each bin has, from the lowest.
    pub(super) fn counts(&self) -> Vec<u64> {
        let count = |node: &Node| match node {
            Node::Leaf { count, .. } => Some(*count),
            Node::Split => None,
        };
        self.nodes.iter().filter_map(count).collect()
    }

    /// The bins with code lengths, from the lowest.
    pub(super) fn bins(&self, lengths: &[u32]) -> Vec<Bin> {
        let leaf = |node: &Node| match *node {
            Node::Leaf { low, width, .. } => Some((low, width)),
            Node::Split => None,
        };
        let leaves = self.nodes.iter().filter_map(leaf).zip(lengths);
        leaves.map(|((low, width), length)| Bin { low, width, length: *length }).collect()
    }

    /// Bits of the tree, the codes, and what is behind the codes.
    pub(super) fn bits(&self, lengths: &[u32]) -> u64 {
        let mut lengths = lengths.iter().copied();
        let mut before = LENGTH_FIRST;
        let bits = |node: &Node| match node {
            Node::Split => 1,
            Node::Leaf { width, count, .. } => {
                let length = lengths.next().unwrap_or(0);
                let (_, told) = told(length, before);
                before = if length == 0 { before } else { length };
                1 + u64::from(told) + count * u64::from(length + width)
            }
        };
        self.nodes.iter().map(bits).sum()
    }

    /// Appends the tree.
    pub(super) fn write(&self, lengths: &[u32], out: &mut Vec<u8>) {
        let mut bits = BitWriter::default();
        let mut lengths = lengths.iter().copied();
        let mut before = LENGTH_FIRST;
        for node in &self.nodes {
            match node {
                Node::Split => bits.put(1, 1),
                Node::Leaf { .. } => {
                    let length = lengths.next().unwrap_or(0);
                    let (code, told) = told(length, before);
                    before = if length == 0 { before } else { length };
                    bits.put(code, 1 + told);
                }
            }
        }
        out.extend(bits.finish());
    }
}

/// How a length is told behind another, and in how many bits.
fn told(length: u32, before: u32) -> (u64, u32) {
    match length.wrapping_sub(before).cast_signed() {
        _ if length == 0 => (0b111 << LENGTH_BITS, 3 + LENGTH_BITS),
        0 => (0b0, 1),
        1 => (0b100, 3),
        -1 => (0b101, 3),
        2 => (0b1100, 4),
        -2 => (0b1101, 4),
        _ => (0b111 << LENGTH_BITS | u64::from(length), 3 + LENGTH_BITS),
    }
}

/// The opposite of [`told`].
fn heard(input: &mut BitReader<'_>, before: u32) -> Result<u32, Damaged> {
    if input.take(1)? == 0 {
        return Ok(before);
    }
    let distance = if input.take(1)? == 0 {
        1
    } else if input.take(1)? == 0 {
        2
    } else {
        return Ok(u32::try_from(input.take(LENGTH_BITS)?).unwrap_or(0));
    };
    // A length below zero is no length of a code; that codes are complete is seen to later.
    let falls = input.take(1)? == 1;
    Ok(if falls { before.wrapping_sub(distance) } else { before + distance })
}

struct Chooser {
    nodes: Vec<Node>,
    total_log: u64,
    count_min: u64,
    count_max: u64,
}

impl Chooser {
    /// Appends the cheapest nodes for the numbers from `low` to `low + 2^width - 1`, and says what
    /// they cost: their header, the codes and the bits behind them.
    fn node(&mut self, sorted: &[u64], low: u64, width: u32) -> u64 {
        let count = sorted.len() as u64;
        let leaf = Node::Leaf { low, width, count };
        let code = self.total_log - log2(count).min(self.total_log);
        let leaf_cost = LEAF_BITS * BIT + count * (code + u64::from(width) * BIT);
        if width == 0 || count < self.count_min {
            self.nodes.push(leaf);
            return leaf_cost;
        }
        let before = self.nodes.len();
        self.nodes.push(Node::Split);
        let middle = low + (1 << (width - 1));
        let (left, right) = sorted.split_at(sorted.partition_point(|number| *number < middle));
        let mut cost = BIT + self.node(left, low, width - 1);
        let too_large = count > self.count_max;
        // The right side cannot make up for a left side that is too dear already.
        if cost < leaf_cost || too_large {
            cost += self.node(right, middle, width - 1);
        }
        if cost < leaf_cost || too_large {
            return cost;
        }
        self.nodes.truncate(before);
        self.nodes.push(leaf);
        leaf_cost
    }
}

/// The bins of a tree over the numbers below `2^depth`, and the bytes that it took.
///
/// # Errors
///
/// Where the bytes are no such tree.
pub(super) fn read(bytes: &[u8], depth: u32) -> Result<(Vec<Bin>, usize), Damaged> {
    let mut input = BitReader::new(bytes);
    // As many as there mostly are, so that neither has to grow.
    let mut bins = Vec::with_capacity(64);
    let mut before = LENGTH_FIRST;
    let mut open = Vec::with_capacity(depth as usize + 1);
    open.push((0_u64, depth));
    while let Some((low, width)) = open.pop() {
        if input.take(1)? == 1 {
            let half = width.checked_sub(1).ok_or_else(|| Damaged::field(0, "depth of bins"))?;
            open.push((low + (1 << half), half));
            open.push((low, half));
            continue;
        }
        let length = heard(&mut input, before)?;
        if length > LENGTH_MAX || bins.len() >= LEAVES_MAX {
            return Err(Damaged::field(0, "lengths of codes"));
        }
        before = if length == 0 { before } else { length };
        bins.push(Bin { low, width, length });
    }
    Ok((bins, input.bytes_taken()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_lie_together_have_narrow_bins() {
        let mut numbers: Vec<u64> = (0..1000).map(|i| 40 + i % 4).collect();
        numbers.extend((0..100).map(|i| i * 10));
        numbers.sort_unstable();
        let tree = Tree::of(&numbers, 10, 1);
        let lengths = vec![3; tree.counts().len()];
        let bins = tree.bins(&lengths);
        assert_eq!(tree.counts().iter().sum::<u64>(), 1100);
        assert!(bins.iter().any(|bin| bin.low == 40 && bin.width == 2));
        assert_eq!(bins.iter().map(|bin| 1 << bin.width).sum::<u64>(), 1 << 10);
        let mut bytes = Vec::new();
        tree.write(&lengths, &mut bytes);
        assert_eq!(read(&bytes, 10).unwrap(), (bins, bytes.len()));
    }

    #[test]
    fn even_numbers_have_one_bin() {
        let numbers: Vec<u64> = (0..256).collect();
        assert_eq!(Tree::of(&numbers, 8, 1).counts(), [256]);
        assert_eq!(Tree::of(&numbers, 8, 4).counts(), [64; 4]);
    }
}
