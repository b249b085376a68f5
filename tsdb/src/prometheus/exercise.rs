//! Doors for the fuzz targets.

use std::path::Path;
use std::sync::Arc;

use telemetry_core::query::QueryContext;
use telemetry_core::source::{Columns, SeriesRequest, SeriesSet};
use telemetry_core::storage::fs::{MemoryFileSystem, Volume};
use telemetry_core::time::MillisRange;

use super::block::BlockFiles;
use super::chunk::{Encoding, decode, write};
use super::export::samples;
use super::meta::BlockMeta;
use super::select::Sources;
use super::tombstones::Tombstones;

/// A chunk: its encoding and data. What is read is written and read again.
pub(crate) fn exercise_chunk(data: &[u8]) {
    let Some((encoding, data)) = data.split_first() else { return };
    let Ok(encoding) = Encoding::from_byte(encoding % 7) else { return };
    let mut columns = Columns::default();
    if decode(encoding, data, &mut columns).is_err() {
        let left = columns.floats.times.len() + columns.histograms.times.len();
        assert_eq!(left, 0, "nothing of a damaged chunk");
        return;
    }
    assert!(columns.floats.times.is_sorted_by(|a, b| a < b), "times that rise");
    if encoding.is_histogram() {
        return;
    }
    let (mut chunks, mut again) = (Vec::new(), Columns::default());
    write(&columns, &mut chunks);
    for chunk in &chunks {
        let read = decode(chunk.encoding, &chunk.data, &mut again);
        assert!(read.is_ok(), "a chunk that we wrote");
    }
    assert_eq!(again.floats.times, columns.floats.times, "times that come back");
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&again.floats.values), bits(&columns.floats.values), "values likewise");
}

/// A segment of the log.
pub(crate) fn exercise_log(data: &[u8]) {
    super::head::exercise(data);
}

/// Files of a block: the bytes as such, and a block of which bytes are changed.
pub(crate) fn exercise_block(data: &[u8]) {
    let _ = BlockMeta::read(data);
    let _ = Tombstones::read(data);
    let Some((kind, data)) = data.split_first() else { return };
    let volume = Volume::new(Arc::new(MemoryFileSystem::new()));
    let path = Path::new("/block");
    let write = |name: &str, bytes: &[u8]| volume.write(&path.join(name), bytes).is_ok();
    let meta =
        br#"{"ulid":"01M8134ASB1XSMDRYZ8EMW940S","minTime":-9000,"maxTime":9000,"version":1}"#;
    let (mut index, mut segment) = (INDEX.to_vec(), SEGMENT.to_vec());
    let place = if kind % 2 == 0 { &mut index } else { &mut segment };
    // Pairs of a place and a byte.
    for (at, byte) in data.as_chunks::<2>().0.iter().map(|pair| (usize::from(pair[0]), pair[1])) {
        if let Some(place) = place.get_mut(at) {
            *place = byte;
        }
    }
    let made = volume.create_dir_all(&path.join("chunks")).is_ok();
    let named = |name: &str, bytes: &[u8]| made && write(name, bytes);
    if !(named("meta.json", meta) && named("index", &index) && named("chunks/000001", &segment)) {
        return;
    }
    let Ok(block) = BlockFiles::open(&volume, path) else { return };
    let sources = Sources { blocks: vec![Arc::new(block)], head: None };
    let request = SeriesRequest::new(Vec::new(), MillisRange::ALL);
    let Ok(set) = sources.select(&request, &QueryContext::new()) else { return };
    let mut columns = Columns::default();
    for at in 0..set.len() {
        let _ = samples(&set, at, MillisRange::ALL, &mut columns);
    }
}

/// A block of one series `a="b"` with the samples 1.0 at 1 s and 2 s.
const INDEX: &[u8] = include_bytes!("golden/index");
const SEGMENT: &[u8] = include_bytes!("golden/000001");
