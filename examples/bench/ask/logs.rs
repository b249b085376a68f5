//! LogQL, and names and values of labels.

use std::collections::BTreeSet;
use std::error::Error;

use quadra::labels::parse_selector;
use quadra::logql::Instant;
use quadra::time::NanosRange;

use super::{Answer, Ask, Asked, NANOS_PER_MILLI, once};

pub(super) fn question(asked: &Asked<'_>) -> Result<Vec<Ask>, Box<dyn Error>> {
    let (start, end) = (asked.start_ms()? * NANOS_PER_MILLI, asked.end_ms()? * NANOS_PER_MILLI);
    let kind = asked.kind()?;
    match kind {
        "label_values" => {
            let label = asked.required("label")?;
            return once(move |db| {
                let streams = db.logs().streams(vec![])?;
                let values: BTreeSet<_> =
                    streams.iter().filter_map(|labels| labels.get(&label)).collect();
                Ok(Answer::of_rows(values.len()))
            });
        }
        "series" => {
            let matchers = parse_selector(&asked.required("match")?)?;
            return once(move |db| Ok(Answer::of_rows(db.logs().streams(matchers.clone())?.len())));
        }
        _ => {}
    }
    let Some(query) = asked.text("logql") else { return Ok(Vec::new()) };
    match kind {
        "lines" => {
            let limit = asked.limit()?;
            let window = NanosRange::new(start, asked.end_nanos()?);
            once(move |db| {
                let streams = db.logql(&*query).limit(limit).between(window).run()?;
                Ok(Answer::of_rows(streams.iter().map(|stream| stream.entries.len()).sum()))
            })
        }
        "metric" => once(move |db| {
            Ok(match db.logql(&*query).instant(end)? {
                Instant::Scalar(value) => Answer::of_series([[value]]),
                Instant::Vector(samples) => {
                    Answer::of_series(samples.iter().map(|sample| [sample.value]))
                }
                other => return Err(format!("an answer that is no vector: {other:?}").into()),
            })
        }),
        "metric_range" => {
            let step = asked.step()?;
            let step_nanos = i64::try_from(step.as_nanos())?;
            // The last step reaches past the last line, so that every line is in a window.
            let steps = (end - start + step_nanos - 1) / step_nanos;
            let end = start + steps * step_nanos;
            once(move |db| {
                let series = db.logql(&*query).range(start, end, step)?;
                let values =
                    series.iter().map(|series| series.points.iter().map(|(_, value)| *value));
                Ok(Answer::of_series(values))
            })
        }
        other => Err(format!("a query of type {other}").into()),
    }
}
