//! `stage.drop`: lines that are not wanted.

use std::time::Duration;

use super::super::entry::Entry;
use super::{Run, StageSetupError, optional, required, some};

const STAGE: &str = "drop";

/// Drops lines for which all that is given holds.
#[derive(Clone, Debug)]
pub struct Drop {
    /// Extracted values, joined by `separator`; empty: the line.
    pub source: Vec<String>,
    /// Between the values of several sources.
    pub separator: String,
    /// Matches the source. Of it and `value` one may be given; with neither the source must be there.
    pub expression: String,
    /// The source is this.
    pub value: String,
    /// The line is this much older than now.
    pub older_than: Option<Duration>,
    /// The line has more bytes.
    pub longer_than: Option<usize>,
    /// Why the lines are dropped.
    pub drop_counter_reason: String,
}

impl Default for Drop {
    fn default() -> Self {
        Drop {
            source: Vec::new(),
            separator: ";".to_owned(),
            expression: String::new(),
            value: String::new(),
            older_than: None,
            longer_than: None,
            drop_counter_reason: "drop_stage".to_owned(),
        }
    }
}

impl Drop {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        let by_text = !self.expression.is_empty() || !self.source.is_empty();
        let is_there = by_text || self.older_than.is_some() || self.longer_than.is_some();
        required(STAGE, "source, expression, older_than or longer_than", is_there)?;
        if !self.value.is_empty() {
            required(STAGE, "source beside value", !self.source.is_empty())?;
            let alone = self.expression.is_empty();
            required(STAGE, "only one of value and expression", alone)?;
        }
        let regex = optional(STAGE, &self.expression)?;
        let drop = self.clone();
        Ok(some(self.drop_counter_reason.clone(), move |entry, context| {
            if drop.longer_than.is_some_and(|bytes| entry.line.len() <= bytes) {
                return true;
            }
            let age = i128::from(context.now) - i128::from(entry.time);
            let is_young =
                |older: Duration| age <= i128::try_from(older.as_nanos()).unwrap_or(i128::MAX);
            if drop.older_than.is_some_and(is_young) {
                return true;
            }
            let matches = match (&regex, drop.source.is_empty()) {
                (None, true) => true,
                (Some(regex), true) => regex.is_match(&entry.line),
                (regex, false) => drop.joined(entry).is_some_and(|text| match regex {
                    Some(regex) => regex.is_match_str(&text),
                    None => drop.value.is_empty() || drop.value == text,
                }),
            };
            !matches
        }))
    }

    /// The values of all sources; none where one is missing.
    fn joined(&self, entry: &Entry) -> Option<String> {
        let values: Option<Vec<_>> = self.source.iter().map(|name| entry.get(name)).collect();
        Some(values?.join(&self.separator))
    }
}
