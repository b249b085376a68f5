//! Asks questions in every language and prints the answers.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use quadra::model::{SampleValue, Span};
use quadra::profstore::flame::SvgOptions;
use quadra::time::NanosRange;
use quadra::{Quadra, logql, promql};

use super::table;

/// Rows asked for where an answer could be long.
const ROWS: usize = 8;

/// The span whose name is looked for across signals.
const SLOW: &str = r#"{ kind = internal && name = "job" } | select(span.kind)"#;

type Outcome = Result<(), Box<dyn Error>>;

/// Every question there is something to ask about.
pub(crate) fn everything(db: &Quadra, svg: &Path, out: &mut impl Write) -> Outcome {
    metrics(db, out)?;
    logs(db, out)?;
    traces(db, out)?;
    profiles(db, svg, out)?;
    across(db, out)
}

fn metrics(db: &Quadra, out: &mut impl Write) -> Outcome {
    let observed = [
        "topk(5, count by (__name__) ({__name__=~\".+\"}))",
        "avg by (cpu) (avg_over_time(host_cpu_usage_ratio[1m]))",
        "100 * host_memory_used_bytes / host_memory_total_bytes",
        "sum by (kind, result) (jobs_total)",
        "histogram_quantile(0.95, sum by (kind, le) (job_duration_seconds_bucket))",
        "topk(3, host_network_receive_bytes_total)",
    ];
    for query in observed {
        let answer = db.promql(query).run()?;
        let promql::Value::Vector(elements) = answer.value else { continue };
        let rows: Vec<Vec<String>> = elements
            .iter()
            .map(|element| vec![element.labels.to_string(), number(&element.value)])
            .collect();
        // A question about the observed machine has no answer where files were loaded.
        if !rows.is_empty() {
            table::print(out, "PromQL", query, &["series", "value"], &rows)?;
        }
    }
    Ok(())
}

fn logs(db: &Quadra, out: &mut impl Write) -> Outcome {
    let Some((_, newest)) = range(db, quadra::Signal::Logs) else { return Ok(()) };
    // What the example stores has the label `app`, what came as OTLP has `service_name`.
    for label in ["app", "service_name"] {
        let query = format!(r#"{{{label}=~".+"}}"#);
        let lines: Vec<logql::LogLine> =
            db.logql(&query).limit(ROWS).stream()?.collect::<Result<_, _>>()?;
        let rows: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                let origin = line.origin.stream.get(label).unwrap_or_default().to_owned();
                vec![line.time.to_string(), origin, line.text().into_owned()]
            })
            .collect();
        if rows.is_empty() {
            continue;
        }
        table::print(out, "LogQL", &query, &["time", label, "line"], &rows)?;
        counts(
            db,
            &format!("sum by ({label}, level) (count_over_time({query}[1h]))"),
            newest,
            out,
        )?;
        let failures =
            format!(r#"sum by ({label}) (count_over_time({query} |~ "(?i)error|fail" [1h]))"#);
        counts(db, &failures, newest, out)?;
    }
    let large = r#"topk(5, sum by (kind) (count_over_time({app="quickstart"} | logfmt | bytes > 100KB [1h])))"#;
    counts(db, large, newest, out)
}

/// A metric query over log lines, at one time; nothing where it has no answer.
fn counts(db: &Quadra, query: &str, time: i64, out: &mut impl Write) -> Outcome {
    let logql::Instant::Vector(samples) = db.logql(query).instant(time)? else { return Ok(()) };
    let row =
        |sample: &logql::VectorSample| vec![sample.labels.to_string(), sample.value.to_string()];
    let rows: Vec<Vec<String>> = samples.iter().map(row).collect();
    if !rows.is_empty() {
        table::print(out, "LogQL", query, &["labels", "value"], &rows)?;
    }
    Ok(())
}

fn traces(db: &Quadra, out: &mut impl Write) -> Outcome {
    let queries = [
        "{ duration > 10ms } | select(span.kind, span.bytes)",
        "{ status = error }",
        r#"{ name = "job" } > { name = "read" && duration > 1ms } | count() > 1"#,
    ];
    for query in queries {
        let answer = db.traceql(query).limit(ROWS).run()?;
        let rows: Vec<Vec<String>> = answer
            .traces
            .iter()
            .map(|trace| {
                let matched: usize = trace.spansets.iter().map(|set| set.matched).sum();
                let span = trace.spansets.iter().flat_map(|set| &set.spans).next();
                vec![
                    trace.id.to_string(),
                    trace.root_service.as_deref().unwrap_or_default().to_owned(),
                    trace.root_name.as_deref().unwrap_or_default().to_owned(),
                    millis(trace.duration_nanos),
                    matched.to_string(),
                    span.map_or(String::new(), |span| {
                        format!("{} {}", span.name, millis(span.duration_nanos))
                    }),
                ]
            })
            .collect();
        let head = ["trace", "service", "root", "took", "spans", "first span"];
        if !rows.is_empty() {
            table::print(out, "TraceQL", query, &head, &rows)?;
        }
    }
    Ok(())
}

fn profiles(db: &Quadra, svg: &Path, out: &mut impl Write) -> Outcome {
    let types = db.profiles().types()?;
    // Of several types the one whose values are largest in nanoseconds or bytes says most.
    let chosen = types.iter().find(|kind| kind.sample_unit == "nanoseconds").or(types.last());
    let Some(kind) = chosen else { return Ok(()) };
    let tree = db.profiles().merge(&kind.to_string(), "{}", NanosRange::ALL)?;
    let total = tree.total().max(1) as f64;
    let rows: Vec<Vec<String>> = tree
        .top_self(ROWS)
        .into_iter()
        .map(|row| {
            let share = |value: i64| format!("{:.1} %", 100.0 * value as f64 / total);
            vec![row.name, share(row.self_value), share(row.total)]
        })
        .collect();
    std::fs::write(svg, tree.svg(&SvgOptions::new(kind.to_string(), &*kind.sample_unit)))?;
    let query = format!("{kind} {{}}  → {}", svg.display());
    table::print(out, "Flame graph", &query, &["function", "self", "total"], &rows)?;
    Ok(())
}

/// The slowest span, its log lines, its profile.
fn across(db: &Quadra, out: &mut impl Write) -> Outcome {
    let found = db.traceql(SLOW).limit(1_000).run()?;
    let Some(slowest) = found.traces.iter().max_by_key(|trace| trace.duration_nanos) else {
        return Ok(());
    };
    let Some(trace) = db.traces().trace(slowest.id)? else { return Ok(()) };
    let Some(span) = trace.spans.iter().max_by_key(|span| span.duration_nanos()) else {
        return Ok(());
    };
    let around = db.around(span);
    let lines = around.logs(r#"{app="quickstart"}"#).run()?;
    let mut rows = vec![vec!["span".into(), told(span)]];
    let entries = lines.iter().flat_map(|stream| &stream.entries);
    rows.extend(entries.map(|line| vec!["log line".into(), line.text().into_owned()]));
    if let Some(kind) = db.profiles().types()?.iter().find(|kind| kind.sample_unit == "nanoseconds")
    {
        let tree = around.profile(&kind.to_string(), r#"{service="quickstart"}"#)?;
        rows.extend(
            tree.top_self(3).into_iter().map(|row| {
                vec!["profile".into(), format!("{} {}", millis(row.self_value), row.name)]
            }),
        );
    }
    let query = format!("the slowest of {SLOW}, its log lines, its profile");
    table::print(out, "Across signals", &query, &["from", "what"], &rows)?;
    Ok(())
}

fn told(span: &Span) -> String {
    let attributes: Vec<String> = span
        .attributes
        .iter()
        .map(|attribute| format!(" {}={}", attribute.key, attribute.value))
        .collect();
    format!("{} took {}{}", span.name, millis(span.duration_nanos()), attributes.concat())
}

fn range(db: &Quadra, signal: quadra::Signal) -> Option<(i64, i64)> {
    let stats = db.stats();
    stats.iter().find(|(known, _)| *known == signal).and_then(|(_, stats)| stats.time_range)
}

fn number(value: &SampleValue) -> String {
    match value {
        SampleValue::Float(value) => format!("{}", (value * 1e6).round() / 1e6),
        SampleValue::Histogram(histogram) => format!("histogram of {}", histogram.count),
    }
}

fn millis(nanos: i64) -> String {
    format!("{:.2} ms", nanos as f64 / 1e6)
}
