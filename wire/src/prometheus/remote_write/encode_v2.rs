//! Writes bodies of version 2.0.

use telemetry_core::labels::Labels;
use telemetry_core::model::{Exemplar, Histogram, Metadata};

use super::encode::kind_number;
use super::histogram;
use super::symbols::SymbolTable;
use crate::error::Error;
use crate::protobuf::Writer;
use crate::snappy;

/// A body of version 2.0 under construction.
///
/// ```
/// use telemetry_core::labels;
/// use wire::prometheus::remote_write::EncoderV2;
///
/// let mut encoder = EncoderV2::new();
/// let requests = labels! { "__name__" => "requests_total", "job" => "api" };
/// encoder.series(&requests, |series| series.sample(1_700_000_015_000, 7.0, 1_700_000_000_000));
/// let body = encoder.finish()?;
/// # Ok::<(), wire::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct EncoderV2 {
    symbols: SymbolTable,
    out: Writer,
}

/// The part of a body that is one series.
#[derive(Debug)]
pub struct SeriesEncoderV2<'a> {
    symbols: &'a mut SymbolTable,
    out: &'a mut Writer,
}

impl EncoderV2 {
    /// A body without content.
    pub fn new() -> Self {
        EncoderV2::default()
    }

    /// Adds a series and what `content` adds to it. Samples of a series go in by rising time.
    pub fn series(&mut self, labels: &Labels, content: impl FnOnce(&mut SeriesEncoderV2<'_>)) {
        let symbols = &mut self.symbols;
        self.out.message(5, |out| {
            write_labels(symbols, out, labels);
            content(&mut SeriesEncoderV2 { symbols, out });
        });
    }

    /// The body, compressed.
    ///
    /// # Errors
    ///
    /// [`Error::Snappy`]: it is larger than the 4 GiB that snappy can hold.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        let mut body = self.symbols.finish();
        body.extend_from_slice(&self.out.finish());
        snappy::compress(&body)
    }
}

impl SeriesEncoderV2<'_> {
    /// Adds a float at `time`, in milliseconds; `start` is the start timestamp, 0 if unknown.
    pub fn sample(&mut self, time: i64, value: f64, start: i64) {
        self.out.message(2, |out| {
            out.nonzero_double(1, value);
            out.nonzero(2, time.cast_unsigned());
            out.nonzero(3, start.cast_unsigned());
        });
    }

    /// Adds a histogram at `time`, in milliseconds; `start` is the start timestamp, 0 if unknown.
    pub fn histogram(&mut self, time: i64, histogram: &Histogram, start: i64) {
        self.out.message(3, |out| histogram::write(out, histogram, time, start));
    }

    /// Adds an exemplar.
    pub fn exemplar(&mut self, exemplar: &Exemplar) {
        let symbols = &mut *self.symbols;
        self.out.message(4, |out| {
            write_labels(symbols, out, &exemplar.labels);
            out.nonzero_double(2, exemplar.value);
            out.nonzero(3, exemplar.time.0.cast_unsigned());
        });
    }

    /// Says what is known about the series' metric.
    pub fn metadata(&mut self, metadata: &Metadata) {
        let (help, unit) =
            (self.symbols.number(&metadata.help), self.symbols.number(&metadata.unit));
        self.out.message(5, |out| {
            out.nonzero(1, kind_number(metadata.kind));
            out.nonzero(3, help);
            out.nonzero(4, unit);
        });
    }
}

fn write_labels(symbols: &mut SymbolTable, out: &mut Writer, labels: &Labels) {
    let numbers = labels.iter().flat_map(|(name, value)| [name, value]);
    let numbers: Vec<u64> = numbers.map(|text| symbols.number(text)).collect();
    out.message(1, |out| numbers.iter().for_each(|number| out.raw_varint(*number)));
}
