//! Why a query cannot be evaluated.

use std::sync::Arc;

use telemetry_core::labels::{Labels, RegexError};
use telemetry_core::query::Interrupt;
use telemetry_core::source::SourceError;
use telemetry_core::syntax::Span;

use crate::check::{CheckError, CheckErrorKind};

/// Why a query that parses and type-checks cannot be answered.
///
/// Texts that Prometheus has too are the same.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// The query was stopped, or needs more than it may use.
    #[error(transparent)]
    Interrupted(#[from] Interrupt),
    /// The source could not answer.
    #[error("{0}")]
    Source(SourceFailure),
    /// What later versions will do.
    #[error("{} not supported yet", what.subject())]
    Unsupported {
        /// What it is.
        what: Unsupported,
        /// Where it stands in the query.
        span: Span,
    },
    /// A range query that ends before it starts, or whose step is not positive.
    #[error("the range from {start} to {end} with a step of {step} ms is not one")]
    Range {
        /// Its first time, in milliseconds.
        start: i64,
        /// Its last time, in milliseconds.
        end: i64,
        /// Its step, in milliseconds.
        step: i64,
    },
    /// Two series of a vector have the same labels at the same time.
    #[error("vector cannot contain metrics with the same labelset")]
    SameLabels {
        /// Where the vector stands.
        span: Span,
    },
    /// The side of an operator that may have one series per match group has two.
    #[error(
        "found duplicate series for the match group {group} on the {side} hand-side of the \
         operation: [{first}, {second}];many-to-many matching not allowed: matching labels must be \
         unique on one side"
    )]
    DuplicateOnOneSide {
        /// The labels matched by.
        group: Labels,
        /// `left` or `right`.
        side: &'static str,
        /// One of the two series.
        first: Labels,
        /// The other one.
        second: Labels,
        /// The operation.
        span: Span,
    },
    /// Two series of the left side meet the same one of the right side.
    #[error(
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
    )]
    ManyToOne {
        /// The operation.
        span: Span,
    },
    /// Results of a grouped operation have the same labels.
    #[error("multiple matches for labels: grouping labels must ensure unique matches")]
    GroupingNotUnique {
        /// The operation.
        span: Span,
    },
    /// The parameter of an aggregation is NaN.
    #[error("Parameter value is NaN")]
    ParameterNaN {
        /// The parameter.
        span: Span,
    },
    /// The ratio of `limit_ratio` is NaN.
    #[error("Ratio value is NaN")]
    RatioNaN {
        /// The parameter.
        span: Span,
    },
    /// The parameter of an aggregation does not fit an integer.
    #[error("Scalar value {} {} int64", telemetry_core::syntax::number::format_g(*value),
        if *value > 0.0 { "overflows" } else { "underflows" })]
    ParameterOverflow {
        /// The parameter's value.
        value: f64,
        /// The parameter.
        span: Span,
    },
    /// A text that is to be the name of a label is none.
    #[error("invalid {role} label name in {function}(): {name}")]
    FunctionLabelName {
        /// `source` or `destination`.
        role: &'static str,
        /// The function.
        function: &'static str,
        /// The text.
        name: Box<str>,
        /// Where it stands.
        span: Span,
    },
    /// The first argument of `count_values` is not the name of a label.
    #[error("invalid label name {}", telemetry_core::syntax::string::quote(name))]
    LabelName {
        /// The text.
        name: Box<str>,
        /// Where it stands.
        span: Span,
    },
    /// The pattern of `label_replace` is not a regular expression.
    #[error("invalid regular expression in label_replace(): {pattern}: {source}")]
    Pattern {
        /// The pattern.
        pattern: Box<str>,
        /// What is wrong with it.
        source: RegexError,
        /// Where it stands.
        span: Span,
    },
    /// A matcher's value is not a regular expression.
    #[error("{source}")]
    Matcher {
        /// What is wrong with it.
        source: RegexError,
        /// The matcher.
        span: Span,
    },
    /// A smoothing or trend factor is not between 0 and 1.
    #[error("invalid {factor} factor. Expected: 0 < {short} < 1, got: {value:.6}")]
    Factor {
        /// `smoothing` or `trend`.
        factor: &'static str,
        /// `sf` or `tf`.
        short: &'static str,
        /// The value given.
        value: f64,
        /// The call.
        span: Span,
    },
    /// What the check of the query finds only when the times of the query are known: a length of time
    /// that is not one.
    #[error("{kind}")]
    Check {
        /// What is wrong.
        kind: CheckErrorKind,
        /// Where.
        span: Span,
    },
    /// Two samples of one info metric at the same time.
    #[error("found duplicate series for info metric: existing {first}, new {second}")]
    DuplicateInfo {
        /// One series.
        first: Labels,
        /// The other one.
        second: Labels,
        /// The call.
        span: Span,
    },
    /// Two info metrics disagree about a label.
    #[error("conflicting label: {name}")]
    ConflictingInfo {
        /// The label.
        name: Box<str>,
        /// The call.
        span: Span,
    },
    /// An info metric is a native histogram.
    #[error("this should be an info metric, with float samples: {labels}")]
    InfoHistogram {
        /// The series.
        labels: Labels,
        /// The call.
        span: Span,
    },
    /// An expression of a type that cannot stand where it stands. The check of the query finds it
    /// first; this is for trees made by hand.
    #[error("this expression cannot stand here")]
    Misplaced {
        /// The expression.
        span: Span,
    },
}

/// The failure of a source; equal to itself only.
#[derive(Clone, Debug)]
pub struct SourceFailure(pub Arc<SourceError>);

impl PartialEq for SourceFailure {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl std::fmt::Display for SourceFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a later version will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsupported {
    /// Samples that are native histograms.
    NativeHistograms,
}

impl Unsupported {
    /// The subject of "… not supported yet".
    pub fn subject(self) -> &'static str {
        match self {
            Unsupported::NativeHistograms => "native histograms are",
        }
    }
}

impl EvaluationError {
    /// The part of the query concerned, where there is one.
    pub fn span(&self) -> Option<Span> {
        match self {
            EvaluationError::Interrupted(_)
            | EvaluationError::Source(_)
            | EvaluationError::Range { .. } => None,
            EvaluationError::Unsupported { span, .. }
            | EvaluationError::SameLabels { span }
            | EvaluationError::DuplicateOnOneSide { span, .. }
            | EvaluationError::ManyToOne { span }
            | EvaluationError::GroupingNotUnique { span }
            | EvaluationError::ParameterNaN { span }
            | EvaluationError::RatioNaN { span }
            | EvaluationError::ParameterOverflow { span, .. }
            | EvaluationError::FunctionLabelName { span, .. }
            | EvaluationError::LabelName { span, .. }
            | EvaluationError::Pattern { span, .. }
            | EvaluationError::Matcher { span, .. }
            | EvaluationError::Factor { span, .. }
            | EvaluationError::Check { span, .. }
            | EvaluationError::DuplicateInfo { span, .. }
            | EvaluationError::ConflictingInfo { span, .. }
            | EvaluationError::InfoHistogram { span, .. }
            | EvaluationError::Misplaced { span } => Some(*span),
        }
    }
}

/// An interrupted source is an interrupted query.
impl From<SourceError> for EvaluationError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Interrupted(interrupt) => EvaluationError::Interrupted(interrupt),
            other => EvaluationError::Source(SourceFailure(Arc::new(other))),
        }
    }
}

impl From<CheckError> for EvaluationError {
    fn from(error: CheckError) -> Self {
        EvaluationError::Check { kind: error.kind, span: error.span }
    }
}
