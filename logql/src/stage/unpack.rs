//! `| unpack`: undoes what the log agent's `pack` stage does.
//!
//! The line is an object of strings; one of them, `_entry`, is the line as it was, the others are
//! labels. Without `_entry` nothing happens.

use super::Entry;
use super::hints::Hints;
use super::json::{JsonError, JsonKind, skip_blank, string_end, unescape_into, value};
use super::labels::{LineError, PRESERVE_ERROR};
use super::sanitize::sanitize_into;

/// The member that holds the line.
const ENTRY: &str = "_entry";

/// What Loki says of a line that is no object.
const NOT_AN_OBJECT: &str = "expecting json object(6), but it is not";

#[derive(Clone, Debug, Default)]
pub(crate) struct Unpack {
    /// Names and values, waiting for `_entry`.
    members: Vec<(String, String)>,
}

impl Unpack {
    pub(crate) fn apply(&mut self, entry: &mut Entry<'_>, hints: &Hints) {
        let Entry { labels, line, .. } = entry;
        let text = line.get();
        if text.is_empty() || hints.is_nothing(labels) {
            return;
        }
        self.members.clear();
        let unpacked = if text.trim_ascii().starts_with(b"{") {
            self.read(text).map_err(|error| error.to_string())
        } else {
            Err(NOT_AN_OBJECT.to_string())
        };
        match unpacked {
            Err(details) => {
                labels.set_error(LineError::Json, &details);
                if hints.preserves_error() {
                    labels.set(PRESERVE_ERROR, "true");
                }
            }
            Ok(None) => {}
            Ok(Some(inner)) => {
                for (name, value) in &self.members {
                    labels.extract(name, |out| out.push_str(value), |name| hints.wants(name));
                }
                line.replace(inner.as_bytes());
            }
        }
    }

    /// Collects the members that are strings, and gives the line.
    fn read(&mut self, json: &[u8]) -> Result<Option<String>, JsonError> {
        let mut line = None;
        let open = skip_blank(json, 0).ok_or(JsonError::Object)?;
        let mut at = skip_blank(json, open + 1).ok_or(JsonError::Malformed)?;
        while json.get(at) == Some(&b'"') {
            let (end, _) = string_end(json, at + 1).ok_or(JsonError::Malformed)?;
            let key = json.get(at + 1..end).unwrap_or_default();
            let colon = skip_blank(json, end + 1).ok_or(JsonError::Malformed)?;
            if json.get(colon) != Some(&b':') {
                return Err(JsonError::Malformed);
            }
            let value = value(json, colon + 1)?;
            if value.kind == JsonKind::String {
                let mut text = String::new();
                if !unescape_into(&mut text, json.get(value.text.clone()).unwrap_or_default()) {
                    text.clear();
                }
                if key == ENTRY.as_bytes() {
                    line = Some(text);
                } else {
                    let mut name = String::new();
                    sanitize_into(&mut name, key);
                    if !name.is_empty() {
                        self.members.push((name, text));
                    }
                }
            }
            let next = skip_blank(json, value.next).ok_or(JsonError::Array)?;
            match json.get(next) {
                Some(b'}') => return Ok(line),
                Some(b',') => at = skip_blank(json, next + 1).ok_or(JsonError::Array)?,
                _ => return Err(JsonError::Object),
            }
        }
        match json.get(at) {
            Some(b'}') => Ok(line),
            _ => Err(JsonError::Object),
        }
    }
}
