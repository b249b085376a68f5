//! Pages: runs of lines, coded as columns.
//!
//! A page in memory is a [`LogColumns`]. On disk a page holds the runs of one stream or, where
//! streams are small, of several; [`format`] draws it.

pub(crate) mod format;
mod order;
mod slices;
mod times;

pub(crate) use order::{copy_rows, insert, keep_rows, merge};
pub(crate) use slices::{Piece, Slice, slices};

use telemetry_core::source::LogColumns;

/// Bytes of text per page on disk: more would shrink columns little, and a query that needs few
/// lines would have more to read.
pub(crate) const PAGE_TEXT_BYTES: usize = 1 << 20;

/// Names and values of the metadata of line `index`.
pub(crate) fn metadata(columns: &LogColumns, index: usize) -> Vec<(&str, &str)> {
    columns.metadata(index).collect()
}

/// Gives back room that is not filled, where that is more than an eighth of it.
pub(crate) fn shrink(columns: &mut LogColumns) {
    fn shrink<T>(column: &mut Vec<T>) {
        if column.capacity() > column.len() + column.len() / 8 {
            column.shrink_to_fit();
        }
    }
    shrink(&mut columns.times);
    shrink(&mut columns.text);
    shrink(&mut columns.text_ends);
    shrink(&mut columns.metadata_pairs);
    shrink(&mut columns.metadata_ends);
    if columns.metadata_text.capacity() > columns.metadata_text.len() {
        columns.metadata_text.shrink_to_fit();
    }
}

/// Bytes that a page takes in memory, room that is not filled yet included.
pub(crate) fn memory_bytes(columns: &LogColumns) -> usize {
    let words = columns.times.capacity()
        + columns.text_ends.capacity()
        + columns.metadata_ends.capacity()
        + 2 * columns.metadata_pairs.capacity();
    let text = columns.text.capacity() + columns.metadata_text.capacity();
    size_of::<LogColumns>() + 8 * words + text
}
