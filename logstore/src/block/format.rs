//! The file `lines` of a block.
//!
//! ~~~text
//! section PAGES    pages (page/format.rs); a page holds runs: lines of one stream, in order of
//!                  time; small streams share pages
//! section TEMPLATES  packed (text/pack.rs): the templates (text/template/dictionary.rs)
//! section STREAMS  packed (text/pack.rs) of
//!   pages    varint │ each: offset varint, bytes varint; templates varint │ each: number varint
//!            (templates), rows varint; bytes of its filter varint, offset varint if not 0 (filters)
//!   streams  varint │ each: label set (storage::label_set), runs varint, and per run
//!     page       varint (pages)
//!     row        varint   first row on the page
//!     rows       varint
//!     first      zigzag   time of the first row
//!     span       varint   time of the last row - first
//!     bytes      varint   text of the run
//!     metadata   u8       1 if any row has metadata
//!     counts     lines per stretch of time (buckets.rs)
//! section FILTERS   pages: which long values are on a page (values.rs); not there if there are none
//! section POSTINGS  which streams, by number, have which labels (storage::postings)
//! ~~~
//!
//! Sections, their checksums and those of pages are the kernel's (`storage::block`).
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::labels::Labels;
use telemetry_core::source::PageBuckets;
use telemetry_core::storage::block::PageRef;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, label_set, varint};

use super::buckets;
use crate::text::template::PageTemplate;

/// The only file of a block.
pub(crate) const FILE: &str = "lines";
pub(crate) const PAGES: u32 = 1;
pub(crate) const STREAMS: u32 = 2;
pub(crate) const POSTINGS: u32 = 3;
pub(crate) const TEMPLATES: u32 = 4;
pub(crate) const FILTERS: u32 = 5;

/// Lines of one stream on one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) page: u32,
    pub(crate) row: u32,
    pub(crate) rows: u32,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) text_bytes: u64,
    pub(crate) has_metadata: bool,
    /// How many lines there are per stretch of time, if that was counted.
    pub(crate) buckets: Option<Arc<PageBuckets>>,
}

impl Run {
    /// The rows on the page.
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.row as usize..self.row as usize + self.rows as usize
    }
}

/// Where a page is, and what its lines are like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageEntry {
    pub(crate) at: PageRef,
    /// The templates of the lines; none where the text is plain.
    pub(crate) templates: Vec<PageTemplate>,
    /// The filter of the long values on it; without bytes where it has none, or its text is plain.
    pub(crate) filter: PageRef,
}

/// A stream and its runs in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StreamRuns {
    pub(crate) labels: Labels,
    pub(crate) runs: Vec<Run>,
}

/// Where everything of a block is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) pages: Vec<PageEntry>,
    pub(crate) streams: Vec<StreamRuns>,
}

/// Appends the table.
pub(crate) fn write(table: &Table, out: &mut Vec<u8>) {
    varint::put_u64(out, table.pages.len() as u64);
    for page in &table.pages {
        varint::put_u64(out, page.at.offset);
        varint::put_u64(out, u64::from(page.at.bytes));
        varint::put_u64(out, page.templates.len() as u64);
        for template in &page.templates {
            varint::put_u64(out, u64::from(template.number));
            varint::put_u64(out, u64::from(template.rows));
        }
        varint::put_u64(out, u64::from(page.filter.bytes));
        if page.filter.bytes > 0 {
            varint::put_u64(out, page.filter.offset);
        }
    }
    varint::put_u64(out, table.streams.len() as u64);
    for StreamRuns { labels, runs } in &table.streams {
        label_set::put(out, labels);
        varint::put_u64(out, runs.len() as u64);
        for run in runs {
            for number in [run.page, run.row, run.rows] {
                varint::put_u64(out, u64::from(number));
            }
            varint::put_i64(out, run.first);
            varint::put_u64(out, run.last.wrapping_sub(run.first).cast_unsigned());
            varint::put_u64(out, run.text_bytes);
            out.push(u8::from(run.has_metadata));
            buckets::write(run.buckets.as_deref(), out);
        }
    }
}

/// Reads the table of a block with so many templates.
///
/// # Errors
///
/// Where the bytes are no such table.
pub(crate) fn read(input: &mut Cursor<'_>, templates: usize) -> Result<Table, Damaged> {
    let mut table = Table::default();
    for _ in 0..input.count(4)? {
        let at = PageRef { offset: input.varint_u64()?, bytes: input.varint_u32()? };
        let count = input.count(2)?;
        let mut own = Vec::with_capacity(count);
        for _ in 0..count {
            let template = PageTemplate { number: input.varint_u32()?, rows: input.varint_u32()? };
            if template.number as usize >= templates {
                return Err(input.field("template of a page"));
            }
            own.push(template);
        }
        let bytes = input.varint_u32()?;
        let filter = PageRef { offset: if bytes > 0 { input.varint_u64()? } else { 0 }, bytes };
        table.pages.push(PageEntry { at, templates: own, filter });
    }
    for _ in 0..input.count(2)? {
        let labels = label_set::read(input)?;
        let count = input.count(8)?;
        let mut runs = Vec::with_capacity(count);
        for _ in 0..count {
            runs.push(read_run(input, table.pages.len())?);
        }
        table.streams.push(StreamRuns { labels, runs });
    }
    Ok(table)
}

fn read_run(input: &mut Cursor<'_>, pages: usize) -> Result<Run, Damaged> {
    let (page, row, rows) = (input.varint_u32()?, input.varint_u32()?, input.varint_u32()?);
    let first = input.varint_i64()?;
    let last = first.wrapping_add(input.varint_u64()?.cast_signed());
    let text_bytes = input.varint_u64()?;
    let has_metadata = match input.u8()? {
        0 => false,
        1 => true,
        _ => return Err(input.field("metadata flag of a run")),
    };
    if page as usize >= pages || rows == 0 || row.checked_add(rows).is_none() || last < first {
        return Err(input.field("run of lines"));
    }
    let buckets = buckets::read(input)?.map(Arc::new);
    Ok(Run { page, row, rows, first, last, text_bytes, has_metadata, buckets })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use telemetry_core::labels;

    #[test]
    fn golden_table() {
        let run = Run {
            page: 0,
            row: 2,
            rows: 3,
            first: -1,
            last: 4,
            text_bytes: 300,
            has_metadata: true,
            buckets: None,
        };
        let table = Table {
            pages: vec![PageEntry {
                at: PageRef { offset: 7, bytes: 200 },
                templates: vec![PageTemplate { number: 4, rows: 3 }],
                filter: PageRef { offset: 5, bytes: 9 },
            }],
            streams: vec![StreamRuns { labels: labels! { "a" => "b" }, runs: vec![run] }],
        };
        let mut bytes = Vec::new();
        write(&table, &mut bytes);
        let expected: &[&[u8]] = &[
            &[1, 7, 200, 1, 1, 4, 3, 9, 5],
            &[1, 1, 1, b'a', 1, b'b'],
            &[1, 0, 2, 3, 1, 5, 0xac, 0x02, 1, 0],
        ];
        assert_eq!(bytes, expected.concat());
        assert_eq!(read(&mut Cursor::new(&bytes), 5).unwrap(), table);
        assert!(read(&mut Cursor::new(&bytes), 4).is_err());
        for length in 0..bytes.len() {
            assert!(read(&mut Cursor::new(bytes.get(..length).unwrap()), 5).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_or_a_table(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&mut Cursor::new(&bytes), 9);
        }
    }
}
