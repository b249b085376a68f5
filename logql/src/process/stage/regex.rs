//! `stage.regex` and `stage.pattern`: values by regular expression and by LogQL's pattern.

use super::{Run, StageSetupError, compile, each, required};
use crate::stage::pattern::Pattern as LinePattern;

/// Extracts what the named groups of a regular expression find.
#[derive(Clone, Debug, Default)]
pub struct Regex {
    /// The expression, with named groups.
    pub expression: String,
    /// The extracted value that is searched; empty: the line.
    pub source: String,
    /// Whether what is found becomes labels as well.
    pub labels_from_groups: bool,
}

/// Extracts what the captures of a pattern find: `<ip> - <_> [<time>] "<method> <path>`.
#[derive(Clone, Debug, Default)]
pub struct Pattern {
    /// The pattern.
    pub pattern: String,
    /// The extracted value that is read; empty: the line.
    pub source: String,
    /// Whether what is found becomes labels as well.
    pub labels_from_groups: bool,
}

impl Regex {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required("regex", "expression", !self.expression.is_empty())?;
        let regex = compile("regex", &self.expression)?;
        let groups = regex.group_names().enumerate();
        let groups = groups.filter_map(|(at, name)| {
            let name = name.filter(|name| !name.is_empty())?;
            Some((at, name.to_owned()))
        });
        let groups: Vec<(usize, String)> = groups.collect();
        required("regex", "a named group in its expression", !groups.is_empty())?;
        let Regex { source, labels_from_groups, .. } = self.clone();
        Ok(each(move |entry, _| {
            let Some(text) = entry.source(&source).map(|text| text.into_owned()) else { return };
            let Some(found) = regex.captures(text.as_bytes()) else { return };
            for (group, name) in &groups {
                let value: &str = found.text(&text, *group);
                if labels_from_groups {
                    entry.labels.insert(name.clone(), value.into());
                }
                entry.extract(name, value);
            }
        }))
    }
}

impl Pattern {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        let wrap = |source| StageSetupError::Pattern { stage: "pattern", source };
        let pattern = LinePattern::new(&self.pattern).map_err(wrap)?;
        let Pattern { source, labels_from_groups, .. } = self.clone();
        Ok(each(move |entry, _| {
            let Some(text) = entry.source(&source).map(|text| text.into_owned()) else { return };
            for (name, value) in pattern.captures(text.as_bytes()) {
                let value = String::from_utf8_lossy(value).into_owned();
                if labels_from_groups {
                    entry.labels.insert(name.to_owned(), value.clone());
                }
                entry.extract(name, value);
            }
        }))
    }
}
