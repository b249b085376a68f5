//! Seeded data for the benches: the same numbers on every machine.
#![allow(dead_code, reason = "every bench uses a part")]

use std::sync::Arc;

use quadra::model::{Function, KeyValue, Line, Location, Profile, ProfileSample, Resource, Span};
use quadra::model::{SpanId, SpanKind, SpanStatus, StatusCode, TraceId, ValueType};
use quadra::time::Nanos;

/// Pseudo-random numbers (SplitMix64) from a fixed seed.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Numbers(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Log lines as an HTTP service writes them: logfmt, about 110 bytes each.
pub(crate) fn log_lines(count: usize) -> Vec<String> {
    let mut numbers = Numbers::new(1);
    let routes = ["/api/v1/push", "/api/v1/query", "/ready", "/metrics", "/api/v1/labels"];
    (0..count)
        .map(|_| {
            let route = routes[numbers.below(5) as usize];
            let level = if numbers.below(50) == 0 { "error" } else { "info" };
            let status = if level == "error" { 500 } else { 200 };
            let (took, id) = (numbers.below(90_000), numbers.next());
            format!(
                "level={level} msg=\"request done\" method=GET route={route} status={status} \
                 took={took}us trace_id={id:016x}"
            )
        })
        .collect()
}

/// Spans of traces of eight spans each.
pub(crate) fn spans(count: usize) -> Vec<Span> {
    let mut numbers = Numbers::new(2);
    let services: Vec<Arc<Resource>> = (0..10)
        .map(|number| {
            let name = format!("service-{number}");
            let attributes = vec![KeyValue::new("service.name", name)];
            Arc::new(Resource { attributes, ..Resource::default() })
        })
        .collect();
    (0..count)
        .map(|index| {
            let trace = (index / 8 + 1) as u128;
            let start = index as i64 * 1_000_000;
            let failed = numbers.below(40) == 0;
            let code = if failed { StatusCode::Error } else { StatusCode::Unset };
            Span {
                trace_id: TraceId((trace << 64 | trace).to_be_bytes()),
                span_id: SpanId((index as u64 + 1).to_be_bytes()),
                parent_span_id: (index % 8 != 0)
                    .then(|| SpanId(((index / 8 * 8) as u64 + 1).to_be_bytes())),
                name: format!("GET /route/{}", numbers.below(20)),
                kind: SpanKind::Server,
                start: Nanos(start),
                end: Nanos(start + 1_000 + numbers.below(100_000_000) as i64),
                attributes: vec![
                    KeyValue::new("http.status_code", if failed { 500_i64 } else { 200 }),
                    KeyValue::new("user.id", numbers.below(1_000) as i64),
                ],
                status: SpanStatus { code, message: String::new() },
                resource: services[numbers.below(10) as usize].clone(),
                ..Span::default()
            }
        })
        .collect()
}

/// A CPU profile with `stacks` stacks up to 30 frames deep over 400 functions.
pub(crate) fn profile(stacks: usize, time: i64) -> Profile {
    let mut numbers = Numbers::new(3);
    let functions = 400_u32;
    let mut strings = vec![String::new()];
    strings.extend((0..functions).map(|number| format!("package/module.(*Type).method{number}")));
    let line = |function| Line { function: Some(function), line: 7, column: 0 };
    Profile {
        sample_types: vec![ValueType { kind: "cpu".into(), unit: "nanoseconds".into() }],
        period_type: ValueType { kind: "cpu".into(), unit: "nanoseconds".into() },
        period: 10_000_000,
        samples: (0..stacks)
            .map(|_| {
                let depth = 5 + numbers.below(25);
                // Callers come from few functions, leaves from many: stacks share their roots.
                let mut frame = |at: u64| numbers.below(4 + at * 12).min(399) as u32;
                let mut stack: Vec<u32> = (0..depth).map(&mut frame).collect();
                stack.reverse();
                let value = 10_000_000 * (1 + numbers.below(20)) as i64;
                ProfileSample { stack, values: vec![value], labels: vec![] }
            })
            .collect(),
        locations: (0..functions)
            .map(|function| Location {
                address: u64::from(function) * 16,
                lines: vec![line(function)],
                ..Location::default()
            })
            .collect(),
        functions: (1..=functions).map(|name| Function { name, ..Function::default() }).collect(),
        strings,
        time: Nanos(time),
        duration_nanos: 15_000_000_000,
        ..Profile::default()
    }
}
