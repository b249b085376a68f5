//! Random spans for tests: few ids, names and values, so that they meet, and everything a span can
//! have.

use std::sync::Arc;

use telemetry_core::model::{
    AttributeValue, KeyValue, Resource, Scope, Span, SpanEvent, SpanId, SpanKind, SpanLink,
    SpanStatus, StatusCode, TraceId,
};
use telemetry_core::time::Nanos;

/// A generator of pseudo-random numbers (splitmix64): the same seed, the same spans.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// A span of one of few traces.
pub(crate) fn span(seed: u64) -> Span {
    let mut random = Random(seed);
    let trace = 1 + random.below(12) as u8;
    span_of(&mut random, trace)
}

/// A span of the trace `trace`.
pub(crate) fn span_of(random: &mut Random, trace: u8) -> Span {
    let start = 1_000 * i64::from(trace) + random.below(2_000) as i64;
    let length = if random.one_in(10) { -5 } else { random.below(700) as i64 };
    let attribute_count = random.below(6);
    let event_count = if random.one_in(3) { random.below(4) } else { 0 };
    let link_count = if random.one_in(4) { random.below(3) } else { 0 };
    Span {
        trace_id: TraceId([trace; 16]),
        span_id: SpanId([1 + random.below(9) as u8; 8]),
        parent_span_id: (!random.one_in(5)).then(|| SpanId([1 + random.below(10) as u8; 8])),
        trace_state: text(random, 8, &["a=1", "b=2"]),
        flags: if random.one_in(4) { random.below(1 << 10) as u32 } else { 0 },
        name: text(random, 1, &["GET /", "POST /cart", "SELECT", ""]),
        kind: SpanKind::from_number(random.below(6) as i64),
        start: Nanos(start),
        end: Nanos(start + length),
        attributes: (0..attribute_count).map(|_| attribute(random)).collect(),
        dropped_attributes_count: if random.one_in(9) { 3 } else { 0 },
        events: (0..event_count)
            .map(|_| SpanEvent {
                time: Nanos(start + random.below(50) as i64 - 10),
                name: text(random, 1, &["exception", "retry"]),
                attributes: (0..random.below(3)).map(|_| attribute(random)).collect(),
                dropped_attributes_count: random.below(2) as u32,
            })
            .collect(),
        dropped_events_count: if random.one_in(9) { 1 } else { 0 },
        links: (0..link_count)
            .map(|_| SpanLink {
                trace_id: TraceId([random.below(12) as u8; 16]),
                span_id: SpanId([random.below(12) as u8; 8]),
                trace_state: text(random, 3, &["x=y"]),
                flags: random.below(3) as u32,
                attributes: (0..random.below(3)).map(|_| attribute(random)).collect(),
                dropped_attributes_count: random.below(2) as u32,
            })
            .collect(),
        dropped_links_count: if random.one_in(9) { 2 } else { 0 },
        status: SpanStatus {
            code: StatusCode::from_number(random.below(3) as i64),
            message: text(random, 6, &["timeout", "refused"]),
        },
        resource: Arc::new(Resource {
            attributes: vec![
                KeyValue::new("service.name", text(random, 1, &["api", "cart", "db"])),
                KeyValue::new("shared", random.below(3) as i64),
            ],
            dropped_attributes_count: random.below(2) as u32,
            schema_url: String::new(),
        }),
        scope: Arc::new(Scope {
            name: text(random, 1, &["http", "sql"]),
            version: text(random, 2, &["1.0"]),
            attributes: (0..random.below(2)).map(|_| attribute(random)).collect(),
            ..Scope::default()
        }),
    }
}

/// One of `texts`, or nothing unless one in `share`.
fn text(random: &mut Random, share: u64, texts: &[&str]) -> String {
    let chosen = texts.get(random.below(texts.len() as u64) as usize).copied();
    if random.one_in(share) { chosen.unwrap_or_default().to_owned() } else { String::new() }
}

/// Names and types are drawn apart: names have several types, and occur twice in a list.
pub(crate) fn attribute(random: &mut Random) -> KeyValue {
    let names = ["http.method", "code", "ratio", "ok", "tags", "blob", "shared"];
    let at = random.below(names.len() as u64) as usize;
    let typical = if random.one_in(5) { random.below(7) as usize } else { at };
    KeyValue {
        key: names.get(at).copied().unwrap_or_default().to_owned(),
        value: value(random, typical),
    }
}

fn value(random: &mut Random, kind: usize) -> AttributeValue {
    match kind {
        0 => text(random, 1, &["GET", "POST", "é", ""]).into(),
        1 => [200_i64, 404, 500, -3, i64::MAX]
            .get(random.below(5) as usize)
            .copied()
            .unwrap_or_default()
            .into(),
        2 => [0.5, -1.25, 200.0, f64::INFINITY]
            .get(random.below(4) as usize)
            .copied()
            .unwrap_or_default()
            .into(),
        3 => random.one_in(2).into(),
        4 => {
            let element = random.below(4) as usize;
            let count = random.below(4);
            let mixed = random.one_in(5);
            AttributeValue::Array(
                (0..count)
                    .map(|_| {
                        let kind = if mixed { random.below(4) as usize } else { element };
                        value(random, kind)
                    })
                    .collect(),
            )
        }
        5 => match random.below(3) {
            0 => AttributeValue::Bytes(vec![0, 255, random.below(3) as u8]),
            1 => AttributeValue::Map(vec![KeyValue::new("inner", random.below(3) as i64)]),
            _ => AttributeValue::Empty,
        },
        _ => (random.below(3) as i64).into(),
    }
}
