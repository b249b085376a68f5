//! Samples of metrics and the staleness marker.

use std::sync::Arc;

use super::Histogram;
use crate::time::Millis;

/// The bits of the staleness marker: a NaN that says "this series has no value from here on".
pub const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// The staleness marker, told from every other NaN by its bits.
pub const STALE_MARKER: f64 = f64::from_bits(STALE_BITS);

/// Whether `value` is the staleness marker.
#[inline]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_BITS
}

/// One value at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When it was taken.
    pub time: Millis,
    /// What was read.
    pub value: SampleValue,
}

/// A float or a native histogram.
#[derive(Clone, Debug, PartialEq)]
pub enum SampleValue {
    /// A float; [`STALE_MARKER`] ends the series.
    Float(f64),
    /// A native histogram; one whose `sum` is [`STALE_MARKER`] ends the series.
    Histogram(Arc<Histogram>),
}

impl SampleValue {
    /// Whether this is a staleness marker.
    pub fn is_stale(&self) -> bool {
        match self {
            SampleValue::Float(value) => is_stale(*value),
            SampleValue::Histogram(histogram) => is_stale(histogram.sum),
        }
    }
}

impl From<f64> for SampleValue {
    #[inline]
    fn from(value: f64) -> Self {
        SampleValue::Float(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_bits_are_stale() {
        assert!(is_stale(STALE_MARKER));
        assert!(STALE_MARKER.is_nan());
        assert!(!is_stale(f64::NAN));
        assert!(!is_stale(f64::from_bits(0x7ff8_0000_0000_0001)));
        assert!(SampleValue::Float(STALE_MARKER).is_stale());
    }
}
