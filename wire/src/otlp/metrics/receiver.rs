//! [`MetricReceiver`]: requests in, commits out, and a memory between them.

use telemetry_core::sink::MetricSink;

use super::decode::decode_with;
use super::options::MetricOptions;
use super::output::Memory;
use crate::error::Error;
use crate::otlp::json::Encoding;
use crate::outcome::Outcome;
use crate::pending::{Items, Pending};

/// Takes the requests of one producer, or of several, and hands them to a sink.
///
/// It remembers the series of data points, up to about a million at 8 bytes each and 32 per point,
/// so that of a point that has been there before only time and value are read; and where
/// [`MetricOptions::deltas`] says so, totals of deltas. One for each connection is best.
///
/// ```
/// # use telemetry_core::model::{Exemplar, Metadata, SampleValue};
/// # use telemetry_core::sink::*;
/// # #[derive(Default)]
/// # struct Sink(u64);
/// # impl MetricSink for Sink {
/// #     fn resolve(&mut self, _: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason> { Ok(SeriesRef(0)) }
/// #     fn append(&mut self, _: SeriesRef, _: i64, _: SampleValue, _: i64) { self.0 += 1; }
/// #     fn refuse(&mut self, _: RefusalReason) {}
/// #     fn exemplar(&mut self, _: SeriesRef, _: Exemplar) {}
/// #     fn metadata(&mut self, _: &str, _: &Metadata) {}
/// #     fn commit(&mut self) -> Result<Committed, SinkError> {
/// #         Ok(Committed { stored: std::mem::take(&mut self.0), refused: Vec::new() })
/// #     }
/// # }
/// # let sink = Sink::default();
/// use wire::otlp::{DeltaOptions, Encoding, MetricOptions, MetricReceiver};
///
/// let mut options = MetricOptions::default();
/// options.deltas = Some(DeltaOptions::default());
/// let mut receiver = MetricReceiver::new(sink, options);
/// let request = br#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"hits","sum":{
///     "aggregationTemporality":1,"isMonotonic":true,
///     "dataPoints":[{"startTimeUnixNano":"1","timeUnixNano":"1000000000","asInt":"3"}]}}]}]}]}"#;
/// let outcome = receiver.receive(request, Encoding::Json)?;
/// assert_eq!((outcome.items, outcome.is_complete()), (1, true));
/// # Ok::<(), wire::Error>(())
/// ```
#[derive(Debug)]
pub struct MetricReceiver<S> {
    sink: S,
    options: MetricOptions,
    memory: Memory,
    pending: Items,
}

impl<S: MetricSink> MetricReceiver<S> {
    /// A receiver that writes to `sink`.
    pub fn new(sink: S, options: MetricOptions) -> Self {
        MetricReceiver { sink, options, memory: Memory::default(), pending: Items::default() }
    }

    /// Hands the samples of an `ExportMetricsServiceRequest` to the sink and commits them; items
    /// and refusals are those of [`decode_metrics`](crate::otlp::decode_metrics).
    ///
    /// # Errors
    ///
    /// As there. Nothing is stored then, totals of deltas are what they were before, and the
    /// receiver can go on.
    pub fn receive(&mut self, input: &[u8], encoding: Encoding) -> Result<Outcome, Error> {
        let mut sink = Pending::new(&mut self.sink, &mut self.pending);
        let memory = Some(&mut self.memory);
        let outcome = decode_with(input, encoding, &self.options, &mut sink, memory);
        self.memory.settle(outcome.is_ok());
        outcome
    }

    /// The sink.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// The sink, for good.
    pub fn into_sink(self) -> S {
        self.sink
    }
}
