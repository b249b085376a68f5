//! A commit as bytes.

use telemetry_core::model::SampleValue;
use telemetry_core::storage::{label_set, varint};

use super::format::{
    EXEMPLAR, FLOATS, HISTOGRAM, LATE, LAYOUT, METADATA, NAME, PAIR, ROW, SAMPLE, SERIES, START,
    kind_code,
};
use crate::chunk::histogram;
use crate::head::{Notes, Staged, StagedPart, StagedRow, StagedSample};
use crate::registry::{Numbers, Registry};

/// What the log of a head has defined.
#[derive(Debug, Default)]
pub(crate) struct LogState {
    series: Defined,
    labels: LabelState,
    layouts: u32,
    /// Raised when a record was lost: what it defined is not defined.
    epoch: u64,
}

/// What labels the log of a head has defined.
#[derive(Debug, Default)]
struct LabelState {
    /// Of the registry: its numbers are other ones in another.
    edition: u64,
    names: Defined,
    pairs: Defined,
    /// The pairs of the series that was defined last in this record.
    last: Vec<u32>,
}

/// Numbers that are defined: a bit each.
#[derive(Debug, Default)]
struct Defined {
    bits: Vec<u64>,
}

impl Defined {
    /// Notes that a number is being defined; gives whether it was not before.
    fn insert(&mut self, number: u32) -> bool {
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        let new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        new
    }
}

impl LogState {
    /// The record that was encoded last did not reach the log.
    pub(crate) fn forget(&mut self) {
        *self = LogState { epoch: self.epoch + 1, layouts: self.layouts, ..LogState::default() };
    }

    /// Appends what is to be known about series before they are named.
    fn define(&mut self, registry: &Registry, ids: impl Iterator<Item = u32>, out: &mut Vec<u8>) {
        let LogState { series, labels, .. } = self;
        let mut new = ids.filter(|id| series.insert(*id)).peekable();
        if new.peek().is_some() {
            registry.look(|numbers| new.for_each(|id| labels.put(numbers, id, out)));
        }
    }
}

impl LabelState {
    fn put(&mut self, numbers: &Numbers<'_>, id: u32, out: &mut Vec<u8>) {
        if self.edition != numbers.edition() {
            let last = std::mem::take(&mut self.last);
            *self = LabelState { edition: numbers.edition(), last, ..LabelState::default() };
        }
        let pairs = numbers.pairs_of(id);
        if pairs.is_empty() {
            return;
        }
        for pair in pairs {
            if self.pairs.insert(*pair) {
                let (name, text, value) = numbers.pair(*pair);
                if self.names.insert(name) {
                    out.push(NAME);
                    varint::put_u64(out, name.into());
                    varint::put_str(out, text);
                }
                out.push(PAIR);
                varint::put_u64(out, (*pair).into());
                varint::put_u64(out, name.into());
                varint::put_str(out, value);
            }
        }
        out.push(SERIES);
        varint::put_u64(out, id.into());
        varint::put_u64(out, pairs.len() as u64);
        let before = self.last.iter().copied().chain(std::iter::repeat(0));
        for (pair, before) in pairs.iter().zip(before) {
            varint::put_i64(out, i64::from(*pair) - i64::from(before));
        }
        self.last.clear();
        self.last.extend_from_slice(pairs);
    }
}

/// Appends the record of a commit. `values` are those of all its items.
pub(crate) fn encode(
    state: &mut LogState,
    registry: &Registry,
    staged: &Staged,
    values: &[f64],
    out: &mut Vec<u8>,
) {
    state.labels.last.clear();
    let mut rest = &staged.parts[..];
    while let Some((part, behind)) = rest.split_first() {
        match part {
            StagedPart::Row(row) => {
                encode_row(state, registry, row, staged.values_of(row, values), out);
                rest = behind;
            }
            StagedPart::Sample(sample) if is_plain(sample) => {
                let plain = |part: &&StagedPart| matches!(part, StagedPart::Sample(sample) if is_plain(sample));
                let count = rest.iter().take_while(plain).count();
                let (run, behind) = rest.split_at(count);
                encode_floats(state, registry, run, out);
                rest = behind;
            }
            StagedPart::Sample(sample) => {
                encode_sample(state, registry, sample, out);
                rest = behind;
            }
        }
    }
    for (series, exemplar) in &staged.exemplars {
        encode_exemplar(state, registry, *series, exemplar, out);
    }
    for (metric, metadata) in &staged.metadata {
        encode_metadata(metric, metadata, out);
    }
}

/// Appends a record of all metadata.
pub(crate) fn encode_notes(notes: &Notes, out: &mut Vec<u8>) {
    for (metric, metadata) in notes.all_metadata() {
        encode_metadata(metric, metadata, out);
    }
}

fn is_plain(sample: &StagedSample) -> bool {
    matches!(sample.value, SampleValue::Float(_)) && sample.start == 0 && !sample.late
}

fn encode_row(
    state: &mut LogState,
    registry: &Registry,
    row: &StagedRow,
    values: &[f64],
    out: &mut Vec<u8>,
) {
    let mut codec = row.target.codec.lock();
    let layout = match codec.layout {
        Some((layout, epoch)) if epoch == state.epoch => layout,
        _ => {
            let series = row.target.series();
            state.define(registry, series.iter().copied(), out);
            let layout = state.layouts;
            state.layouts += 1;
            out.push(LAYOUT);
            varint::put_u64(out, layout.into());
            varint::put_u64(out, series.len() as u64);
            let mut previous = 0;
            for id in series {
                varint::put_i64(out, i64::from(*id) - previous);
                previous = i64::from(*id);
            }
            codec.begin(series.len(), layout, state.epoch);
            layout
        }
    };
    out.push(ROW);
    varint::put_u64(out, layout.into());
    varint::put_i64(out, row.time.wrapping_sub(codec.last_time));
    codec.last_time = row.time;
    codec.write(values, out);
}

fn encode_floats(state: &mut LogState, registry: &Registry, run: &[StagedPart], out: &mut Vec<u8>) {
    let samples = || {
        run.iter().filter_map(|part| match part {
            StagedPart::Sample(sample) => Some(sample),
            StagedPart::Row(_) => None,
        })
    };
    state.define(registry, samples().map(|sample| sample.series), out);
    out.push(FLOATS);
    varint::put_u64(out, run.len() as u64);
    let (mut series, mut time) = (0, 0);
    for sample in samples() {
        varint::put_i64(out, i64::from(sample.series) - series);
        varint::put_i64(out, sample.time.wrapping_sub(time));
        series = i64::from(sample.series);
        time = sample.time;
        if let SampleValue::Float(value) = sample.value {
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
    }
}

fn encode_sample(
    state: &mut LogState,
    registry: &Registry,
    sample: &StagedSample,
    out: &mut Vec<u8>,
) {
    state.define(registry, std::iter::once(sample.series), out);
    let is_histogram = matches!(sample.value, SampleValue::Histogram(_));
    out.push(SAMPLE);
    out.push(
        (u8::from(is_histogram) * HISTOGRAM)
            | (u8::from(sample.start != 0) * START)
            | (u8::from(sample.late) * LATE),
    );
    varint::put_u64(out, sample.series.into());
    varint::put_i64(out, sample.time);
    if sample.start != 0 {
        varint::put_i64(out, sample.start);
    }
    match &sample.value {
        SampleValue::Float(value) => out.extend_from_slice(&value.to_bits().to_le_bytes()),
        SampleValue::Histogram(value) => histogram::write_one(value, None, out),
    }
}

fn encode_exemplar(
    state: &mut LogState,
    registry: &Registry,
    series: u32,
    exemplar: &telemetry_core::model::Exemplar,
    out: &mut Vec<u8>,
) {
    state.define(registry, std::iter::once(series), out);
    out.push(EXEMPLAR);
    varint::put_u64(out, series.into());
    varint::put_i64(out, exemplar.time.0);
    out.extend_from_slice(&exemplar.value.to_bits().to_le_bytes());
    label_set::put(out, &exemplar.labels);
}

fn encode_metadata(metric: &str, metadata: &telemetry_core::model::Metadata, out: &mut Vec<u8>) {
    out.push(METADATA);
    varint::put_str(out, metric);
    out.push(kind_code(metadata.kind));
    varint::put_str(out, &metadata.unit);
    varint::put_str(out, &metadata.help);
}
