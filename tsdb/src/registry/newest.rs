//! The newest sample of a series: what decides whether the next one is in order.

use telemetry_core::model::SampleValue;

use crate::chunk::histogram;

/// Time and value of the newest sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Newest {
    pub(crate) time: i64,
    pub(crate) print: Print,
}

/// A value, reduced to what tells it from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Print {
    /// The bits of a float.
    Float(u64),
    /// A hash of the encoded histogram.
    Histogram(u64),
    /// The sample was deleted: its time is the newest, but there is no value.
    Deleted,
}

impl Print {
    pub(crate) fn of(value: &SampleValue) -> Self {
        match value {
            SampleValue::Float(value) => Print::Float(value.to_bits()),
            SampleValue::Histogram(value) => {
                let mut bytes = Vec::new();
                histogram::write_one(value, None, &mut bytes);
                Print::Histogram(hash(&bytes))
            }
        }
    }
}

/// FNV-1a, 64 bits: short input, no need for speed.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The newest sample of a series before the active head.
#[derive(Debug, Default)]
pub(crate) struct Before {
    /// The newest sample that sealed heads had, and blocks if they were asked.
    pub(crate) newest: Option<Newest>,
    /// Whether the blocks have been looked into.
    pub(crate) blocks_asked: bool,
}

impl Before {
    /// Takes in another sample; of two at the same time the first stays.
    pub(crate) fn include(&mut self, other: Newest) {
        if self.newest.is_none_or(|newest| newest.time < other.time) {
            self.newest = Some(other);
        }
    }
}
