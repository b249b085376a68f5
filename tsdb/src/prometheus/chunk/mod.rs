//! Chunks as Prometheus codes them: a run of samples of one series.
//!
//! ~~~text
//! 1 XOR             xor.rs          floats
//! 2 histogram       histogram.rs    whole populations
//! 3 float histogram histogram.rs    float populations
//! 4 XOR2            xor2.rs         floats with start timestamps                read only, unproved
//! 5, 6              histogram.rs    2 and 3 with start timestamps               read only, unproved
//! ~~~
//! Written are 1, 2 and 3: [`write`] decides where a chunk ends.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod bits;
mod histogram;
mod histogram_write;
mod layout;
mod window;
mod write;
mod xor;
mod xor2;

use telemetry_core::source::Columns;
use telemetry_core::storage::{Damage, Damaged};

pub(crate) use write::{Coded, write};

/// How the samples of a chunk are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// Floats.
    Xor,
    /// Histograms with whole populations.
    Histogram,
    /// Histograms with float populations.
    FloatHistogram,
    /// Floats with start timestamps.
    Xor2,
    /// Histograms with whole populations and start timestamps.
    HistogramStart,
    /// Histograms with float populations and start timestamps.
    FloatHistogramStart,
}

impl Encoding {
    /// From the byte in front of a chunk.
    pub(crate) fn from_byte(byte: u8) -> Result<Self, Damaged> {
        Ok(match byte {
            1 => Encoding::Xor,
            2 => Encoding::Histogram,
            3 => Encoding::FloatHistogram,
            4 => Encoding::Xor2,
            5 => Encoding::HistogramStart,
            6 => Encoding::FloatHistogramStart,
            found => {
                let damage = Damage::Unknown { what: "chunk encoding", found: found.into() };
                return Err(Damaged::at(0, damage));
            }
        })
    }

    /// The byte in front of a chunk.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Encoding::Xor => 1,
            Encoding::Histogram => 2,
            Encoding::FloatHistogram => 3,
            Encoding::Xor2 => 4,
            Encoding::HistogramStart => 5,
            Encoding::FloatHistogramStart => 6,
        }
    }

    /// Whether the samples are histograms.
    pub fn is_histogram(self) -> bool {
        !matches!(self, Encoding::Xor | Encoding::Xor2)
    }
}

/// How many samples a chunk says it has.
pub(crate) fn count(encoding: Encoding, data: &[u8]) -> Result<u64, Damaged> {
    let Some(count) = data.first_chunk::<2>() else {
        let damage = Damage::Truncated { needed: 2, available: data.len() as u64 };
        return Err(Damaged::at(0, damage));
    };
    let count = u64::from(u16::from_be_bytes(*count));
    let has_flags = matches!(encoding, Encoding::HistogramStart | Encoding::FloatHistogramStart);
    Ok(if has_flags { count & 0x3fff } else { count })
}

/// Appends the samples of a chunk, whose times rise.
///
/// # Errors
///
/// Where the bytes are no such chunk; then nothing is appended.
pub(crate) fn decode(encoding: Encoding, data: &[u8], out: &mut Columns) -> Result<(), Damaged> {
    let (floats, histograms) = (out.floats.times.len(), out.histograms.times.len());
    let result = match encoding {
        Encoding::Xor => {
            let known = out.floats.starts.is_empty();
            let result = xor::decode(data, &mut out.floats);
            if !known {
                out.floats.starts.resize(out.floats.times.len(), 0);
            }
            result
        }
        Encoding::Xor2 => xor2::decode(data, &mut out.floats),
        Encoding::Histogram => histogram::decode(data, false, false, &mut out.histograms),
        Encoding::FloatHistogram => histogram::decode(data, true, false, &mut out.histograms),
        Encoding::HistogramStart => histogram::decode(data, false, true, &mut out.histograms),
        Encoding::FloatHistogramStart => histogram::decode(data, true, true, &mut out.histograms),
    };
    let rises = |times: &[i64], from: usize| {
        times.get(from..).unwrap_or_default().is_sorted_by(|a, b| a < b)
    };
    let result = result.and_then(|()| {
        let sorted = rises(&out.floats.times, floats) && rises(&out.histograms.times, histograms);
        if sorted { Ok(()) } else { Err(Damaged::field(0, "times of a chunk")) }
    });
    if result.is_err() {
        out.floats.times.truncate(floats);
        out.floats.values.truncate(floats);
        out.floats.starts.truncate(floats);
        out.histograms.times.truncate(histograms);
        out.histograms.values.truncate(histograms);
        out.histograms.starts.truncate(histograms);
    }
    result
}
