//! A record of the log: entries, one behind the other, to the end of the record.
//!
//! ~~~text
//! series     1 │ id varint │ labels (label_set.rs of the kernel)
//! layout     2 │ id varint │ varint count, then series: zigzag distance to the one before (to 0)
//! row        3 │ layout varint │ time (zigzag distance to the layout's last row, to 0 at first)
//!              │ a value per series: see row.rs
//! floats     4 │ varint count, then per sample: series (zigzag distance to the one before, to 0),
//!              │ time (zigzag distance to the one before, to 0), value u64 LE bits
//! sample     5 │ flags u8: bit 0 histogram · bit 1 start · bit 2 late │ series varint │ time zigzag
//!              │ start zigzag if bit 1 │ histogram (histogram.rs) or u64 LE bits
//! exemplar   6 │ series varint │ time zigzag │ value u64 LE bits │ labels as in 1
//! metadata   7 │ metric │ kind u8 │ unit │ help (length, bytes each)
//! ~~~
//!
//! Ids are the writer's own; a later definition of an id replaces an earlier one. The frame of
//! the log has the checksum.
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
