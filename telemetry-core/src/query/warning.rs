//! Remarks that travel with an answer.

use std::fmt;

/// How much a remark matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The answer is right, but may not mean what was meant.
    Info,
    /// The answer may be incomplete.
    Warning,
}

/// A remark on a query's answer. The text is a language's own; positions are part of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Warning {
    /// How much it matters.
    pub severity: Severity,
    /// What it says.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
