//! The read side of a trace store: all that a trace language needs.
//!
//! ~~~text
//! select(request) ──▶ SpanGroups          len, bounds(i)                nothing is read yet
//!                        └ open(i) ──▶ SpanGroup
//!                                        ├ trace_starts, trace(t)       which rows form a trace, facts of it
//!                                        ├ condition(c) ──▶ RowBits     phase 1: exact answers of the request's conditions
//!                                        ├ column(field, rows)          phase 2: values, only of rows that matter
//!                                        └ nested_sets                  ancestry by comparison of numbers
//! ~~~
//!
//! A row is a span. A group holds whole traces, and the rows of one trace lie side by side. A trace is in
//! one group only: a source that keeps parts of a trace in several places merges them before it answers.
//! Within a trace, rows are ordered by start time, then by span id.
//!
//! What a source must do is small: hand out rows and columns. What makes it fast is optional:
//! leaving out groups and traces that cannot matter ([`SpanRequest::conditions`]), answering conditions
//! from dictionaries and statistics ([`SpanGroup::condition`]), and decoding only the rows asked for.
//! [`MemorySpans`] does the former over plain spans; it is right by construction and is what stores
//! are tested against.

mod column;
mod field;
mod memory;
mod rows;
mod test;
mod tree;
mod value;

pub use column::{SpanColumn, SpanColumnBuilder, SpanValues};
pub use field::{AttributeScope, Intrinsic, SpanField};
pub use memory::MemorySpans;
pub use rows::RowBits;
pub use test::{Comparison, SpanCondition, SpanTest};
pub use tree::{NestedSets, root_of};
pub use value::{SpanValue, SpanValueKind};

use std::sync::Arc;

use super::SourceError;
use crate::model::{Trace, TraceId};
use crate::query::QueryContext;
use crate::time::{Nanos, NanosRange};

/// What a language wants to see.
#[derive(Clone, Debug)]
pub struct SpanRequest {
    /// Traces that overlap this window: one of their spans begins before its end and one ends at or
    /// after its start. Whole traces are returned, spans outside the window included.
    pub window: NanosRange,
    /// Tests on single spans. A source answers them per group, by position in this list.
    pub conditions: Vec<SpanCondition>,
    /// Which traces may be left out.
    pub skip: TraceSkip,
    /// Fields whose columns will be asked for if a group has rows that matter; a hint for
    /// read-ahead.
    pub columns: Vec<SpanField>,
}

impl SpanRequest {
    /// Every trace of the window.
    pub fn all(window: impl Into<NanosRange>) -> Self {
        SpanRequest {
            window: window.into(),
            conditions: Vec::new(),
            skip: TraceSkip::Never,
            columns: Vec::new(),
        }
    }
}

impl Default for SpanRequest {
    /// Everything stored.
    fn default() -> Self {
        SpanRequest::all(NanosRange::ALL)
    }
}

/// Which traces a source may leave out. Leaving out is allowed, not demanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TraceSkip {
    /// None.
    #[default]
    Never,
    /// Those in which no span holds all of these conditions at once, by position in
    /// [`SpanRequest::conditions`].
    UnlessAll(Vec<usize>),
    /// Those in which no span holds any of the request's conditions.
    UnlessAny,
}

/// Read side of a trace store.
pub trait SpanSource: Send + Sync {
    /// Groups that hold every trace that may matter to `request`: more than it asks for perhaps,
    /// never less. A snapshot: what is written later is not seen.
    ///
    /// # Errors
    ///
    /// [`SourceError`] where data cannot be read or a bound of `context` is passed.
    fn select(
        &self,
        request: &SpanRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn SpanGroups + '_>, SourceError>;

    /// Every stored span of one trace, by start time, or none.
    ///
    /// # Errors
    ///
    /// As [`select`](Self::select).
    fn trace(&self, id: TraceId, context: &QueryContext) -> Result<Option<Trace>, SourceError>;

    /// Attributes that occur in the window, sorted, each once. With a `scope` only those of it;
    /// [`AttributeScope::Any`] stands for spans and resources.
    /// A source may answer for more than the window (whole groups).
    ///
    /// # Errors
    ///
    /// As [`select`](Self::select).
    fn attribute_names(
        &self,
        scope: Option<AttributeScope>,
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<SpanField>, SourceError>;

    /// Values of `field` that occur in the window, in the order of [`SpanValue`], each once.
    /// Arrays are given element by element. A source may answer for more than the window.
    ///
    /// # Errors
    ///
    /// As [`select`](Self::select); [`Resource::Rows`](crate::query::Resource) bounds the answer.
    fn attribute_values(
        &self,
        field: &SpanField,
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<SpanValue>, SourceError>;
}

/// Selected groups, reachable in any order and from any thread.
pub trait SpanGroups: Send + Sync {
    /// Number of groups.
    fn len(&self) -> usize;

    /// Whether nothing was selected.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Earliest and latest time at which a trace of the group starts, both included: with it a
    /// search for the newest traces stops early. May be wider than the truth.
    fn bounds(&self, group: usize) -> (Nanos, Nanos);

    /// Opens a group. `group` is below `len()`.
    ///
    /// # Errors
    ///
    /// [`SourceError`] where data cannot be read or a bound of `context` is passed.
    fn open(
        &self,
        group: usize,
        context: &QueryContext,
    ) -> Result<Box<dyn SpanGroup + '_>, SourceError>;
}

/// Rows of whole traces. Reading is lazy: a group that is only opened should cost little.
pub trait SpanGroup: Send + Sync {
    /// First row of each trace, ascending, and behind them the number of rows. Never empty.
    fn trace_starts(&self) -> &[u32];

    /// Number of rows.
    fn spans(&self) -> usize {
        self.trace_starts().last().map_or(0, |end| *end as usize)
    }

    /// Number of traces.
    fn traces(&self) -> usize {
        self.trace_starts().len().saturating_sub(1)
    }

    /// Facts of a trace, by position in `trace_starts`.
    ///
    /// # Errors
    ///
    /// [`SourceError`] where data cannot be read.
    fn trace(&self, trace: usize) -> Result<TraceFacts, SourceError>;

    /// Rows that hold the request's `condition`-th condition, exactly as [`SpanTest`] defines it;
    /// none if this source does not answer it and the language has to.
    ///
    /// # Errors
    ///
    /// [`SourceError`] where data cannot be read or a bound of `context` is passed.
    fn condition(
        &self,
        condition: usize,
        context: &QueryContext,
    ) -> Result<Option<RowBits>, SourceError>;

    /// Values of `field`: the i-th belongs to `rows[i]`. `rows` ascends.
    ///
    /// Never asked for fields that [`Intrinsic::is_of_trace`] or [`Intrinsic::is_of_tree`]: those come
    /// from [`trace`](Self::trace) and [`nested_sets`](Self::nested_sets).
    ///
    /// # Errors
    ///
    /// [`SourceError`] where data cannot be read or a bound of `context` is passed.
    fn column(
        &self,
        field: &SpanField,
        rows: &[u32],
        context: &QueryContext,
    ) -> Result<SpanColumn, SourceError>;

    /// Nested-set numbers of every row.
    ///
    /// # Errors
    ///
    /// [`SourceError`] where data cannot be read or a bound of `context` is passed.
    fn nested_sets(&self, context: &QueryContext) -> Result<Arc<NestedSets>, SourceError>;

    /// Attributes that occur in the group, sorted, each once.
    ///
    /// # Errors
    ///
    /// [`SourceError`] where data cannot be read or a bound of `context` is passed.
    fn fields(&self, context: &QueryContext) -> Result<Vec<SpanField>, SourceError>;
}

/// What is known of a trace as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceFacts {
    /// Its identity.
    pub id: TraceId,
    /// Name of the root span; none where no stored span is a root.
    pub root_name: Option<Arc<str>>,
    /// `service.name` of the root's resource, empty where the root has none; none without a root.
    pub root_service: Option<Arc<str>>,
    /// Earliest start of its spans.
    pub start: Nanos,
    /// Latest end of its spans minus `start`, in nanoseconds, never negative.
    pub duration_nanos: i64,
}

impl TraceFacts {
    /// The fact that `intrinsic` names; nil for intrinsics that are not of the trace.
    pub fn value(&self, intrinsic: Intrinsic) -> SpanValue {
        let text = |text: &Option<Arc<str>>| {
            SpanValue::String(text.clone().unwrap_or_else(|| Arc::from("")))
        };
        match intrinsic {
            Intrinsic::TraceId => SpanValue::String(short_trace_id(self.id)),
            Intrinsic::TraceRootName => text(&self.root_name),
            Intrinsic::TraceRootService => text(&self.root_service),
            Intrinsic::TraceDuration => SpanValue::Duration(self.duration_nanos),
            Intrinsic::TraceStartTime => SpanValue::Int(self.start.0),
            _ => SpanValue::Nil,
        }
    }
}

/// The text of a trace id as languages compare it: lower-case hexadecimal digits without leading zeros, so
/// that ids of 64 bits look as their producers write them.
pub fn short_trace_id(id: TraceId) -> Arc<str> {
    Arc::from(id.to_string().trim_start_matches('0'))
}
