//! Whether a query has a meaning: types, what must look at the span, and what is not supported.
//!
//! The rules are Tempo's. Types are those of constants and intrinsics; attributes have one only when
//! a span is looked at, and go with everything until then.

pub(crate) mod kind;
mod metrics;
mod spanset;

use crate::ast::{At, Attribute, Body, Query};
use crate::error::{CheckError, CheckErrorKind};

/// Checks a whole query.
///
/// # Errors
/// [`CheckError`] at the first part that has no meaning or is not supported.
pub(crate) fn check(query: &Query) -> Result<(), CheckError> {
    match &query.body {
        Body::Search(pipeline) => spanset::pipeline(pipeline),
        Body::Metrics(metrics) => metrics::expr(metrics),
    }
}

fn refuse<T>(kind: CheckErrorKind, at: At) -> Result<T, CheckError> {
    Err(CheckError { kind, span: at.0 })
}

fn unsupported<T>(what: &'static str, at: At) -> Result<T, CheckError> {
    refuse(CheckErrorKind::Unsupported { what }, at)
}

fn attribute(attribute: &Attribute) -> Result<(), CheckError> {
    if attribute.parent { unsupported("`parent`", attribute.at) } else { Ok(()) }
}
