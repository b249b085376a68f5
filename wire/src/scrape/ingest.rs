//! Reads the body of a scrape.

use std::time::Duration;

use telemetry_core::labels::{Labels, METRIC_NAME};
use telemetry_core::model::{Exemplar, SampleValue};
use telemetry_core::sink::{MetricSink, RawLabels, Refusal, RefusalReason, SinkError};
use telemetry_core::time::Millis;

use super::labels;
use super::options::ScrapeOptions;
use super::report::Report;
use super::resolution;
use super::series::{Known, Series};
use crate::error::Error;
use crate::prometheus::{Exposed, ExposedValue, Families, Format, ReadOptions, read_exposition};

/// How far ahead of the scrape a sample's own time may be.
const AHEAD_MAX_MS: i64 = 10 * 60 * 1_000;

/// Why a scrape counts as failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScrapeError {
    /// The host could not fetch the body.
    #[error("the target could not be fetched")]
    NotFetched,
    /// A body that is too large.
    #[error("the body has {found} bytes, at most {limit} are allowed")]
    BodyTooLarge {
        /// Its size.
        found: usize,
        /// The size allowed.
        limit: usize,
    },
    /// A content type that names no format, and no fallback.
    #[error("the content type {content_type:?} names no format of an exposition")]
    ContentType {
        /// The content type.
        content_type: String,
    },
    /// A body that is not in its format.
    #[error(transparent)]
    Format(#[from] Error),
    /// More samples than allowed.
    #[error("more than {limit} samples")]
    SampleLimit {
        /// Samples allowed.
        limit: u64,
    },
    /// A series with more or longer labels than allowed.
    #[error("a series of {metric:?} has {found} {what}, at most {limit} are allowed")]
    LabelLimit {
        /// What is limited.
        what: &'static str,
        /// The metric's name.
        metric: String,
        /// What was found.
        found: usize,
        /// What is allowed.
        limit: usize,
    },
    /// A native histogram with more buckets than allowed, however coarse.
    #[error("a native histogram of {metric:?} has more than {limit} buckets")]
    BucketLimit {
        /// The metric's name.
        metric: String,
        /// Buckets allowed.
        limit: usize,
    },
    /// A name that is not classic, where it must be.
    #[error("{name:?} is not a valid name of a metric or label")]
    InvalidName {
        /// The name.
        name: String,
    },
    /// A label name that a series has twice.
    #[error("a series has the label {name:?} twice")]
    DuplicateLabel {
        /// The label's name.
        name: String,
    },
    /// A series without a metric name after relabeling.
    #[error("relabeling took the metric name of a series")]
    NoName,
}

/// What came of a scrape.
#[derive(Debug, Default)]
#[must_use = "the scrape may have failed"]
pub struct Scraped {
    /// Samples that the target exposed: `scrape_samples_scraped`.
    pub samples: u64,
    /// Samples left after relabeling: `scrape_samples_post_metric_relabeling`.
    pub samples_kept: u64,
    /// Series that are new: `scrape_series_added`.
    pub series_added: u64,
    /// Series that were marked stale.
    pub stale: u64,
    /// Samples that the store refused, or that repeat a series, by position among those kept.
    pub refused: Vec<Refusal>,
    /// Why `up` is 0. Then nothing of the body is stored.
    pub error: Option<ScrapeError>,
}

/// One target.
///
/// ```
/// use telemetry_core::labels;
/// use wire::scrape::{Scrape, ScrapeOptions};
/// let target = labels! { "job" => "node", "instance" => "a:9100" };
/// let scrape = Scrape::new(target, ScrapeOptions::default());
/// assert_eq!(scrape.target().get("job"), Some("node"));
/// ```
#[derive(Debug)]
pub struct Scrape {
    pub(super) target: Labels,
    pub(super) options: ScrapeOptions,
    pub(super) series: Series,
}

/// A sample that waits for the end of the body.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) key: u128,
    pub(super) time: i64,
    pub(super) start: i64,
    pub(super) value: SampleValue,
    pub(super) exemplars: Vec<Exemplar>,
    /// Why it is not stored.
    pub(super) refused: Option<RefusalReason>,
}

/// What a body holds, as far as it was read.
#[derive(Default)]
pub(super) struct Body {
    pub(super) pending: Vec<Pending>,
    pub(super) families: Families,
    pub(super) samples: u64,
    pub(super) kept: u64,
    pub(super) added: u64,
    /// Bytes of it, -1 where it was too large.
    pub(super) bytes: f64,
    error: Option<ScrapeError>,
}

impl Scrape {
    /// A target with these labels, such as `job` and `instance`, not scraped yet.
    pub fn new(target: Labels, options: ScrapeOptions) -> Self {
        Scrape { target, options, series: Series::default() }
    }

    /// The target's labels.
    pub fn target(&self) -> &Labels {
        &self.target
    }

    /// Stores a body that was fetched at `time` and took `duration` to fetch: one commit, with the
    /// series about the scrape. A body that is not right as a whole is not stored; all series of the
    /// target are stale then.
    ///
    /// `sink` must be of the same store every time, with nothing in it that is not committed.
    ///
    /// # Errors
    ///
    /// Where the sink cannot store anything. A scrape that failed is no error: [`Scraped::error`].
    pub fn ingest(
        &mut self,
        body: &[u8],
        content_type: &str,
        time: impl Into<Millis>,
        duration: Duration,
        sink: &mut dyn MetricSink,
    ) -> Result<Scraped, SinkError> {
        let time = time.into().0;
        self.series.scrape += 1;
        let mut read = Body::default();
        let error = self.read(body, content_type, time, &mut read).err();
        Report { time, duration, error }.hand_over(self, read, sink)
    }

    /// Records that the target could not be fetched.
    ///
    /// # Errors
    ///
    /// As [`ingest`](Self::ingest).
    pub fn fail(
        &mut self,
        time: impl Into<Millis>,
        duration: Duration,
        sink: &mut dyn MetricSink,
    ) -> Result<Scraped, SinkError> {
        self.series.scrape += 1;
        let error = Some(ScrapeError::NotFetched);
        Report { time: time.into().0, duration, error }.hand_over(self, Body::default(), sink)
    }

    /// Marks all series of the target stale, those about the scrape too: it is not scraped any more.
    ///
    /// # Errors
    ///
    /// As [`ingest`](Self::ingest).
    pub fn end(
        mut self,
        time: impl Into<Millis>,
        sink: &mut dyn MetricSink,
    ) -> Result<Scraped, SinkError> {
        self.series.scrape += 1;
        super::report::end(&mut self, time.into().0, sink)
    }

    fn read(
        &mut self,
        body: &[u8],
        content_type: &str,
        time: i64,
        read: &mut Body,
    ) -> Result<(), ScrapeError> {
        let (found, limit) = (body.len(), self.options.body_size_limit);
        if limit > 0 && found > limit {
            read.bytes = -1.0;
            return Err(ScrapeError::BodyTooLarge { found, limit });
        }
        read.bytes = found as f64;
        if body.is_empty() {
            return Ok(());
        }
        let format = Format::of_content_type(content_type).or(self.options.fallback_format);
        let format = format
            .ok_or_else(|| ScrapeError::ContentType { content_type: content_type.to_owned() })?;
        let options = ReadOptions {
            created_series: !self.options.created_as_start,
            ignore_native: !self.options.scrape_native_histograms,
            native_alone: !self.options.always_scrape_classic_histograms,
            convert_classic: self.options.convert_classic_histograms_to_nhcb,
        };
        read_exposition(body, format, options, |entry| match read.families.take(entry) {
            Some(sample) if read.error.is_none() => self.sample(&sample, time, read),
            _ => {}
        })?;
        match (read.error.take(), self.options.sample_limit) {
            (Some(error), _) => Err(error),
            // The whole body was counted, for the report.
            (None, limit) if limit > 0 && read.kept > limit => {
                Err(ScrapeError::SampleLimit { limit })
            }
            (None, _) => Ok(()),
        }
    }

    fn sample(&mut self, sample: &Exposed<'_>, scraped_at: i64, read: &mut Body) {
        read.samples += 1;
        let key = key(sample);
        let scrape = self.series.scrape;
        let mut is_repeated = false;
        let is_native = matches!(sample.value, ExposedValue::Histogram(_));
        let own_time = sample.time.filter(|_| self.options.honor_timestamps);
        let newest = scraped_at.saturating_add(AHEAD_MAX_MS);
        let is_too_new = own_time.is_some_and(|time| time > newest);
        let is_tracked = own_time.is_none() || self.options.track_timestamps_staleness;
        if let Some(known) = self.series.known.get_mut(&key) {
            is_repeated = known.seen == scrape;
            known.seen = scrape;
            if known.labels.is_none() {
                return;
            }
            known.is_native = is_native;
            if is_tracked && known.tracked != scrape {
                known.tracked_before = std::mem::replace(&mut known.tracked, scrape);
            }
        } else {
            let made = labels::make(sample.name, sample.labels, &self.target, &self.options);
            let labels = match made {
                Ok(labels) => labels,
                Err(error) => {
                    read.error = Some(error);
                    return;
                }
            };
            let tracked = if is_tracked && labels.is_some() { scrape } else { 0 };
            let is_dropped = labels.is_none();
            let known =
                Known { labels, handle: None, seen: scrape, tracked, tracked_before: 0, is_native };
            self.series.known.insert(key, known);
            if is_dropped {
                return;
            }
            let limit = self.options.sample_limit;
            read.added += u64::from(!is_too_new && (limit == 0 || read.kept < limit));
        }
        read.kept += 1;
        let limit = self.options.sample_limit;
        if limit > 0 && read.kept > limit {
            return;
        }
        let time = own_time.unwrap_or(scraped_at);
        // Without a time, repeated exemplars of a native histogram cannot be told from new ones.
        let exemplars = sample.exemplars.iter().filter(|e| e.time.is_some() || !is_native);
        let exemplars = exemplars.map(|exemplar| Exemplar {
            labels: exemplar.labels.clone(),
            value: exemplar.value,
            time: Millis(exemplar.time.unwrap_or(time)),
        });
        let value = match sample.value {
            ExposedValue::Float(value) => SampleValue::Float(value),
            ExposedValue::Histogram(histogram) => {
                match resolution::limited(histogram, &self.options) {
                    Some(histogram) => SampleValue::Histogram(histogram),
                    None => {
                        let (metric, limit) =
                            (sample.name.to_owned(), self.options.native_histogram_bucket_limit);
                        read.error = Some(ScrapeError::BucketLimit { metric, limit });
                        return;
                    }
                }
            }
        };
        let refused = if is_repeated && own_time.is_none() {
            Some(RefusalReason::Duplicate { time })
        } else {
            is_too_new.then_some(RefusalReason::TooNew { time, newest })
        };
        read.pending.push(Pending {
            key,
            time,
            start: sample.start,
            value,
            exemplars: exemplars.collect(),
            refused,
        });
    }
}

/// Up to this many labels are hashed without an allocation.
const INLINE_LABELS: usize = 32;

/// What tells exposed series apart.
fn key(sample: &Exposed<'_>) -> u128 {
    let labels = sample.labels.iter().map(|(name, value)| (&**name, &**value));
    let all = std::iter::once((METRIC_NAME, sample.name)).chain(labels);
    if sample.labels.len() >= INLINE_LABELS {
        return RawLabels::new(&all.collect::<Vec<_>>()).hash();
    }
    let mut pairs = [("", ""); INLINE_LABELS];
    let mut len = 0;
    for (slot, pair) in pairs.iter_mut().zip(all) {
        *slot = pair;
        len += 1;
    }
    RawLabels::new(pairs.get(..len).unwrap_or_default()).hash()
}
