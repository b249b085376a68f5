//! What the fuzz targets of this crate run; not for users. Each returns on any input and panics where
//! what was read is not what is read again after writing it.

use bytes::Bytes;
use telemetry_core::source::{LogColumns, LogWant};
use telemetry_core::storage::cursor::Cursor;

use crate::deletes::format;
use crate::page::format::Page;
use crate::record::Writer;
use crate::text::template::{Coder, PageTemplate};
use crate::{block, page, record};

/// Templates of the block whose table is read.
const TEMPLATES: usize = 1000;

/// A record of the log.
pub fn record(data: &[u8]) {
    let Ok(found) = record::read(data) else { return };
    let Some(bytes) = rewritten(&found) else { return };
    let back = record::read(&bytes);
    assert!(back.is_ok_and(|back| {
        back.streams == found.streams && rewritten(&back).is_some_and(|again| again == bytes)
    }));
}

/// The record written again; nothing where its lines are none.
fn rewritten(record: &record::Record<'_>) -> Option<Vec<u8>> {
    let mut lines = 0;
    record.lines(|_| lines += 1).ok()?;
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(record.streams.iter(), lines, &mut bytes);
    record.lines(|line| writer.push(&line)).ok()?;
    Some(bytes)
}

/// The condition of a delete.
pub fn delete(data: &[u8]) {
    let Ok(found) = format::read(data) else { return };
    let write = |stored: &format::Stored| format::write(&stored.filters, &stored.condition);
    let bytes = write(&found).unwrap_or_default();
    let back = format::read(&bytes);
    assert!(back.is_ok_and(|back| write(&back).unwrap_or_default() == bytes));
}

/// A page of a block, whose lines are all no template or of one template.
pub fn page(data: &[u8]) {
    let mut coder = Coder::default();
    coder.write(&one_line(b"GET /1 took 2.5 ms"), &mut Vec::new());
    for number in [0, 1] {
        let Ok(page) = Page::open(&Bytes::copy_from_slice(data)) else { return };
        let rows = page.times().map_or(0, |times| times.len());
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        let Ok(open) = page.read(&[PageTemplate { number, rows }], &coder.dictionary) else {
            continue;
        };
        let mut columns = LogColumns::default();
        let rows = 0..open.times.len();
        if open.fill(rows, LogWant::ALL, &coder.dictionary, &mut columns).is_ok() {
            written_again(&columns);
        }
    }
}

fn one_line(line: &[u8]) -> LogColumns {
    let mut columns = LogColumns::default();
    columns.push(0, line, []);
    columns
}

/// What was read comes back, whole and in halves.
fn written_again(columns: &LogColumns) {
    let (mut bytes, mut coder) = (Vec::new(), Coder::default());
    let templates = page::format::write(columns, &mut coder, &mut bytes);
    let page = Page::open(&Bytes::from(bytes)).map(|page| page.read(&templates, &coder.dictionary));
    let (mut back, mut copied) = (LogColumns::default(), LogColumns::default());
    let rows = 0..columns.len();
    assert!(page.is_ok_and(|open| open.is_ok_and(|open| {
        open.fill(rows, LogWant::ALL, &coder.dictionary, &mut back).is_ok()
    })));
    page::copy_rows(columns, 0, columns.len() / 2, &mut copied);
    page::copy_rows(columns, columns.len() / 2, columns.len(), &mut copied);
    for back in [&back, &copied] {
        assert_eq!((&back.times, &back.text), (&columns.times, &columns.text));
        for row in 0..columns.len() {
            assert_eq!(back.line(row), columns.line(row));
            assert!(back.metadata(row).eq(columns.metadata(row)));
        }
    }
}

/// The table of a block.
pub fn table(data: &[u8]) {
    let Ok(table) = block::format::read(&mut Cursor::new(data), TEMPLATES) else { return };
    let mut bytes = Vec::new();
    block::format::write(&table, &mut bytes);
    assert_eq!(block::format::read(&mut Cursor::new(&bytes), TEMPLATES), Ok(table));
}
