//! TraceQL: parser, printer and evaluator over any span source.
//!
//! ```
//! use telemetry_core::model::{Span, SpanId, TraceId};
//! use telemetry_core::query::QueryContext;
//! use telemetry_core::source::span::MemorySpans;
//! use traceql::{Engine, SearchOptions};
//!
//! let span = Span {
//!     trace_id: TraceId([1; 16]),
//!     span_id: SpanId([2; 8]),
//!     name: "GET /".into(),
//!     ..Span::default()
//! };
//! let query = traceql::parse(r#"{ name =~ "GET .*" } | count() > 0"#)?;
//! let context = QueryContext::new();
//! let found = Engine.search(&query, &MemorySpans::new([span]), &SearchOptions::default(), &context)?;
//! assert_eq!(found.traces[0].spansets[0].matched, 1);
//! # Ok::<(), traceql::Error>(())
//! ```
//!
//! A query goes one way: text → tokens  → tree ([`ast`]) → checked tree ([`parse()`])
//! → plan (slots for fields, tests a source can answer) → spansets or series ([`Engine`]). Filters work on
//! columns, structural operators on nested-set numbers, and only spans that are shown are put together.
//!
//! # Bounds
//!
//! A query has at most 128 KiB, 128 levels of brackets and 1,024 operators. Everything it reads is charged to the
//! [`QueryContext`](telemetry_core::query::QueryContext).
//!
//! # Differences from Tempo
//!
//! The meaning is that of Tempo 3.1's documentation. Where Tempo itself differs from it, or fails, this crate does
//! what is documented or plain:
//!
//! 1. Numbers are compared whatever their types: `{ span.f > 90 }` sees floats, `{ span.i > 499.5 }` integers,
//!    and so with arrays. Tempo looks only at values of the literal's type.
//! 2. A literal may stand on the left of every comparison: `{ 1s < duration }`.
//! 3. Conditions on events and links hold if some event (link) holds each; several conditions need not meet in the
//!    same one. Tempo looks at the first value it happened to fetch.
//! 4. Of arrays, `!=` and `!~` want all elements, everything else any. Joined by `||` or `&&` they mean the same;
//!    Tempo fails on some and drops elements before it looks at others.
//! 5. `!x` of what is no boolean, and a division of integers by zero, is nil and holds nothing; Tempo fails the query.
//! 6. `{ !(span.missing = 1) }` holds for spans without the attribute; Tempo finds none of them.
//! 7. `x || y` holds if either does, also where the other is no boolean.
//! 8. `sum_over_time` adds the spans that have a value; in Tempo a span without one starts the sum again.
//! 9. All durations are seconds in metrics, not only `duration`.
//! 10. An absent attribute is absent, and never the text `nil`, in filters and aggregates.
//! 11. The answer to a search is always in order, the latest trace first, and the same for the same data;
//!     `most_recent` is what it always does, the hints `sample`, `exemplars` and the unsafe ones do nothing.
//!
//! These are Tempo's own oddities and kept: a root's `span:parentID` equals nothing, not even `""`; a comparison of
//! what always exists with nil (`{ name != nil }`) finds nothing; `^` between two integers takes its operands the
//! other way round; traces without a root have no tree, so that no positive structural operator finds anything
//! in them; values below 2 and floats are not counted by quantiles and histograms; an unscoped name is one
//! of the span or its resource.
//!
//! Not supported, as in Tempo: `parent`, comparisons of anything but one aggregate with a constant.
#![forbid(unsafe_code)]

pub mod ast;
mod check;
mod engine;
mod error;
mod eval;
mod field;
mod lexer;
mod names;
mod parse;
mod plan;
mod print;
mod trace;
mod value;

pub use engine::{Engine, SPANS_PER_SPANSET_DEFAULT, SearchOptions, TRACES_DEFAULT};
pub use error::{
    CheckError, CheckErrorKind, Error, EvaluationError, SyntaxError, SyntaxErrorKind, TypeName,
};
pub use eval::metrics::{MetricsRange, default_step};
pub use lexer::Symbol;
pub use names::{LenientCondition, LenientError, lenient_conditions};
pub use parse::parse_syntax;
pub use value::{
    Label, MetricsResult, SearchResult, Series, ServiceStatistics, SpanMatch, SpansetMatch,
    TraceMatch,
};

/// Reads and checks a query.
///
/// # Errors
/// [`Error::Syntax`] where the text is no query, [`Error::Invalid`] where it has no meaning or is
/// not supported; both say where.
pub fn parse(text: &str) -> Result<ast::Query, Error> {
    let query = parse_syntax(text)?;
    check::check(&query)?;
    Ok(query)
}

/// Internals that the conformance suites look at. Not part of the interface.
#[doc(hidden)]
pub mod testing {
    use std::sync::Arc;

    use telemetry_core::query::QueryContext;
    use telemetry_core::source::span::{SpanGroup, SpanValue};

    use crate::ast::{BinaryOp, Body, Query};
    use crate::error::{Error, EvaluationError};
    use crate::eval::group::Group;
    use crate::eval::spanset::{self, Rows};
    use crate::plan::{Plan, Steps};

    /// A duration literal in nanoseconds.
    pub fn duration(text: &str) -> Option<i64> {
        crate::lexer::duration(text)
    }

    /// Whether the types of two values can be operands of one operator, and whether the operator is
    /// defined for both.
    pub fn types(op: BinaryOp, left: &SpanValue, right: &SpanValue) -> (bool, bool) {
        use crate::check::kind::{has_operator, joins};
        let (a, b) = (left.kind(), right.kind());
        (joins(a, b), has_operator(op, a) && has_operator(op, b))
    }

    /// A spanset: its rows, and what aggregates and `by()` gave it.
    pub type Spanset = (Vec<u32>, Vec<(Arc<str>, SpanValue)>);

    /// What the pipeline of a query makes of some spansets of one group, all of its first trace.
    ///
    /// # Errors
    /// [`Error`], as a search.
    pub fn run(
        query: &Query,
        rows: &dyn SpanGroup,
        inputs: Vec<Vec<u32>>,
        context: &QueryContext,
    ) -> Result<Vec<Spanset>, Error> {
        let Body::Search(pipeline) = &query.body else {
            return Err(Error::Shape { wanted: "traces", found: "series" });
        };
        let mut plan = Plan::default();
        let steps = Steps::compile(&mut plan, pipeline)?;
        let group = Group::new(rows, &plan, context);
        let inputs = inputs.into_iter().map(|rows| spanset::Spanset::new(0, Rows::List(rows)));
        let found = spanset::run(&group, &steps, inputs.collect())?;
        Ok(found.into_iter().map(|set| (set.rows.list().into_owned(), set.attributes)).collect())
    }

    /// `left op right`.
    ///
    /// # Errors
    /// [`EvaluationError`].
    pub fn binary(
        op: BinaryOp,
        left: &SpanValue,
        right: &SpanValue,
    ) -> Result<SpanValue, EvaluationError> {
        crate::eval::operator::binary(op, left, right)
    }
}
