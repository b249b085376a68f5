//! A record of the log.
//!
//! ~~~text
//! 1  series        (series u64 BE · count varint · (name, value)…)…
//! 2  floats        series u64 BE · time u64 BE · (series, time: differences to those zigzag · bits u64 BE)…
//! 3  tombstones    (series u64 BE · first zigzag · last zigzag)…
//! 4  exemplars     as 2, each with count varint · (name, value)… behind
//! 5  map markers   (series u64 BE · chunk u64 BE)…                            not needed here
//! 6  metadata      (series varint · kind u8 · count varint · (name, value)…)…
//! 7  histograms    as 2 with a histogram instead of the bits;  8 float ones;  9, 10 with custom bounds
//! 11 floats        with start timestamps: the first as series, time, start zigzag · bits; others as
//!                  series to the one before, time to the first zigzag · mark u8 (0 no start, 1 the
//!                  same as before, else start to the first zigzag follows) · bits
//! 12, 13           as 11 with a histogram or a float one                      **unproved**, 11 too
//!
//! histogram  reset u8 · schema zigzag · threshold u64 BE · zero count, count varint · sum u64 BE
//!            spans, twice: count varint · (offset zigzag · length varint)…
//!            buckets, twice: count varint · differences zigzag…
//!            bounds in the schema of custom buckets: count varint · u64 BE…
//! float one  counts and buckets as u64 BE, absolute
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::labels::{Labels, LabelsBuilder};
use telemetry_core::model::{
    BucketSpan, CUSTOM_BUCKETS_SCHEMA, CounterReset, Exemplar, Histogram, Metadata, MetricKind,
    SampleValue,
};
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::{Damage, Damaged};
use telemetry_core::time::{Millis, MillisRange};

/// What records are made into.
pub(super) trait Take {
    fn series(&mut self, reference: u64, labels: Labels);
    fn sample(&mut self, reference: u64, time: i64, value: SampleValue, start: i64);
    fn tombstone(&mut self, reference: u64, range: MillisRange);
    fn exemplar(&mut self, reference: u64, exemplar: Exemplar);
    fn metadata(&mut self, reference: u64, metadata: Metadata);
}

/// What stands for the value of a sample.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Float,
    Histogram,
    FloatHistogram,
}

/// Reads a record.
///
/// # Errors
///
/// It is damaged, or of a kind that is not known.
pub(super) fn read(record: &[u8], into: &mut dyn Take) -> Result<(), Damaged> {
    let mut input = Cursor::new(record);
    match input.u8()? {
        1 => read_series(&mut input, into),
        2 => read_samples(&mut input, Kind::Float, into),
        3 => {
            while !input.is_empty() {
                let reference = u64_be(&mut input)?;
                let range = MillisRange::new(input.varint_i64()?, input.varint_i64()?);
                into.tombstone(reference, range);
            }
            Ok(())
        }
        4 => read_exemplars(&mut input, into),
        5 => Ok(()),
        6 => read_metadata(&mut input, into),
        7 | 9 => read_samples(&mut input, Kind::Histogram, into),
        8 | 10 => read_samples(&mut input, Kind::FloatHistogram, into),
        11 => read_started(&mut input, Kind::Float, into),
        12 => read_started(&mut input, Kind::Histogram, into),
        13 => read_started(&mut input, Kind::FloatHistogram, into),
        found => Err(Damaged::at(0, Damage::Unknown { what: "record", found: found.into() })),
    }
}

fn u64_be(input: &mut Cursor<'_>) -> Result<u64, Damaged> {
    Ok(u64::from_be_bytes(input.array()?))
}

fn f64_be(input: &mut Cursor<'_>) -> Result<f64, Damaged> {
    Ok(f64::from_bits(u64_be(input)?))
}

fn read_labels(input: &mut Cursor<'_>) -> Result<Labels, Damaged> {
    let count = input.count(2)?;
    let mut builder = LabelsBuilder::new();
    for _ in 0..count {
        let (name, value) = (input.str()?, input.str()?);
        builder.set(name, value);
    }
    Ok(builder.build())
}

fn read_series(input: &mut Cursor<'_>, into: &mut dyn Take) -> Result<(), Damaged> {
    while !input.is_empty() {
        let reference = u64_be(input)?;
        into.series(reference, read_labels(input)?);
    }
    Ok(())
}

fn read_samples(input: &mut Cursor<'_>, kind: Kind, into: &mut dyn Take) -> Result<(), Damaged> {
    if input.is_empty() {
        return Ok(());
    }
    let (first, base) = (u64_be(input)?, u64_be(input)?.cast_signed());
    while !input.is_empty() {
        let reference = first.wrapping_add_signed(input.varint_i64()?);
        let time = base.wrapping_add(input.varint_i64()?);
        into.sample(reference, time, read_value(input, kind)?, 0);
    }
    Ok(())
}

fn read_started(input: &mut Cursor<'_>, kind: Kind, into: &mut dyn Take) -> Result<(), Damaged> {
    if input.is_empty() {
        return Ok(());
    }
    let mut reference = input.varint_i64()?.cast_unsigned();
    let (base, base_start) = (input.varint_i64()?, input.varint_i64()?);
    let mut start = base_start;
    into.sample(reference, base, read_value(input, kind)?, start);
    while !input.is_empty() {
        reference = reference.wrapping_add_signed(input.varint_i64()?);
        let time = base.wrapping_add(input.varint_i64()?);
        start = match input.u8()? {
            0 => 0,
            1 => start,
            _ => base_start.wrapping_add(input.varint_i64()?),
        };
        into.sample(reference, time, read_value(input, kind)?, start);
    }
    Ok(())
}

fn read_exemplars(input: &mut Cursor<'_>, into: &mut dyn Take) -> Result<(), Damaged> {
    if input.is_empty() {
        return Ok(());
    }
    let (first, base) = (u64_be(input)?, u64_be(input)?.cast_signed());
    while !input.is_empty() {
        let reference = first.wrapping_add_signed(input.varint_i64()?);
        let time = Millis(base.wrapping_add(input.varint_i64()?));
        let value = f64_be(input)?;
        let labels = read_labels(input)?;
        into.exemplar(reference, Exemplar { labels, value, time });
    }
    Ok(())
}

fn read_metadata(input: &mut Cursor<'_>, into: &mut dyn Take) -> Result<(), Damaged> {
    while !input.is_empty() {
        let reference = input.varint_u64()?;
        let kind = match input.u8()? {
            1 => MetricKind::Counter,
            2 => MetricKind::Gauge,
            3 => MetricKind::Histogram,
            4 => MetricKind::GaugeHistogram,
            5 => MetricKind::Summary,
            6 => MetricKind::Info,
            7 => MetricKind::StateSet,
            _ => MetricKind::Unknown,
        };
        let mut metadata = Metadata { kind, ..Metadata::default() };
        for _ in 0..input.count(2)? {
            let (name, value) = (input.str()?, input.str()?);
            match name {
                "UNIT" => metadata.unit = value.to_owned(),
                "HELP" => metadata.help = value.to_owned(),
                _ => {}
            }
        }
        into.metadata(reference, metadata);
    }
    Ok(())
}

fn read_value(input: &mut Cursor<'_>, kind: Kind) -> Result<SampleValue, Damaged> {
    if kind == Kind::Float {
        return Ok(SampleValue::Float(f64_be(input)?));
    }
    let float = kind == Kind::FloatHistogram;
    let counter_reset = match input.u8()? {
        1 => CounterReset::Reset,
        2 => CounterReset::NotReset,
        3 => CounterReset::Gauge,
        _ => CounterReset::Unknown,
    };
    let schema = input.varint_i64()?;
    let schema = i32::try_from(schema).map_err(|_| input.field("schema of a histogram"))?;
    let zero_threshold = f64_be(input)?;
    let mut total = || {
        if float { f64_be(input) } else { Ok(input.varint_u64()? as f64) }
    };
    let (zero_count, count) = (total()?, total()?);
    let sum = f64_be(input)?;
    let (positive_spans, negative_spans) = (read_spans(input)?, read_spans(input)?);
    let (positive, negative) = (read_buckets(input, float)?, read_buckets(input, float)?);
    let mut custom_bounds = Vec::new();
    if schema == CUSTOM_BUCKETS_SCHEMA {
        for _ in 0..input.count(8)? {
            custom_bounds.push(f64_be(input)?);
        }
    }
    Ok(SampleValue::Histogram(Arc::new(Histogram {
        schema,
        zero_threshold,
        zero_count,
        count,
        sum,
        positive_spans,
        positive_buckets: positive,
        negative_spans,
        negative_buckets: negative,
        custom_bounds,
        counter_reset,
    })))
}

fn read_spans(input: &mut Cursor<'_>) -> Result<Vec<BucketSpan>, Damaged> {
    let count = input.count(2)?;
    let mut spans = Vec::with_capacity(count);
    for _ in 0..count {
        let offset = i32::try_from(input.varint_i64()?);
        let offset = offset.map_err(|_| input.field("span of a histogram"))?;
        spans.push(BucketSpan { offset, length: input.varint_u32()? });
    }
    Ok(spans)
}

fn read_buckets(input: &mut Cursor<'_>, float: bool) -> Result<Vec<f64>, Damaged> {
    let count = input.count(if float { 8 } else { 1 })?;
    let mut buckets = Vec::with_capacity(count);
    let mut population = 0_i64;
    for _ in 0..count {
        buckets.push(if float {
            f64_be(input)?
        } else {
            population = population.wrapping_add(input.varint_i64()?);
            population as f64
        });
    }
    Ok(buckets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen(Vec<String>);

    impl Take for Seen {
        fn series(&mut self, reference: u64, labels: Labels) {
            self.0.push(format!("{reference} {labels}"));
        }
        fn sample(&mut self, reference: u64, time: i64, value: SampleValue, start: i64) {
            let value = match value {
                SampleValue::Float(value) => value.to_string(),
                SampleValue::Histogram(h) => format!("{:?}", h.positive().collect::<Vec<_>>()),
            };
            self.0.push(format!("{reference} {value}@{time} {start}"));
        }
        fn tombstone(&mut self, reference: u64, range: MillisRange) {
            self.0.push(format!("{reference} -{}..{}", range.start.0, range.end.0));
        }
        fn exemplar(&mut self, reference: u64, exemplar: Exemplar) {
            self.0.push(format!("{reference} {}", exemplar.labels));
        }
        fn metadata(&mut self, reference: u64, metadata: Metadata) {
            self.0.push(format!("{reference} {} {}", metadata.kind, metadata.help));
        }
    }

    #[test]
    fn golden_records() {
        let mut seen = Seen::default();
        let reference = 7_u64.to_be_bytes();
        let mut take = |kind: u8, parts: &[&[u8]]| {
            let record = [&[kind][..], &parts.concat()].concat();
            read(&record, &mut seen).unwrap();
        };
        take(1, &[&reference, b"\x01\x01a\x01b"]);
        let one = 1.0_f64.to_bits().to_be_bytes();
        let time = 1_000_u64.to_be_bytes();
        take(2, &[&reference, &time, &[0, 0], &one, &[1, 3], &one]);
        take(3, &[&reference, &[1, 4]]);
        take(4, &[&reference, &time, &[0, 0], &one, b"\x01\x01t\x01i"]);
        take(6, &[b"\x07\x01\x02\x04UNIT\0\x04HELP\x02hi"]);
        let histogram = [&[0, 0][..], &[0; 8], &[0, 5], &one, &[1, 4, 2, 0, 2, 6, 3, 0]].concat();
        take(7, &[&reference, &time, &[0, 0], &histogram]);
        take(11, &[&[14, 20, 10], &one, &[2, 2, 1], &one, &[0, 4, 2, 3], &one]);
        assert_eq!(
            seen.0,
            [
                "7 {a=\"b\"}",
                "7 1@1000 0",
                "6 1@998 0",
                "7 --1..2",
                "7 {t=\"i\"}",
                "7 counter hi",
                "7 [(2, 3.0), (3, 1.0)]@1000 0",
                "7 1@10 5",
                "8 1@11 5",
                "8 1@12 3",
            ]
        );
        assert!(read(&[99], &mut seen).is_err());
    }
}
