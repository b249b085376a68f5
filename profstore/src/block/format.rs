//! The file `profiles` of a block.
//!
//! ~~~text
//! section ROWS      pages: each LZ4 (storage::lz4) of rows of one series (samples/format.rs),
//!                   at most PAGE_ROWS of them, in order of time
//! section SYMBOLS   LZ4 of symbols/format.rs
//! section STACKS    LZ4 of stacks/format.rs
//! section SERIES    LZ4 of
//!   series  varint
//!   each    label set (storage::label_set) │ pages varint
//!     page  first time zigzag │ last time zigzag │ offset varint │ bytes varint
//! ~~~
//!
//! Sections, their checksums and those of pages are the kernel's (`storage::block`).
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::Labels;
use telemetry_core::storage::block::PageRef;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, label_set, varint};

/// The only file of a block.
pub(crate) const FILE: &str = "profiles";
pub(crate) const ROWS: u32 = 1;
pub(crate) const SYMBOLS: u32 = 2;
pub(crate) const STACKS: u32 = 3;
pub(crate) const SERIES: u32 = 4;

/// Rows of one page: a query over a narrow window reads little beyond it.
pub(crate) const PAGE_ROWS: usize = 64;

/// Where rows of a series lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) at: PageRef,
}

/// A series and its pages in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeriesPages {
    pub(crate) labels: Labels,
    pub(crate) pages: Vec<Page>,
}

/// Appends the table of series.
pub(crate) fn write_series(series: &[SeriesPages], out: &mut Vec<u8>) {
    varint::put_u64(out, series.len() as u64);
    for SeriesPages { labels, pages } in series {
        label_set::put(out, labels);
        varint::put_u64(out, pages.len() as u64);
        for page in pages {
            varint::put_i64(out, page.first);
            varint::put_i64(out, page.last);
            varint::put_u64(out, page.at.offset);
            varint::put_u64(out, u64::from(page.at.bytes));
        }
    }
}

/// Reads the table of series.
///
/// # Errors
///
/// Where the bytes are no such table.
pub(crate) fn read_series(input: &mut Cursor<'_>) -> Result<Vec<SeriesPages>, Damaged> {
    let count = input.count(2)?;
    let mut series = Vec::with_capacity(count);
    for _ in 0..count {
        let labels = label_set::read(input)?;
        let pages = input.count(4)?;
        let pages = (0..pages)
            .map(|_| {
                let (first, last) = (input.varint_i64()?, input.varint_i64()?);
                let at = PageRef { offset: input.varint_u64()?, bytes: input.varint_u32()? };
                Ok(Page { first, last, at })
            })
            .collect::<Result<Vec<Page>, Damaged>>()?;
        series.push(SeriesPages { labels, pages });
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;

    #[test]
    fn golden_table_of_series() {
        let page = Page { first: -1, last: 5, at: PageRef { offset: 300, bytes: 9 } };
        let series = [SeriesPages { labels: labels! { "a" => "b" }, pages: vec![page] }];
        let mut bytes = Vec::new();
        write_series(&series, &mut bytes);
        assert_eq!(bytes, [1, 1, 1, b'a', 1, b'b', 1, 1, 10, 0xac, 0x02, 9]);
        assert_eq!(read_series(&mut Cursor::new(&bytes)).unwrap(), series);
        for length in 0..bytes.len() {
            assert!(read_series(&mut Cursor::new(bytes.get(..length).unwrap())).is_err());
        }
    }
}
