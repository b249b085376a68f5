//! From samples to chunks: where one ends and the next begins, by the rules of Prometheus's head.
//!
//! Floats: about 120 samples. After a quarter of them the end of the chunk is foreseen such that
//! the chunks of a range have about the same length; a chunk ends there, at twice 120 samples, or
//! past 1,005 bytes. Histograms: about 1,024 bytes and at least 10 samples. No chunk crosses the
//! end of a range of [`RANGE_MS`].
//!
//! A chunk of histograms also ends where schema, threshold or bounds change, where counters and
//! gauges meet, behind staleness markers, and at a counter reset, which its header then tells.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "samples of our own, not bytes from outside; ranges and numbers were checked"
)]

use std::sync::Arc;

use telemetry_core::model::{CounterReset, Histogram, is_stale};
use telemetry_core::source::Columns;

use super::Encoding;
use super::histogram::Resets;
use super::histogram_write::{encode, is_whole};
use super::xor::XorWriter;

/// The range that no chunk crosses: two hours.
const RANGE_MS: i64 = 2 * 3600 * 1000;
const SAMPLES_TARGET: u16 = 120;
const XOR_BYTES_MAX: usize = 1024 - 19;
const HISTOGRAM_BYTES_TARGET: usize = 1024;
const HISTOGRAM_SAMPLES_MIN: usize = 10;

/// A chunk.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Coded {
    pub(crate) encoding: Encoding,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) count: u64,
    pub(crate) data: Vec<u8>,
}

/// The samples of a series as chunks in order of time. Start timestamps are left out.
pub(crate) fn write(columns: &Columns, out: &mut Vec<Coded>) {
    let before = out.len();
    let (floats, histograms) = (&columns.floats, &columns.histograms);
    let (mut float, mut histogram) = (0, 0);
    // Runs of one kind, in order of time.
    while float < floats.times.len() || histogram < histograms.times.len() {
        let next_float = floats.times.get(float).copied().unwrap_or(i64::MAX);
        let next_histogram = histograms.times.get(histogram).copied().unwrap_or(i64::MAX);
        if float < floats.times.len() && next_float <= next_histogram {
            let rest = &floats.times[float..];
            let end = if histogram < histograms.times.len() {
                float + rest.partition_point(|time| *time <= next_histogram)
            } else {
                floats.times.len()
            };
            write_floats(&floats.times[float..end], &floats.values[float..end], out);
            float = end;
        } else {
            let rest = &histograms.times[histogram..];
            let end = if float < floats.times.len() {
                histogram + rest.partition_point(|time| *time < next_float)
            } else {
                histograms.times.len()
            };
            let run = histogram..end;
            write_histograms(&histograms.times[run.clone()], &histograms.values[run], out);
            histogram = end;
        }
    }
    debug_assert!(out[before..].is_sorted_by(|a, b| a.last < b.first));
}

fn write_floats(times: &[i64], values: &[f64], out: &mut Vec<Coded>) {
    let mut writer = XorWriter::new();
    let (mut first, mut last, mut end) = (0, 0, i64::MAX);
    for (time, value) in times.iter().zip(values) {
        let count = writer.count();
        if count == SAMPLES_TARGET / 4 {
            end = foreseen_end(first, last, end, 4.0);
        }
        let full = writer.len_bytes() > XOR_BYTES_MAX || count >= SAMPLES_TARGET * 2;
        if count > 0 && (full || *time >= end) {
            let whole = std::mem::replace(&mut writer, XorWriter::new());
            out.push(coded_floats(whole, first, last));
        }
        if writer.count() == 0 {
            (first, end) = (*time, range_end(*time));
        }
        writer.push(*time, *value);
        last = *time;
    }
    if writer.count() > 0 {
        out.push(coded_floats(writer, first, last));
    }
}

fn coded_floats(writer: XorWriter, first: i64, last: i64) -> Coded {
    let count = writer.count().into();
    Coded { encoding: Encoding::Xor, first, last, count, data: writer.finish() }
}

/// The first time behind the range that `time` is in.
fn range_end(time: i64) -> i64 {
    time.div_euclid(RANGE_MS).saturating_add(1).saturating_mul(RANGE_MS)
}

/// Where a chunk should end that began at `first`, is at `last` now, and is full to one part in
/// `parts`, so that the time until `end` is divided evenly.
fn foreseen_end(first: i64, last: i64, end: i64, parts: f64) -> i64 {
    let left = end.saturating_sub(first) as f64;
    let chunks = left / (last.saturating_sub(first).saturating_add(1) as f64 * parts);
    if chunks <= 1.0 {
        return end;
    }
    (first as f64 + left / chunks.floor()) as i64
}

/// A chunk of histograms that is being filled.
struct Open<'a> {
    times: &'a [i64],
    histograms: &'a [Arc<Histogram>],
    resets: Resets,
    end: i64,
    /// Size when it was last looked at, and at how many samples that was.
    bytes: (usize, usize),
    foreseen: bool,
}

fn write_histograms(times: &[i64], histograms: &[Arc<Histogram>], out: &mut Vec<Coded>) {
    let float = !histograms.iter().all(|histogram| is_whole(histogram));
    let mut start = 0;
    let mut before: Option<&Histogram> = None;
    let mut open: Option<Open<'_>> = None;
    for (at, (time, histogram)) in times.iter().zip(histograms).enumerate() {
        let joins = before.map(|before| joins(before, histogram));
        let cut = match &mut open {
            Some(open) => {
                (open.times, open.histograms) = (&times[start..at], &histograms[start..at]);
                joins != Some(Joins::Yes) || open.is_full(*time, float)
            }
            None => true,
        };
        if cut {
            if let Some(open) = open.take() {
                out.push(open.finish(float));
            }
            start = at;
            let resets = match (histogram.counter_reset, joins) {
                (CounterReset::Gauge, _) => Resets::Gauge,
                (CounterReset::Reset, _) | (_, Some(Joins::Reset)) => Resets::Reset,
                (_, Some(Joins::Yes)) => Resets::NotReset,
                _ => Resets::Unknown,
            };
            let end = range_end(*time);
            let (times, histograms) = (&times[start..start], &histograms[start..start]);
            open = Some(Open { times, histograms, resets, end, bytes: (0, 0), foreseen: false });
        }
        before = Some(histogram);
    }
    if let Some(mut open) = open {
        (open.times, open.histograms) = (&times[start..], &histograms[start..]);
        out.push(open.finish(float));
    }
}

impl Open<'_> {
    /// Whether the chunk ends before a sample at `time`.
    fn is_full(&mut self, time: i64, float: bool) -> bool {
        let count = self.times.len();
        let (Some(first), Some(last)) = (self.times.first(), self.times.last()) else {
            return false;
        };
        // Encoding again for every sample would square the work: the size is looked at each time
        // the samples have grown by an eighth.
        if count >= self.bytes.1 + (self.bytes.1 / 8).max(1) {
            self.bytes = (self.encode(float).len(), count);
        }
        let bytes = self.bytes.0 * count / self.bytes.1.max(1);
        if !self.foreseen && bytes >= HISTOGRAM_BYTES_TARGET / 4 {
            let parts = HISTOGRAM_BYTES_TARGET as f64 / bytes as f64;
            self.end = foreseen_end(*first, *last, self.end, parts);
            self.foreseen = true;
        }
        let full = time >= self.end || bytes >= HISTOGRAM_BYTES_TARGET * 2;
        let range_over = time >= range_end(*first);
        (full && (count >= HISTOGRAM_SAMPLES_MIN || range_over)) || count >= usize::from(u16::MAX)
    }

    fn encode(&self, float: bool) -> Vec<u8> {
        encode(self.times, self.histograms, float, self.resets)
    }

    fn finish(self, float: bool) -> Coded {
        let encoding = if float { Encoding::FloatHistogram } else { Encoding::Histogram };
        let first = self.times.first().copied().unwrap_or(0);
        let last = self.times.last().copied().unwrap_or(first);
        let data = self.encode(float);
        Coded { encoding, first, last, count: self.times.len() as u64, data }
    }
}

/// Whether a histogram can be in one chunk with the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joins {
    Yes,
    /// No: the counter was reset.
    Reset,
    /// No, and nothing is known.
    No,
}

fn joins(before: &Histogram, histogram: &Histogram) -> Joins {
    if is_stale(before.sum) {
        return if is_stale(histogram.sum) { Joins::Yes } else { Joins::No };
    }
    if is_stale(histogram.sum) {
        return Joins::Yes;
    }
    let gauge = |histogram: &Histogram| histogram.counter_reset == CounterReset::Gauge;
    let bits = |bounds: &[f64]| bounds.iter().map(|bound| bound.to_bits()).collect::<Vec<_>>();
    let same_shape = before.schema == histogram.schema
        && before.zero_threshold.to_bits() == histogram.zero_threshold.to_bits()
        && bits(&before.custom_bounds) == bits(&histogram.custom_bounds);
    match (gauge(before), gauge(histogram)) {
        (true, true) => return if same_shape { Joins::Yes } else { Joins::No },
        (false, false) => {}
        _ => return Joins::No,
    }
    let reset = histogram.counter_reset == CounterReset::Reset
        || !same_shape
        || histogram.count < before.count
        || histogram.zero_count < before.zero_count
        || falls(&mut before.positive(), &mut histogram.positive())
        || falls(&mut before.negative(), &mut histogram.negative());
    if !reset {
        return Joins::Yes;
    }
    // A finer schema or other bounds need not be a reset: that is for the reader to say.
    if same_shape || histogram.counter_reset == CounterReset::Reset {
        Joins::Reset
    } else {
        Joins::No
    }
}

/// Whether a population of `before` is larger than it is now, where none is zero.
fn falls(
    before: &mut dyn Iterator<Item = (i32, f64)>,
    now: &mut dyn Iterator<Item = (i32, f64)>,
) -> bool {
    let mut now = now.peekable();
    for (index, population) in before {
        while now.next_if(|(other, _)| *other < index).is_some() {}
        let found = now.next_if(|(other, _)| *other == index).map_or(0.0, |(_, found)| found);
        if found < population {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
