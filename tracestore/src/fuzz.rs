//! Doors for the fuzz targets: decoders that the public interface reaches only behind checksums.
//!
//! Each panics where a promise is broken, and returns otherwise.
#![allow(missing_docs, reason = "for the fuzz crate only")]
#![expect(clippy::panic, reason = "a broken promise is what the fuzzer looks for")]

use telemetry_core::storage::cursor::Cursor;

use crate::block::column::{read_ids, read_ints, read_shapes, read_texts, read_values};
use crate::block::format::{Directory, read_index};
use crate::record;

/// A record of the log; what is read is written and read again.
pub fn record(data: &[u8]) {
    let Ok(spans) = record::decode(data) else { return };
    let again = record::Encoder::default().encode(&spans).to_vec();
    // Printed, since NaN differs from itself.
    match record::decode(&again) {
        Ok(read) if format!("{read:?}") == format!("{spans:?}") => {}
        other => panic!("{spans:?} was read as {other:?}"),
    }
}

/// The directory of a block; what is read is written and read again.
pub fn directory(data: &[u8]) {
    let _ = read_index(&mut Cursor::new(data), data.len() / 8);
    let Ok(directory) = Directory::read(&mut Cursor::new(data)) else { return };
    let mut bytes = Vec::new();
    directory.put(&mut bytes);
    match Directory::read(&mut Cursor::new(&bytes)) {
        Ok(read) if format!("{read:?}") == format!("{directory:?}") => {}
        other => panic!("{directory:?} was read as {other:?}"),
    }
}

/// Columns: the first byte says how many values.
pub fn columns(data: &[u8]) {
    let [count, data @ ..] = data else { return };
    let count = usize::from(*count);
    let _ = read_ints(&mut Cursor::new(data), count);
    let _ = read_ids(&mut Cursor::new(data), count, 100);
    if let Ok(texts) = read_texts(&mut Cursor::new(data), count) {
        assert_eq!(texts.ids().len(), count);
        (0..=count).for_each(|at| drop(texts.value(at).to_owned()));
    }
    if let Ok(shapes) = read_shapes(&mut Cursor::new(data), count, 10) {
        assert!((0..10).all(|column| shapes.count(column) <= count));
    }
    if let Ok(values) = read_values(&mut Cursor::new(data), count) {
        assert_eq!(values.len(), count);
        (0..=count).for_each(|at| drop(values.value(at)));
    }
}
