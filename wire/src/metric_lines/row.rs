//! A line as samples, its texts still in the line.
//!
//! A row is used for line after line, so that reading one allocates nothing: texts are places in the
//! line, or in the row's arena where an escape had to be replaced.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::ops::Range;

/// A text.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// As it is in the line.
    Line(Range<usize>),
    /// In the arena.
    Arena(Range<usize>),
}

/// What a line holds.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Values of the samples.
    pub(super) values: Vec<f64>,
    /// When they were taken.
    pub(super) times: Times,
    /// Of which cell or field of the line each value is; none where all are of one series.
    pub(super) parts: Vec<usize>,
    /// A hash of what names the series of the samples.
    pub(super) key: u128,
    /// Values of the line that are no samples.
    pub(super) refused: Vec<super::report::Refused>,
    /// Where the line says which series it is about.
    pub(super) head: Range<usize>,
    /// The cells that are labels, or names of the line's fields.
    pub(super) cells: Vec<Piece>,
    /// Bytes to hash.
    pub(super) hashed: Vec<u8>,
    arena: String,
    labels: Vec<(Piece, Piece)>,
}

/// When the samples of a line were taken.
#[derive(Debug)]
pub(super) enum Times {
    /// All at once, each is of another series; none where the line has no time.
    Row(Option<i64>),
    /// One after the other, all are of one series.
    Series(Vec<i64>),
}

impl Default for Times {
    fn default() -> Self {
        Times::Row(None)
    }
}

impl Row {
    /// Makes room for the next line.
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.parts.clear();
        self.refused.clear();
        self.cells.clear();
        self.arena.clear();
    }

    /// Adds a sample of the line's cell or field `part`.
    #[inline]
    pub(super) fn push(&mut self, part: usize, value: f64) {
        self.parts.push(part);
        self.values.push(value);
    }

    /// Makes room for the labels of the next series.
    pub(super) fn clear_labels(&mut self) {
        self.labels.clear();
    }

    pub(super) fn text<'t>(&'t self, line: &'t str, piece: &Piece) -> &'t str {
        match piece {
            Piece::Line(range) => line.get(range.clone()),
            Piece::Arena(range) => self.arena.get(range.clone()),
        }
        .unwrap_or_default()
    }

    /// Puts a text that `write` appends into the arena.
    pub(super) fn keep(&mut self, write: impl FnOnce(&mut String)) -> Piece {
        let start = self.arena.len();
        write(&mut self.arena);
        Piece::Arena(start..self.arena.len())
    }

    /// A label of the present series.
    pub(super) fn label(&mut self, name: Piece, value: Piece) {
        self.labels.push((name, value));
    }

    /// The labels of the present series.
    pub(super) fn labels<'t>(
        &'t self,
        line: &'t str,
    ) -> impl Iterator<Item = (&'t str, &'t str)> + use<'t> {
        self.labels.iter().map(move |(name, value)| (self.text(line, name), self.text(line, value)))
    }
}
