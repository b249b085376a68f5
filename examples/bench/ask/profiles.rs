//! Flame graphs, tables and totals of profiles.

use std::error::Error;

use quadra::Quadra;
use quadra::labels::{Matcher, parse_selector};
use quadra::profstore::query::{Aggregation, SeriesQuery};
use quadra::profstore::{PROFILE_TYPE, ProfileType};
use quadra::source::ProfileRequest;
use quadra::time::NanosRange;

use super::{Answer, Ask, Asked, NANOS_PER_MILLI, once};

pub(super) fn question(asked: &Asked<'_>) -> Result<Vec<Ask>, Box<dyn Error>> {
    let window = NanosRange::new(asked.start_ms()? * NANOS_PER_MILLI, asked.end_nanos()?);
    let (short, selector) = (asked.required("profile")?, asked.required("selector")?);
    match asked.kind()? {
        "merge" => once(move |db| {
            let tree =
                db.profiles().merge(&whole_type(db, &short)?.to_string(), &selector, window)?;
            let total = tree.total() as f64;
            Ok(Answer { rows: tree.len() as u64, points: Some(1), sum: total })
        }),
        "top" => {
            let limit = asked.limit()?;
            once(move |db| {
                let kind = whole_type(db, &short)?.to_string();
                let rows = db.profiles().merge(&kind, &selector, window)?.top_self(limit);
                Ok(Answer::of_series(rows.iter().map(|row| [row.self_value as f64])))
            })
        }
        "series" => {
            let (by, step) = (asked.required("by")?, asked.step()?);
            let step_nanos = i64::try_from(step.as_nanos())?;
            once(move |db| {
                let kind = whole_type(db, &short)?;
                let mut matchers = parse_selector(&selector)?;
                matchers.push(Matcher::equal(PROFILE_TYPE, kind.to_string()));
                let query = SeriesQuery {
                    request: ProfileRequest { matchers, window },
                    step_nanos,
                    group_by: vec![by.clone()],
                    aggregation: Aggregation::Sum,
                };
                let series = db.profiles().series(&query)?;
                let values =
                    series.iter().map(|series| series.points.iter().map(|(_, value)| *value));
                Ok(Answer::of_series(values))
            })
        }
        other => Err(format!("a query of type {other}").into()),
    }
}

/// The stored type that `short`, of its first two parts, names.
fn whole_type(db: &Quadra, short: &str) -> Result<ProfileType, Box<dyn Error>> {
    let is_meant = |kind: &ProfileType| format!("{}:{}", kind.name, kind.sample_type) == short;
    let found = db.profiles().types()?.into_iter().find(is_meant);
    Ok(found.ok_or_else(|| format!("there are no profiles of the type {short}"))?)
}
