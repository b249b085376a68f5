//! `| regexp "(?P<name>…)"`: named groups become labels.

use super::Entry;
use super::hints::Hints;
use crate::error::RegexpParserError;
use telemetry_core::labels::is_classic_name;
use telemetry_core::labels::regex::{Captures, Regex};

/// A regular expression with named groups.
#[derive(Clone, Debug)]
pub(crate) struct Regexp {
    regex: Regex,
    /// The number of each named group, and its name.
    groups: Vec<(usize, Box<str>)>,
    captures: Captures,
}

/// Whether `text` is an expression that the stage can use.
pub(crate) fn check(text: &str) -> Result<(), RegexpParserError> {
    Regexp::new(text).map(drop)
}

impl Regexp {
    pub(crate) fn new(text: &str) -> Result<Self, RegexpParserError> {
        let regex = Regex::new(text)?;
        let mut groups: Vec<(usize, Box<str>)> = Vec::new();
        for (number, name) in regex.group_names().enumerate() {
            let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
            if !is_classic_name(name) {
                return Err(RegexpParserError::Name(name.into()));
            }
            if groups.iter().any(|(_, known)| **known == *name) {
                return Err(RegexpParserError::Duplicate(name.into()));
            }
            groups.push((number, name.into()));
        }
        if groups.is_empty() {
            return Err(RegexpParserError::NoCapture);
        }
        Ok(Regexp { regex, groups, captures: Captures::default() })
    }

    pub(crate) fn apply(&mut self, entry: &mut Entry<'_>, hints: &Hints) {
        let Entry { labels, line, .. } = entry;
        let line = line.get();
        if hints.is_nothing(labels) || !self.regex.captures_into(line, &mut self.captures) {
            return;
        }
        for (number, name) in &self.groups {
            let text = self.captures.get(*number).and_then(|range| line.get(range));
            let text = text.unwrap_or_default();
            let write = |out: &mut String| out.push_str(&String::from_utf8_lossy(text));
            labels.extract(name, write, |name| hints.wants(name));
            if hints.is_done(labels) {
                return;
            }
        }
    }
}
