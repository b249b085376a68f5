//! OpenMetrics 1.0, line by line.
//!
//! ~~~text
//! # TYPE http_requests counter                                  unknown counter gauge summary histogram
//! # UNIT request_duration_seconds seconds                        gaugehistogram info stateset
//! http_requests_total{code="200"} 17 1520879607.789 # {trace_id="ab"} 5 1520879607.1
//! http_requests_created{code="200"} 1520430000.123
//! # EOF
//! ~~~
//!
//! Single spaces separate, nothing else does; times are seconds. The text ends in `# EOF`. Escapes are
//! those of the text format. What Prometheus accepts is accepted: exemplars on any sample, series
//! without metadata, families in pieces.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::borrow::Cow;

use memchr::memchr;
use telemetry_core::labels::LabelsBuilder;
use telemetry_core::model::MetricKind;

use super::ReadOptions;
use super::bound::normalise;
use super::created::{Line, Run};
use super::cursor::Cursor;
use super::entry::{Entry, ExposedExemplar, Label};
use super::text::{family_name, float, label_name, metric_name, quoted, to_line_end, unescape};
use crate::error::{Error, ExpositionErrorKind as Kind};

/// Hands every entry of a text to `visit`.
pub(super) fn read(
    input: &[u8],
    options: ReadOptions,
    visit: &mut impl FnMut(Entry<'_>),
) -> Result<(), Error> {
    let mut cursor = Cursor::new(input);
    let mut run = Run::new(options.created_series);
    loop {
        match cursor.rest() {
            [] => return Err(cursor.error(Kind::NoEof)),
            [b'#', ..] => {
                if !comment(&mut cursor, &mut run, visit)? {
                    return Ok(());
                }
            }
            _ => sample(&mut cursor, &mut run)?,
        }
    }
}

/// Metadata; false at the end of the text.
fn comment<'a>(
    cursor: &mut Cursor<'a>,
    run: &mut Run<'a>,
    visit: &mut impl FnMut(Entry<'_>),
) -> Result<bool, Error> {
    let rest = cursor.rest();
    if let Some(rest) = rest.strip_prefix(b"# EOF") {
        run.finish(visit);
        let rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        cursor.advance(cursor.rest().len() - rest.len());
        return if rest.is_empty() { Ok(false) } else { Err(cursor.error(Kind::AfterEof)) };
    }
    let keyword = ["HELP", "TYPE", "UNIT"].into_iter().find(|keyword| {
        let rest = rest.strip_prefix(b"# ").and_then(|rest| rest.strip_prefix(keyword.as_bytes()));
        rest.is_some_and(|rest| rest.starts_with(b" "))
    });
    let Some(keyword) = keyword else { return Err(cursor.error(Kind::Start)) };
    cursor.advance("# ".len() + keyword.len() + 1);
    let family = family_name(cursor, keyword)?;
    let start = cursor.at();
    if !cursor.take(b' ') || memchr(b'\n', cursor.rest()).is_none() {
        return Err(cursor.error_at(start, Kind::Text));
    }
    let Ok(text) = str::from_utf8(to_line_end(cursor)) else {
        return Err(cursor.error_at(start, Kind::Utf8));
    };
    run.finish(visit);
    match keyword {
        "HELP" => visit(Entry::Help { family: &family, text: &unescape(text, true) }),
        "TYPE" => {
            let kind = kind(text).ok_or_else(|| cursor.error_at(start, Kind::MetricType))?;
            run.kind = kind;
            visit(Entry::Type { family: &family, kind });
        }
        _ => {
            let stem = family.strip_suffix(text).filter(|_| !text.is_empty());
            if !text.is_empty() && !stem.is_some_and(|stem| stem.ends_with('_')) {
                return Err(cursor.error_at(start, Kind::Unit));
            }
            visit(Entry::Unit { family: &family, unit: text });
        }
    }
    run.family_len = family.len();
    Ok(true)
}

fn kind(text: &str) -> Option<MetricKind> {
    Some(match text {
        "counter" => MetricKind::Counter,
        "gauge" => MetricKind::Gauge,
        "histogram" => MetricKind::Histogram,
        "gaugehistogram" => MetricKind::GaugeHistogram,
        "summary" => MetricKind::Summary,
        "info" => MetricKind::Info,
        "stateset" => MetricKind::StateSet,
        "unknown" => MetricKind::Unknown,
        _ => return None,
    })
}

fn sample<'a>(cursor: &mut Cursor<'a>, run: &mut Run<'a>) -> Result<(), Error> {
    let start = cursor.at();
    let bare = metric_name(cursor);
    let mut name = (!bare.is_empty()).then_some(Cow::Borrowed(bare));
    let first = run.labels.len();
    if cursor.take(b'{') {
        labels(cursor, &mut run.labels, Some(&mut name))?;
    } else if name.is_none() {
        return Err(cursor.error(Kind::Start));
    }
    let Some(name) = name else { return Err(cursor.error_at(start, Kind::NoName)) };
    normalise(run.labels.get_mut(first..).unwrap_or_default(), run.kind);
    let value = number(cursor)?;
    let has_time = cursor.rest().starts_with(b" ") && !cursor.rest().starts_with(b" # {");
    let time = if has_time { Some(seconds(cursor)?) } else { None };
    let exemplar = if cursor.rest().starts_with(b" # {") { Some(exemplar(cursor)?) } else { None };
    match cursor.rest() {
        [] => return Err(cursor.error(Kind::NoEof)),
        [b'\n', ..] => cursor.advance(1),
        _ => return Err(cursor.error(Kind::LineEnd)),
    }
    run.push(Line { name, labels: first..run.labels.len(), value, time, exemplar });
    Ok(())
}

/// Labels up to the closing brace. `metric` takes a quoted text without a value; an exemplar has no
/// name to take it.
fn labels<'a>(
    cursor: &mut Cursor<'a>,
    labels: &mut Vec<Label<'a>>,
    mut metric: Option<&mut Option<Cow<'a, str>>>,
) -> Result<(), Error> {
    while !cursor.take(b'}') {
        let start = cursor.at();
        let is_quoted = cursor.peek() == b'"';
        let name = if is_quoted {
            quoted(cursor, Kind::LabelName)?
        } else {
            match label_name(cursor) {
                "" => return Err(cursor.error(Kind::LabelName)),
                name => Cow::Borrowed(name),
            }
        };
        if let (true, b',' | b'}', Some(metric)) = (is_quoted, cursor.peek(), metric.as_mut()) {
            if metric.replace(name).is_some() {
                return Err(cursor.error_at(start, Kind::SecondName));
            }
            cursor.take(b',');
            continue;
        }
        if !cursor.take(b'=') {
            return Err(cursor.error(Kind::Equal));
        }
        if cursor.peek() != b'"' {
            return Err(cursor.error(Kind::LabelValue));
        }
        labels.push((name, quoted(cursor, Kind::LabelValue)?));
        if !cursor.take(b',') && cursor.peek() != b'}' {
            return Err(cursor.error(Kind::LabelSeparator));
        }
    }
    Ok(())
}

/// A space and a number.
fn number(cursor: &mut Cursor<'_>) -> Result<f64, Error> {
    if !cursor.take(b' ') {
        return Err(cursor.error(Kind::Value));
    }
    let start = cursor.at();
    match cursor.while_any(|byte| !matches!(byte, b' ' | b'\n')) {
        [] => Err(cursor.error(Kind::Value)),
        text => float(text).map_err(|kind| cursor.error_at(start, kind)),
    }
}

/// A space and a time in seconds, as milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "Prometheus truncates")]
fn seconds(cursor: &mut Cursor<'_>) -> Result<i64, Error> {
    let start = cursor.at();
    match number(cursor) {
        Ok(seconds) if seconds.is_finite() => Ok((seconds * 1000.0) as i64),
        _ => Err(cursor.error_at(start, Kind::Timestamp)),
    }
}

fn exemplar(cursor: &mut Cursor<'_>) -> Result<ExposedExemplar, Error> {
    cursor.advance(" # {".len());
    let mut pairs = Vec::new();
    labels(cursor, &mut pairs, None)?;
    let value = number(cursor)?;
    let time = if cursor.peek() == b' ' { Some(seconds(cursor)?) } else { None };
    let mut builder = LabelsBuilder::new();
    for (name, value) in &pairs {
        builder.set(name, value);
    }
    Ok(ExposedExemplar { labels: builder.build(), value, time })
}
