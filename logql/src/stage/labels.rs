//! The labels of one line on its way through a pipeline.
//!
//! Three categories: those of the stream, structured metadata, and what stages made (parsed).
//! One buffer holds all names and values that are not the stream's; it is kept from line to line,
//! so that a line costs no allocation.
//!
//! Rules, all Loki's:
//!
//! * A name is looked up among metadata and parsed labels first, then in the stream.
//! * A parser does not override the stream or metadata: a clash goes to `name_extracted`. Other
//!   stages do override.
//! * A name that a parser has extracted from this line is not extracted again.
//! * The first error stays unless it is dropped; `__error__` and `__error_details__` are no
//!   ordinary labels.

use super::names::{Names, Piece, hash};
use telemetry_core::labels::Labels;

/// Name of the label that tells what went wrong.
pub(crate) const ERROR: &str = "__error__";
/// Name of the label that tells the details.
pub(crate) const ERROR_DETAILS: &str = "__error_details__";
/// Set where a query asks for `__error__`, so that errors do not fail it.
pub(crate) const PRESERVE_ERROR: &str = "__preserve_error__";
/// Behind a parsed name that clashes.
pub(crate) const EXTRACTED: &str = "_extracted";

/// What went wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineError {
    Json,
    Logfmt,
    LabelFilter,
    Template,
    Unwrap,
}

impl LineError {
    pub(crate) fn name(self) -> &'static str {
        match self {
            LineError::Json => "JSONParserErr",
            LineError::Logfmt => "LogfmtParserErr",
            LineError::LabelFilter => "LabelFilterErr",
            LineError::Template => "TemplateFormatErr",
            LineError::Unwrap => "SampleExtractionErr",
        }
    }
}

/// Where a label comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    Stream,
    Metadata,
    Parsed,
}

/// Value and category of a label; the name has the same number.
#[derive(Clone, Debug)]
struct Slot {
    value: Piece,
    category: Category,
}

/// The labels of one line.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineLabels {
    stream: Labels,
    /// Names of stream labels that are gone.
    dropped: Names,
    names: Names,
    slots: Vec<Slot>,
    extracted: Names,
    error: Option<Piece>,
    details: Option<Piece>,
    text: String,
}

impl LineLabels {
    /// Goes to another stream; the line's own labels are gone.
    pub(crate) fn enter(&mut self, stream: &Labels) {
        self.stream = stream.clone();
        self.reset();
    }

    /// Goes to the next line of the stream.
    pub(crate) fn reset(&mut self) {
        self.dropped.clear();
        self.names.clear();
        self.slots.clear();
        self.extracted.clear();
        self.error = None;
        self.details = None;
        self.text.clear();
    }

    /// Adds structured metadata. What clashes with a label of the stream is renamed.
    pub(crate) fn add_metadata(&mut self, name: &str, value: &str) {
        match name {
            ERROR => self.error = Some(self.push(value)),
            ERROR_DETAILS => self.details = Some(self.push(value)),
            _ if self.stream.get(name).is_some() => {
                let start = self.text.len();
                self.text.push_str(name);
                self.text.push_str(EXTRACTED);
                let name = start..self.text.len();
                self.set_piece(name, value, Category::Metadata);
            }
            _ => {
                let name = self.push(name);
                self.set_piece(name, value, Category::Metadata);
            }
        }
    }

    /// Whether the labels are exactly those of the stream.
    pub(crate) fn is_untouched(&self) -> bool {
        self.slots.is_empty() && self.dropped.len() == 0 && self.error.is_none()
    }

    pub(crate) fn stream(&self) -> &Labels {
        &self.stream
    }

    /// The value of a label; `None` where there is none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.get_with_category(name).map(|(value, _)| value)
    }

    fn get_with_category(&self, name: &str) -> Option<(&str, Category)> {
        match name {
            ERROR => return self.error().map(|value| (value, Category::Parsed)),
            ERROR_DETAILS => return self.details().map(|value| (value, Category::Parsed)),
            _ => {}
        }
        if let Some(slot) = self.slot(name) {
            return Some((self.piece(&slot.value), slot.category));
        }
        if self.is_dropped(name) {
            return None;
        }
        self.stream.get(name).map(|value| (value, Category::Stream))
    }

    fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.get(self.names.find(&self.text, name)?)
    }

    fn is_dropped(&self, name: &str) -> bool {
        self.dropped.find(&self.text, name).is_some()
    }

    /// Sets a label that a stage made; it overrides whatever there is of that name.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let name = self.push(name);
        self.set_piece(name, value, Category::Parsed);
    }

    fn set_piece(&mut self, name: Piece, value: &str, category: Category) {
        let value = self.push(value);
        let number = self.names.find(&self.text, self.piece(&name));
        match number.and_then(|number| self.slots.get_mut(number)) {
            Some(slot) => *slot = Slot { value, category },
            None => {
                self.names.push(&self.text, name);
                self.slots.push(Slot { value, category });
            }
        }
    }

    /// Renames a label; without it nothing happens. A label renamed to itself is gone.
    pub(crate) fn rename(&mut self, source: &str, destination: &str) {
        let Some(value) = self.get(source) else { return };
        let value = value.to_string();
        self.set(destination, &value);
        self.remove(source);
    }

    /// Takes a label away.
    pub(crate) fn remove(&mut self, name: &str) {
        match name {
            ERROR => self.error = None,
            ERROR_DETAILS => self.details = None,
            _ => {
                if let Some(number) = self.names.find(&self.text, name) {
                    self.names.retain(|other| other != number);
                    self.slots.remove(number);
                }
                if self.stream.get(name).is_some() && !self.is_dropped(name) {
                    let piece = self.push(name);
                    self.dropped.push(&self.text, piece);
                }
            }
        }
    }

    /// Keeps only the labels for which `keep` holds; errors stay.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str, &str) -> bool) {
        let text = &self.text;
        let piece = |piece: &Piece| text.get(piece.clone()).unwrap_or_default();
        let kept: Vec<bool> = self
            .slots
            .iter()
            .enumerate()
            .map(|(number, slot)| keep(piece(&self.names.piece(number)), piece(&slot.value)))
            .collect();
        let is_kept = |number: usize| kept.get(number).copied().unwrap_or_default();
        self.names.retain(is_kept);
        let mut number = 0;
        self.slots.retain(|_| {
            number += 1;
            is_kept(number - 1)
        });
        let stream = self.stream.clone();
        for (name, value) in stream.iter() {
            if !self.is_dropped(name) && !keep(name, value) {
                let piece = self.push(name);
                self.dropped.push(&self.text, piece);
            }
        }
    }

    /// Stores what a parser found, under a name that clashes with nothing; `write` appends the
    /// value. False if the name was extracted before, or `wanted` refuses it.
    pub(crate) fn extract(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut String),
        wanted: impl Fn(&str) -> bool,
    ) -> bool {
        let known = hash(name);
        if !wanted(name) || self.extracted.find_hashed(&self.text, name, known).is_some() {
            return false;
        }
        if !self.clashes_hashed(name, known) {
            let piece = self.push(name);
            self.set_extracted(piece, known, write);
            return true;
        }
        let start = self.text.len();
        self.text.push_str(name);
        self.text.push_str(EXTRACTED);
        let piece = start..self.text.len();
        let renamed = self.piece(&piece);
        let known = hash(renamed);
        if !wanted(renamed) || self.extracted.find_hashed(&self.text, renamed, known).is_some() {
            return false;
        }
        self.set_extracted(piece, known, write);
        true
    }

    fn set_extracted(&mut self, name: Piece, known: u64, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        let value = start..self.text.len();
        self.extracted.push_hashed(name.clone(), known);
        let slot = Slot { value, category: Category::Parsed };
        match self.names.find_hashed(&self.text, self.piece(&name), known) {
            Some(number) => {
                if let Some(place) = self.slots.get_mut(number) {
                    *place = slot;
                }
            }
            None => {
                self.names.push_hashed(name, known);
                self.slots.push(slot);
            }
        }
    }

    /// Whether a parser may not use `name`: the stream has it, even if it was dropped, or the
    /// metadata has it.
    pub(crate) fn clashes(&self, name: &str) -> bool {
        self.clashes_hashed(name, hash(name))
    }

    fn clashes_hashed(&self, name: &str, known: u64) -> bool {
        let slot = self.names.find_hashed(&self.text, name, known);
        slot.and_then(|number| self.slots.get(number))
            .is_some_and(|slot| slot.category == Category::Metadata)
            || self.stream.get(name).is_some()
    }

    /// How many labels parsers have extracted.
    pub(crate) fn extracted_count(&self) -> usize {
        self.extracted.len()
    }

    /// Notes what went wrong.
    pub(crate) fn set_error(&mut self, error: LineError, details: &str) {
        self.error = Some(self.push(error.name()));
        self.details = (!details.is_empty()).then(|| self.push(details));
    }

    /// Notes an error by its name: for tests of single stages.
    pub(crate) fn set_error_text(&mut self, error: &str, details: &str) {
        self.error = Some(self.push(error));
        self.details = (!details.is_empty()).then(|| self.push(details));
    }

    pub(crate) fn has_error(&self) -> bool {
        self.error.is_some()
    }

    /// The name of the error.
    pub(crate) fn error(&self) -> Option<&str> {
        self.error.as_ref().map(|piece| self.piece(piece))
    }

    fn details(&self) -> Option<&str> {
        self.details.as_ref().map(|piece| self.piece(piece))
    }

    fn push(&mut self, text: &str) -> Piece {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    fn piece(&self, piece: &Piece) -> &str {
        self.text.get(piece.clone()).unwrap_or_default()
    }

    /// Calls `each` for every label with its category, in no order, errors last.
    pub(crate) fn for_each<'a>(&'a self, mut each: impl FnMut(&'a str, &'a str, Category)) {
        for (name, value) in self.stream.iter() {
            if self.slot(name).is_none() && !self.is_dropped(name) {
                each(name, value, Category::Stream);
            }
        }
        for (number, slot) in self.slots.iter().enumerate() {
            let name = self.names.piece(number);
            each(self.piece(&name), self.piece(&slot.value), slot.category);
        }
        if let Some(error) = self.error() {
            each(ERROR, error, Category::Parsed);
        }
        if let Some(details) = self.details() {
            each(ERROR_DETAILS, details, Category::Parsed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;

    fn line() -> LineLabels {
        let mut line = LineLabels::default();
        line.enter(&labels! { "app" => "api", "env" => "dev" });
        line.add_metadata("trace", "1");
        line
    }

    fn all(line: &LineLabels) -> Vec<String> {
        let mut all = Vec::new();
        line.for_each(|name, value, _| all.push(format!("{name}={value}")));
        all.sort();
        all
    }

    #[test]
    fn parsers_do_not_override() {
        let mut line = line();
        assert!(line.extract("app", |out| out.push('x'), |_| true));
        assert!(line.extract("trace", |out| out.push('2'), |_| true));
        assert!(!line.extract("app", |out| out.push('y'), |_| true));
        assert_eq!(
            all(&line),
            ["app=api", "app_extracted=x", "env=dev", "trace=1", "trace_extracted=2"]
        );
    }

    #[test]
    fn other_stages_do() {
        let mut line = line();
        line.set("app", "x");
        line.set("trace", "y");
        line.rename("env", "environment");
        line.rename("nothing", "something");
        assert_eq!(all(&line), ["app=x", "environment=dev", "trace=y"]);
        line.remove("app");
        assert_eq!(line.get("app"), None);
    }

    #[test]
    fn a_label_renamed_to_itself_is_gone() {
        let mut line = line();
        line.set("a", "1");
        line.rename("a", "a");
        assert_eq!(line.get("a"), None);
    }

    #[test]
    fn metadata_that_clashes_with_the_stream_is_renamed() {
        let mut line = line();
        line.add_metadata("app", "meta");
        assert_eq!(line.get("app"), Some("api"));
        assert_eq!(line.get("app_extracted"), Some("meta"));
        // In a clash of three the parsed value is the one that shows.
        line.extract("app", |out| out.push_str("parsed"), |_| true);
        assert_eq!(line.get("app_extracted"), Some("parsed"));
    }

    #[test]
    fn errors_survive_keep_and_can_be_dropped() {
        let mut line = line();
        line.set_error(LineError::Json, "why");
        line.retain(|name, _| name == "app");
        assert_eq!(all(&line), ["__error__=JSONParserErr", "__error_details__=why", "app=api"]);
        line.remove(ERROR);
        line.remove(ERROR_DETAILS);
        assert_eq!(all(&line), ["app=api"]);
    }
}
