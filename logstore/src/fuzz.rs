//! What the fuzz targets of this crate run; not for users. Each returns on any input and panics where
//! what was read is not what is read again after writing it.

use telemetry_core::source::{LogColumns, LogWant};
use telemetry_core::storage::cursor::Cursor;

use crate::record::Writer;
use crate::{block, page, record};

/// A record of the log.
pub fn record(data: &[u8]) {
    let Ok(found) = record::read(data) else { return };
    let mut writer = Writer::default();
    if found.lines(|line| writer.push(&line)).is_err() {
        return;
    }
    let mut bytes = Vec::new();
    writer.finish(found.streams.iter(), &mut bytes);
    let mut again = Writer::default();
    let back = record::read(&bytes);
    assert!(back.is_ok_and(|back| {
        back.streams == found.streams && back.lines(|line| again.push(&line)).is_ok()
    }));
    let mut bytes_again = Vec::new();
    again.finish(found.streams.iter(), &mut bytes_again);
    assert_eq!(bytes_again, bytes);
}

/// A page of a block.
pub fn page(data: &[u8]) {
    let (mut times, mut columns) = (LogColumns::default(), LogColumns::default());
    let is_head = page::format::read(data, LogWant::TIMES, &mut times).is_ok();
    if page::format::read(data, LogWant::ALL, &mut columns).is_err() {
        return;
    }
    assert!(is_head && times.times == columns.times);
    let mut bytes = Vec::new();
    page::format::write(&columns, &mut bytes);
    let mut back = LogColumns::default();
    assert!(page::format::read(&bytes, LogWant::ALL, &mut back).is_ok());
    assert_eq!((&back.times, &back.text), (&columns.times, &columns.text));
    for row in 0..columns.len() {
        assert_eq!(back.line(row), columns.line(row));
        assert!(back.metadata(row).eq(columns.metadata(row)));
    }
    let mut copied = LogColumns::default();
    page::copy_rows(&columns, 0, columns.len() / 2, &mut copied);
    page::copy_rows(&columns, columns.len() / 2, columns.len(), &mut copied);
    assert_eq!((&copied.times, &copied.text), (&columns.times, &columns.text));
}

/// The table of a block.
pub fn table(data: &[u8]) {
    let Ok(table) = block::format::read(&mut Cursor::new(data)) else { return };
    let mut bytes = Vec::new();
    block::format::write(&table, &mut bytes);
    assert_eq!(block::format::read(&mut Cursor::new(&bytes)), Ok(table));
}
