//! `| json`: members become labels.

mod expression;
mod path;
mod scanner;

pub(crate) use expression::JsonExpressions;
pub(crate) use path::{Step, parse_path};
pub(crate) use scanner::{
    JsonError, JsonKind, JsonValue, skip_blank, string_end, unescape_into, value,
};

use super::Entry;
use super::hints::Hints;
use super::labels::{LineError, LineLabels, PRESERVE_ERROR};
use super::sanitize::{sanitize_into, text_into};
use scanner::{block_end, token};

/// Objects deeper than this are an error of the line: nobody reads labels of a thousand parts.
const DEPTH_MAX: usize = 1_000;

/// Takes every member of a JSON object, nested ones under names joined with `_`. Arrays and nulls
/// are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Json {
    scratch: Scratch,
}

/// Buffers kept between lines.
#[derive(Clone, Debug, Default)]
struct Scratch {
    /// Sanitised names of the open objects and the member, joined.
    name: String,
    key: String,
    /// Length of `name` before each open object.
    open: Vec<usize>,
}

impl Json {
    pub(crate) fn apply(&mut self, entry: &mut Entry<'_>, hints: &Hints) {
        let Entry { labels, line, .. } = entry;
        if hints.is_nothing(labels) {
            return;
        }
        let line = line.get();
        if let Err(error) = self.scratch.flatten(line, labels, hints, &mut None) {
            labels.set_error(LineError::Json, &error.to_string());
            if hints.preserves_error() {
                labels.set(PRESERVE_ERROR, "true");
            }
        }
    }
}

/// The path of keys behind each label that `| json` makes of `line`.
pub(crate) fn label_paths(
    line: &[u8],
    labels: &mut LineLabels,
) -> Result<Vec<(String, Vec<String>)>, JsonError> {
    let mut paths = Vec::new();
    let mut keys: Vec<String> = Vec::new();
    let mut note = |event: Event<'_>, depth: usize| match event {
        Event::Key(key) => {
            keys.truncate(depth);
            keys.push(key.to_string());
        }
        Event::Label(name) => paths.push((name.to_string(), keys.clone())),
    };
    Scratch::default().flatten(line, labels, &Hints::everything(), &mut Some(&mut note))?;
    Ok(paths)
}

/// Who is told of the way that [`Scratch::flatten`] takes, and of the depth of each step.
type Note<'n> = &'n mut dyn FnMut(Event<'_>, usize);

/// What [`Scratch::flatten`] tells about its way.
enum Event<'a> {
    /// A key at a depth.
    Key(&'a str),
    /// A label was set.
    Label(&'a str),
}

impl Scratch {
    /// Walks the object in `line` and stores its members.
    fn flatten(
        &mut self,
        line: &[u8],
        labels: &mut LineLabels,
        hints: &Hints,
        note: &mut Option<Note<'_>>,
    ) -> Result<(), JsonError> {
        self.name.clear();
        self.open.clear();
        let at = skip_blank(line, 0).ok_or(JsonError::Object)?;
        if line.get(at) != Some(&b'{') {
            return Err(JsonError::Object);
        }
        let mut at = skip_blank(line, at + 1).ok_or(JsonError::Malformed)?;
        loop {
            // Here stands a key or the end of an object.
            match line.get(at) {
                Some(b'"') => {}
                Some(b'}') => {
                    let Some(outer) = self.open.pop() else { return Ok(()) };
                    self.name.truncate(outer);
                    match self.next_member(line, at + 1)? {
                        Some(next) => at = next,
                        None => return Ok(()),
                    }
                    continue;
                }
                _ => return Err(JsonError::Object),
            }
            let (end, escaped) = string_end(line, at + 1).ok_or(JsonError::Malformed)?;
            let colon = skip_blank(line, end + 1).ok_or(JsonError::Malformed)?;
            let key = line.get(at + 1..end).unwrap_or_default();
            if line.get(colon) != Some(&b':') {
                return Err(JsonError::Malformed);
            }
            let start = skip_blank(line, colon + 1).ok_or(JsonError::Malformed)?;
            if self.name.is_empty() && !escaped && hints.skips(key) {
                // Most members of most lines are not asked for: they only have to be stepped over.
                let value = value_at(line, start)?;
                match self.next_member(line, value.next)? {
                    Some(next) => at = next,
                    None => return Ok(()),
                }
                continue;
            }
            let outer = self.name.len();
            self.push_key(key, escaped)?;
            if let Some(note) = note {
                note(Event::Key(&self.key), self.open.len());
            }
            if line.get(start) == Some(&b'{') {
                // An object that does not end is an error before any of its members counts. Inside
                // one that ends, all do.
                if self.open.is_empty() && block_end(line, start, b'{', b'}').is_none() {
                    return Err(JsonError::Object);
                }
                if self.open.len() >= DEPTH_MAX {
                    return Err(JsonError::Object);
                }
                if hints.wants_prefix(&self.name) {
                    self.open.push(outer);
                    at = skip_blank(line, start + 1).ok_or(JsonError::Malformed)?;
                    continue;
                }
            }
            let value = value_at(line, start)?;
            self.store(line, &value, labels, hints, note);
            self.name.truncate(outer);
            if hints.is_done(labels) {
                return Ok(());
            }
            match self.next_member(line, value.next)? {
                Some(next) => at = next,
                None => return Ok(()),
            }
        }
    }

    /// Position of the next key or closing bracket; `None` at the end of the outermost object.
    fn next_member(&mut self, line: &[u8], at: usize) -> Result<Option<usize>, JsonError> {
        let at = skip_blank(line, at).ok_or(JsonError::Array)?;
        match line.get(at) {
            Some(b',') => skip_blank(line, at + 1).ok_or(JsonError::Array).map(Some),
            Some(b'}') if self.open.is_empty() => Ok(None),
            Some(b'}') => Ok(Some(at)),
            _ => Err(JsonError::Object),
        }
    }

    /// Joins the sanitised key to the names of the objects around it.
    fn push_key(&mut self, key: &[u8], escaped: bool) -> Result<(), JsonError> {
        self.key.clear();
        if escaped {
            if !unescape_into(&mut self.key, key) {
                return Err(JsonError::Escape);
            }
        } else {
            match std::str::from_utf8(key) {
                Ok(key) => self.key.push_str(key),
                Err(_) => self.key.push_str(&String::from_utf8_lossy(key)),
            }
        }
        if !self.name.is_empty() && !self.key.trim_ascii().is_empty() {
            self.name.push('_');
        }
        sanitize_into(&mut self.name, self.key.as_bytes());
        Ok(())
    }

    fn store(
        &mut self,
        line: &[u8],
        value: &JsonValue,
        labels: &mut LineLabels,
        hints: &Hints,
        note: &mut Option<Note<'_>>,
    ) {
        // A nameless member of the outermost object is nothing; a nested one has an empty name.
        if self.name.is_empty() && self.open.is_empty() {
            return;
        }
        let text = line.get(value.text.clone()).unwrap_or_default();
        let write = |out: &mut String| {
            let start = out.len();
            match value.kind {
                JsonKind::String if !unescape_into(out, text) => out.truncate(start),
                JsonKind::String => {}
                _ => text_into(out, text),
            }
        };
        if matches!(value.kind, JsonKind::Null | JsonKind::Array | JsonKind::Object) {
            return;
        }
        let is_set = labels.extract(&self.name, write, |name| hints.wants(name));
        if let (true, Some(note)) = (is_set, note) {
            let clash = labels.clashes(&self.name);
            let name = if clash { format!("{}_extracted", self.name) } else { String::new() };
            note(Event::Label(if clash { &name } else { &self.name }), self.open.len());
        }
    }
}

fn value_at(line: &[u8], at: usize) -> Result<JsonValue, JsonError> {
    match line.get(at) {
        Some(b'"' | b'{' | b'[') => value(line, at),
        _ => token(line, at),
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::test_support::{apply, labels_of};

    fn json(line: &str) -> Vec<String> {
        labels_of(&apply("| json", line))
    }

    #[test]
    fn members_become_labels() {
        assert_eq!(
            json(r#"{"a":"x","n":{"b-c":1.50,"d":{"e":true}},"l":[1],"z":null}"#),
            ["a=x", "n_b_c=1.50", "n_d_e=true"]
        );
    }

    #[test]
    fn what_comes_before_an_error_counts() {
        assert_eq!(
            json(r#"{"a":1,"b":"#),
            ["__error__=JSONParserErr", "__error_details__=Malformed JSON error", "a=1"]
        );
        assert_eq!(json(r#"{"a":{"b":1"#)[0], "__error__=JSONParserErr");
        assert_eq!(json("[1]")[0], "__error__=JSONParserErr");
    }

    #[test]
    fn it_is_lenient() {
        assert_eq!(json(r#" {"a":1,} trailing"#), ["a=1"]);
        assert_eq!(json(r#"{"a":1,"a":2}"#), ["a=1"]);
        assert!(json("{}").is_empty());
    }

    #[test]
    fn depth_is_bounded() {
        let line = r#"{"a":"#.repeat(5_000) + "1" + &"}".repeat(5_000);
        assert_eq!(json(&line)[0], "__error__=JSONParserErr");
    }
}
