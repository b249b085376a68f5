//! `| json label="path", other`: single values of a document become labels.
//!
//! One pass over the line finds all of them. It enters only objects and arrays that a path leads
//! through, and stops once every path is found; whatever is wrong outside the values it takes is
//! not noticed. The first of two equal keys counts.

use super::path::Step;
use super::scanner::{
    JsonError, JsonKind, JsonValue, skip_blank, string_end, unescape_into, value,
};
use crate::stage::Entry;
use crate::stage::hints::Hints;
use crate::stage::labels::{EXTRACTED, LineError, LineLabels, PRESERVE_ERROR};
use crate::stage::sanitize::text_into;

/// The extractions of a stage.
#[derive(Clone, Debug)]
pub(crate) struct JsonExpressions {
    wanted: Vec<(Box<str>, Vec<Step>)>,
    found: Vec<bool>,
    text: String,
}

impl JsonExpressions {
    pub(crate) fn new(wanted: Vec<(Box<str>, Vec<Step>)>) -> Self {
        JsonExpressions { found: vec![false; wanted.len()], wanted, text: String::new() }
    }

    pub(crate) fn apply(&mut self, entry: &mut Entry<'_>, hints: &Hints) {
        let Entry { labels, line, .. } = entry;
        let line = line.get();
        if line.is_empty() || hints.is_nothing(labels) {
            return;
        }
        if !matches!(line.first(), Some(b'{' | b'[' | b'"')) {
            return fail(labels, hints, "");
        }
        self.found.fill(false);
        let all: Vec<usize> = (0..self.wanted.len()).collect();
        let mut search = Search { line, labels, hints, stage: self };
        search.enter(0, &all, 0);
        if self.found.iter().all(|found| *found) {
            return;
        }
        // Where one is missing, all that do not show are set, those that were found under another
        // name too.
        for (label, _) in &self.wanted {
            if labels.get(label).is_none() {
                labels.set(label, "");
            }
        }
    }
}

fn fail(labels: &mut LineLabels, hints: &Hints, details: &str) {
    labels.set_error(LineError::Json, details);
    if hints.preserves_error() {
        labels.set(PRESERVE_ERROR, "true");
    }
}

struct Search<'s> {
    line: &'s [u8],
    labels: &'s mut LineLabels,
    hints: &'s Hints,
    stage: &'s mut JsonExpressions,
}

impl Search<'_> {
    /// Looks for `paths`, all of which have led here in `depth` steps, in the value at `at`. The
    /// depth is bounded by the length of a path.
    fn enter(&mut self, at: usize, paths: &[usize], depth: usize) {
        let Some(at) = skip_blank(self.line, at) else { return };
        match self.line.get(at) {
            Some(b'{') => self.object(at + 1, paths, depth),
            Some(b'[') => self.array(at + 1, paths, depth),
            _ => {}
        }
    }

    fn object(&mut self, at: usize, paths: &[usize], depth: usize) {
        let mut at = at;
        let mut key = String::new();
        loop {
            let Some(start) = skip_blank(self.line, at) else { return };
            if self.line.get(start) != Some(&b'"') {
                return;
            }
            let Some((end, _)) = string_end(self.line, start + 1) else { return };
            key.clear();
            if !unescape_into(&mut key, self.line.get(start + 1..end).unwrap_or_default()) {
                return;
            }
            let Some(colon) = skip_blank(self.line, end + 1) else { return };
            if self.line.get(colon) != Some(&b':') {
                return;
            }
            let here = |step: &Step| matches!(step, Step::Key(name) if **name == *key);
            match self.member(colon + 1, paths, depth, here) {
                Some(next) => at = next,
                None => return,
            }
        }
    }

    fn array(&mut self, at: usize, paths: &[usize], depth: usize) {
        let mut at = at;
        for index in 0.. {
            let here = |step: &Step| matches!(step, Step::Index(wanted) if *wanted == index);
            match self.member(at, paths, depth, here) {
                Some(next) => at = next,
                None => return,
            }
        }
    }

    /// Takes the value at `at` for the paths whose next step leads `here`; gives the position
    /// behind the comma that follows, or `None` where nothing follows or all is found.
    fn member(
        &mut self,
        at: usize,
        paths: &[usize],
        depth: usize,
        here: impl Fn(&Step) -> bool,
    ) -> Option<usize> {
        let mut inner = Vec::new();
        let mut ends = Vec::new();
        for path in paths {
            let (_, steps) = self.stage.wanted.get(*path)?;
            let found = self.stage.found.get(*path).copied().unwrap_or(true);
            if !found && steps.get(depth).is_some_and(&here) {
                if steps.len() == depth + 1 { ends.push(*path) } else { inner.push(*path) }
            }
        }
        let value = value(self.line, at);
        for path in ends {
            self.take(path, &value);
        }
        if !inner.is_empty() {
            self.enter(at, &inner, depth + 1);
        }
        if self.stage.found.iter().all(|found| *found) {
            return None;
        }
        let next = skip_blank(self.line, value.ok()?.next)?;
        (self.line.get(next) == Some(&b',')).then_some(next + 1)
    }

    fn take(&mut self, path: usize, value: &Result<JsonValue, JsonError>) {
        let value = match value {
            Ok(value) => value,
            Err(error) => return fail(self.labels, self.hints, &error.to_string()),
        };
        let text = self.line.get(value.text.clone()).unwrap_or_default();
        self.stage.text.clear();
        match value.kind {
            JsonKind::Null => {}
            JsonKind::Object => text_into(&mut self.stage.text, text),
            _ => {
                if !unescape_into(&mut self.stage.text, text) {
                    self.stage.text.clear();
                }
            }
        }
        if let Some(found) = self.stage.found.get_mut(path) {
            *found = true;
        }
        let Some((label, _)) = self.stage.wanted.get(path) else { return };
        if self.labels.clashes(label) {
            self.labels.set(&format!("{label}{EXTRACTED}"), &self.stage.text);
        } else {
            self.labels.set(label, &self.stage.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::test_support::{apply, labels_of};

    fn json(stage: &str, line: &str) -> Vec<String> {
        labels_of(&apply(stage, line))
    }

    #[test]
    fn values_are_found_by_path() {
        let line = r#"{"a":{"b":[1,{"c":"x\ty"}]},"n":null,"a":3}"#;
        assert_eq!(
            json(r#"| json x="a.b[1].c", y="a.b", z="n", w="a", v="no.where""#, line),
            [r#"v="#, r#"w={"b":[1,{"c":"x\ty"}]}"#, "x=x\ty", "y=[1,{\"c\":\"x\ty\"}]", "z="]
        );
    }

    #[test]
    fn only_what_is_taken_can_be_broken() {
        let line = r#"{"a": 1, "b": "#;
        assert_eq!(json("| json a", line), ["a=1"]);
        assert_eq!(
            json("| json a, b", line),
            ["__error__=JSONParserErr", "__error_details__=Malformed JSON error", "a=1", "b="]
        );
        assert_eq!(json("| json a", "a=b"), ["__error__=JSONParserErr"]);
    }
}
