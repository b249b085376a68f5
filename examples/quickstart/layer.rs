//! A `tracing` layer that keeps spans as traces and events as log lines, in the same database.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use quadra::model::{
    AttributeValue, KeyValue, LogEntry, Resource, Scope, Span, SpanId, SpanStatus,
};
use quadra::model::{SpanKind, StatusCode, TraceId};
use quadra::time::Nanos;
use quadra::{Quadra, labels};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Hands every span and every event to a database.
pub(crate) struct QuadraLayer {
    db: Quadra,
    resource: Arc<Resource>,
    scope: Arc<Scope>,
    seed: u64,
    next: AtomicU64,
}

impl QuadraLayer {
    /// A layer for the service `service`. Ids start from the time, so that runs do not collide.
    pub(crate) fn new(db: Quadra, service: &str) -> Self {
        let attributes = vec![KeyValue::new("service.name", service)];
        let seed = Nanos::from(SystemTime::now()).0.cast_unsigned();
        QuadraLayer {
            db,
            resource: Arc::new(Resource { attributes, ..Resource::default() }),
            scope: Arc::new(Scope { name: "quickstart".into(), ..Scope::default() }),
            seed,
            next: AtomicU64::new(1),
        }
    }

    /// A number that does not come again: a counter, well mixed (SplitMix64).
    fn id(&self) -> u64 {
        let step = self.next.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = self.seed.wrapping_add(step);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).max(1)
    }
}

/// What a span has told so far.
struct Open(Span);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for QuadraLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let parent = span.parent().and_then(|parent| {
            parent.extensions().get::<Open>().map(|open| (open.0.trace_id, open.0.span_id))
        });
        let trace_id = parent.map_or_else(
            || TraceId(((u128::from(self.id()) << 64) | u128::from(self.id())).to_be_bytes()),
            |(trace_id, _)| trace_id,
        );
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let open = Span {
            trace_id,
            span_id: SpanId(self.id().to_be_bytes()),
            parent_span_id: parent.map(|(_, span_id)| span_id),
            name: attributes.metadata().name().to_owned(),
            kind: SpanKind::Internal,
            start: Nanos::from(SystemTime::now()),
            attributes: fields.attributes,
            resource: self.resource.clone(),
            scope: self.scope.clone(),
            ..Span::default()
        };
        span.extensions_mut().insert(Open(open));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        values.record(&mut fields);
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            open.0.attributes.append(&mut fields.attributes);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        let mut line = format!("level={level} msg={:?}", fields.message);
        for attribute in &fields.attributes {
            let value = attribute.value.to_string();
            // logfmt ends a value at a space.
            let value = if value.contains([' ', '"', '=']) { format!("{value:?}") } else { value };
            line.push_str(&format!(" {}={value}", attribute.key));
        }
        let mut entry = LogEntry::new(SystemTime::now(), line);
        if let Some(span) = context.event_span(event)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            entry = entry
                .with("trace_id", open.0.trace_id.to_string())
                .with("span_id", open.0.span_id.to_string());
            if *event.metadata().level() == tracing::Level::ERROR {
                open.0.status =
                    SpanStatus { code: StatusCode::Error, message: fields.message.clone() };
            }
        }
        // A log line that cannot be kept must not stop the program it tells about.
        let _ = self
            .db
            .logs()
            .push_entry(&labels! { "app" => "quickstart", "level" => &*level }, entry);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(Open(mut closed)) = span.extensions_mut().remove::<Open>() {
            closed.end = Nanos::from(SystemTime::now());
            let _ = self.db.traces().push(closed);
        }
    }
}

/// The fields of a span or an event.
#[derive(Default)]
struct Fields {
    message: String,
    attributes: Vec<KeyValue>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: impl Into<AttributeValue>) {
        self.attributes.push(KeyValue::new(field.name(), value));
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.add(field, format!("{value:?}"));
        }
    }
}
