//! A rule as it is written, and what makes it wrong.

use telemetry_core::labels::{Regex, RegexError};

use super::action::Action;

/// The expression that a rule has where none is given: it matches everything.
const REGEX: &str = "(.*)";
const SEPARATOR: &str = ";";
const REPLACEMENT: &str = "$1";

/// A rule with the names and defaults of Prometheus' `relabel_config`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct RelabelConfig {
    /// Labels whose values are joined; that is the value that the action works on.
    pub source_labels: Vec<String>,
    /// What stands between the values; `;` by default.
    pub separator: String,
    /// The expression that the value, or the labels' names, must match as a whole; `(.*)` by
    /// default.
    pub regex: String,
    /// What hashes are divided by.
    pub modulus: u64,
    /// The label that is written or compared. [`Action::Replace`] fills in groups.
    pub target_label: String,
    /// What is written, groups filled in; `$1` by default.
    pub replacement: String,
    /// What to do.
    pub action: Action,
}

impl Default for RelabelConfig {
    fn default() -> Self {
        RelabelConfig {
            source_labels: Vec::new(),
            separator: SEPARATOR.to_owned(),
            regex: REGEX.to_owned(),
            modulus: 0,
            target_label: String::new(),
            replacement: REPLACEMENT.to_owned(),
            action: Action::Replace,
        }
    }
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelabelError {
    /// An expression that Go would refuse.
    #[error("relabel rule {rule}: {source}")]
    Regex {
        /// Position of the rule, from 0.
        rule: usize,
        /// What is wrong with the expression.
        source: RegexError,
    },
    /// A hash without a number to divide it by.
    #[error("relabel rule {rule}: hashmod needs a modulus other than 0")]
    NoModulus {
        /// Position of the rule, from 0.
        rule: usize,
    },
    /// An action that writes or compares a label, without its name.
    #[error("relabel rule {rule}: {action} needs a target label", action = action.as_str())]
    NoTarget {
        /// Position of the rule, from 0.
        rule: usize,
        /// The action.
        action: Action,
    },
    /// A field that the action does not use.
    #[error("relabel rule {rule}: {action} does not take the field {field}", action = action.as_str())]
    Unused {
        /// Position of the rule, from 0.
        rule: usize,
        /// The action.
        action: Action,
        /// The field.
        field: &'static str,
    },
}

impl RelabelConfig {
    /// Whether groups are filled in nowhere and everything matches: the rule sets a label.
    pub(super) fn is_constant(&self) -> bool {
        self.regex == REGEX && !self.target_label.contains('$') && !self.replacement.contains('$')
    }

    /// Checks rule number `rule` and compiles its expression.
    pub(super) fn check(&self, rule: usize) -> Result<Regex, RelabelError> {
        use Action::{
            DropEqual, HashMod, KeepEqual, LabelDrop, LabelKeep, LabelMap, Lowercase, Replace,
            Uppercase,
        };
        let action = self.action;
        if action == HashMod && self.modulus == 0 {
            return Err(RelabelError::NoModulus { rule });
        }
        let writes =
            matches!(action, Replace | HashMod | Lowercase | Uppercase | KeepEqual | DropEqual);
        if writes && self.target_label.is_empty()
            || action == LabelMap && self.replacement.is_empty()
        {
            return Err(RelabelError::NoTarget { rule, action });
        }
        let mut unused = Vec::new();
        if matches!(action, Lowercase | Uppercase | KeepEqual | DropEqual | LabelDrop | LabelKeep) {
            unused.push(("replacement", self.replacement != REPLACEMENT));
        }
        if matches!(action, KeepEqual | DropEqual) {
            unused.push(("regex", self.regex != REGEX));
        }
        if matches!(action, LabelDrop | LabelKeep) {
            unused.push(("source_labels", !self.source_labels.is_empty()));
            unused.push(("target_label", !self.target_label.is_empty()));
        }
        if matches!(action, KeepEqual | DropEqual | LabelDrop | LabelKeep) {
            unused.push(("modulus", self.modulus != 0));
            unused.push(("separator", self.separator != SEPARATOR));
        }
        if let Some((field, _)) = unused.into_iter().find(|(_, is_set)| *is_set) {
            return Err(RelabelError::Unused { rule, action, field });
        }
        Regex::anchored(&self.regex).map_err(|source| RelabelError::Regex { rule, source })
    }
}
