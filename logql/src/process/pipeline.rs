//! Stages in a row.

use std::sync::Arc;

use telemetry_core::sink::{LogSink, MetricSink, SinkError};
use telemetry_core::time::{Clock, Nanos, SystemClock};

use super::drops::Drops;
use super::entry::Entry;
use super::error::StageSetupError;
use super::processor::Processor;
use super::stage::{Run, Stage};

/// How deeply `match` stages may be nested.
pub(super) const NESTED_MAX: usize = 16;

/// What stages may use beside the entry.
pub(super) struct Context {
    /// The time now.
    pub(super) now: i64,
    pub(super) drops: Drops,
}

/// Stages in the order in which lines pass them.
#[derive(Debug)]
pub struct Pipeline {
    stages: Row,
    clock: Arc<dyn Clock>,
    drops: Drops,
}

/// Makes a [`Pipeline`].
#[derive(Clone, Debug)]
pub struct Builder {
    stages: Vec<Stage>,
    clock: Arc<dyn Clock>,
}

impl Builder {
    /// Adds a stage behind the others.
    #[must_use]
    pub fn stage(mut self, stage: impl Into<Stage>) -> Self {
        self.stages.push(stage.into());
        self
    }

    /// Where stages that ask for the time get it; the machine's clock by default.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the stages.
    ///
    /// # Errors
    ///
    /// Where the options of a stage do not go together, or are not what they should be.
    pub fn build(self) -> Result<Pipeline, StageSetupError> {
        let stages = Row::new(&self.stages, NESTED_MAX)?;
        Ok(Pipeline { stages, clock: self.clock, drops: Drops::default() })
    }
}

impl Pipeline {
    /// A pipeline without stages, to begin with.
    pub fn builder() -> Builder {
        Builder { stages: Vec::new(), clock: Arc::new(SystemClock) }
    }

    /// Puts the pipeline in front of a sink.
    pub fn processor<S: LogSink>(self, sink: S) -> Processor<S> {
        Processor::new(self, sink)
    }

    /// Hands an entry in. What comes out, of this entry or of earlier ones that waited for it, is
    /// appended to `out`.
    pub fn push(&mut self, mut entry: Entry, out: &mut Vec<Entry>) {
        let labels = entry.labels.iter();
        entry.extracted =
            labels.map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        self.with_context(|stages, context| stages.run(entry, context, out));
    }

    /// Hands out what waited longer than it may.
    pub fn poll(&mut self, out: &mut Vec<Entry>) {
        self.with_context(|stages, context| stages.release(false, context, out));
    }

    /// Hands out all that waits.
    pub fn flush(&mut self, out: &mut Vec<Entry>) {
        self.with_context(|stages, context| stages.release(true, context, out));
    }

    fn with_context(&mut self, run: impl FnOnce(&mut Row, &mut Context)) {
        let drops = std::mem::take(&mut self.drops);
        let mut context = Context { now: self.clock.now().0, drops };
        run(&mut self.stages, &mut context);
        self.drops = context.drops;
    }

    /// Lines that were dropped so far.
    pub fn drops(&self) -> &Drops {
        &self.drops
    }

    /// Gives the present values of the metrics of all `metrics` stages to a sink and commits them.
    /// Metrics that did not change for their `max_idle_duration` are forgotten first.
    ///
    /// # Errors
    ///
    /// Where the sink cannot store anything.
    pub fn write_metrics(&mut self, sink: &mut dyn MetricSink) -> Result<(), SinkError> {
        let now = Nanos(self.clock.now().0);
        self.stages.write_metrics(now.0, sink);
        sink.commit().map(drop)
    }
}

/// Stages in a row, of a pipeline or nested in another stage.
#[derive(Debug)]
pub(super) struct Row {
    stages: Vec<Box<dyn Run>>,
}

impl Row {
    pub(super) fn new(stages: &[Stage], nested: usize) -> Result<Self, StageSetupError> {
        let stages = stages.iter().map(|stage| stage.make(nested));
        Ok(Row { stages: stages.collect::<Result<_, _>>()? })
    }

    pub(super) fn run(&mut self, entry: Entry, context: &mut Context, out: &mut Vec<Entry>) {
        run(&mut self.stages, vec![entry], context, out);
    }

    /// Hands out what waits: all of it, or what waited too long.
    pub(super) fn release(&mut self, all: bool, context: &mut Context, out: &mut Vec<Entry>) {
        let mut stages = self.stages.as_mut_slice();
        while let Some((stage, rest)) = stages.split_first_mut() {
            let mut entries = Vec::new();
            stage.release(all, context, &mut entries);
            run(rest, entries, context, out);
            stages = rest;
        }
    }

    pub(super) fn write_metrics(&mut self, now: i64, sink: &mut dyn MetricSink) {
        self.stages.iter_mut().for_each(|stage| stage.write_metrics(now, sink));
    }
}

fn run(
    stages: &mut [Box<dyn Run>],
    mut entries: Vec<Entry>,
    context: &mut Context,
    out: &mut Vec<Entry>,
) {
    let mut next = Vec::new();
    for stage in stages {
        if entries.is_empty() {
            return;
        }
        for entry in entries.drain(..) {
            stage.run(entry, context, &mut next);
        }
        std::mem::swap(&mut entries, &mut next);
    }
    out.append(&mut entries);
}
