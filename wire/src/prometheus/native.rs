//! Buckets of native histograms, which remote write and the protobuf exposition code alike.
//!
//! ~~~text
//! spans*     1 offset · 2 length
//! deltas*    integers: zigzag differences to the bucket before
//! counts*    floats: populations as they are
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::model::{BucketSpan, Histogram};

use crate::error::Fault;
use crate::protobuf::Wire::*;
use crate::protobuf::{Reader, Writer};

/// One side's buckets as they are sent.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) spans: Vec<BucketSpan>,
    pub(super) deltas: Vec<u64>,
    pub(super) counts: Vec<f64>,
}

impl Side {
    /// Reads a span.
    pub(super) fn span(&mut self, mut message: Reader<'_>) -> Result<(), Fault> {
        let mut span = BucketSpan::default();
        while let Some(tag) = message.tag()? {
            match tag {
                (1, Varint) => span.offset = message.sint32()?,
                (2, Varint) => span.length = message.uint32()?,
                _ => message.skip(tag)?,
            }
        }
        self.spans.push(span);
        Ok(())
    }

    /// Spans and absolute populations.
    pub(super) fn populations(self, is_float: bool) -> (Vec<BucketSpan>, Vec<f64>) {
        if is_float {
            return (self.spans, self.counts);
        }
        let mut population = 0_i64;
        let absolute = self.deltas.into_iter().map(|delta| {
            let delta = (delta >> 1).cast_signed() ^ -(delta & 1).cast_signed();
            population = population.wrapping_add(delta);
            population as f64
        });
        (self.spans, absolute.collect())
    }
}

/// Whether all populations are integers, so that they can be sent as such.
pub(super) fn is_integer(histogram: &Histogram) -> bool {
    let buckets = histogram.negative_buckets.iter().chain(&histogram.positive_buckets);
    let all = [histogram.count, histogram.zero_count];
    all.iter().chain(buckets).all(|population| integer(*population).is_some())
}

/// The integer that a population is, where a float holds all of them up to it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
pub(crate) fn integer(population: f64) -> Option<u64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let is_integer = (0.0..=EXACT_MAX).contains(&population) && population.fract() == 0.0;
    (is_integer && population.is_sign_positive()).then_some(population as u64)
}

/// Writes a span as a field.
pub(super) fn write_span(number: u32, span: BucketSpan, out: &mut Writer) {
    out.message(number, |out| {
        out.nonzero_sint(1, span.offset.into());
        out.nonzero(2, span.length.into());
    });
}

/// Writes integer populations as what each has more than the one before.
pub(super) fn write_deltas(buckets: &[f64], mut write: impl FnMut(i64)) {
    let mut before = 0;
    for population in buckets {
        let population = integer(*population).unwrap_or_default().cast_signed();
        write(population - before);
        before = population;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_populations_are_integers() {
        assert_eq!(integer(0.0), Some(0));
        assert_eq!(integer(9_007_199_254_740_992.0), Some(1 << 53));
        for other in [-0.0, -1.0, 0.5, 9_007_199_254_740_994.0, f64::NAN, f64::INFINITY] {
            assert_eq!(integer(other), None, "{other}");
        }
    }
}
