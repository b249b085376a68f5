//! `target_info`: a series of ones with the resource's attributes as labels, to join with.
//!
//! It is written from the first to the last data point of the resource, at steps short enough for
//! a query to see it anywhere in between. A sample that the request has written already, for another
//! group of the same resource, is not written again.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::HashSet;
use std::sync::Arc;

use telemetry_core::sink::SeriesRef;

use super::labels::{PointLabels, SeriesLabels};
use super::options::MetricOptions;
use super::output::Output;
use super::point::Times;
use super::target::IDENTIFYING;
use crate::error::Fault;
use crate::otlp::resource::Producer;

const NAME: &str = "target_info";

/// Samples that one resource gets at most: what lies further back than these steps of the last
/// data point gets none. A week of the default interval.
const SAMPLES_MAX: i64 = 4_096;

/// Samples that all resources of a request get at most: two points a lifetime apart must not cost
/// more memory than they take.
const REQUEST_SAMPLES_MAX: usize = 1 << 18;

const NANOS_PER_MILLI: i64 = 1_000_000;

/// The first and last time of a resource's data points, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    earliest: i64,
    latest: i64,
}

impl Extent {
    /// The extent that `extent` becomes with a point at `time`.
    pub(super) fn with(extent: Option<Self>, time: i64) -> Self {
        let Extent { earliest, latest } = extent.unwrap_or(Extent { earliest: time, latest: time });
        Extent { earliest: earliest.min(time), latest: latest.max(time) }
    }
}

/// Hands over the samples of one resource, whose target `output` holds.
pub(super) fn write(
    resource: &Producer<'_>,
    extent: Extent,
    options: &MetricOptions,
    written: &mut HashSet<(SeriesRef, i64)>,
    output: &mut Output<'_>,
) -> Result<(), Fault> {
    if !options.target_info || !output.target.is_known() {
        return Ok(());
    }
    let mut labels = PointLabels::new(options.translation);
    let keeps = options.keep_identifying_resource_attributes;
    let without: &[&str] = if keeps { &[] } else { &IDENTIFYING };
    if let Err(reason) = labels.set(&resource.attributes, without)? {
        output.refuse(reason);
        return Ok(());
    }
    if labels.is_empty() {
        return Ok(());
    }
    let target = Arc::clone(&output.target);
    let mut series_labels = SeriesLabels::new(&labels, &target);
    let resolved = series_labels.with(NAME, None, |raw| output.sink.resolve(raw));
    let series = match resolved {
        Ok(series) => series,
        Err(reason) => {
            output.refuse(reason);
            return Ok(());
        }
    };
    for time in times(extent, options) {
        if written.len() < REQUEST_SAMPLES_MAX && written.insert((series, time)) {
            let times = Times { nanos: 0, millis: time, start: 0 };
            output.append(series, times, 1.0.into());
        }
    }
    Ok(())
}

/// When samples are written, in milliseconds.
fn times(extent: Extent, options: &MetricOptions) -> impl Iterator<Item = i64> + use<> {
    let latest = extent.latest / NANOS_PER_MILLI;
    let step = options.target_info_interval_ms.max(1);
    let first = latest.saturating_sub(step.saturating_mul(SAMPLES_MAX - 1));
    let first = first.max(extent.earliest / NANOS_PER_MILLI);
    let steps = std::iter::successors(Some(first), move |time| time.checked_add(step));
    steps.take_while(move |time| *time < latest).chain([latest])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_cover_the_extent_with_both_ends() {
        let options = MetricOptions::default();
        let seconds = |n: i64| n * 1_000_000_000;
        let extent = Extent { earliest: seconds(10), latest: seconds(400) };
        let steps: Vec<_> = times(extent, &options).collect();
        assert_eq!(steps, [10_000, 160_000, 310_000, 400_000]);
        let point = Extent::with(None, seconds(5));
        assert_eq!(times(point, &options).collect::<Vec<_>>(), [5_000]);
        let ever = Extent { earliest: 0, latest: i64::MAX };
        assert_eq!(times(ever, &options).count() as i64, SAMPLES_MAX);
    }
}
