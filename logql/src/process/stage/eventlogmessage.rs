//! `stage.eventlogmessage`: values of the message of a Windows event, line by line.

use super::super::entry::Entry;
use super::{Run, StageSetupError, each, label_names};

const STAGE: &str = "eventlogmessage";

/// Extracts values of a text whose lines are `key: value`.
#[derive(Clone, Debug)]
pub struct EventLogMessage {
    /// The extracted value that is read.
    pub source: String,
    /// Whether keys that are no label names are left out; else what cannot stand in one is `_`.
    pub drop_invalid_labels: bool,
    /// Whether values that are there already are replaced; else the key gets `_extracted`.
    pub overwrite_existing: bool,
}

impl Default for EventLogMessage {
    fn default() -> Self {
        let source = "message".to_owned();
        EventLogMessage { source, drop_invalid_labels: false, overwrite_existing: false }
    }
}

impl EventLogMessage {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        let EventLogMessage { source, drop_invalid_labels, overwrite_existing } = self.clone();
        let keys = EventKeys::new(STAGE, &source, drop_invalid_labels, overwrite_existing)?;
        Ok(each(move |entry, _| {
            let Some(text) = entry.get(&source).map(|text| text.into_owned()) else { return };
            for line in text.split("\r\n") {
                if let Some((key, value)) = line.split_once(':') {
                    keys.put(entry, key, value.trim());
                }
            }
        }))
    }
}

/// Under which names what an event says is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventKeys {
    stage: &'static str,
    drop_invalid: bool,
    overwrites: bool,
}

impl EventKeys {
    pub(super) fn new(
        stage: &'static str,
        source: &str,
        drop_invalid: bool,
        overwrites: bool,
    ) -> Result<Self, StageSetupError> {
        label_names(stage, [source])?;
        Ok(EventKeys { stage, drop_invalid, overwrites })
    }

    /// Extracts a value under what can be made of its key.
    pub(super) fn put(self, entry: &mut Entry, key: &str, value: &str) {
        let is_name = label_names(self.stage, [key]).is_ok();
        if !is_name && self.drop_invalid {
            return;
        }
        let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut name: String = key.chars().map(word).collect();
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
            name.insert(0, '_');
        }
        if entry.extracted.contains_key(&name) && !self.overwrites {
            name.push_str("_extracted");
        }
        entry.extract(&name, value);
    }
}
