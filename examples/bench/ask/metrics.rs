//! PromQL, and names and values of labels.

use std::error::Error;

use quadra::labels::parse_selector;
use quadra::model::SampleValue;
use quadra::promql::Value;

use super::{Answer, Ask, Asked, once};

pub(super) fn question(asked: &Asked<'_>) -> Result<Vec<Ask>, Box<dyn Error>> {
    let (start, end) = (asked.start_ms()?, asked.end_ms()?);
    match asked.kind()? {
        "label_values" => {
            let label = asked.required("label")?;
            once(move |db| Ok(Answer::of_rows(db.metrics().lookup().label_values(&label)?.len())))
        }
        "series" => {
            let matchers = parse_selector(&asked.required("match")?)?;
            once(move |db| {
                let found = db.metrics().lookup().matching(matchers.clone()).between(start, end);
                Ok(Answer::of_rows(found.series()?.len()))
            })
        }
        "instant" => {
            let Some(query) = asked.text("promql") else { return Ok(Vec::new()) };
            once(move |db| Ok(answer(&db.promql(&*query).instant(end)?.value)))
        }
        "range" => {
            let Some(query) = asked.text("promql") else { return Ok(Vec::new()) };
            let step = asked.step()?;
            once(move |db| Ok(answer(&db.promql(&*query).range(start, end, step)?.value)))
        }
        other => Err(format!("a query of type {other}").into()),
    }
}

fn answer(value: &Value) -> Answer {
    match value {
        Value::Scalar { value, .. } => Answer::of_series([[*value]]),
        Value::Vector(elements) => {
            Answer::of_series(elements.iter().map(|element| match &element.value {
                SampleValue::Float(value) => Some(*value),
                SampleValue::Histogram(_) => None,
            }))
        }
        Value::Matrix(series) => Answer::of_series(
            series.iter().map(|series| series.floats.iter().map(|(_, value)| *value)),
        ),
        _ => Answer::of_rows(value.len()),
    }
}
