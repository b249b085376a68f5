//! Answers of samples.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::Labels;
use telemetry_core::model::{Sample, SampleValue};
use telemetry_core::time::Millis;

use super::BODY_BYTES_MAX;
use crate::error::{Error, Fault};
use crate::prometheus::remote_write::histogram;
use crate::prometheus::remote_write::labels::Pairs;
use crate::protobuf::Wire::*;
use crate::protobuf::{Reader, Writer, pairs};
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
        let mut response = ReadResponse::default();
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Len) => response.results.push(read_result(message.message()?)?),
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

fn read_result(mut message: Reader<'_>) -> Result<Vec<ReadSeries>, Fault> {
    let mut series = Vec::new();
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Len) => series.push(read_series(message.message()?)?),
            _ => message.skip(tag)?,
        }
    }
    Ok(series)
}

fn read_series(mut message: Reader<'_>) -> Result<ReadSeries, Fault> {
    let position = message.position();
    let unusable = |reason| Box::new(Error::Unusable { position, reason });
    let (mut pairs, mut samples) = (Pairs::default(), Vec::new());
    while let Some(tag) = message.tag()? {
        match tag {
            (1, Len) => {
                let [name, value] = pairs::texts(message.message()?)?;
                pairs.add(name.bytes, value.bytes);
            }
            (2, Len) => samples.push(read_sample(message.message()?)?),
            (4, Len) => {
                let sent = histogram::read(message.message()?)?;
                let value = sent.value.map_err(unusable)?;
                samples.push(Sample { time: Millis(sent.time), value });
            }
            _ => message.skip(tag)?,
        }
    }
    Ok(ReadSeries { labels: pairs.build().map_err(unusable)?, samples })
}

fn read_sample(message: Reader<'_>) -> Result<Sample, Fault> {
    let (value, time) = pairs::sample(message)?;
    Ok(Sample { time: Millis(time), value: SampleValue::Float(value) })
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

pub(super) fn write_labels(out: &mut Writer, labels: &Labels) {
    for (name, value) in labels {
        out.message(1, |out| {
            out.bytes(1, name.as_bytes());
            out.bytes(2, value.as_bytes());
        });
    }
}
