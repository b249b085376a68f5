//! Questions of the fixed list: read once, asked many times. A signal a file.

mod logs;
mod metrics;
mod profiles;
mod traces;

use std::error::Error;
use std::time::Duration;

use quadra::Quadra;
use quadra::time::duration::parse_prometheus;
use serde_json::Value;

use super::manifest::{Kind, Manifest};

const NANOS_PER_MILLI: i64 = 1_000_000;

/// What an answer comes to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answer {
    /// Series, lines, traces, values.
    pub(crate) rows: u64,
    /// Points of all series; none where rows have none.
    pub(crate) points: Option<u64>,
    /// The sum of all finite values.
    pub(crate) sum: f64,
}

impl Answer {
    fn of_rows(rows: usize) -> Self {
        Answer { rows: rows as u64, ..Answer::default() }
    }

    /// `series` with the values of each.
    fn of_series<V: IntoIterator<Item = f64>>(series: impl IntoIterator<Item = V>) -> Self {
        let (mut rows, mut points, mut sum) = (0, 0, 0.0);
        for values in series {
            rows += 1;
            for value in values {
                points += 1;
                sum += if value.is_finite() { value } else { 0.0 };
            }
        }
        Answer { rows, points: Some(points), sum }
    }
}

/// A question, ready to be asked.
pub(crate) struct Question {
    variants: Vec<Ask>,
}

/// One way to ask it.
type Ask = Box<dyn Fn(&Quadra) -> Result<Answer, Box<dyn Error>>>;

impl Question {
    /// Reads a question of the list; none where it is in no language of ours.
    pub(crate) fn read(query: &Value, manifest: &Manifest) -> Result<Option<Self>, Box<dyn Error>> {
        let asked = Asked { query, manifest };
        let variants = match manifest.kind {
            Kind::Metrics => metrics::question(&asked)?,
            Kind::Logs => logs::question(&asked)?,
            Kind::Traces => traces::question(&asked)?,
            Kind::Profiles => profiles::question(&asked)?,
        };
        Ok((!variants.is_empty()).then_some(Question { variants }))
    }

    /// How many ways of asking there are: ids to look for, say.
    pub(crate) fn variants(&self) -> usize {
        self.variants.len()
    }

    pub(crate) fn ask(&self, db: &Quadra, variant: usize) -> Result<Answer, Box<dyn Error>> {
        let ask = self.variants.get(variant).ok_or("no such variant")?;
        ask(db)
    }
}

/// A question of the list beside its workload.
struct Asked<'a> {
    query: &'a Value,
    manifest: &'a Manifest,
}

impl Asked<'_> {
    fn kind(&self) -> Result<&str, Box<dyn Error>> {
        Ok(self.query["type"].as_str().ok_or("a query without a type")?)
    }

    /// A text of the question, with what the manifest knows put in; none where it has none.
    fn text(&self, name: &str) -> Option<String> {
        let text = self.query[name].as_str()?;
        Some(text.replace("$probe", self.manifest.text("probe_trace_id")))
    }

    fn required(&self, name: &str) -> Result<String, Box<dyn Error>> {
        Ok(self.text(name).ok_or_else(|| format!("a query without {name}"))?)
    }

    fn limit(&self) -> Result<usize, Box<dyn Error>> {
        Ok(usize::try_from(self.query["limit"].as_u64().ok_or("a query without a limit")?)?)
    }

    fn step(&self) -> Result<Duration, Box<dyn Error>> {
        Ok(Duration::from_nanos(parse_prometheus(&self.required("step")?)?.unsigned_abs()))
    }

    /// The start in milliseconds: relative to the end of the data, but not before its start.
    fn start_ms(&self) -> Result<i64, Box<dyn Error>> {
        match self.text("start") {
            Some(text) => Ok(self.relative(&text)?.max(self.manifest.start_ms)),
            None => Ok(self.manifest.start_ms),
        }
    }

    /// The end in milliseconds.
    fn end_ms(&self) -> Result<i64, Box<dyn Error>> {
        self.text("end").map_or(Ok(self.manifest.end_ms), |text| self.relative(&text))
    }

    /// The end behind the last millisecond, in nanoseconds.
    fn end_nanos(&self) -> Result<i64, Box<dyn Error>> {
        Ok((self.end_ms()? + 1) * NANOS_PER_MILLI)
    }

    fn relative(&self, text: &str) -> Result<i64, Box<dyn Error>> {
        let before = match text {
            "0" => 0,
            _ => parse_prometheus(text.trim_start_matches('-'))? / NANOS_PER_MILLI,
        };
        Ok(self.manifest.end_ms - before)
    }
}

/// The variants of a question that is asked in one way.
fn once(
    ask: impl Fn(&Quadra) -> Result<Answer, Box<dyn Error>> + 'static,
) -> Result<Vec<Ask>, Box<dyn Error>> {
    Ok(vec![Box::new(ask)])
}
