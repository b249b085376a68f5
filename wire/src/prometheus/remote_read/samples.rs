//! Answers of samples.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::Labels;
use telemetry_core::model::{Sample, SampleValue};
use telemetry_core::time::Millis;

use super::BODY_BYTES_MAX;
use super::labels::{LabelReader, unusable, write_labels};
use crate::error::{Error, Fault};
use crate::prometheus::remote_write::histogram;
use crate::prometheus::sample;
use crate::protobuf::Wire::*;
use crate::protobuf::{Bytes, Reader, Writer};
use crate::snappy;

/// An answer: series for each query of the request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadResponse {
    /// In the order of the queries.
    pub results: Vec<Vec<ReadSeries>>,
}

/// A series of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadSeries {
    /// Its labels.
    pub labels: Labels,
    /// Floats and histograms, each by rising time; a message has the floats first.
    pub samples: Vec<Sample>,
}

impl ReadResponse {
    /// Reads an answer.
    ///
    /// # Errors
    ///
    /// Where the body is no answer, is larger than [`BODY_BYTES_MAX`], or has labels or a histogram
    /// that are none: [`Error::Unusable`].
    pub fn decode(body: &[u8]) -> Result<Self, Error> {
        let mut memory = Vec::new();
        let mut message = Reader::new(snappy::decompress(body, BODY_BYTES_MAX, &mut memory)?);
        let (mut response, mut labels) = (ReadResponse::default(), LabelReader::default());
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Len) => response.results.push(read_result(message.message()?, &mut labels)?),
                _ => message.skip(tag)?,
            }
        }
        Ok(response)
    }

    /// The body, compressed.
    ///
    /// # Errors
    ///
    /// [`Error::Snappy`]: it is larger than the 4 GiB that snappy can hold.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut out = Writer::default();
        for result in &self.results {
            out.message(1, |out| {
                result.iter().for_each(|series| out.message(1, |out| write_series(out, series)));
            });
        }
        snappy::compress(&out.finish())
    }
}

fn read_result<'a>(
    mut message: Reader<'a>,
    labels: &mut LabelReader<'a>,
) -> Result<Vec<ReadSeries>, Fault> {
    let mut series = Vec::new();
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Len) => series.push(read_series(message.bytes()?, labels)?),
            _ => message.skip(tag)?,
        }
    }
    Ok(series)
}

fn read_series<'a>(message: Bytes<'a>, labels: &mut LabelReader<'a>) -> Result<ReadSeries, Fault> {
    let mut samples = Vec::new();
    let head = labels.head(message)?.position() - message.at;
    let read = read_plain(message.from(head).bytes, &mut samples);
    let mut fields = message.from(head + read).message();
    while let Some(tag) = fields.tag()? {
        match tag {
            (1, Len) => labels.label(fields.message()?)?,
            (2, Len) => {
                let (value, time) = sample::read(fields.bytes()?)?;
                samples.push(float(value, time));
            }
            (4, Len) => {
                let sent = histogram::read(fields.message()?)?;
                let value = sent.value.map_err(|reason| unusable(message.at, reason))?;
                samples.push(Sample { time: Millis(sent.time), value });
            }
            _ => fields.skip(tag)?,
        }
    }
    Ok(ReadSeries { labels: labels.build(message.at)?, samples })
}

/// Bytes of a sample whose value is not zero, with the tag and the length in front.
const SAMPLE_BYTES: usize = 18;

/// Reads the samples at the head of `fields` that are written as all senders do. Gives how many
/// bytes they take.
fn read_plain(fields: &[u8], samples: &mut Vec<Sample>) -> usize {
    let mut rest = fields;
    while let Some(((value, time), after)) = sample::first_plain(rest) {
        if samples.is_empty() {
            samples.reserve(1 + after.len() / SAMPLE_BYTES);
        }
        samples.push(float(value, time));
        rest = after;
    }
    fields.len() - rest.len()
}

fn float(value: f64, time: i64) -> Sample {
    Sample { time: Millis(time), value: SampleValue::Float(value) }
}

fn write_series(out: &mut Writer, series: &ReadSeries) {
    write_labels(out, &series.labels);
    for sample in &series.samples {
        let time = sample.time.0;
        match &sample.value {
            SampleValue::Float(value) => out.message(2, |out| {
                out.nonzero_double(1, *value);
                out.nonzero(2, time.cast_unsigned());
            }),
            SampleValue::Histogram(value) => {
                out.message(4, |out| histogram::write(out, value, time, 0));
            }
        }
    }
}
