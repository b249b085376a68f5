//! Pages: runs of lines, coded as columns.
//!
//! A page in memory is a [`LogColumns`]. On disk a page holds the runs of one stream or, where
//! streams are small, of several; [`format`] draws it.

pub(crate) mod format;
mod order;

pub(crate) use order::{copy_rows, insert, merge, select_rows};

use telemetry_core::source::LogColumns;

/// Bytes of text per page on disk: the knee between compression ratio and what a query that needs
/// few lines must decompress.
pub(crate) const PAGE_TEXT_BYTES: usize = 256 << 10;

/// Names and values of the metadata of line `index`.
pub(crate) fn metadata(columns: &LogColumns, index: usize) -> Vec<(&str, &str)> {
    columns.metadata(index).collect()
}
