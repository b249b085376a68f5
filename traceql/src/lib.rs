//! TraceQL: parser, checks, printer and evaluator over any span source.
#![forbid(unsafe_code)]

pub mod ast;
mod check;
mod engine;
mod error;
mod eval;
mod field;
mod lexer;
mod parse;
mod plan;
mod print;
mod value;

pub use engine::{Engine, SPANS_PER_SPANSET_DEFAULT, SearchOptions, TRACES_DEFAULT};
pub use error::{
    CheckError, CheckErrorKind, Error, EvaluationError, SyntaxError, SyntaxErrorKind, TypeName,
};
pub use lexer::Symbol;
pub use parse::parse_syntax;
pub use value::{SearchResult, ServiceStatistics, SpanMatch, SpansetMatch, TraceMatch};

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
    use telemetry_core::source::span::SpanValue;

    use crate::ast::BinaryOp;
    use crate::error::EvaluationError;

    /// A duration literal in nanoseconds.
    pub fn duration(text: &str) -> Option<i64> {
        crate::lexer::duration(text)
    }

    /// Whether the types of two values can be operands of one operator, and whether the operator is
    /// defined for both.
    pub fn types(op: BinaryOp, left: &SpanValue, right: &SpanValue) -> (bool, bool) {
        use crate::check::types::{has_operator, joins};
        let (a, b) = (left.kind(), right.kind());
        (joins(a, b), has_operator(op, a) && has_operator(op, b))
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
