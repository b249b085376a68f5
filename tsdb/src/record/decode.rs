//! A commit from bytes.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use hashbrown::HashMap;
use telemetry_core::model::{Exemplar, Metadata, SampleValue};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damaged, label_set};
use telemetry_core::time::Millis;

use super::format::{
    EXEMPLAR, FLOATS, HISTOGRAM, LATE, LAYOUT, METADATA, NAME, PAIR, ROW, SAMPLE, SERIES, START,
    read_kind,
};
use super::row::RowCodec;
use crate::chunk::histogram;
use crate::head::{Staged, StagedPart, StagedRow, StagedSample, Target};

/// What the log that is being read has defined: its numbers to ours.
#[derive(Debug, Default)]
pub(crate) struct ReplayState {
    series: HashMap<u32, u32>,
    names: HashMap<u32, Box<str>>,
    /// The name of each pair, and its value.
    pairs: HashMap<u32, (u32, Box<str>)>,
    /// The pairs of the series that was defined last in this record.
    last: Vec<u32>,
    layouts: HashMap<u32, (Arc<Target>, RowCodec)>,
}

/// Gives the id of the series with these labels, which are sorted by name.
pub(crate) type SeriesOf<'a> = &'a mut dyn FnMut(&[(&str, &str)]) -> Option<u32>;

/// A commit that was read.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) staged: Staged,
    /// The values of its rows.
    pub(crate) values: Vec<f64>,
}

/// Reads a record. `series` gives the id of a series, `target` the target of a layout.
///
/// # Errors
///
/// Where the bytes are no record, or name what was not defined.
pub(crate) fn decode(
    state: &mut ReplayState,
    record: &[u8],
    series: SeriesOf<'_>,
    target: &mut dyn FnMut(&[u32]) -> Arc<Target>,
) -> Result<Decoded, Damaged> {
    state.last.clear();
    let mut input = Cursor::new(record);
    let mut decoded = Decoded::default();
    let staged = &mut decoded.staged;
    while !input.is_empty() {
        match input.u8()? {
            SERIES => read_series(state, &mut input, series)?,
            NAME => {
                let name = input.varint_u32()?;
                state.names.insert(name, input.str()?.into());
            }
            PAIR => {
                let (pair, name) = (input.varint_u32()?, input.varint_u32()?);
                state.pairs.insert(pair, (name, input.str()?.into()));
            }
            LAYOUT => read_layout(state, &mut input, target)?,
            ROW => {
                let row = read_row(state, &mut input, &mut decoded.values)?;
                staged.parts.push(StagedPart::Row(row));
            }
            FLOATS => read_floats(state, &mut input, staged)?,
            SAMPLE => {
                let sample = read_sample(state, &mut input)?;
                staged.parts.push(StagedPart::Sample(sample));
            }
            EXEMPLAR => {
                let series = state.known(&mut input)?;
                let time = Millis(input.varint_i64()?);
                let value = input.f64()?;
                let labels = label_set::read(&mut input)?;
                staged.exemplars.push((series, Exemplar { labels, value, time }));
            }
            METADATA => {
                let metric = input.str()?.to_owned();
                let kind = read_kind(&mut input)?;
                let unit = input.str()?.to_owned();
                let help = input.str()?.to_owned();
                staged.metadata.push((metric, Metadata { kind, unit, help }));
            }
            _ => return Err(input.field("kind of an entry")),
        }
    }
    Ok(decoded)
}

impl ReplayState {
    /// The id of the series whose number in the log comes next.
    fn known(&self, input: &mut Cursor<'_>) -> Result<u32, Damaged> {
        let id = input.varint_u32()?;
        self.series.get(&id).copied().ok_or_else(|| input.field("number of a series"))
    }

    /// The id of the series whose number is at a distance from `previous`.
    fn known_after(&self, input: &mut Cursor<'_>, previous: &mut i64) -> Result<u32, Damaged> {
        *previous = previous.wrapping_add(input.varint_i64()?);
        let id = u32::try_from(*previous).ok().and_then(|id| self.series.get(&id));
        id.copied().ok_or_else(|| input.field("number of a series"))
    }
}

fn read_series(
    state: &mut ReplayState,
    input: &mut Cursor<'_>,
    series: SeriesOf<'_>,
) -> Result<(), Damaged> {
    let id = input.varint_u32()?;
    let count = input.count(1)?;
    state.last.resize(count, 0);
    let mut labels: Vec<(&str, &str)> = Vec::with_capacity(count);
    for pair in &mut state.last {
        let number = i64::from(*pair).wrapping_add(input.varint_i64()?);
        *pair = u32::try_from(number).map_err(|_| input.field("number of a pair"))?;
        let known = state.pairs.get(pair).and_then(|(name, value)| {
            let name = state.names.get(name)?;
            let follows = labels.last().is_none_or(|(last, _)| **last < **name);
            (follows && !value.is_empty()).then_some((&**name, &**value))
        });
        labels.push(known.ok_or_else(|| input.field("pair of a series"))?);
    }
    let known = if labels.is_empty() { None } else { series(&labels) };
    state.series.insert(id, known.ok_or_else(|| input.field("labels of a series"))?);
    Ok(())
}

fn read_layout(
    state: &mut ReplayState,
    input: &mut Cursor<'_>,
    target: &mut dyn FnMut(&[u32]) -> Arc<Target>,
) -> Result<(), Damaged> {
    let layout = input.varint_u32()?;
    let count = input.count(1)?;
    let mut series = Vec::with_capacity(count);
    let mut previous = 0;
    for _ in 0..count {
        series.push(state.known_after(input, &mut previous)?);
    }
    let mut sorted = series.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() != series.len() {
        return Err(input.field("layout with a series twice"));
    }
    let mut codec = RowCodec::default();
    codec.begin(count, layout, 0);
    state.layouts.insert(layout, (target(&series), codec));
    Ok(())
}

fn read_row(
    state: &mut ReplayState,
    input: &mut Cursor<'_>,
    values: &mut Vec<f64>,
) -> Result<StagedRow, Damaged> {
    let layout = input.varint_u32()?;
    let (target, codec) =
        state.layouts.get_mut(&layout).ok_or_else(|| input.field("number of a layout"))?;
    let time = codec.last_time.wrapping_add(input.varint_i64()?);
    codec.last_time = time;
    let start = values.len();
    codec.read(input, values)?;
    Ok(StagedRow {
        target: Arc::clone(target),
        time,
        values: start..values.len(),
        is_filled: false,
    })
}

fn read_floats(
    state: &ReplayState,
    input: &mut Cursor<'_>,
    staged: &mut Staged,
) -> Result<(), Damaged> {
    let count = input.count(10)?;
    let (mut previous, mut time) = (0, 0_i64);
    for _ in 0..count {
        let series = state.known_after(input, &mut previous)?;
        time = time.wrapping_add(input.varint_i64()?);
        let value = SampleValue::Float(input.f64()?);
        let sample = StagedSample { series, time, value, start: 0, late: false };
        staged.parts.push(StagedPart::Sample(sample));
    }
    Ok(())
}

fn read_sample(state: &ReplayState, input: &mut Cursor<'_>) -> Result<StagedSample, Damaged> {
    let flags = input.u8()?;
    if flags > (HISTOGRAM | START | LATE) {
        return Err(input.field("flags of a sample"));
    }
    let series = state.known(input)?;
    let time = input.varint_i64()?;
    let start = if flags & START != 0 { input.varint_i64()? } else { 0 };
    let value = if flags & HISTOGRAM != 0 {
        SampleValue::Histogram(Arc::new(histogram::read_one(input, None)?))
    } else {
        SampleValue::Float(input.f64()?)
    };
    Ok(StagedSample { series, time, value, start, late: flags & LATE != 0 })
}
