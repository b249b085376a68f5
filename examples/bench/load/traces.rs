//! OTLP frames of spans.

use std::error::Error;

use quadra::Quadra;
use quadra::model::Span;
use quadra::sink::{Committed, RawSpan, RefusalReason, SinkError, SpanSink};
use quadra::tracestore::Batch;
use quadra::wire::otlp::{Encoding, decode_traces};

use super::{Cost, Loader};
use crate::bench::frames::Frame;

/// Hands over frames as they are.
struct Wire<S>(S);

pub(super) fn wire(db: &Quadra) -> impl Loader + use<> {
    Wire(db.traces().sink())
}

impl<S: SpanSink> Loader for Wire<S> {
    fn frame(&mut self, frame: Frame<'_>, cost: &mut Cost) -> Result<(), Box<dyn Error>> {
        let outcome = cost.call(|| decode_traces(frame.body, Encoding::Protobuf, &mut self.0))?;
        cost.outcome(&outcome);
        Ok(())
    }
}

/// Pushes spans by the typed calls.
pub(super) struct Api {
    batch: Batch,
}

impl Api {
    pub(super) fn new(db: &Quadra) -> Self {
        Api { batch: db.traces().batch() }
    }
}

impl Loader for Api {
    fn frame(&mut self, frame: Frame<'_>, cost: &mut Cost) -> Result<(), Box<dyn Error>> {
        let mut spans = Spans(Vec::new());
        let _ = cost.beside(|| decode_traces(frame.body, Encoding::Protobuf, &mut spans))??;
        let batch = &mut self.batch;
        let committed = cost.call(|| {
            spans.0.into_iter().for_each(|span| batch.push(span));
            batch.commit()
        })?;
        cost.committed(&committed);
        Ok(())
    }
}

/// Keeps the spans of a frame.
struct Spans(Vec<Span>);

impl SpanSink for Spans {
    fn push(&mut self, span: &RawSpan<'_>) {
        self.0.push(span.to_span());
    }

    fn refuse(&mut self, _: RefusalReason) {}

    fn commit(&mut self) -> Result<Committed, SinkError> {
        Ok(Committed { stored: self.0.len() as u64, refused: Vec::new() })
    }
}
