//! `stage.template`: a value made of others.

use telemetry_core::labels::Labels;

use super::super::entry::Entry;
use super::{Run, StageSetupError, each, required};
use crate::stage::labels::LineLabels;
use crate::template::{Fields, Template as Text};

/// Names under which a template reads the source and the line.
const VALUE: &str = "Value";
const ENTRY: &str = "Entry";

/// Sets an extracted value to a text that a template gives. A text that is empty removes it.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// The extracted value; the template reads it as `.Value`.
    pub source: String,
    /// The template, in Go's language. It reads extracted values by name, and the line as `.Entry`.
    pub template: String,
}

impl Template {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required("template", "source", !self.source.is_empty())?;
        let mut filler = Filler::new("template", &self.template)?;
        let source = self.source.clone();
        Ok(each(move |entry, context| {
            let value = entry.get(&source).map(|value| value.into_owned()).unwrap_or_default();
            // What a template cannot do leaves the value as it is.
            let Some(text) = filler.fill(entry, &value, context.now) else { return };
            if text.is_empty() {
                entry.extracted.remove(&source);
            } else {
                entry.extract(&source, text);
            }
        }))
    }
}

/// A template and what it is filled with.
#[derive(Debug)]
pub(super) struct Filler {
    template: Text,
    /// Names of the extracted values that it reads; none if it may read all.
    names: Option<Vec<String>>,
    fields: LineLabels,
}

impl Filler {
    pub(super) fn new(stage: &'static str, text: &str) -> Result<Self, StageSetupError> {
        let wrap = |source| StageSetupError::Template { stage, source };
        let template = Text::new("pipeline_template", text).map_err(wrap)?;
        let names = template.fields();
        let names = (!names.is_empty()).then_some(names);
        Ok(Filler { template, names, fields: LineLabels::default() })
    }

    /// The text; none after an error in the template's functions.
    pub(super) fn fill(&mut self, entry: &Entry, value: &str, now: i64) -> Option<String> {
        self.fields.enter(&Labels::empty());
        for (name, extracted) in &entry.extracted {
            let is_read = self.names.as_ref().is_none_or(|names| names.contains(name));
            if let Some(text) = extracted.text().filter(|_| is_read) {
                self.fields.set(name, &text);
            }
        }
        self.fields.set(VALUE, value);
        self.fields.set(ENTRY, &entry.text());
        let fields = Fields { labels: &self.fields, line: &entry.line, time: entry.time, now };
        let mut out = String::new();
        self.template.render(&fields, &mut out).ok()?;
        Some(out)
    }
}
