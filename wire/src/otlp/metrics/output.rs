//! Where the samples of points go, and what is remembered of their series.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::model::SampleValue;
use telemetry_core::sink::{MetricSink, RefusalReason, SeriesRef};
use xxhash_rust::xxh3::xxh3_128;

use super::deltas::Deltas;
use super::labels::SeriesLabels;
use super::metric::Metric;
use super::options::{DeltaOptions, MetricOptions};
use super::point::{Point, Times};
use super::target::Target;
use crate::error::Fault;
use crate::known::Known;

/// What is kept from request to request.
#[derive(Debug, Default)]
pub(super) struct Memory {
    known: Known,
    deltas: Deltas,
}

/// Where the samples of a point go.
pub(super) struct Output<'s> {
    pub(super) sink: &'s mut dyn MetricSink,
    pub(super) target: Arc<Target>,
    /// Samples and refusals handed to the sink so far.
    pub(super) items: u64,
    memory: Option<&'s mut Memory>,
    deltas: Option<DeltaOptions>,
    /// A hash of the present metric and where it comes from.
    metric: u128,
    /// Whether its points are deltas.
    is_delta: bool,
    /// Whether the series of the present point are known.
    is_known: bool,
    /// Reused for hashing.
    hashed: Vec<u8>,
}

/// Which series of a point: its name, and its bound where there are several.
#[derive(Clone, Copy, Debug)]
pub(super) struct Which<'x> {
    pub(super) name: &'x str,
    pub(super) bound: Option<(&'x str, &'x str)>,
}

impl Memory {
    /// The request is stored, or nothing of it is.
    pub(super) fn settle(&mut self, stored: bool) {
        if stored { self.deltas.keep() } else { self.deltas.undo() }
    }
}

impl<'x> Which<'x> {
    /// The series of this name.
    pub(super) fn name(name: &'x str) -> Self {
        Which { name, bound: None }
    }
}

impl<'s> Output<'s> {
    pub(super) fn new(
        sink: &'s mut dyn MetricSink,
        mut memory: Option<&'s mut Memory>,
        options: &MetricOptions,
    ) -> Self {
        let deltas = options.deltas.filter(|_| memory.is_some());
        if let Some(memory) = &mut memory {
            // What a damaged request left behind.
            memory.known.forget();
        }
        Output {
            sink,
            target: Arc::default(),
            items: 0,
            memory,
            deltas,
            metric: 0,
            is_delta: false,
            is_known: false,
            hashed: Vec::new(),
        }
    }

    /// Whether deltas are added up.
    pub(super) fn accumulates(&self) -> bool {
        self.deltas.is_some()
    }

    pub(super) fn refuse(&mut self, reason: RefusalReason) {
        self.items += 1;
        self.sink.refuse(reason);
    }

    /// The points that follow are those of this metric.
    pub(super) fn begin_metric(&mut self, metric: &Metric<'_>) {
        self.is_delta = metric.is_delta;
        if self.memory.is_none() {
            return;
        }
        let hashed = &mut self.hashed;
        hashed.clear();
        let mut text = |text: &str| {
            hashed.extend_from_slice(&(text.len() as u64).to_le_bytes());
            hashed.extend_from_slice(text.as_bytes());
        };
        for (name, value) in self.target.labels() {
            text(name);
            text(value);
        }
        for (name, value) in self.target.scope.iter().chain(&self.target.promoted) {
            text(name);
            text(value);
        }
        text(&metric.name);
        // How many labels the scope has says where the promoted ones begin.
        hashed.extend_from_slice(&(self.target.scope.len() as u64).to_le_bytes());
        hashed.push(metric.kind as u8);
        self.metric = xxh3_128(hashed);
    }

    /// The point that follows has been read but for its attributes; `shape` stands for all else
    /// that the number and names of its series hang on. False where it is refused.
    #[inline]
    pub(super) fn begin(&mut self, point: &mut Point<'_>, shape: u64) -> Result<bool, Fault> {
        if let Some(memory) = &mut self.memory {
            // A constant between the halves keeps shapes away from hashes of attributes.
            let key = point.hash() ^ self.metric ^ (u128::from(shape) << 64 | u128::from(shape));
            self.is_known = memory.known.begin(key, |series| self.sink.is_live(series));
            if self.is_known {
                return Ok(true);
            }
        }
        self.begin_new(point)
    }

    fn begin_new(&mut self, point: &mut Point<'_>) -> Result<bool, Fault> {
        let Err(reason) = point.read_labels()? else { return Ok(true) };
        if let Some(memory) = &mut self.memory {
            memory.known.forget();
        }
        self.refuse(reason);
        Ok(false)
    }

    /// The labels of the present point's series, where they are not known.
    #[inline]
    pub(super) fn labels<'x>(
        &self,
        point: &'x Point<'_>,
        target: &'x Target,
    ) -> Option<SeriesLabels<'x>> {
        (!self.is_known).then(|| SeriesLabels::new(&point.labels, target))
    }

    /// The present point has no more series.
    #[inline]
    pub(super) fn finish(&mut self) {
        if let Some(memory) = &mut self.memory {
            memory.known.finish();
        }
    }

    pub(super) fn append(&mut self, series: SeriesRef, times: Times, value: SampleValue) {
        self.items += 1;
        self.sink.append(series, times.millis, value, times.start);
    }

    /// Hands over a sample; none where there can be no such series.
    #[inline]
    pub(super) fn sample<'x>(
        &mut self,
        labels: &mut Option<SeriesLabels<'x>>,
        which: Which<'x>,
        times: Times,
        value: impl Into<SampleValue>,
    ) -> Option<SeriesRef> {
        let series = match labels {
            Some(labels) => self.resolve(labels, which),
            None => self.memory.as_mut().and_then(|memory| memory.known.next()),
        }?;
        if self.is_delta {
            self.append_delta(series, times, value.into());
        } else {
            self.append(series, times, value.into());
        }
        Some(series)
    }

    fn resolve<'x>(
        &mut self,
        labels: &mut SeriesLabels<'x>,
        which: Which<'x>,
    ) -> Option<SeriesRef> {
        let sink = &mut *self.sink;
        let resolved = labels.with(which.name, which.bound, |raw| sink.resolve(raw));
        if let Some(memory) = &mut self.memory {
            memory.known.note(resolved.as_ref().ok().copied());
        }
        resolved.map_err(|reason| self.refuse(reason)).ok()
    }

    fn append_delta(&mut self, series: SeriesRef, times: Times, delta: SampleValue) {
        // Without memory deltas are refused before they come here.
        let (Some(memory), Some(options)) = (&mut self.memory, &self.deltas) else { return };
        match memory.deltas.add(series, times, delta, options) {
            Ok((total, start)) => self.append(series, Times { start, ..times }, total),
            Err(reason) => self.refuse(reason),
        }
    }
}
