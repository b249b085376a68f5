//! Native histograms: exponential buckets, or buckets with custom bounds.
//!
//! ~~~text
//! spans    offset 2, length 2 │ offset 1, length 1        index of the first bucket, then gaps
//! buckets  b2   b3              b5                        one population per bucket of a span
//! ~~~
//!
//! In schema `n` (-4 to 8) bucket `i` ends at `2^(i·2^-n)`, that bound included; negative buckets
//! mirror it. In schema [`CUSTOM_BUCKETS_SCHEMA`] bucket `i` ends at `custom_bounds[i]`, the last
//! at infinity. Populations are absolute and may be fractional.
//! Source: the Prometheus specification of native histograms.

/// The schema of histograms with custom bounds.
pub const CUSTOM_BUCKETS_SCHEMA: i32 = -53;

/// The lowest and highest exponential schema.
const EXPONENTIAL_SCHEMAS: std::ops::RangeInclusive<i32> = -4..=8;

/// A native histogram with float populations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Resolution: -4 (coarse) to 8 (fine), or [`CUSTOM_BUCKETS_SCHEMA`].
    pub schema: i32,
    /// Observations at most this far from zero are in the zero bucket.
    pub zero_threshold: f64,
    /// Population of the zero bucket.
    pub zero_count: f64,
    /// All observations.
    pub count: f64,
    /// Sum of all observations; the staleness marker if this histogram ends the series.
    pub sum: f64,
    /// Which buckets of positive observations have a population.
    pub positive_spans: Vec<BucketSpan>,
    /// Their populations.
    pub positive_buckets: Vec<f64>,
    /// Which buckets of negative observations have a population.
    pub negative_spans: Vec<BucketSpan>,
    /// Their populations.
    pub negative_buckets: Vec<f64>,
    /// Upper bounds in ascending order, without infinity; only for custom buckets.
    pub custom_bounds: Vec<f64>,
    /// What is known about a reset before this histogram.
    pub counter_reset: CounterReset,
}

/// A run of consecutive buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct BucketSpan {
    /// For the first span the index of its first bucket, for others the gap to the span before.
    pub offset: i32,
    /// Buckets in the run.
    pub length: u32,
}

/// What is known about a counter reset between a histogram and the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CounterReset {
    /// Nothing: compare the populations.
    #[default]
    Unknown,
    /// There was one.
    Reset,
    /// There was none.
    NotReset,
    /// The question does not arise: this is a gauge.
    Gauge,
}

/// Why a histogram is not well formed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HistogramError {
    /// A schema that does not exist.
    #[error("histogram schema {schema} does not exist")]
    Schema {
        /// The schema found.
        schema: i32,
    },
    /// Spans and populations do not match.
    #[error("spans cover {covered} buckets, but {found} populations are given")]
    Buckets {
        /// Buckets covered by the spans.
        covered: u64,
        /// Populations given.
        found: usize,
    },
    /// A span other than the first starts before the end of the one before, or past `i32`.
    #[error("span {index} overlaps the one before it or leaves the range of bucket indexes")]
    SpanOffset {
        /// Position of the span.
        index: usize,
    },
    /// A population below zero.
    #[error("bucket population {population} is negative")]
    NegativePopulation {
        /// The population.
        population: f64,
    },
    /// Custom bounds that do not rise, or are infinite or NaN.
    #[error("custom bound {index} does not exceed the one before it or is not finite")]
    CustomBounds {
        /// Position of the bound.
        index: usize,
    },
    /// Custom buckets beside negative buckets, a zero bucket or exponential ones beside bounds.
    #[error("custom bounds and negative or zero buckets exclude each other")]
    Mixed,
}

impl Histogram {
    /// Whether the buckets have custom bounds.
    pub fn has_custom_bounds(&self) -> bool {
        self.schema == CUSTOM_BUCKETS_SCHEMA
    }

    /// Checks that schema, spans, populations and bounds fit together.
    ///
    /// # Errors
    ///
    /// The first part that does not fit. `count` is not compared with the populations: producers
    /// may round.
    pub fn validate(&self) -> Result<(), HistogramError> {
        let end = validate_buckets(&self.positive_spans, &self.positive_buckets)?;
        validate_buckets(&self.negative_spans, &self.negative_buckets)?;
        if self.has_custom_bounds() {
            self.validate_custom(end)
        } else if !EXPONENTIAL_SCHEMAS.contains(&self.schema) {
            Err(HistogramError::Schema { schema: self.schema })
        } else if !self.custom_bounds.is_empty() {
            Err(HistogramError::Mixed)
        } else {
            Ok(())
        }
    }

    /// `end` is the index behind the last bucket.
    fn validate_custom(&self, end: i64) -> Result<(), HistogramError> {
        let negative = !self.negative_spans.is_empty() || !self.negative_buckets.is_empty();
        if negative || self.zero_count != 0.0 || self.zero_threshold != 0.0 {
            return Err(HistogramError::Mixed);
        }
        let mut previous = f64::NEG_INFINITY;
        for (index, bound) in self.custom_bounds.iter().enumerate() {
            if !bound.is_finite() || *bound <= previous {
                return Err(HistogramError::CustomBounds { index });
            }
            previous = *bound;
        }
        // There is one more bucket than there are bounds, and none below index zero.
        let first = self.positive_spans.first().map_or(0, |span| span.offset);
        if first < 0 || end > self.custom_bounds.len() as i64 + 1 {
            return Err(HistogramError::SpanOffset { index: self.positive_spans.len() - 1 });
        }
        Ok(())
    }

    /// Bucket indexes and populations of the positive side, ascending.
    pub fn positive(&self) -> impl Iterator<Item = (i32, f64)> + '_ {
        indexes(&self.positive_spans).zip(self.positive_buckets.iter().copied())
    }

    /// Bucket indexes and populations of the negative side, away from zero.
    pub fn negative(&self) -> impl Iterator<Item = (i32, f64)> + '_ {
        indexes(&self.negative_spans).zip(self.negative_buckets.iter().copied())
    }
}

/// Every bucket index that `spans` cover, in order.
fn indexes(spans: &[BucketSpan]) -> impl Iterator<Item = i32> + '_ {
    let mut next = 0_i32;
    spans.iter().flat_map(move |span| {
        let first = next.wrapping_add(span.offset);
        next = first.wrapping_add_unsigned(span.length);
        (0..span.length).map(move |at| first.wrapping_add_unsigned(at))
    })
}

/// Returns the index behind the last bucket.
fn validate_buckets(spans: &[BucketSpan], buckets: &[f64]) -> Result<i64, HistogramError> {
    let mut end = 0_i64;
    let mut covered = 0_u64;
    for (index, span) in spans.iter().enumerate() {
        if index > 0 && span.offset < 0 {
            return Err(HistogramError::SpanOffset { index });
        }
        end += i64::from(span.offset) + i64::from(span.length);
        if i32::try_from(end).is_err() {
            return Err(HistogramError::SpanOffset { index });
        }
        covered += u64::from(span.length);
    }
    if covered != buckets.len() as u64 {
        return Err(HistogramError::Buckets { covered, found: buckets.len() });
    }
    match buckets.iter().find(|population| **population < 0.0) {
        Some(population) => Err(HistogramError::NegativePopulation { population: *population }),
        None => Ok(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(spans: &[(i32, u32)]) -> Vec<BucketSpan> {
        spans
            .iter()
            .map(|(offset, length)| BucketSpan { offset: *offset, length: *length })
            .collect()
    }

    #[test]
    fn spans_name_their_buckets() {
        let histogram = Histogram {
            positive_spans: spans(&[(2, 2), (1, 1)]),
            positive_buckets: vec![1.0, 2.0, 3.0],
            ..Histogram::default()
        };
        assert_eq!(histogram.validate(), Ok(()));
        let buckets: Vec<_> = histogram.positive().collect();
        assert_eq!(buckets, [(2, 1.0), (3, 2.0), (5, 3.0)]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let mut histogram = Histogram { positive_spans: spans(&[(0, 2)]), ..Histogram::default() };
        assert_eq!(histogram.validate(), Err(HistogramError::Buckets { covered: 2, found: 0 }));
        histogram.positive_buckets = vec![1.0, -1.0];
        assert!(matches!(histogram.validate(), Err(HistogramError::NegativePopulation { .. })));
        histogram.positive_spans = spans(&[(0, 1), (-1, 1)]);
        assert_eq!(histogram.validate(), Err(HistogramError::SpanOffset { index: 1 }));
        let histogram = Histogram { schema: 9, ..Histogram::default() };
        assert_eq!(histogram.validate(), Err(HistogramError::Schema { schema: 9 }));
    }

    #[test]
    fn custom_buckets_reach_one_past_their_bounds() {
        let mut histogram = Histogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            custom_bounds: vec![1.0, 2.0],
            positive_spans: spans(&[(0, 3)]),
            positive_buckets: vec![1.0; 3],
            ..Histogram::default()
        };
        assert_eq!(histogram.validate(), Ok(()));
        histogram.custom_bounds = vec![2.0, 1.0];
        assert_eq!(histogram.validate(), Err(HistogramError::CustomBounds { index: 1 }));
        histogram.custom_bounds = vec![1.0];
        assert_eq!(histogram.validate(), Err(HistogramError::SpanOffset { index: 0 }));
    }
}
