//! What data points of every kind have: times, flags, attributes, exemplars.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::model::STALE_MARKER;
use telemetry_core::sink::RefusalReason;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

use super::labels::PointLabels;
use super::options::Translation;
use crate::error::Fault;
use crate::otlp::time::nanos;
use crate::otlp::value::Attribute;
use crate::protobuf::{Bytes, Reader};

const NANOS_PER_MILLI: i64 = 1_000_000;

/// The flag that says that there is no value from here on.
const NO_RECORDED_VALUE: u32 = 1;

/// The common part of a data point. Lists are kept from point to point for their memory.
#[derive(Debug, Default)]
pub(super) struct Point<'a> {
    pub(super) start: u64,
    pub(super) time: u64,
    pub(super) flags: u32,
    /// Attributes, still unread: mostly one run.
    runs: Vec<Bytes<'a>>,
    attributes: Vec<Attribute<'a>>,
    pub(super) exemplars: Vec<Reader<'a>>,
    pub(super) labels: PointLabels<'a>,
}

impl<'a> Point<'a> {
    pub(super) fn new(translation: Translation) -> Self {
        Point { labels: PointLabels::new(translation), ..Point::default() }
    }

    pub(super) fn clear(&mut self) {
        (self.start, self.time, self.flags) = (0, 0, 0);
        self.runs.clear();
        self.exemplars.clear();
    }

    /// Takes the attributes that follow each other in `message`; the tag of the first has been
    /// read, and all have the field number `N`.
    #[inline]
    pub(super) fn attributes<const N: u8>(
        &mut self,
        message: &mut Reader<'a>,
    ) -> Result<(), Fault> {
        self.runs.push(message.run(N << 3 | 2)?);
        Ok(())
    }

    /// A hash of the attributes as they lie in the input.
    #[inline]
    pub(super) fn hash(&self) -> u128 {
        match self.runs.as_slice() {
            [run] => xxh3_128(run.bytes),
            runs => {
                let mut hasher = Xxh3Default::new();
                for run in runs {
                    // Lengths keep runs that are cut elsewhere apart.
                    hasher.update(&(run.bytes.len() as u64).to_le_bytes());
                    hasher.update(run.bytes);
                }
                hasher.digest128()
            }
        }
    }

    /// Reads the attributes and makes labels of them.
    pub(super) fn read_labels(&mut self) -> Result<Result<(), RefusalReason>, Fault> {
        self.attributes.clear();
        for run in &self.runs {
            let mut run = run.message();
            while let Some(attribute) = run.next_of_run()? {
                self.attributes.push(Attribute::read(attribute.message())?);
            }
        }
        self.labels.set(&self.attributes, &[])
    }

    /// Whether the point ends its series.
    pub(super) fn is_stale(&self) -> bool {
        self.flags & NO_RECORDED_VALUE != 0
    }

    /// `value`, or the staleness marker where the point ends its series.
    pub(super) fn value(&self, value: f64) -> f64 {
        if self.is_stale() { STALE_MARKER } else { value }
    }

    /// When it was, once all fields are read.
    pub(super) fn times(&self) -> Result<Times, RefusalReason> {
        let time = nanos(self.time)?;
        let start = nanos(self.start)? / NANOS_PER_MILLI;
        Ok(Times { nanos: time, millis: time / NANOS_PER_MILLI, start })
    }
}

/// The times of a point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) nanos: i64,
    pub(super) millis: i64,
    /// The start timestamp in milliseconds, 0 if not known.
    pub(super) start: i64,
}

/// The value of a `NumberDataPoint` or an exemplar, whichever member is set.
pub(super) fn integer(bits: u64) -> f64 {
    bits.cast_signed() as f64
}
