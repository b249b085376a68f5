//! The JSON form of OTLP requests, written from the reference's types. `style` chooses between the
//! spellings that a reader must take for the same.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, Metric, NumberDataPoint, exemplar, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Map, Value, json};

/// Spellings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Names as in the protobuf files.
    pub(crate) snake: bool,
    /// 64-bit integers as numbers.
    pub(crate) bare: bool,
}

/// Builds an object; fields whose value is the default are left out.
struct Object(Style, Map<String, Value>);

impl Object {
    fn new(style: Style) -> Self {
        let mut map = Map::new();
        map.insert("aFieldOfTheFuture".to_owned(), json!({"x": [1, "\u{1F600}", null]}));
        Object(style, map)
    }

    /// `name` as in the protobuf file.
    fn always(mut self, name: &str, value: Value) -> Self {
        let name = if self.0.snake { name.to_owned() } else { camel(name) };
        self.1.insert(name, value);
        self
    }

    fn field(self, name: &str, value: Value) -> Self {
        let is_default = match &value {
            Value::Null => true,
            Value::Bool(value) => !value,
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::String(text) => text.is_empty(),
            Value::Array(values) => values.is_empty(),
            Value::Object(_) => false,
        };
        if is_default { self } else { self.always(name, value) }
    }

    fn long(self, name: &str, value: impl Into<i128>) -> Self {
        let value = value.into();
        if value == 0 {
            self
        } else {
            let value = long(self.0, value);
            self.always(name, value)
        }
    }

    fn end(self) -> Value {
        Value::Object(self.1)
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        camel.push_str(&word[..1].to_uppercase());
        camel.push_str(&word[1..]);
    }
    camel
}

fn long(style: Style, value: i128) -> Value {
    match (style.bare, i64::try_from(value), u64::try_from(value)) {
        (true, Ok(value), _) => json!(value),
        (true, _, Ok(value)) => json!(value),
        _ => json!(value.to_string()),
    }
}

fn hex(bytes: &[u8]) -> Value {
    json!(bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>())
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<_> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let digit = |six: &[u8]| {
        let value = (0..6).fold(0, |value, at| value << 1 | six.get(at).copied().unwrap_or(0));
        char::from(ALPHABET[usize::from(value)])
    };
    bits.chunks(6).map(digit).collect()
}

fn any(style: Style, value: &AnyValue) -> Value {
    let object = Object::new(style);
    match &value.value {
        None => object,
        Some(Any::StringValue(text)) => object.always("string_value", json!(text)),
        Some(Any::BoolValue(value)) => object.always("bool_value", json!(value)),
        Some(Any::IntValue(value)) => object.always("int_value", long(style, i128::from(*value))),
        Some(Any::DoubleValue(value)) => object.always("double_value", json!(value)),
        Some(Any::BytesValue(bytes)) => object.always("bytes_value", json!(base64(bytes))),
        Some(Any::ArrayValue(array)) => {
            let values: Vec<_> = array.values.iter().map(|value| any(style, value)).collect();
            object.always("array_value", json!({ "values": values }))
        }
        Some(Any::KvlistValue(list)) => {
            object.always("kvlist_value", json!({ "values": attributes(style, &list.values) }))
        }
        // Only of profiles, which are not made here.
        Some(Any::StringValueStrindex(_)) => object,
    }
    .end()
}

fn attributes(style: Style, attributes: &[KeyValue]) -> Value {
    let one = |attribute: &KeyValue| {
        let value = attribute.value.as_ref().map_or(Value::Null, |value| any(style, value));
        Object::new(style).field("key", json!(attribute.key)).always("value", value).end()
    };
    attributes.iter().map(one).collect()
}

fn resource(style: Style, resource: &Option<Resource>) -> Value {
    resource.as_ref().map_or(Value::Null, |resource| {
        Object::new(style)
            .field("attributes", attributes(style, &resource.attributes))
            .field("dropped_attributes_count", json!(resource.dropped_attributes_count))
            .end()
    })
}

fn scope(style: Style, scope: &Option<InstrumentationScope>) -> Value {
    scope.as_ref().map_or(Value::Null, |scope| {
        Object::new(style)
            .field("name", json!(scope.name))
            .field("version", json!(scope.version))
            .field("attributes", attributes(style, &scope.attributes))
            .field("dropped_attributes_count", json!(scope.dropped_attributes_count))
            .end()
    })
}

fn span(style: Style, span: &Span) -> Value {
    let event = |event: &opentelemetry_proto::tonic::trace::v1::span::Event| {
        Object::new(style)
            .long("time_unix_nano", event.time_unix_nano)
            .field("name", json!(event.name))
            .field("attributes", attributes(style, &event.attributes))
            .field("dropped_attributes_count", json!(event.dropped_attributes_count))
            .end()
    };
    let link = |link: &opentelemetry_proto::tonic::trace::v1::span::Link| {
        Object::new(style)
            .field("trace_id", hex(&link.trace_id))
            .field("span_id", hex(&link.span_id))
            .field("trace_state", json!(link.trace_state))
            .field("attributes", attributes(style, &link.attributes))
            .field("dropped_attributes_count", json!(link.dropped_attributes_count))
            .field("flags", json!(link.flags))
            .end()
    };
    let status = span.status.as_ref().map_or(Value::Null, |status| {
        Object::new(style)
            .field("message", json!(status.message))
            .field("code", json!(status.code))
            .end()
    });
    Object::new(style)
        .field("trace_id", hex(&span.trace_id))
        .field("span_id", hex(&span.span_id))
        .field("parent_span_id", hex(&span.parent_span_id))
        .field("trace_state", json!(span.trace_state))
        .field("flags", json!(span.flags))
        .field("name", json!(span.name))
        .field("kind", json!(span.kind))
        .long("start_time_unix_nano", span.start_time_unix_nano)
        .long("end_time_unix_nano", span.end_time_unix_nano)
        .field("attributes", attributes(style, &span.attributes))
        .field("dropped_attributes_count", json!(span.dropped_attributes_count))
        .field("events", span.events.iter().map(event).collect())
        .field("dropped_events_count", json!(span.dropped_events_count))
        .field("links", span.links.iter().map(link).collect())
        .field("dropped_links_count", json!(span.dropped_links_count))
        .field("status", status)
        .end()
}

/// Lists come before what they belong to: the order of fields must not matter.
fn group(style: Style, producer: (&str, Value), items: (&str, Value), schema_url: &str) -> Value {
    Object::new(style)
        .field(items.0, items.1)
        .field("schema_url", json!(schema_url))
        .field(producer.0, producer.1)
        .end()
}

pub(crate) fn traces(request: &ExportTraceServiceRequest, style: Style) -> Vec<u8> {
    let groups = request.resource_spans.iter().map(|resource_spans| {
        let scopes = resource_spans.scope_spans.iter().map(|scope_spans| {
            let spans = scope_spans.spans.iter().map(|one| span(style, one)).collect();
            let scope = scope(style, &scope_spans.scope);
            group(style, ("scope", scope), ("spans", spans), &scope_spans.schema_url)
        });
        let scopes = ("scope_spans", scopes.collect());
        let resource = resource(style, &resource_spans.resource);
        group(style, ("resource", resource), scopes, &resource_spans.schema_url)
    });
    Object::new(style).field("resource_spans", groups.collect()).end().to_string().into_bytes()
}

pub(crate) fn logs(request: &ExportLogsServiceRequest, style: Style) -> Vec<u8> {
    let groups = request.resource_logs.iter().map(|resource_logs| {
        let scopes = resource_logs.scope_logs.iter().map(|scope_logs| {
            let records = scope_logs.log_records.iter().map(|record| {
                let body = record.body.as_ref().map_or(Value::Null, |body| any(style, body));
                Object::new(style)
                    .long("time_unix_nano", record.time_unix_nano)
                    .long("observed_time_unix_nano", record.observed_time_unix_nano)
                    .field("severity_number", json!(record.severity_number))
                    .field("severity_text", json!(record.severity_text))
                    .field("body", body)
                    .field("attributes", attributes(style, &record.attributes))
                    .field("dropped_attributes_count", json!(record.dropped_attributes_count))
                    .field("flags", json!(record.flags))
                    .field("trace_id", hex(&record.trace_id))
                    .field("span_id", hex(&record.span_id))
                    .field("event_name", json!(record.event_name))
                    .end()
            });
            let scope = scope(style, &scope_logs.scope);
            let records = ("log_records", records.collect());
            group(style, ("scope", scope), records, &scope_logs.schema_url)
        });
        let scopes = ("scope_logs", scopes.collect());
        let resource = resource(style, &resource_logs.resource);
        group(style, ("resource", resource), scopes, &resource_logs.schema_url)
    });
    Object::new(style).field("resource_logs", groups.collect()).end().to_string().into_bytes()
}

fn exemplars(style: Style, exemplars: &[Exemplar]) -> Value {
    let one = |exemplar: &Exemplar| {
        let object = Object::new(style)
            .long("time_unix_nano", exemplar.time_unix_nano)
            .field("span_id", hex(&exemplar.span_id))
            .field("trace_id", hex(&exemplar.trace_id))
            .field("filtered_attributes", attributes(style, &exemplar.filtered_attributes));
        match exemplar.value {
            None => object,
            Some(exemplar::Value::AsDouble(value)) => object.always("as_double", json!(value)),
            Some(exemplar::Value::AsInt(value)) => {
                object.always("as_int", long(style, value.into()))
            }
        }
        .end()
    };
    exemplars.iter().map(one).collect()
}

/// Writes the fields that every data point has.
macro_rules! point {
    ($style:expr, $point:expr) => {
        Object::new($style)
            .long("start_time_unix_nano", $point.start_time_unix_nano)
            .long("time_unix_nano", $point.time_unix_nano)
            .field("attributes", attributes($style, &$point.attributes))
            .field("flags", json!($point.flags))
    };
}

fn number_points(style: Style, points: &[NumberDataPoint]) -> Value {
    let one = |point: &NumberDataPoint| {
        let object = point!(style, point).field("exemplars", exemplars(style, &point.exemplars));
        match point.value {
            None => object,
            Some(number_data_point::Value::AsDouble(value)) => {
                object.always("as_double", json!(value))
            }
            Some(number_data_point::Value::AsInt(value)) => {
                object.always("as_int", long(style, value.into()))
            }
        }
        .end()
    };
    points.iter().map(one).collect()
}

/// An optional number is written even where it is zero.
fn optional(object: Object, name: &str, value: Option<f64>) -> Object {
    match value {
        Some(value) => object.always(name, json!(value)),
        None => object,
    }
}

fn buckets(style: Style, buckets: &Option<Buckets>) -> Value {
    buckets.as_ref().map_or(Value::Null, |buckets| {
        let counts = buckets.bucket_counts.iter().map(|count| long(style, (*count).into()));
        Object::new(style)
            .field("offset", json!(buckets.offset))
            .field("bucket_counts", counts.collect())
            .end()
    })
}

fn metric(style: Style, metric: &Metric) -> Value {
    let data = Object::new(style);
    let (name, data) = match &metric.data {
        None => ("gauge", Value::Null),
        Some(Data::Gauge(gauge)) => {
            let points = number_points(style, &gauge.data_points);
            ("gauge", data.field("data_points", points).end())
        }
        Some(Data::Sum(sum)) => {
            let data = data.field("data_points", number_points(style, &sum.data_points));
            let data = data.field("is_monotonic", json!(sum.is_monotonic));
            ("sum", data.field("aggregation_temporality", json!(sum.aggregation_temporality)).end())
        }
        Some(Data::Histogram(histogram)) => {
            let points = histogram.data_points.iter().map(|point| {
                let counts = point.bucket_counts.iter().map(|count| long(style, (*count).into()));
                let object = point!(style, point)
                    .long("count", point.count)
                    .field("bucket_counts", counts.collect())
                    .field("explicit_bounds", json!(point.explicit_bounds))
                    .field("exemplars", exemplars(style, &point.exemplars));
                let object = optional(object, "min", point.min);
                optional(optional(object, "max", point.max), "sum", point.sum).end()
            });
            let temporality = json!(histogram.aggregation_temporality);
            let data = data.field("data_points", points.collect());
            ("histogram", data.field("aggregation_temporality", temporality).end())
        }
        Some(Data::ExponentialHistogram(histogram)) => {
            let points = histogram.data_points.iter().map(|point| {
                let object = point!(style, point)
                    .long("count", point.count)
                    .field("scale", json!(point.scale))
                    .long("zero_count", point.zero_count)
                    .field("zero_threshold", json!(point.zero_threshold))
                    .field("positive", buckets(style, &point.positive))
                    .field("negative", buckets(style, &point.negative))
                    .field("exemplars", exemplars(style, &point.exemplars));
                optional(optional(object, "max", point.max), "sum", point.sum).end()
            });
            let temporality = json!(histogram.aggregation_temporality);
            let data = data.field("data_points", points.collect());
            ("exponential_histogram", data.field("aggregation_temporality", temporality).end())
        }
        Some(Data::Summary(summary)) => {
            let points = summary.data_points.iter().map(|point| {
                let quantiles = point.quantile_values.iter().map(|value| {
                    let quantile = Object::new(style).field("quantile", json!(value.quantile));
                    quantile.field("value", json!(value.value)).end()
                });
                point!(style, point)
                    .long("count", point.count)
                    .field("sum", json!(point.sum))
                    .field("quantile_values", quantiles.collect())
                    .end()
            });
            ("summary", data.field("data_points", points.collect()).end())
        }
    };
    Object::new(style)
        .field(name, data)
        .field("name", json!(metric.name))
        .field("description", json!(metric.description))
        .field("unit", json!(metric.unit))
        .end()
}

pub(crate) fn metrics(request: &ExportMetricsServiceRequest, style: Style) -> Vec<u8> {
    let groups = request.resource_metrics.iter().map(|resource_metrics| {
        let scopes = resource_metrics.scope_metrics.iter().map(|scope_metrics| {
            let metrics = scope_metrics.metrics.iter().map(|one| metric(style, one)).collect();
            let scope = scope(style, &scope_metrics.scope);
            group(style, ("scope", scope), ("metrics", metrics), &scope_metrics.schema_url)
        });
        let scopes = ("scope_metrics", scopes.collect());
        let resource = resource(style, &resource_metrics.resource);
        group(style, ("resource", resource), scopes, &resource_metrics.schema_url)
    });
    Object::new(style).field("resource_metrics", groups.collect()).end().to_string().into_bytes()
}
