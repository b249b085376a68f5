//! The messages of the three requests, field by field.
//!
//! Source: `opentelemetry-proto` 1.11. Fields in development (profiles' string references, entity
//! references) are left out: as unknown fields they are ignored.

/// A message: its fields.
#[derive(Debug)]
pub(in crate::otlp) struct Message {
    pub(super) fields: &'static [Field],
    /// Where the names of the fields are found: positions in `fields`, from 1, behind the place of
    /// a name. 0 is nothing.
    places: [u8; PLACES],
    /// Whether it is a list of items, and so mostly long.
    pub(super) is_group: bool,
    /// Whether it is a value, of which only so many may be nested.
    pub(super) is_value: bool,
}

/// A field.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name as in the protobuf file.
    pub(super) name: &'static str,
    /// Its name in JSON.
    pub(super) json_name: &'static str,
    pub(super) number: u32,
    pub(super) kind: Kind,
    pub(super) repeated: bool,
}

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    String,
    /// Bytes that are an id: hexadecimal digits.
    Id,
    /// Other bytes: base64.
    Bytes,
    Bool,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Fixed32,
    Fixed64,
    Sfixed64,
    Double,
    /// The names of the values, by number.
    Enum(&'static [&'static str]),
    Message(&'static Message),
}

const fn one(name: &'static str, json_name: &'static str, number: u32, kind: Kind) -> Field {
    Field { name, json_name, number, kind, repeated: false }
}

const fn many(name: &'static str, json_name: &'static str, number: u32, kind: Kind) -> Field {
    Field { name, json_name, number, kind, repeated: true }
}

const fn message(fields: &'static [Field]) -> Message {
    Message { fields, places: places(fields), is_group: false, is_value: false }
}

const fn group(fields: &'static [Field]) -> Message {
    Message { is_group: true, ..message(fields) }
}

const fn value(fields: &'static [Field]) -> Message {
    Message { is_value: true, ..message(fields) }
}

/// Twice as many as the message with the most names has.
const PLACES: usize = 64;

/// Where a name is looked for first.
const fn place(name: &[u8]) -> usize {
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return 0 };
    (name.len() + *first as usize * 7 + *last as usize * 3) % PLACES
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler"
)]
const fn places(fields: &'static [Field]) -> [u8; PLACES] {
    let mut places = [0; PLACES];
    let mut at = 0;
    while at < fields.len() {
        let names = [fields[at].name, fields[at].json_name];
        let mut name = 0;
        while name < names.len() {
            let mut place = place(names[name].as_bytes());
            while places[place] != 0 {
                place = (place + 1) % PLACES;
            }
            places[place] = at as u8 + 1;
            name += 1;
        }
        at += 1;
    }
    places
}

impl Message {
    /// The field with this name, in either spelling.
    #[inline]
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        let mut place = place(name.as_bytes());
        loop {
            let at = usize::from(*self.places.get(place % PLACES)?).checked_sub(1)?;
            let field = self.fields.get(at)?;
            if field.json_name == name || field.name == name {
                return Some(field);
            }
            place += 1;
        }
    }
}

pub(in crate::otlp) static TRACES: Message =
    message(&[many("resource_spans", "resourceSpans", 1, Kind::Message(&RESOURCE_SPANS))]);

static RESOURCE_SPANS: Message = group(&[
    one("resource", "resource", 1, Kind::Message(&RESOURCE)),
    many("scope_spans", "scopeSpans", 2, Kind::Message(&SCOPE_SPANS)),
    one("schema_url", "schemaUrl", 3, Kind::String),
]);

static SCOPE_SPANS: Message = group(&[
    one("scope", "scope", 1, Kind::Message(&SCOPE)),
    many("spans", "spans", 2, Kind::Message(&SPAN)),
    one("schema_url", "schemaUrl", 3, Kind::String),
]);

static SPAN: Message = message(&[
    one("trace_id", "traceId", 1, Kind::Id),
    one("span_id", "spanId", 2, Kind::Id),
    one("trace_state", "traceState", 3, Kind::String),
    one("parent_span_id", "parentSpanId", 4, Kind::Id),
    one("name", "name", 5, Kind::String),
    one("kind", "kind", 6, Kind::Enum(SPAN_KINDS)),
    one("start_time_unix_nano", "startTimeUnixNano", 7, Kind::Fixed64),
    one("end_time_unix_nano", "endTimeUnixNano", 8, Kind::Fixed64),
    many("attributes", "attributes", 9, Kind::Message(&KEY_VALUE)),
    one("dropped_attributes_count", "droppedAttributesCount", 10, Kind::Uint32),
    many("events", "events", 11, Kind::Message(&EVENT)),
    one("dropped_events_count", "droppedEventsCount", 12, Kind::Uint32),
    many("links", "links", 13, Kind::Message(&LINK)),
    one("dropped_links_count", "droppedLinksCount", 14, Kind::Uint32),
    one("status", "status", 15, Kind::Message(&STATUS)),
    one("flags", "flags", 16, Kind::Fixed32),
]);

static EVENT: Message = message(&[
    one("time_unix_nano", "timeUnixNano", 1, Kind::Fixed64),
    one("name", "name", 2, Kind::String),
    many("attributes", "attributes", 3, Kind::Message(&KEY_VALUE)),
    one("dropped_attributes_count", "droppedAttributesCount", 4, Kind::Uint32),
]);

static LINK: Message = message(&[
    one("trace_id", "traceId", 1, Kind::Id),
    one("span_id", "spanId", 2, Kind::Id),
    one("trace_state", "traceState", 3, Kind::String),
    many("attributes", "attributes", 4, Kind::Message(&KEY_VALUE)),
    one("dropped_attributes_count", "droppedAttributesCount", 5, Kind::Uint32),
    one("flags", "flags", 6, Kind::Fixed32),
]);

static STATUS: Message = message(&[
    one("message", "message", 2, Kind::String),
    one("code", "code", 3, Kind::Enum(STATUS_CODES)),
]);

pub(in crate::otlp) static LOGS: Message =
    message(&[many("resource_logs", "resourceLogs", 1, Kind::Message(&RESOURCE_LOGS))]);

static RESOURCE_LOGS: Message = group(&[
    one("resource", "resource", 1, Kind::Message(&RESOURCE)),
    many("scope_logs", "scopeLogs", 2, Kind::Message(&SCOPE_LOGS)),
    one("schema_url", "schemaUrl", 3, Kind::String),
]);

static SCOPE_LOGS: Message = group(&[
    one("scope", "scope", 1, Kind::Message(&SCOPE)),
    many("log_records", "logRecords", 2, Kind::Message(&LOG_RECORD)),
    one("schema_url", "schemaUrl", 3, Kind::String),
]);

static LOG_RECORD: Message = message(&[
    one("time_unix_nano", "timeUnixNano", 1, Kind::Fixed64),
    one("severity_number", "severityNumber", 2, Kind::Enum(SEVERITIES)),
    one("severity_text", "severityText", 3, Kind::String),
    one("body", "body", 5, Kind::Message(&ANY_VALUE)),
    many("attributes", "attributes", 6, Kind::Message(&KEY_VALUE)),
    one("dropped_attributes_count", "droppedAttributesCount", 7, Kind::Uint32),
    one("flags", "flags", 8, Kind::Fixed32),
    one("trace_id", "traceId", 9, Kind::Id),
    one("span_id", "spanId", 10, Kind::Id),
    one("observed_time_unix_nano", "observedTimeUnixNano", 11, Kind::Fixed64),
    one("event_name", "eventName", 12, Kind::String),
]);

pub(in crate::otlp) static METRICS: Message =
    message(&[many("resource_metrics", "resourceMetrics", 1, Kind::Message(&RESOURCE_METRICS))]);

static RESOURCE_METRICS: Message = group(&[
    one("resource", "resource", 1, Kind::Message(&RESOURCE)),
    many("scope_metrics", "scopeMetrics", 2, Kind::Message(&SCOPE_METRICS)),
    one("schema_url", "schemaUrl", 3, Kind::String),
]);

static SCOPE_METRICS: Message = group(&[
    one("scope", "scope", 1, Kind::Message(&SCOPE)),
    many("metrics", "metrics", 2, Kind::Message(&METRIC)),
    one("schema_url", "schemaUrl", 3, Kind::String),
]);

static METRIC: Message = group(&[
    one("name", "name", 1, Kind::String),
    one("description", "description", 2, Kind::String),
    one("unit", "unit", 3, Kind::String),
    one("gauge", "gauge", 5, Kind::Message(&GAUGE)),
    one("sum", "sum", 7, Kind::Message(&SUM)),
    one("histogram", "histogram", 9, Kind::Message(&HISTOGRAM)),
    one("exponential_histogram", "exponentialHistogram", 10, Kind::Message(&EXPONENTIAL_HISTOGRAM)),
    one("summary", "summary", 11, Kind::Message(&SUMMARY)),
    many("metadata", "metadata", 12, Kind::Message(&KEY_VALUE)),
]);

static GAUGE: Message =
    group(&[many("data_points", "dataPoints", 1, Kind::Message(&NUMBER_POINT))]);

static SUM: Message = group(&[
    many("data_points", "dataPoints", 1, Kind::Message(&NUMBER_POINT)),
    one("aggregation_temporality", "aggregationTemporality", 2, Kind::Enum(TEMPORALITIES)),
    one("is_monotonic", "isMonotonic", 3, Kind::Bool),
]);

static HISTOGRAM: Message = group(&[
    many("data_points", "dataPoints", 1, Kind::Message(&HISTOGRAM_POINT)),
    one("aggregation_temporality", "aggregationTemporality", 2, Kind::Enum(TEMPORALITIES)),
]);

static EXPONENTIAL_HISTOGRAM: Message = group(&[
    many("data_points", "dataPoints", 1, Kind::Message(&EXPONENTIAL_POINT)),
    one("aggregation_temporality", "aggregationTemporality", 2, Kind::Enum(TEMPORALITIES)),
]);

static SUMMARY: Message =
    group(&[many("data_points", "dataPoints", 1, Kind::Message(&SUMMARY_POINT))]);

static NUMBER_POINT: Message = message(&[
    one("start_time_unix_nano", "startTimeUnixNano", 2, Kind::Fixed64),
    one("time_unix_nano", "timeUnixNano", 3, Kind::Fixed64),
    one("as_double", "asDouble", 4, Kind::Double),
    many("exemplars", "exemplars", 5, Kind::Message(&EXEMPLAR)),
    one("as_int", "asInt", 6, Kind::Sfixed64),
    many("attributes", "attributes", 7, Kind::Message(&KEY_VALUE)),
    one("flags", "flags", 8, Kind::Uint32),
]);

static HISTOGRAM_POINT: Message = message(&[
    one("start_time_unix_nano", "startTimeUnixNano", 2, Kind::Fixed64),
    one("time_unix_nano", "timeUnixNano", 3, Kind::Fixed64),
    one("count", "count", 4, Kind::Fixed64),
    one("sum", "sum", 5, Kind::Double),
    many("bucket_counts", "bucketCounts", 6, Kind::Fixed64),
    many("explicit_bounds", "explicitBounds", 7, Kind::Double),
    many("exemplars", "exemplars", 8, Kind::Message(&EXEMPLAR)),
    many("attributes", "attributes", 9, Kind::Message(&KEY_VALUE)),
    one("flags", "flags", 10, Kind::Uint32),
    one("min", "min", 11, Kind::Double),
    one("max", "max", 12, Kind::Double),
]);

static EXPONENTIAL_POINT: Message = message(&[
    many("attributes", "attributes", 1, Kind::Message(&KEY_VALUE)),
    one("start_time_unix_nano", "startTimeUnixNano", 2, Kind::Fixed64),
    one("time_unix_nano", "timeUnixNano", 3, Kind::Fixed64),
    one("count", "count", 4, Kind::Fixed64),
    one("sum", "sum", 5, Kind::Double),
    one("scale", "scale", 6, Kind::Sint32),
    one("zero_count", "zeroCount", 7, Kind::Fixed64),
    one("positive", "positive", 8, Kind::Message(&BUCKETS)),
    one("negative", "negative", 9, Kind::Message(&BUCKETS)),
    one("flags", "flags", 10, Kind::Uint32),
    many("exemplars", "exemplars", 11, Kind::Message(&EXEMPLAR)),
    one("min", "min", 12, Kind::Double),
    one("max", "max", 13, Kind::Double),
    one("zero_threshold", "zeroThreshold", 14, Kind::Double),
]);

static BUCKETS: Message = message(&[
    one("offset", "offset", 1, Kind::Sint32),
    many("bucket_counts", "bucketCounts", 2, Kind::Uint64),
]);

static SUMMARY_POINT: Message = message(&[
    one("start_time_unix_nano", "startTimeUnixNano", 2, Kind::Fixed64),
    one("time_unix_nano", "timeUnixNano", 3, Kind::Fixed64),
    one("count", "count", 4, Kind::Fixed64),
    one("sum", "sum", 5, Kind::Double),
    many("quantile_values", "quantileValues", 6, Kind::Message(&QUANTILE)),
    many("attributes", "attributes", 7, Kind::Message(&KEY_VALUE)),
    one("flags", "flags", 8, Kind::Uint32),
]);

static QUANTILE: Message = message(&[
    one("quantile", "quantile", 1, Kind::Double),
    one("value", "value", 2, Kind::Double),
]);

static EXEMPLAR: Message = message(&[
    one("time_unix_nano", "timeUnixNano", 2, Kind::Fixed64),
    one("as_double", "asDouble", 3, Kind::Double),
    one("span_id", "spanId", 4, Kind::Id),
    one("trace_id", "traceId", 5, Kind::Id),
    one("as_int", "asInt", 6, Kind::Sfixed64),
    many("filtered_attributes", "filteredAttributes", 7, Kind::Message(&KEY_VALUE)),
]);

static RESOURCE: Message = message(&[
    many("attributes", "attributes", 1, Kind::Message(&KEY_VALUE)),
    one("dropped_attributes_count", "droppedAttributesCount", 2, Kind::Uint32),
]);

static SCOPE: Message = message(&[
    one("name", "name", 1, Kind::String),
    one("version", "version", 2, Kind::String),
    many("attributes", "attributes", 3, Kind::Message(&KEY_VALUE)),
    one("dropped_attributes_count", "droppedAttributesCount", 4, Kind::Uint32),
]);

static KEY_VALUE: Message = message(&[
    one("key", "key", 1, Kind::String),
    one("value", "value", 2, Kind::Message(&ANY_VALUE)),
]);

static ANY_VALUE: Message = value(&[
    one("string_value", "stringValue", 1, Kind::String),
    one("bool_value", "boolValue", 2, Kind::Bool),
    one("int_value", "intValue", 3, Kind::Int64),
    one("double_value", "doubleValue", 4, Kind::Double),
    one("array_value", "arrayValue", 5, Kind::Message(&ARRAY_VALUE)),
    one("kvlist_value", "kvlistValue", 6, Kind::Message(&KEY_VALUE_LIST)),
    one("bytes_value", "bytesValue", 7, Kind::Bytes),
]);

static ARRAY_VALUE: Message = message(&[many("values", "values", 1, Kind::Message(&ANY_VALUE))]);

static KEY_VALUE_LIST: Message = message(&[many("values", "values", 1, Kind::Message(&KEY_VALUE))]);

const SPAN_KINDS: &[&str] = &[
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

const STATUS_CODES: &[&str] = &["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

const TEMPORALITIES: &[&str] = &[
    "AGGREGATION_TEMPORALITY_UNSPECIFIED",
    "AGGREGATION_TEMPORALITY_DELTA",
    "AGGREGATION_TEMPORALITY_CUMULATIVE",
];

const SEVERITIES: &[&str] = &[
    "SEVERITY_NUMBER_UNSPECIFIED",
    "SEVERITY_NUMBER_TRACE",
    "SEVERITY_NUMBER_TRACE2",
    "SEVERITY_NUMBER_TRACE3",
    "SEVERITY_NUMBER_TRACE4",
    "SEVERITY_NUMBER_DEBUG",
    "SEVERITY_NUMBER_DEBUG2",
    "SEVERITY_NUMBER_DEBUG3",
    "SEVERITY_NUMBER_DEBUG4",
    "SEVERITY_NUMBER_INFO",
    "SEVERITY_NUMBER_INFO2",
    "SEVERITY_NUMBER_INFO3",
    "SEVERITY_NUMBER_INFO4",
    "SEVERITY_NUMBER_WARN",
    "SEVERITY_NUMBER_WARN2",
    "SEVERITY_NUMBER_WARN3",
    "SEVERITY_NUMBER_WARN4",
    "SEVERITY_NUMBER_ERROR",
    "SEVERITY_NUMBER_ERROR2",
    "SEVERITY_NUMBER_ERROR3",
    "SEVERITY_NUMBER_ERROR4",
    "SEVERITY_NUMBER_FATAL",
    "SEVERITY_NUMBER_FATAL2",
    "SEVERITY_NUMBER_FATAL3",
    "SEVERITY_NUMBER_FATAL4",
];
