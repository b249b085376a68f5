//! A record of the log: entries, one behind the other, to the end of the record.
//!
//! ~~~text
//! series     1 │ id varint │ varint count of labels, then the pair of each, by rising name: zigzag
//!              │ distance to the pair in the same place of the series before in this record (to 0)
//! layout     2 │ id varint │ varint count, then series: zigzag distance to the one before (to 0)
//! row        3 │ layout varint │ time (zigzag distance to the layout's last row, to 0 at first)
//!              │ a value per series: see row.rs
//! floats     4 │ varint count, then per sample: series (zigzag distance to the one before, to 0),
//!              │ time (zigzag distance to the one before, to 0), value u64 LE bits
//! sample     5 │ flags u8: bit 0 histogram · bit 1 start · bit 2 late │ series varint │ time zigzag
//!              │ start zigzag if bit 1 │ histogram (histogram.rs) or u64 LE bits
//! exemplar   6 │ series varint │ time zigzag │ value u64 LE bits │ labels (label_set.rs of the kernel)
//! metadata   7 │ metric │ kind u8 │ unit │ help (length, bytes each)
//! name       8 │ name varint │ text (length, bytes)
//! pair       9 │ pair varint │ name varint │ value (length, bytes)
//! ~~~
//!
//! A label that a thousand series have is written once, and a series is a byte or two for each of its
//! labels. Ids and numbers are the writer's own; a later definition replaces an earlier one. The frame
//! of the log has the checksum.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::model::MetricKind;
use telemetry_core::storage::Damaged;
use telemetry_core::storage::cursor::Cursor;

pub(super) const SERIES: u8 = 1;
pub(super) const LAYOUT: u8 = 2;
pub(super) const ROW: u8 = 3;
pub(super) const FLOATS: u8 = 4;
pub(super) const SAMPLE: u8 = 5;
pub(super) const EXEMPLAR: u8 = 6;
pub(super) const METADATA: u8 = 7;
pub(super) const NAME: u8 = 8;
pub(super) const PAIR: u8 = 9;

pub(super) const HISTOGRAM: u8 = 1;
pub(super) const START: u8 = 2;
pub(super) const LATE: u8 = 4;

const KINDS: [MetricKind; 8] = [
    MetricKind::Unknown,
    MetricKind::Counter,
    MetricKind::Gauge,
    MetricKind::Histogram,
    MetricKind::GaugeHistogram,
    MetricKind::Summary,
    MetricKind::Info,
    MetricKind::StateSet,
];

pub(super) fn kind_code(kind: MetricKind) -> u8 {
    let known = (0_u8..).zip(KINDS).find(|(_, known)| *known == kind);
    known.map_or(0, |(code, _)| code)
}

pub(super) fn read_kind(input: &mut Cursor<'_>) -> Result<MetricKind, Damaged> {
    let code = input.u8()?;
    KINDS.get(usize::from(code)).copied().ok_or_else(|| input.field("kind of a metric"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use telemetry_core::labels;
    use telemetry_core::model::{Exemplar, Histogram, Metadata, SampleValue};
    use telemetry_core::time::Millis;

    use super::super::{LogState, ReplayState, decode, encode};
    use super::*;
    use crate::head::{Staged, StagedPart, StagedRow, StagedSample, Target};
    use crate::options::Limits;
    use crate::registry::Registry;

    fn registry() -> Registry {
        let registry = Registry::new(Limits::default());
        for value in ["b", "c", "d"] {
            registry.resolve(&labels! { "a" => value }).unwrap();
        }
        registry
    }

    fn sample(series: u32, time: i64, value: impl Into<SampleValue>, start: i64) -> StagedPart {
        let late = time < 0;
        StagedPart::Sample(StagedSample { series, time, value: value.into(), start, late })
    }

    /// What a record says, as text, with the ids that the reader gives.
    fn read(state: &mut ReplayState, record: &[u8], registry: &Registry) -> String {
        let mut series = |labels: &[(&str, &str)]| registry.restore(labels).ok();
        let mut target = |series: &[u32]| Arc::new(Target::new(series));
        let decoded = decode(state, record, &mut series, &mut target).unwrap();
        text(&decoded.staged, &decoded.values)
    }

    fn text(staged: &Staged, values: &[f64]) -> String {
        let part = |part: &StagedPart| match part {
            StagedPart::Row(row) => {
                let values: Vec<u64> =
                    values[row.values.clone()].iter().map(|value| value.to_bits()).collect();
                format!("row {:?} {} {values:?}", row.target.series(), row.time)
            }
            StagedPart::Sample(sample) => {
                let bits = match &sample.value {
                    SampleValue::Float(value) => Some(value.to_bits()),
                    SampleValue::Histogram(_) => None,
                };
                format!("{bits:?} {sample:?}")
            }
        };
        let parts: Vec<String> = staged.parts.iter().map(part).collect();
        format!("{parts:#?} {:?} {:?}", staged.exemplars, staged.metadata)
    }

    #[test]
    fn golden_records() {
        let registry = registry();
        let mut state = LogState::default();
        let target = Arc::new(Target::new(&[0, 1]));
        let row = |time, values| {
            StagedPart::Row(StagedRow {
                target: Arc::clone(&target),
                time,
                values,
                is_filled: false,
            })
        };
        let exemplar = Exemplar { labels: labels! { "t" => "7" }, value: 1.0, time: Millis(5) };
        let metadata = Metadata { kind: MetricKind::Gauge, unit: "s".into(), help: String::new() };
        let staged = Staged {
            parts: vec![row(10, 0..2), sample(2, 10, 1.0, 0), sample(2, -1, 1.0, 3)],
            exemplars: vec![(2, exemplar)],
            metadata: vec![("m".into(), metadata)],
            ..Staged::default()
        };
        let one = 1.0_f64.to_le_bytes();
        let mut bytes = Vec::new();
        encode(&mut state, &registry, &staged, &[1.0, 1.0], &mut bytes);
        let mut golden = b"\x08\0\x01a\x09\0\0\x01b\x01\0\x01\0".to_vec();
        golden.extend_from_slice(b"\x09\x01\0\x01c\x01\x01\x01\x02");
        golden.extend_from_slice(&[LAYOUT, 0, 2, 0, 2, ROW, 0, 20]);
        golden.extend_from_slice(&[&[0, 0], &one[..], &[0, 0], &one].concat());
        golden.extend_from_slice(b"\x09\x02\0\x01d\x01\x02\x01\x02");
        golden.extend_from_slice(&[&[FLOATS, 1, 4, 20], &one[..]].concat());
        golden.extend_from_slice(&[&[SAMPLE, START | LATE, 2, 1, 6], &one[..]].concat());
        golden.extend_from_slice(&[&[EXEMPLAR, 2, 10], &one[..], b"\x01\x01t\x017"].concat());
        golden.extend_from_slice(b"\x07\x01m\x02\x01s\0");
        assert_eq!(bytes, golden);

        // What is defined is not defined again.
        let staged = Staged { parts: vec![row(25, 0..2)], ..Staged::default() };
        bytes.clear();
        encode(&mut state, &registry, &staged, &[1.0, 3.0], &mut bytes);
        assert_eq!(bytes, [ROW, 0, 30, 1, 5]);
        // Unless the record with the definition was lost.
        state.forget();
        bytes.clear();
        encode(&mut state, &registry, &staged, &[1.0, 3.0], &mut bytes);
        assert_eq!(bytes.first(), Some(&NAME));
    }

    /// Rows, floats, histograms: kind, series, time, value.
    fn part() -> impl Strategy<Value = (u8, u32, i64, f64)> {
        (0_u8..6, 0_u32..3, -50_i64..50, any::<f64>())
    }

    proptest! {
        #[test]
        fn commits_round_trip(
            commits in prop::collection::vec(prop::collection::vec(part(), 1..8), 1..5),
        ) {
            let registry = registry();
            let targets = [Arc::new(Target::new(&[2, 0])), Arc::new(Target::new(&[1, 2, 0]))];
            let (mut writer, mut reader) = (LogState::default(), ReplayState::default());
            for commit in &commits {
                let mut staged = Staged::default();
                let mut values = Vec::new();
                for (kind, series, time, value) in commit {
                    let histogram = Histogram { sum: *time as f64, ..Histogram::default() };
                    staged.parts.push(match kind {
                        0 | 1 => {
                            let target = Arc::clone(&targets[usize::from(*kind)]);
                            let first = values.len();
                            values.extend(target.series().iter().map(|id| value * f64::from(*id)));
                            let values = first..values.len();
                            StagedPart::Row(StagedRow { target, time: *time, values, is_filled: false })
                        }
                        2 => {
                            sample(*series, *time, SampleValue::Histogram(Arc::new(histogram)), 0)
                        }
                        3 => sample(*series, *time, *value, *time),
                        _ => sample(*series, *time, *value, 0),
                    });
                }
                let mut bytes = Vec::new();
                encode(&mut writer, &registry, &staged, &values, &mut bytes);
                prop_assert_eq!(read(&mut reader, &bytes, &registry), text(&staged, &values));
            }
        }

        #[test]
        fn any_bytes_are_an_error_or_a_commit(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut series = |_: &[(&str, &str)]| Some(0);
            let mut target = |series: &[u32]| Arc::new(Target::new(series));
            let _ = decode(&mut ReplayState::default(), &bytes, &mut series, &mut target);
        }
    }
}
