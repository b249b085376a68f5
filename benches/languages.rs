//! How fast is a query parsed?
//!
//! One short and one long query per language, parsed and checked. Not measured: planning and
//! evaluation.
#![allow(clippy::unwrap_used, reason = "a bench that cannot run must fail loudly")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const PROMQL: [(&str, &str); 2] = [
    ("short", "up"),
    (
        "long",
        "histogram_quantile(0.99, sum by (le, job) (rate(http_request_duration_seconds_bucket{job=~\"api|web\",code!~\"5..\"}[5m] offset 1h))) / on (job) group_left (team) (sum by (job) (increase(requests_total{env=\"prod\"}[1h:5m])) > 100) or vector(0)",
    ),
];

const LOGQL: [(&str, &str); 2] = [
    ("short", "{app=\"api\"}"),
    (
        "long",
        "sum by (route) (rate({app=\"api\", env=~\"prod|stage\"} |= \"error\" != \"timeout\" | logfmt | status >= 500 and took > 1s | line_format \"{{.route}} {{.status}}\" [5m])) / 60 > 0.5",
    ),
];

const TRACEQL: [(&str, &str); 2] = [
    ("short", "{ status = error }"),
    (
        "long",
        "{ resource.service.name = \"api\" && span.http.status_code >= 500 && duration > 100ms } >> { name =~ \"db.*\" && (span.db.system = \"postgres\" || kind = client) } | count() > 2 | select(span.user.id)",
    ),
];

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("parse");
    for (name, query) in PROMQL {
        group.throughput(Throughput::Bytes(query.len() as u64));
        group.bench_function(format!("promql {name}"), |b| {
            b.iter(|| quadra::promql::parse(query).unwrap());
        });
    }
    for (name, query) in LOGQL {
        group.throughput(Throughput::Bytes(query.len() as u64));
        group.bench_function(format!("logql {name}"), |b| {
            b.iter(|| quadra::logql::parse(query).unwrap());
        });
    }
    for (name, query) in TRACEQL {
        group.throughput(Throughput::Bytes(query.len() as u64));
        group.bench_function(format!("traceql {name}"), |b| {
            b.iter(|| quadra::traceql::parse(query).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
