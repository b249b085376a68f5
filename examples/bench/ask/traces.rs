//! TraceQL, traces by id, and values of attributes.

use std::error::Error;

use quadra::model::TraceId;
use quadra::source::span::{AttributeScope, SpanField, SpanSource};
use quadra::telemetry_core::query::QueryContext;
use quadra::time::NanosRange;
use quadra::traceql::MetricsRange;

use super::{Answer, Ask, Asked, NANOS_PER_MILLI, once};

pub(super) fn question(asked: &Asked<'_>) -> Result<Vec<Ask>, Box<dyn Error>> {
    let (start, end) = (asked.start_ms()? * NANOS_PER_MILLI, asked.end_nanos()?);
    let window = NanosRange::new(start, end);
    match asked.kind()? {
        "trace" => {
            let ids = asked.manifest.texts("sample_trace_ids");
            ids.into_iter().map(|id| by_id(id.parse()?)).collect()
        }
        "tag_values" => {
            let tag = asked.required("tag")?;
            let (scope, name) = match tag.split_once('.') {
                Some(("resource", name)) => (AttributeScope::Resource, name),
                Some(("span", name)) => (AttributeScope::Span, name),
                _ => (AttributeScope::Any, tag.as_str()),
            };
            let field = SpanField::attribute(scope, name);
            once(move |db| {
                let context = QueryContext::new().with_workers(db.runtime().workers());
                let traces = db.traces();
                let values = traces.store().attribute_values(&field, window, &context)?;
                Ok(Answer::of_rows(values.len()))
            })
        }
        "search" => {
            let Some(query) = asked.text("traceql") else { return Ok(Vec::new()) };
            let limit = asked.limit()?;
            once(move |db| {
                let found = db.traceql(&*query).limit(limit).between(window).run()?;
                Ok(Answer::of_rows(found.traces.len()))
            })
        }
        "metric_range" => {
            let Some(query) = asked.text("traceql") else { return Ok(Vec::new()) };
            let step = i64::try_from(asked.step()?.as_nanos())?;
            let range = MetricsRange::aligned(start, end, step);
            once(move |db| {
                let found = db.traceql(&*query).metrics(range)?;
                let values = found
                    .series
                    .iter()
                    .map(|series| series.values.iter().copied().filter(|value| !value.is_nan()));
                Ok(Answer::of_series(values))
            })
        }
        other => Err(format!("a query of type {other}").into()),
    }
}

fn by_id(id: TraceId) -> Result<Ask, Box<dyn Error>> {
    Ok(Box::new(move |db| {
        let trace = db.traces().trace(id)?.ok_or_else(|| format!("there is no trace {id}"))?;
        let spans = trace.spans.len() as u64;
        Ok(Answer { rows: 1, points: Some(spans), sum: 0.0 })
    }))
}
