//! Cuts what overlaps in time into slices that do not.
//!
//! ~~~text
//! time        ─────────────────────────▶
//! run         ├────┤├────┤├────┤├────┤          in order: each alone
//! late lines    ├─────────┤                     overlap two of them and touch a third
//! slices      ╞════════════╡╞═══╡╞════╡         merged as one, alone, alone
//! ~~~
//!
//! Lines of one time are in one slice, so that equal ones meet. A slice takes no more than about
//! [`SLICE_TEXT_BYTES`], however many runs a late line strings together: who is in two slices is
//! read twice.

use std::cmp::Ordering;

/// Text of a slice after which the next one begins.
const SLICE_TEXT_BYTES: u64 = 4 << 20;

/// A run of lines of one stream in order of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    /// Time of its first line.
    pub(crate) first: i64,
    /// Time of its last line.
    pub(crate) last: i64,
    /// Bytes of its text.
    pub(crate) text_bytes: u64,
    /// Where it lies: pieces of one place hold no line twice.
    pub(crate) place: usize,
}

/// Some pieces between two times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// From this time on.
    pub(crate) start: i64,
    /// Up to and including this time.
    pub(crate) last: i64,
    /// Numbers of the pieces, in their order.
    pub(crate) members: Vec<usize>,
}

/// The slices of pieces that are sorted by their first time.
pub(crate) fn slices(pieces: &[Piece]) -> Vec<Slice> {
    let mut slices = Vec::new();
    let mut start = 0;
    while let Some(piece) = pieces.get(start) {
        let end = start + group(pieces.get(start..).unwrap_or_default());
        match end - start {
            1 => slices.push(Slice { start: piece.first, last: piece.last, members: vec![start] }),
            _ => cut(pieces, start, end, &mut slices),
        }
        start = end.max(start + 1);
    }
    slices
}

/// How many pieces from the first one on must be looked at together.
fn group(pieces: &[Piece]) -> usize {
    // The latest time so far, and the place of the pieces that reach it if it is only one.
    let mut reached: Option<(i64, Option<usize>)> = None;
    for (at, piece) in pieces.iter().enumerate() {
        reached = Some(match reached {
            None => (piece.last, Some(piece.place)),
            Some((last, place)) => {
                let touching = pieces.iter().skip(at).take_while(|other| other.first <= last);
                if piece.first >= last
                    && touching.map(|other| Some(other.place)).all(|p| p == place)
                {
                    return at;
                }
                match piece.last.cmp(&last) {
                    Ordering::Less => (last, place),
                    Ordering::Equal => (last, place.filter(|place| *place == piece.place)),
                    Ordering::Greater => (piece.last, Some(piece.place)),
                }
            }
        });
    }
    pieces.len()
}

/// Cuts the pieces `from..to` where one begins and enough came before.
fn cut(pieces: &[Piece], from: usize, to: usize, slices: &mut Vec<Slice>) {
    let group = pieces.get(from..to).unwrap_or_default();
    let mut start = group.first().map_or(0, |piece| piece.first);
    let end = group.iter().map(|piece| piece.last).max().unwrap_or(start);
    let mut push = |start: i64, last: i64| {
        let is_in = |piece: &Piece| piece.first <= last && piece.last >= start;
        let members = (from..to).zip(group).filter(|(_, piece)| is_in(piece));
        let members: Vec<usize> = members.map(|(at, _)| at).collect();
        if !members.is_empty() {
            slices.push(Slice { start, last, members });
        }
    };
    let mut text_bytes = 0;
    for piece in group {
        if text_bytes >= SLICE_TEXT_BYTES && piece.first > start {
            push(start, piece.first - 1);
            (start, text_bytes) = (piece.first, 0);
        }
        text_bytes += piece.text_bytes;
    }
    push(start, end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces(pieces: &[(i64, i64, usize)]) -> Vec<Piece> {
        let piece = |(first, last, place): &(i64, i64, usize)| Piece {
            first: *first,
            last: *last,
            text_bytes: SLICE_TEXT_BYTES / 2,
            place: *place,
        };
        pieces.iter().map(piece).collect()
    }

    fn members(found: &[Slice]) -> Vec<Vec<usize>> {
        found.iter().map(|slice| slice.members.clone()).collect()
    }

    #[test]
    fn runs_of_one_place_may_touch() {
        let found = slices(&pieces(&[(0, 5, 0), (5, 9, 0), (9, 9, 0), (10, 11, 0)]));
        assert_eq!(members(&found), [[0], [1], [2], [3]]);
        let found = slices(&pieces(&[(0, 5, 0), (5, 9, 1), (9, 12, 0)]));
        // Enough after two: from time 9 on is a slice of its own.
        assert_eq!(members(&found), [[0, 1], [1, 2]]);
    }

    #[test]
    fn a_long_group_is_cut() {
        let found = slices(&pieces(&[(0, 100, 1), (0, 9, 0), (10, 19, 0), (20, 29, 0)]));
        assert_eq!(members(&found), [vec![0, 1], vec![0, 2, 3]]);
        assert_eq!((found[0].last, found[1].start), (9, 10));
    }

    proptest! {
        #[test]
        fn every_time_of_every_piece_is_in_one_slice(
            rows in prop::collection::vec((0_i64..60, 0_i64..30, 0_usize..3), 0..30),
        ) {
            let mut rows: Vec<(i64, i64, usize)> =
                rows.into_iter().map(|(first, length, place)| (first, first + length, place)).collect();
            rows.sort_unstable();
            let pieces = pieces(&rows);
            let found = slices(&pieces);
            for (at, piece) in pieces.iter().enumerate() {
                for time in piece.first..=piece.last {
                    let holds = |slice: &&Slice| {
                        slice.members.contains(&at) && slice.start <= time && time <= slice.last
                    };
                    prop_assert_eq!(found.iter().filter(holds).count(), 1);
                }
            }
            for (a, one) in pieces.iter().enumerate() {
                for (b, other) in pieces.iter().enumerate() {
                    let shared = one.first.max(other.first)..=one.last.min(other.last);
                    for time in shared.filter(|_| one.place != other.place) {
                        let meet = |slice: &Slice| {
                            slice.members.contains(&a) && slice.members.contains(&b)
                                && slice.start <= time && time <= slice.last
                        };
                        prop_assert!(found.iter().any(meet));
                    }
                }
            }
            prop_assert!(found.windows(2).all(|pair| pair[0].last <= pair[1].start));
        }
    }
}
