//! `| logfmt`: pairs become labels.

mod scanner;

pub(crate) use scanner::{Logfmt, LogfmtError};

use super::Entry;
use super::hints::Hints;
use super::labels::{EXTRACTED, LineError, LineLabels, PRESERVE_ERROR};
use super::sanitize::sanitize_into;
use crate::error::PathError;

/// Takes every pair of the line.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogfmtPairs {
    strict: bool,
    keep_empty: bool,
    name: String,
}

impl LogfmtPairs {
    pub(crate) fn new(strict: bool, keep_empty: bool) -> Self {
        LogfmtPairs { strict, keep_empty, ..LogfmtPairs::default() }
    }

    pub(crate) fn apply(&mut self, entry: &mut Entry<'_>, hints: &Hints) {
        let Entry { labels, line, .. } = entry;
        if hints.is_nothing(labels) {
            return;
        }
        for pair in Logfmt::new(line.get()) {
            let pair = match pair {
                Ok(pair) => pair,
                Err(error) if self.strict => return fail(labels, hints, &error),
                Err(_) => continue,
            };
            // Most pairs of most lines are not asked for.
            if pair.value.is_empty() && !self.keep_empty || hints.skips(pair.key) {
                continue;
            }
            self.name.clear();
            sanitize_into(&mut self.name, pair.key);
            if self.name.is_empty() {
                continue;
            }
            labels.extract(&self.name, |out| pair.value.text_into(out), |name| hints.wants(name));
            if hints.is_done(labels) {
                return;
            }
        }
    }
}

fn fail(labels: &mut LineLabels, hints: &Hints, error: &LogfmtError) {
    labels.set_error(LineError::Logfmt, &error.to_string());
    if hints.preserves_error() {
        labels.set(PRESERVE_ERROR, "true");
    }
}

/// Takes the named fields; each of them is set, if only to nothing.
#[derive(Clone, Debug)]
pub(crate) struct LogfmtFields {
    strict: bool,
    /// Labels and the fields they come from.
    wanted: Vec<(Box<str>, Box<str>)>,
    found: Vec<bool>,
    name: String,
    value: String,
}

impl LogfmtFields {
    pub(crate) fn new(strict: bool, wanted: Vec<(Box<str>, Box<str>)>) -> Self {
        let found = vec![false; wanted.len()];
        LogfmtFields { strict, wanted, found, name: String::new(), value: String::new() }
    }

    pub(crate) fn apply(&mut self, entry: &mut Entry<'_>, hints: &Hints) {
        let Entry { labels, line, .. } = entry;
        if hints.is_nothing(labels) {
            return;
        }
        self.found.fill(false);
        let mut left = self.wanted.len();
        for pair in Logfmt::new(line.get()) {
            let pair = match pair {
                Ok(pair) => pair,
                Err(error) if self.strict => return fail(labels, hints, &error),
                Err(_) => continue,
            };
            // Most keys are neither wanted nor odd: they need no name.
            let is_wanted = |(_, field): &(Box<str>, Box<str>)| field.as_bytes() == pair.key;
            if is_clean(pair.key) && !self.wanted.iter().any(is_wanted) {
                continue;
            }
            self.name.clear();
            sanitize_into(&mut self.name, pair.key);
            for ((label, field), found) in self.wanted.iter().zip(&mut self.found) {
                // The first of two equal fields counts.
                if **field != *self.name || *found {
                    continue;
                }
                *found = true;
                left -= 1;
                self.value.clear();
                pair.value.text_into(&mut self.value);
                if labels.clashes(label) {
                    labels.set(&format!("{label}{EXTRACTED}"), &self.value);
                } else {
                    labels.set(label, &self.value);
                }
            }
            if left == 0 && !self.strict {
                break;
            }
        }
        for (label, _) in &self.wanted {
            if labels.get(label).is_none() {
                labels.set(label, "");
            }
        }
    }
}

/// Whether a key is a label's name as it stands.
fn is_clean(key: &[u8]) -> bool {
    key.first().is_some_and(|byte| !byte.is_ascii_digit())
        && key.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// A field is named as a label is.
pub(crate) fn check_field(text: &str) -> Result<(), PathError> {
    let mut chars = text.chars();
    let starts = |c: char| c == '_' || c.is_alphabetic();
    match chars.next() {
        None => return Err(PathError::Unexpected { found: "$end", expected: vec!["KEY"] }),
        Some(c) if !starts(c) => return Err(PathError::Character(c)),
        Some(_) => {}
    }
    match chars.find(|c| !starts(*c) && !c.is_numeric()) {
        Some(c) => Err(PathError::Character(c)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::test_support::{apply, labels_of};

    fn logfmt(stage: &str, line: &str) -> Vec<String> {
        labels_of(&apply(stage, line))
    }

    #[test]
    fn flags() {
        let line = r#"a=1 b c="x y" a=2 =x d=4"#;
        assert_eq!(logfmt("| logfmt", line), ["a=1", "c=x y", "d=4"]);
        assert_eq!(logfmt("| logfmt --keep-empty", line), ["a=1", "b=", "c=x y", "d=4"]);
        assert_eq!(
            logfmt("| logfmt --strict", line),
            [
                "__error__=LogfmtParserErr",
                "__error_details__=logfmt syntax error at pos 19 : unexpected '='",
                "a=1",
                "c=x y"
            ]
        );
    }

    #[test]
    fn fields_that_are_asked_for_always_exist() {
        assert_eq!(logfmt(r#"| logfmt x="a", y="a", z="b""#, "a=1 a=2"), ["x=1", "y=1", "z="]);
    }
}
