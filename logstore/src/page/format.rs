//! A page as bytes: columns of lines, each part readable without the others.
//!
//! ~~~text
//! rows      varint, at most ROWS_MAX
//! times     length varint, bytes (times.rs)
//! metadata  length varint (0: no row has any), LZ4 (storage::lz4) of
//!   strings   varint │ each: length varint, UTF-8 bytes       distinct names and values
//!   counts    pairs varint, per row
//!   pairs     name varint, value varint (strings), row by row
//! coding    u8   0 plain   1 by templates
//! text      plain: length varint, LZ4 of the bytes of each line varint; then text/choose.rs, the
//!           lines one after the other
//!           by templates: text/template/format.rs
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::ops::Range;

use bytes::Bytes;
use hashbrown::HashMap;
use telemetry_core::source::{LogColumns, LogWant};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, lz4, varint};

use super::{copy_rows, times};
use crate::text::choose;
use crate::text::template::{Coded, Coder, Dictionary, PageTemplate};

const PLAIN: u8 = 0;
const TEMPLATES: u8 = 1;

/// More rows are no page.
const ROWS_MAX: usize = 1 << 20;

/// Text that shrinks by less than this by templates is tried plain too.
const GOOD_RATIO: usize = 3;

/// Appends a page. Answers the templates of its lines; none where its text is plain.
pub(crate) fn write(
    columns: &LogColumns,
    coder: &mut Coder,
    out: &mut Vec<u8>,
) -> Vec<PageTemplate> {
    varint::put_u64(out, columns.len() as u64);
    let mut part = Vec::new();
    times::write(&columns.times, &mut part);
    varint::put_bytes(out, &part);
    if columns.metadata_ends.is_empty() {
        varint::put_u64(out, 0);
    } else {
        part.clear();
        write_metadata(columns, &mut part);
        put_packed(&part, out);
    }
    part.clear();
    let templates = coder.write(columns, &mut part);
    if part.len().saturating_mul(GOOD_RATIO) > columns.text.len() {
        let mut plain = Vec::new();
        write_plain(columns, &mut plain);
        if plain.len() < part.len() {
            out.push(PLAIN);
            out.extend_from_slice(&plain);
            return Vec::new();
        }
    }
    out.push(TEMPLATES);
    out.extend_from_slice(&part);
    templates
}

fn write_plain(columns: &LogColumns, out: &mut Vec<u8>) {
    let mut lengths = Vec::new();
    for row in 0..columns.len() {
        varint::put_u64(&mut lengths, columns.line_bytes(row) as u64);
    }
    put_packed(&lengths, out);
    choose::write(&columns.text, out);
}

fn put_packed(raw: &[u8], out: &mut Vec<u8>) {
    let mut packed = Vec::new();
    lz4::put(&mut packed, raw);
    varint::put_bytes(out, &packed);
}

fn write_metadata(columns: &LogColumns, out: &mut Vec<u8>) {
    let mut ids: HashMap<&str, u64> = HashMap::new();
    let mut strings: Vec<&str> = Vec::new();
    let mut pairs = Vec::new();
    let mut counts = Vec::new();
    let mut id = |text| {
        *ids.entry(text).or_insert_with(|| {
            strings.push(text);
            strings.len() as u64 - 1
        })
    };
    for row in 0..columns.len() {
        let before = pairs.len();
        pairs.extend(columns.metadata(row).map(|(name, value)| (id(name), id(value))));
        counts.push((pairs.len() - before) as u64);
    }
    varint::put_u64(out, strings.len() as u64);
    strings.iter().for_each(|text| varint::put_str(out, text));
    counts.iter().for_each(|count| varint::put_u64(out, *count));
    for (name, value) in pairs {
        varint::put_u64(out, name);
        varint::put_u64(out, value);
    }
}

/// A page whose parts are found and not read.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    rows: usize,
    times: Bytes,
    metadata: Bytes,
    is_coded: bool,
    text: Bytes,
}

impl Page {
    /// Finds the parts of a page.
    ///
    /// # Errors
    ///
    /// Where the bytes are no page.
    pub(crate) fn open(bytes: &Bytes) -> Result<Self, Damaged> {
        let mut input = Cursor::new(bytes);
        let rows = usize::try_from(input.varint_u64()?).unwrap_or(usize::MAX);
        if rows > ROWS_MAX {
            return Err(input.field("rows of a page"));
        }
        let times = bytes.slice_ref(input.bytes()?);
        let metadata = bytes.slice_ref(input.bytes()?);
        let is_coded = match input.u8()? {
            PLAIN => false,
            TEMPLATES => true,
            _ => return Err(input.field("coding of text")),
        };
        Ok(Page { rows, times, metadata, is_coded, text: bytes.slice_ref(input.rest()) })
    }

    /// Reads the times and opens the text.
    ///
    /// # Errors
    ///
    /// Where they are damaged.
    pub(crate) fn read(
        self,
        templates: &[PageTemplate],
        dictionary: &Dictionary,
    ) -> Result<OpenPage, Damaged> {
        let times = self.times()?;
        let coded = match self.is_coded {
            true => Some(Coded::open(&self.text, self.rows, templates, dictionary)?),
            false => None,
        };
        Ok(OpenPage { page: self, times, coded })
    }

    /// Reads the times.
    ///
    /// # Errors
    ///
    /// Where they are damaged.
    pub(crate) fn times(&self) -> Result<Vec<i64>, Damaged> {
        let mut times = Vec::new();
        times::read(&self.times, self.rows, &mut times)?;
        Ok(times)
    }
}

/// A page whose times are read and whose text is opened.
#[derive(Debug)]
pub(crate) struct OpenPage {
    page: Page,
    pub(crate) times: Vec<i64>,
    /// The text, if it is by templates.
    pub(crate) coded: Option<Coded>,
}

impl OpenPage {
    /// Fills `into` with the wanted columns of some rows. What was in it is gone.
    ///
    /// # Errors
    ///
    /// Where the page is damaged.
    pub(crate) fn fill(
        &self,
        rows: Range<usize>,
        want: LogWant,
        dictionary: &Dictionary,
        into: &mut LogColumns,
    ) -> Result<(), Damaged> {
        into.clear();
        let is_all = rows == (0..self.page.rows);
        let wants_lines = want.text || want.lengths;
        let has_metadata = want.metadata && !self.page.metadata.is_empty();
        if (wants_lines && self.coded.is_none()) || has_metadata {
            // These parts are read whole.
            let mut all = LogColumns { times: self.times.clone(), ..LogColumns::default() };
            if has_metadata {
                let raw = lz4::read(&mut Cursor::new(&self.page.metadata))?;
                read_metadata(&raw, self.page.rows, &mut all)?;
            }
            if wants_lines && self.coded.is_none() {
                self.read_plain(want, &mut all)?;
            }
            if is_all {
                *into = all;
            } else {
                copy_rows(&all, rows.start, rows.end, into);
            }
        } else {
            let times = self.times.get(rows.clone()).unwrap_or_default();
            into.times.extend_from_slice(times);
        }
        if let Some(coded) = &self.coded
            && wants_lines
        {
            coded.lines(dictionary, rows, &self.times, into)?;
            if !want.text {
                into.text.clear();
            }
        }
        Ok(())
    }

    /// As [`fill`](Self::fill), for rows that rise.
    ///
    /// # Errors
    ///
    /// As [`fill`](Self::fill).
    pub(crate) fn fill_rows(
        &self,
        rows: &[u32],
        want: LogWant,
        dictionary: &Dictionary,
        into: &mut LogColumns,
    ) -> Result<(), Damaged> {
        into.clear();
        let has_metadata = want.metadata && !self.page.metadata.is_empty();
        let Some(coded) = self.coded.as_ref().filter(|_| !has_metadata) else {
            let mut all = LogColumns::default();
            self.fill(0..self.page.rows, want, dictionary, &mut all)?;
            rows.iter().for_each(|row| into.push_row(&all, *row as usize));
            return Ok(());
        };
        let times = rows.iter().filter_map(|row| self.times.get(*row as usize).copied());
        into.times.extend(times);
        if want.text || want.lengths {
            coded.lines(dictionary, rows.iter().map(|row| *row as usize), &self.times, into)?;
            if !want.text {
                into.text.clear();
            }
        }
        Ok(())
    }

    fn read_plain(&self, want: LogWant, into: &mut LogColumns) -> Result<(), Damaged> {
        let mut input = Cursor::new(&self.page.text);
        let lengths = lz4::read(&mut Cursor::new(input.bytes()?))?;
        let mut lengths = Cursor::new(&lengths);
        let mut end = 0_usize;
        for _ in 0..self.page.rows {
            let length = usize::try_from(lengths.varint_u64()?).ok();
            end = length
                .and_then(|length| end.checked_add(length))
                .filter(|end| *end <= choose::TEXT_BYTES_MAX)
                .ok_or_else(|| lengths.field("length of a line"))?;
            into.text_ends.push(end);
        }
        lengths.finish()?;
        if want.text {
            into.text = choose::read(&mut input)?;
            if into.text.len() != end {
                return Err(input.field("length of the text"));
            }
            input.finish()?;
        }
        Ok(())
    }

    /// Bytes in memory, roughly.
    pub(crate) fn memory_bytes(&self) -> usize {
        let page = self.page.times.len() + self.page.metadata.len() + self.page.text.len();
        page + self.times.len() * 8 + self.coded.as_ref().map_or(0, Coded::memory_bytes)
    }
}

fn read_metadata(raw: &[u8], rows: usize, into: &mut LogColumns) -> Result<(), Damaged> {
    let mut input = Cursor::new(raw);
    let count = input.count(1)?;
    let mut strings = Vec::with_capacity(count);
    for _ in 0..count {
        strings.push(input.str()?);
    }
    let mut pairs = 0_usize;
    for _ in 0..rows {
        pairs = pairs.saturating_add(input.count(0)?);
        into.metadata_ends.push(pairs);
    }
    if pairs.saturating_mul(2) > input.remaining() {
        return Err(input.field("number of metadata pairs"));
    }
    for _ in 0..pairs {
        let mut string = || {
            let id = input.varint_u32()? as usize;
            strings.get(id).copied().ok_or_else(|| input.field("reference to metadata"))
        };
        let (name, value) = (string()?, string()?);
        into.metadata_text.push_str(name);
        let name_end = into.metadata_text.len();
        into.metadata_text.push_str(value);
        into.metadata_pairs.push((name_end, into.metadata_text.len()));
    }
    input.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page() -> LogColumns {
        let mut columns = LogColumns::default();
        columns.push(100, b"a=1", []);
        columns.push(160, b"", [("k", "v"), ("l", "v")]);
        columns
    }

    fn read(
        bytes: &[u8],
        templates: &[PageTemplate],
        coder: &Coder,
        want: LogWant,
    ) -> Result<LogColumns, Damaged> {
        let page = Page::open(&Bytes::copy_from_slice(bytes))?;
        let open = page.read(templates, &coder.dictionary)?;
        let mut columns = LogColumns::default();
        open.fill(0..open.times.len(), want, &coder.dictionary, &mut columns)?;
        Ok(columns)
    }

    #[test]
    fn golden_page() {
        let mut bytes = Vec::new();
        let templates = write(&page(), &mut Coder::default(), &mut bytes);
        let expected: &[&[u8]] = &[
            // 2 rows; times: ns, a segment of 2 rows from 100 on, 60 long; 5 low bits, 60 is 1 × 32 + 28.
            &[2, 9, 0, 1, 2, 200, 1, 60, 5, 28, 0b10],
            // 13 raw bytes: strings k v l; pairs per row 0, 2; k v, l v.
            &[16, 13, 14, 0xd0, 3, 1, b'k', 1, b'v', 1, b'l', 0, 2, 0, 1, 2, 1],
            // Plain: lengths 3, 0; LZ4, 3 raw bytes.
            &[PLAIN, 5, 2, 3, 0x20, 3, 0, 1, 3, 4, 0x30, b'a', b'=', b'1'],
        ];
        assert!(templates.is_empty());
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn parts_are_read_alone() {
        let (mut bytes, mut coder) = (Vec::new(), Coder::default());
        let templates = write(&page(), &mut coder, &mut bytes);
        let read = |want| read(&bytes, &templates, &coder, want).unwrap();
        let columns = read(LogWant::TIMES);
        assert_eq!(columns.times, [100, 160]);
        assert!(columns.text_ends.is_empty() && columns.metadata_ends.is_empty());
        let columns = read(LogWant { lengths: true, ..LogWant::TIMES });
        assert_eq!((columns.line_bytes(0), columns.line_bytes(1)), (3, 0));
        assert!(columns.text.is_empty());
    }

    proptest! {
        #[test]
        fn any_lines_round_trip(
            rows in prop::collection::vec(
                (any::<i64>(),
                 prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..40),
                    "took [0-9]{1,5} of (the|a) way".prop_map(String::into_bytes)],
                 prop::collection::btree_map("[a-c]{1,2}", "[a-z]{0,3}", 0..3)),
                0..60),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut columns = LogColumns::default();
            for (time, line, names) in &rows {
                columns.push(*time, line, names.iter().map(|(n, v)| (&**n, &**v)));
            }
            let (mut bytes, mut coder) = (Vec::new(), Coder::default());
            let templates = write(&columns, &mut coder, &mut bytes);
            let back = read(&bytes, &templates, &coder, LogWant::ALL).unwrap();
            prop_assert_eq!(back.len(), rows.len());
            for (row, (time, line, names)) in rows.iter().enumerate() {
                prop_assert_eq!(back.times[row], *time);
                prop_assert_eq!(back.line(row), &line[..]);
                let found: Vec<(&str, &str)> = back.metadata(row).collect();
                let expected: Vec<(&str, &str)> =
                    names.iter().map(|(n, v)| (&**n, &**v)).collect();
                prop_assert_eq!(found, expected);
            }
            let open = Page::open(&bytes.clone().into()).unwrap();
            let open = open.read(&templates, &coder.dictionary).unwrap();
            let cut = cut.index(rows.len() + 1);
            let mut part = LogColumns::default();
            open.fill(cut..rows.len(), LogWant::ALL, &coder.dictionary, &mut part).unwrap();
            prop_assert_eq!(part.len(), rows.len() - cut);
            for (row, (_, line, names)) in rows.iter().skip(cut).enumerate() {
                prop_assert_eq!(part.line(row), &line[..]);
                prop_assert_eq!(part.metadata(row).count(), names.len());
            }
            for length in 0..bytes.len() {
                prop_assert!(read(&bytes[..length], &templates, &coder, LogWant::ALL).is_err());
            }
        }

        #[test]
        fn any_bytes_are_an_error_or_lines(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, &[], &Coder::default(), LogWant::ALL);
        }
    }
}
