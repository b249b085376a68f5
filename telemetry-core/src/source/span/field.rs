//! What a condition or a column is about: an attribute of some scope, or an intrinsic.

use std::fmt;
use std::sync::Arc;

/// Where an attribute is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttributeScope {
    /// The span's own attribute; where the span has none of that name, its resource's.
    Any,
    /// The span's own attributes.
    Span,
    /// Attributes of the resource that produced it.
    Resource,
    /// Attributes of its events: a value per event that has one.
    Event,
    /// Attributes of its links: a value per link that has one.
    Link,
    /// Attributes of the instrumentation scope.
    Instrumentation,
}

impl AttributeScope {
    /// Scopes that attributes are stored under, in the order in which a name without a scope is
    /// looked up.
    pub const STORED: [AttributeScope; 5] = [
        AttributeScope::Span,
        AttributeScope::Resource,
        AttributeScope::Event,
        AttributeScope::Link,
        AttributeScope::Instrumentation,
    ];

    /// The name as TraceQL spells it; empty for [`Any`](Self::Any).
    pub fn as_str(self) -> &'static str {
        match self {
            AttributeScope::Any => "",
            AttributeScope::Span => "span",
            AttributeScope::Resource => "resource",
            AttributeScope::Event => "event",
            AttributeScope::Link => "link",
            AttributeScope::Instrumentation => "instrumentation",
        }
    }

    /// Whether a span can have several values of one attribute.
    pub fn is_multiple(self) -> bool {
        matches!(self, AttributeScope::Event | AttributeScope::Link)
    }
}

/// A fact that every span has, other than attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Intrinsic {
    /// Name of the operation; text.
    Name,
    /// How it ended; a status.
    Status,
    /// Why it ended so; text, empty where not said.
    StatusMessage,
    /// The kind of operation; a kind.
    Kind,
    /// End minus start, never negative; a duration.
    Duration,
    /// When it began; nanoseconds since 1970 as an integer.
    StartTime,
    /// Its id; 16 lower-case hexadecimal digits.
    SpanId,
    /// Its parent's id, likewise; absent for roots.
    ParentId,
    /// Number of spans of the trace whose parent it is; an integer.
    ChildCount,
    /// W3C trace state; text, absent where empty.
    TraceState,
    /// The trace's id; lower-case hexadecimal digits without leading zeros ([`short_trace_id`](super::short_trace_id)).
    TraceId,
    /// Name of the trace's root span; text, empty without a root.
    TraceRootName,
    /// Service of the trace's root span; text, empty without a root.
    TraceRootService,
    /// Latest end minus earliest start of the trace; a duration.
    TraceDuration,
    /// Earliest start of the trace; nanoseconds since 1970 as an integer.
    TraceStartTime,
    /// Names of its events; a text per event.
    EventName,
    /// Times of its events minus its start; a duration per event.
    EventTimeSinceStart,
    /// Traces its links lead to; hexadecimal digits without leading zeros per link.
    LinkTraceId,
    /// Spans its links lead to; 16 hexadecimal digits per link.
    LinkSpanId,
    /// Name of the instrumentation scope; text.
    InstrumentationName,
    /// Version of the instrumentation scope; text.
    InstrumentationVersion,
    /// Nested-set number of its beginning; an integer, 0 outside a tree.
    NestedSetLeft,
    /// Nested-set number of its end; an integer, 0 outside a tree.
    NestedSetRight,
    /// `NestedSetLeft` of its parent; an integer, -1 for roots, 0 outside a tree.
    NestedSetParent,
}

impl Intrinsic {
    /// Whether it is the same for all spans of a trace: languages take it from
    /// [`TraceFacts`](super::TraceFacts).
    pub fn is_of_trace(self) -> bool {
        use Intrinsic as I;
        matches!(
            self,
            I::TraceId
                | I::TraceRootName
                | I::TraceRootService
                | I::TraceDuration
                | I::TraceStartTime
        )
    }

    /// Whether languages take it from [`NestedSets`](super::NestedSets).
    pub fn is_of_tree(self) -> bool {
        use Intrinsic as I;
        matches!(self, I::NestedSetLeft | I::NestedSetRight | I::NestedSetParent | I::ChildCount)
    }

    /// Whether a span can have several values of it.
    pub fn is_multiple(self) -> bool {
        use Intrinsic as I;
        matches!(self, I::EventName | I::EventTimeSinceStart | I::LinkTraceId | I::LinkSpanId)
    }

    /// The name as TraceQL prints it; the two start times, which it does not have, in the same
    /// style.
    pub fn as_str(self) -> &'static str {
        match self {
            Intrinsic::Name => "name",
            Intrinsic::Status => "status",
            Intrinsic::StatusMessage => "statusMessage",
            Intrinsic::Kind => "kind",
            Intrinsic::Duration => "duration",
            Intrinsic::StartTime => "spanStartTime",
            Intrinsic::SpanId => "span:id",
            Intrinsic::ParentId => "span:parentID",
            Intrinsic::ChildCount => "span:childCount",
            Intrinsic::TraceState => "traceState",
            Intrinsic::TraceId => "trace:id",
            Intrinsic::TraceRootName => "rootName",
            Intrinsic::TraceRootService => "rootServiceName",
            Intrinsic::TraceDuration => "traceDuration",
            Intrinsic::TraceStartTime => "traceStartTime",
            Intrinsic::EventName => "event:name",
            Intrinsic::EventTimeSinceStart => "event:timeSinceStart",
            Intrinsic::LinkTraceId => "link:traceID",
            Intrinsic::LinkSpanId => "link:spanID",
            Intrinsic::InstrumentationName => "instrumentation:name",
            Intrinsic::InstrumentationVersion => "instrumentation:version",
            Intrinsic::NestedSetLeft => "nestedSetLeft",
            Intrinsic::NestedSetRight => "nestedSetRight",
            Intrinsic::NestedSetParent => "nestedSetParent",
        }
    }
}

/// An attribute or an intrinsic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpanField {
    /// A fact that every span has.
    Intrinsic(Intrinsic),
    /// An attribute.
    Attribute {
        /// Where it is looked up.
        scope: AttributeScope,
        /// Its name; any UTF-8 text.
        name: Arc<str>,
    },
}

impl SpanField {
    /// The attribute `name` of `scope`.
    pub fn attribute(scope: AttributeScope, name: impl AsRef<str>) -> Self {
        SpanField::Attribute { scope, name: Arc::from(name.as_ref()) }
    }

    /// Whether a span can have several values of it ([`SpanValues::Multiple`](super::SpanValues)).
    pub fn is_multiple(&self) -> bool {
        match self {
            SpanField::Intrinsic(intrinsic) => intrinsic.is_multiple(),
            SpanField::Attribute { scope, .. } => scope.is_multiple(),
        }
    }
}

impl From<Intrinsic> for SpanField {
    fn from(intrinsic: Intrinsic) -> Self {
        SpanField::Intrinsic(intrinsic)
    }
}

/// For messages: `span.http.method`, `duration`. Odd names are not quoted.
impl fmt::Display for SpanField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpanField::Intrinsic(intrinsic) => f.write_str(intrinsic.as_str()),
            SpanField::Attribute { scope, name } => write!(f, "{}.{name}", scope.as_str()),
        }
    }
}
