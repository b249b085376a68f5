//! What a rule does.

use std::str::FromStr;

/// What a rule does with the value of its source labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Action {
    /// Writes the filled-in replacement to the target label where the expression matches.
    #[default]
    Replace,
    /// Drops the label set where the expression does not match.
    Keep,
    /// Drops the label set where the expression matches.
    Drop,
    /// Drops the label set where the value is not the target label's.
    KeepEqual,
    /// Drops the label set where the value is the target label's.
    DropEqual,
    /// Writes the value's hash modulo a number to the target label.
    HashMod,
    /// Copies labels whose names match to the names that the replacement makes.
    LabelMap,
    /// Removes labels whose names match.
    LabelDrop,
    /// Removes labels whose names do not match.
    LabelKeep,
    /// Writes the value in lower case to the target label.
    Lowercase,
    /// Writes the value in upper case to the target label.
    Uppercase,
}

/// Every action with its name in YAML.
const NAMES: [(Action, &str); 11] = [
    (Action::Replace, "replace"),
    (Action::Keep, "keep"),
    (Action::Drop, "drop"),
    (Action::KeepEqual, "keepequal"),
    (Action::DropEqual, "dropequal"),
    (Action::HashMod, "hashmod"),
    (Action::LabelMap, "labelmap"),
    (Action::LabelDrop, "labeldrop"),
    (Action::LabelKeep, "labelkeep"),
    (Action::Lowercase, "lowercase"),
    (Action::Uppercase, "uppercase"),
];

impl Action {
    /// The name in YAML.
    pub fn as_str(self) -> &'static str {
        NAMES.iter().find(|(action, _)| *action == self).map_or("replace", |(_, name)| name)
    }
}

/// A name that no action has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no relabel action is called {name:?}")]
pub struct UnknownAction {
    /// The name.
    pub name: String,
}

impl FromStr for Action {
    type Err = UnknownAction;

    /// The action of this name, in any case.
    fn from_str(name: &str) -> Result<Self, UnknownAction> {
        let found = NAMES.iter().find(|(_, known)| name.eq_ignore_ascii_case(known));
        found.map(|(action, _)| *action).ok_or_else(|| UnknownAction { name: name.to_owned() })
    }
}
