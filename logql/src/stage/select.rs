//! `drop` and `keep`: fewer labels.

use super::Entry;
use super::label_filter::compiled;
use super::labels::{ERROR, ERROR_DETAILS, PRESERVE_ERROR};
use crate::ast::LabelMatch;
use crate::error::Error;
use telemetry_core::labels::Matcher;

/// A label by name, or by name and value.
#[derive(Clone, Debug)]
enum Pick {
    Name(Box<str>),
    Matcher(Matcher),
}

#[derive(Clone, Debug)]
pub(crate) struct Picks(Vec<Pick>);

impl Picks {
    pub(crate) fn new(labels: &[LabelMatch]) -> Result<Self, Error> {
        let picks = labels.iter().map(|label| {
            Ok(match label {
                LabelMatch::Name(name) => Pick::Name(name.clone()),
                LabelMatch::Matcher(matcher) => Pick::Matcher(compiled(matcher)?),
            })
        });
        picks.collect::<Result<_, Error>>().map(Picks)
    }

    /// Takes the picked labels away.
    pub(crate) fn drop(&self, entry: &mut Entry<'_>) {
        let only_names = self.0.iter().all(|pick| match pick {
            Pick::Name(name) => !matches!(&**name, ERROR | ERROR_DETAILS),
            Pick::Matcher(_) => false,
        });
        if only_names {
            let named = |name: &str| {
                self.0.iter().any(|pick| matches!(pick, Pick::Name(picked) if **picked == *name))
            };
            return entry.labels.retain(|name, _| !named(name));
        }
        for pick in &self.0 {
            let name = match pick {
                Pick::Name(name) => name,
                Pick::Matcher(matcher) => {
                    let value = entry.labels.get(matcher.name()).unwrap_or_default();
                    if !matcher.matches(value) {
                        continue;
                    }
                    matcher.name()
                }
            };
            entry.labels.remove(name);
        }
    }

    /// Takes all other labels away, except those that tell of errors.
    pub(crate) fn keep(&self, entry: &mut Entry<'_>) {
        entry.labels.retain(|name, value| {
            matches!(name, ERROR | ERROR_DETAILS | PRESERVE_ERROR)
                || self.0.iter().any(|pick| match pick {
                    Pick::Name(picked) => **picked == *name,
                    Pick::Matcher(matcher) => matcher.name() == name && matcher.matches(value),
                })
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::test_support::{apply, labels_of};

    #[test]
    fn by_name_and_by_value() {
        let line = "a=1 b=2 c=3";
        assert_eq!(labels_of(&apply(r#"| logfmt | drop a, b="x", c=~"[0-9]""#, line)), ["b=2"]);
        assert_eq!(labels_of(&apply(r#"| logfmt | keep a, b="x", d"#, line)), ["a=1"]);
    }
}
