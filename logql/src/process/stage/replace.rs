//! `stage.replace`: what groups of a regular expression find is replaced.

use std::ops::Range;

use telemetry_core::labels;

use super::template::Filler;
use super::{Run, StageSetupError, compile, each, required};
use crate::process::Entry;

/// Replaces what the groups of a regular expression find, or the whole of what it finds where it has
/// no groups. What is put for named groups is extracted under their names.
#[derive(Clone, Debug, Default)]
pub struct Replace {
    /// The expression.
    pub expression: String,
    /// The extracted value that is changed; empty: the line.
    pub source: String,
    /// A template for each group, which it reads as `.Value`.
    pub replace: String,
}

impl Replace {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required("replace", "expression", !self.expression.is_empty())?;
        let regex = compile("replace", &self.expression)?;
        let mut filler = Filler::new("replace", &self.replace)?;
        let source = self.source.clone();
        Ok(each(move |entry, context| {
            let Some(text) = entry.source(&source).map(|text| text.into_owned()) else { return };
            let places = places(&regex, &text);
            let Some(replaced) = replaced(&text, &places, entry, context.now, &mut filler) else {
                return;
            };
            entry.set_source(&source, replaced);
        }))
    }
}

/// Where the text is replaced, in order and without overlap, and the name of the group.
fn places(regex: &labels::Regex, text: &str) -> Vec<(Range<usize>, Option<String>)> {
    let names: Vec<Option<String>> =
        regex.group_names().map(|name| name.filter(|n| !n.is_empty()).map(str::to_owned)).collect();
    let mut places: Vec<(Range<usize>, Option<String>)> = Vec::new();
    let groups = if names.len() > 1 { 1..names.len() } else { 0..1 };
    regex.for_each_match(text, |found, whole| {
        for group in groups.clone() {
            let range = if group == 0 { Some(whole.clone()) } else { found.get(group) };
            let end = places.last().map_or(0, |(range, _)| range.end);
            if let Some(range) = range.filter(|range| range.start >= end) {
                places.push((range, names.get(group).cloned().flatten()));
            }
        }
    });
    places
}

/// The text with all places filled; none where there are none.
fn replaced(
    text: &str,
    places: &[(Range<usize>, Option<String>)],
    entry: &mut Entry,
    now: i64,
    filler: &mut Filler,
) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    let mut extracted = Vec::new();
    for (range, name) in places {
        let value = text.get(range.clone())?;
        out.push_str(text.get(copied..range.start)?);
        let put = filler.fill(entry, value, now)?;
        out.push_str(&put);
        copied = range.end;
        extracted.extend(name.clone().map(|name| (name, put)));
    }
    extracted.into_iter().for_each(|(name, put)| entry.extract(&name, put));
    out.push_str(text.get(copied..)?);
    (!places.is_empty()).then_some(out)
}
