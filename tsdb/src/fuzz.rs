//! Doors for the fuzz targets: decoders that the public interface reaches only behind checksums.
//!
//! Each panics where a promise is broken, and returns otherwise.
#![allow(missing_docs, reason = "for the fuzz crate only")]

use std::sync::Arc;

use telemetry_core::storage::cursor::Cursor;

use crate::block;
use crate::chunk::{SAMPLES_MAX, format, histogram, timestamps};
use crate::head::Target;
use crate::record::{self, ReplayState};

/// Records of the log, one after the other: each begins with its length.
pub fn records(data: &[u8]) {
    let mut state = ReplayState::default();
    let mut rest = data;
    while let Some((length, behind)) = rest.split_first() {
        let (one, behind) = behind.split_at(usize::from(*length).min(behind.len()));
        // Labels are numbered by how long they are: several sets for few bytes.
        let mut series = |labels: &[(&str, &str)]| u32::try_from(labels.len()).ok();
        let mut target = |series: &[u32]| Arc::new(Target::new(series));
        if let Ok(decoded) = record::decode(&mut state, one, &mut series, &mut target) {
            for part in &decoded.staged.parts {
                if let crate::head::StagedPart::Row(row) = part {
                    assert_eq!(row.values.len(), row.target.series().len(), "a value per series");
                    assert!(row.values.end <= decoded.values.len(), "values that are there");
                }
            }
        }
        rest = behind;
    }
}

/// A chunk: two bytes say how many samples, the rest is read as floats, histograms and times.
/// What is read is written and read again.
pub fn chunk(data: &[u8]) {
    let [low, high, data @ ..] = data else { return };
    let count = usize::from(u16::from_le_bytes([*low, *high])).clamp(1, SAMPLES_MAX);
    let _ = format::peek(data);
    let (mut values, mut starts) = (Vec::new(), Vec::new());
    if format::decode(data, count, 0..count, &mut values, &mut starts).is_ok() {
        assert_eq!(values.len(), count, "as many values as asked for");
        let (part, mut parted) = (count / 3..count * 3 / 4, Vec::new());
        let read = format::decode(data, count, part.clone(), &mut parted, &mut Vec::new());
        let known = values.get(part).unwrap_or_default();
        let same = known.iter().zip(&parted).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(read.is_ok() && same && parted.len() == known.len(), "a part as in the whole");
        let mut bytes = Vec::new();
        format::encode(&values, &starts, &mut bytes);
        let (mut again, mut starts) = (Vec::new(), Vec::new());
        let read = format::decode(&bytes, count, 0..count, &mut again, &mut starts);
        let same = again.iter().zip(&values).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(read.is_ok() && same && again.len() == count, "floats that come back");
    }
    let (mut histograms, mut starts) = (Vec::new(), Vec::new());
    if histogram::decode(data, count, &mut histograms, &mut starts).is_ok() {
        let mut bytes = Vec::new();
        histogram::encode(&histograms, &starts, &mut bytes);
        let (mut again, mut starts) = (Vec::new(), Vec::new());
        let read = histogram::decode(&bytes, count, &mut again, &mut starts);
        // Printed, since NaN differs from itself.
        let same = format!("{again:?}") == format!("{histograms:?}");
        assert!(read.is_ok() && same, "histograms that come back");
    }
    let mut times = Vec::new();
    if timestamps::read(&mut Cursor::new(data), count, &mut times).is_ok() {
        assert_eq!(times.len(), count, "as many times as asked for");
        assert!(times.is_sorted_by(|a, b| a < b), "times that rise");
    }
}

/// The root of a block and the pages of its index: whatever they refer to is there.
pub fn table(data: &[u8]) {
    block::exercise(data);
}

/// A chunk of a Prometheus.
pub fn prometheus_chunk(data: &[u8]) {
    crate::prometheus::exercise_chunk(data);
}

/// A segment of the log of a Prometheus.
pub fn prometheus_log(data: &[u8]) {
    crate::prometheus::exercise_log(data);
}

/// Files of a block of a Prometheus.
pub fn prometheus_block(data: &[u8]) {
    crate::prometheus::exercise_block(data);
}
