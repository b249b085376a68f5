//! Walks the request: resources, scopes, metrics, data points.
//!
//! An item is a data point, which may be several samples for the sink. Where the samples of each
//! point begin is kept, so that a sample refused by the sink leads back to its point.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::HashSet;
use std::sync::Arc;

use telemetry_core::sink::{Committed, MetricSink, Refusal};

use super::exponential::{self, Sides};
use super::histogram::{self, Buckets};
use super::metric::{Kind, Metric};
use super::options::MetricOptions;
use super::output::{Memory, Output};
use super::point::Point;
use super::target::Target;
use super::target_info::{self, Extent};
use super::{number, summary};
use crate::error::{Error, Fault};
use crate::otlp::json::{Encoding, request};
use crate::otlp::resource::{Group, groups};
use crate::otlp::texts::Texts;
use crate::outcome::Outcome;
use crate::protobuf::Reader;
use crate::protobuf::Wire::*;

/// Translates the metrics of an `ExportMetricsServiceRequest` into samples, hands them to `sink`
/// and commits them.
///
/// Items are data points. A point is refused where its metric has delta temporality or no name, its
/// attributes cannot be labels, or the store refuses a sample of it; a point of several samples may
/// then be stored in part.
///
/// # Errors
///
/// Where the input is not such a request, or the sink cannot store anything. Nothing is committed
/// then, but `sink` may hold samples: drop it.
pub fn decode_metrics(
    input: &[u8],
    encoding: Encoding,
    options: &MetricOptions,
    sink: &mut dyn MetricSink,
) -> Result<Outcome, Error> {
    decode_with(input, encoding, options, sink, None)
}

/// As [`decode_metrics`], with what is known of the producer.
pub(super) fn decode_with(
    input: &[u8],
    encoding: Encoding,
    options: &MetricOptions,
    sink: &mut dyn MetricSink,
    memory: Option<&mut Memory>,
) -> Result<Outcome, Error> {
    let request = request(input, encoding, &crate::otlp::json::METRICS)?;
    let mut walk = Walk::new(sink, memory, options);
    let extents = walk.points(&request)?;
    let derived_from = walk.output.items;
    walk.target_infos(&request, &extents)?;
    let committed = walk.output.sink.commit()?;
    Ok(outcome(committed, &walk.first_items, derived_from, walk.texts.replaced))
}

/// The request as far as it has been walked.
struct Walk<'a, 's> {
    options: &'s MetricOptions,
    output: Output<'s>,
    texts: Texts,
    /// Per data point the position of its first sample in the commit.
    first_items: Vec<u64>,
    /// Of the present resource.
    extent: Option<Extent>,
    point: Point<'a>,
    buckets: Buckets,
    sides: Sides,
}

impl<'a, 's> Walk<'a, 's> {
    fn new(
        sink: &'s mut dyn MetricSink,
        memory: Option<&'s mut Memory>,
        options: &'s MetricOptions,
    ) -> Self {
        Walk {
            options,
            output: Output::new(sink, memory, options),
            texts: Texts::default(),
            first_items: Vec::new(),
            extent: None,
            point: Point::new(options.translation),
            buckets: Buckets::new(options.histograms_as_custom_buckets),
            sides: Sides::default(),
        }
    }

    /// Hands over the samples of all data points; returns the extent of each resource group.
    fn points(&mut self, request: &'a [u8]) -> Result<Vec<Option<Extent>>, Fault> {
        let mut extents = Vec::new();
        let mut resource_groups = groups(request);
        while let Some(group) = resource_groups.next()? {
            let group = Group::of_resource(group)?;
            let mut target = Target::of(&group.producer, &mut self.texts)?;
            target.promote(&group.producer, self.options)?;
            self.output.target = Arc::new(target);
            self.extent = None;
            let mut scope_groups = group.members();
            while let Some(group) = scope_groups.next()? {
                let group = Group::of_scope(group)?;
                if self.options.promote_scope_metadata {
                    let target = Arc::make_mut(&mut self.output.target);
                    target.set_scope(&group.producer, self.options)?;
                }
                let mut metrics = group.members();
                while let Some(metric) = metrics.next()? {
                    self.metric(metric)?;
                }
            }
            extents.push(self.extent);
        }
        Ok(extents)
    }

    /// Hands over what is derived from the resources, behind the samples of the points.
    fn target_infos(&mut self, request: &'a [u8], extents: &[Option<Extent>]) -> Result<(), Fault> {
        let options = self.options;
        let mut written = HashSet::new();
        let mut resource_groups = groups(request);
        for extent in extents {
            let Some(group) = resource_groups.next()? else { break };
            let Some(extent) = extent else { continue };
            let group = Group::of_resource(group)?;
            // Its texts have been counted already.
            let target = Target::of(&group.producer, &mut Texts::default())?;
            self.output.target = Arc::new(target);
            let output = &mut self.output;
            target_info::write(&group.producer, *extent, options, &mut written, output)?;
        }
        Ok(())
    }

    fn metric(&mut self, message: Reader<'a>) -> Result<(), Fault> {
        let accumulates = self.output.accumulates();
        let translation = self.options.translation;
        let metric = Metric::read(message, translation, accumulates, &mut self.texts)?;
        let Some(metric) = metric else { return Ok(()) };
        self.output.begin_metric(&metric);
        let mut points = metric.points;
        let mut is_first = true;
        while let Some(tag) = points.tag()? {
            if tag != (1, Len) {
                points.skip(tag)?;
                continue;
            }
            let message = points.message()?;
            self.first_items.push(self.output.items);
            if let Some(reason) = &metric.refused {
                self.output.refuse(reason.clone());
                continue;
            }
            if std::mem::take(&mut is_first) {
                self.output.sink.metadata(&metric.name, &metric.metadata);
            }
            self.point(message, &metric)?;
        }
        Ok(())
    }

    fn point(&mut self, message: Reader<'a>, metric: &Metric<'a>) -> Result<(), Fault> {
        let Walk { output, texts, point, buckets, sides, .. } = self;
        let times = match metric.kind {
            Kind::Gauge | Kind::Sum => number::translate(message, metric, point, output, texts),
            Kind::Summary => summary::translate(message, metric, point, output),
            Kind::Histogram => histogram::translate(message, metric, point, buckets, output, texts),
            Kind::Exponential => {
                exponential::translate(message, metric, point, sides, output, texts)
            }
        }?;
        if let Some(times) = times {
            self.extent = Some(Extent::with(self.extent, times.nanos));
        }
        Ok(())
    }
}

/// Leads refused samples back to their data points.
fn outcome(
    mut committed: Committed,
    first_items: &[u64],
    derived_from: u64,
    texts_replaced: u64,
) -> Outcome {
    let mut outcome =
        Outcome { items: first_items.len() as u64, texts_replaced, ..Outcome::default() };
    committed.refused.sort_by_key(|refusal| refusal.index);
    for refusal in committed.refused {
        if refusal.index >= derived_from {
            outcome.derived_refused += 1;
            continue;
        }
        // At least one point starts at or before every sample.
        let points = first_items.partition_point(|first| *first <= refusal.index) as u64;
        let index = points.saturating_sub(1);
        // Samples of a point are neighbours: the first reason stands for them all.
        if outcome.refused.last().is_none_or(|last| last.index != index) {
            outcome.refused.push(Refusal { index, reason: refusal.reason });
        }
    }
    outcome
}
