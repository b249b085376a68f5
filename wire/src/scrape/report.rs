//! Hands over what a scrape left: samples, staleness markers, the series about the scrape itself.

use std::sync::Arc;
use std::time::Duration;

use telemetry_core::labels::{Labels, METRIC_NAME};
use telemetry_core::model::{Histogram, STALE_MARKER, SampleValue};
use telemetry_core::sink::{
    Committed, MetricSink, RawLabels, Refusal, RefusalReason, SeriesRef, SinkError,
};

use super::ingest::{Body, Pending, Scrape, ScrapeError, Scraped};

/// The series about a scrape, in the order of their values.
const REPORTED: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

/// Those that are reported on demand.
const EXTRA: [&str; 3] =
    ["scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes"];

/// How a scrape went.
pub(super) struct Report {
    pub(super) time: i64,
    pub(super) duration: Duration,
    pub(super) error: Option<ScrapeError>,
}

impl Report {
    /// Hands everything to `sink` and commits.
    pub(super) fn hand_over(
        self,
        scrape: &mut Scrape,
        body: Body,
        sink: &mut dyn MetricSink,
    ) -> Result<Scraped, SinkError> {
        let is_up = self.error.is_none();
        let mut pending = body.pending;
        if is_up {
            body.families.finish(sink);
            pending.iter_mut().for_each(|sample| hand_over(scrape, sample, sink));
        } else {
            // What was read of this body does not count.
            pending.clear();
            scrape.forget_scrape();
        }
        let stale = scrape.mark_vanished(self.time, sink);
        if is_up {
            scrape.series.forget_unseen();
        }
        let values = [
            f64::from(u8::from(is_up)),
            self.duration.as_secs_f64(),
            body.samples as f64,
            body.kept as f64,
            body.added as f64,
        ];
        let options = &scrape.options;
        let extra = [options.scrape_timeout_seconds, options.sample_limit as f64, body.bytes];
        scrape.report(values, extra, self.time, sink);
        let committed = sink.commit()?;
        Ok(Scraped {
            samples: body.samples,
            samples_kept: body.kept,
            series_added: body.added,
            stale,
            refused: scrape.refused(committed, &pending),
            error: self.error,
        })
    }
}

/// Ends all series of a target.
pub(super) fn end(
    scrape: &mut Scrape,
    time: i64,
    sink: &mut dyn MetricSink,
) -> Result<Scraped, SinkError> {
    let stale = scrape.mark_vanished(time, sink);
    scrape.report([STALE_MARKER; REPORTED.len()], [STALE_MARKER; EXTRA.len()], time, sink);
    let refused = scrape.refused(sink.commit()?, &[]);
    Ok(Scraped { stale, refused, ..Scraped::default() })
}

fn hand_over(scrape: &mut Scrape, sample: &mut Pending, sink: &mut dyn MetricSink) {
    if let Some(reason) = sample.refused.clone() {
        return sink.refuse(reason);
    }
    match scrape.handle(sample.key, sink) {
        Ok(series) => {
            sink.append(series, sample.time, sample.value.clone(), sample.start);
            sample.exemplars.drain(..).for_each(|exemplar| sink.exemplar(series, exemplar));
        }
        Err(reason) => sink.refuse(reason),
    }
}

fn resolve(labels: &Labels, sink: &mut dyn MetricSink) -> Result<SeriesRef, RefusalReason> {
    let pairs: Vec<_> = labels.iter().collect();
    sink.resolve(&RawLabels::new(&pairs))
}

impl Scrape {
    /// The sink's handle of a series that is known.
    fn handle(&mut self, key: u128, sink: &mut dyn MetricSink) -> Result<SeriesRef, RefusalReason> {
        let known = self.series.known.get_mut(&key);
        let Some(known) = known else { return Err(RefusalReason::NoLabels) };
        if let Some(handle) = known.handle.filter(|handle| sink.is_live(*handle)) {
            return Ok(handle);
        }
        let labels = known.labels.as_ref().ok_or(RefusalReason::NoLabels)?;
        let handle = resolve(labels, sink)?;
        known.handle = Some(handle);
        Ok(handle)
    }

    /// Takes back what a failed scrape noted about series: none of them was exposed.
    fn forget_scrape(&mut self) {
        let scrape = self.series.scrape;
        for known in self.series.known.values_mut() {
            if known.tracked == scrape {
                known.tracked = known.tracked_before;
            }
        }
        // What has no handle was never stored.
        self.series.known.retain(|_, known| known.handle.is_some());
    }

    /// Marks stale what was there in the scrape before and is not now; how many.
    fn mark_vanished(&mut self, time: i64, sink: &mut dyn MetricSink) -> u64 {
        let vanished = self.series.vanished();
        let mut marked = 0;
        for key in vanished {
            let is_native = self.series.known.get(&key).is_some_and(|known| known.is_native);
            let Ok(series) = self.handle(key, sink) else { continue };
            let histogram = || Histogram { sum: STALE_MARKER, ..Histogram::default() };
            let value = if is_native {
                SampleValue::Histogram(Arc::new(histogram()))
            } else {
                SampleValue::Float(STALE_MARKER)
            };
            sink.append(series, time, value, 0);
            marked += 1;
        }
        marked
    }

    fn report(
        &self,
        values: [f64; REPORTED.len()],
        extra: [f64; EXTRA.len()],
        time: i64,
        sink: &mut dyn MetricSink,
    ) {
        let extra = EXTRA.into_iter().zip(extra).filter(|_| self.options.extra_scrape_metrics);
        for (name, value) in REPORTED.into_iter().zip(values).chain(extra) {
            match resolve(&self.target.with(METRIC_NAME, name), sink) {
                Ok(series) => sink.append(series, time, SampleValue::Float(value), 0),
                Err(reason) => sink.refuse(reason),
            }
        }
    }

    /// The refusals of samples. A new series that has none stored is not missed later.
    fn refused(&mut self, committed: Committed, pending: &[Pending]) -> Vec<Refusal> {
        let sample = |refusal: &Refusal| pending.get(usize::try_from(refusal.index).ok()?);
        let mut refused = Vec::new();
        for refusal in committed.refused {
            // Behind the samples are markers, whose refusal means that the series goes on elsewhere.
            let Some(sample) = sample(&refusal) else { continue };
            let is_repeated = matches!(sample.refused, Some(RefusalReason::Duplicate { .. }));
            if !is_repeated && let Some(known) = self.series.known.get_mut(&sample.key) {
                known.tracked = 0;
            }
            refused.push(refusal);
        }
        refused
    }
}
