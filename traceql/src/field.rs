//! How TraceQL spells intrinsics: bare words, and names with a scope.

use telemetry_core::source::span::Intrinsic;

/// Scopes that intrinsics are written with.
pub(crate) const INTRINSIC_SCOPES: [&str; 5] =
    ["trace", "span", "event", "link", "instrumentation"];

/// A bare intrinsic; `parent`, which is none that can be evaluated, is left to the grammar.
const BARE: [(&str, Intrinsic); 11] = [
    ("name", Intrinsic::Name),
    ("status", Intrinsic::Status),
    ("statusMessage", Intrinsic::StatusMessage),
    ("kind", Intrinsic::Kind),
    ("duration", Intrinsic::Duration),
    ("rootName", Intrinsic::TraceRootName),
    ("rootServiceName", Intrinsic::TraceRootService),
    ("traceDuration", Intrinsic::TraceDuration),
    ("nestedSetLeft", Intrinsic::NestedSetLeft),
    ("nestedSetRight", Intrinsic::NestedSetRight),
    ("nestedSetParent", Intrinsic::NestedSetParent),
];

/// An intrinsic with its scope.
const SCOPED: [(&str, &str, Intrinsic); 18] = [
    ("span", "name", Intrinsic::Name),
    ("span", "status", Intrinsic::Status),
    ("span", "statusMessage", Intrinsic::StatusMessage),
    ("span", "kind", Intrinsic::Kind),
    ("span", "duration", Intrinsic::Duration),
    ("span", "id", Intrinsic::SpanId),
    ("span", "parentID", Intrinsic::ParentId),
    ("span", "childCount", Intrinsic::ChildCount),
    ("trace", "id", Intrinsic::TraceId),
    ("trace", "duration", Intrinsic::TraceDuration),
    ("trace", "rootName", Intrinsic::TraceRootName),
    ("trace", "rootService", Intrinsic::TraceRootService),
    ("event", "name", Intrinsic::EventName),
    ("event", "timeSinceStart", Intrinsic::EventTimeSinceStart),
    ("link", "traceID", Intrinsic::LinkTraceId),
    ("link", "spanID", Intrinsic::LinkSpanId),
    ("instrumentation", "name", Intrinsic::InstrumentationName),
    ("instrumentation", "version", Intrinsic::InstrumentationVersion),
];

/// The intrinsic that a bare word names.
pub(crate) fn bare_intrinsic(word: &str) -> Option<Intrinsic> {
    BARE.iter().find(|(name, _)| *name == word).map(|(_, intrinsic)| *intrinsic)
}

/// The intrinsic that `scope:name` names.
pub(crate) fn scoped_intrinsic(scope: &str, name: &str) -> Option<Intrinsic> {
    SCOPED.iter().find(|(s, n, _)| *s == scope && *n == name).map(|(_, _, intrinsic)| *intrinsic)
}
