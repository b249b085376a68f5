//! What can go wrong with a query.

use crate::check::CheckErrorKind;
use crate::eval::EvaluationError;
use crate::parse::SyntaxErrorKind;
use telemetry_core::syntax::{Span, render};

/// Why a query has no result. Errors of the text print the place under the text:
///
/// ~~~text
/// 1:6: expected type range vector in call to function "rate", got instant vector
///   | rate(errors)
///   |      ^^^^^^
/// ~~~
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no PromQL.
    #[error("{}", render(query, *span, &kind.to_string()))]
    Syntax {
        /// What is wrong.
        kind: SyntaxErrorKind,
        /// Where.
        span: Span,
        /// The text.
        query: Box<str>,
    },
    /// The text is PromQL, but makes no sense.
    #[error("{}", render(query, *span, &kind.to_string()))]
    Check {
        /// What is wrong.
        kind: CheckErrorKind,
        /// Where.
        span: Span,
        /// The text.
        query: Box<str>,
    },
    /// The query makes sense, but is not answered yet.
    #[error("{}", render(query, *span, &format!("{what} not supported yet")))]
    Unsupported {
        /// What is not supported, as the subject of "… not supported yet": `native histograms are`.
        what: &'static str,
        /// Where.
        span: Span,
        /// The text.
        query: Box<str>,
    },
    /// The query makes sense, but has no value over this data.
    #[error("{}", drawn(error, query))]
    Evaluation {
        /// What is wrong.
        error: Box<EvaluationError>,
        /// The text.
        query: Box<str>,
    },
}

fn drawn(error: &EvaluationError, query: &str) -> String {
    match error.span() {
        Some(span) => render(query, span, &error.to_string()),
        None => error.to_string(),
    }
}

impl Error {
    /// The error in one line, without the text it belongs to.
    pub fn message(&self) -> String {
        match self {
            Error::Syntax { kind, .. } => kind.to_string(),
            Error::Check { kind, .. } => kind.to_string(),
            Error::Unsupported { what, .. } => format!("{what} not supported yet"),
            Error::Evaluation { error, .. } => error.to_string(),
        }
    }

    /// The part of the text that the error is about.
    pub fn span(&self) -> Option<Span> {
        match self {
            Error::Syntax { span, .. }
            | Error::Check { span, .. }
            | Error::Unsupported { span, .. } => Some(*span),
            Error::Evaluation { error, .. } => error.span(),
        }
    }
}
