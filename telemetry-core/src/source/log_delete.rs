//! Which lines a delete takes away, and conditions that only a language understands.
//!
//! A store applies filters on lines by itself. What needs a language (`| json | user="42"`) it keeps
//! as text and has compiled, by the [`ConditionLanguage`] that it was opened with, whenever the
//! delete meets lines: so a delete outlives its process, and the store knows no language.

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use super::log::{LineFilter, LogColumns};
use crate::labels::{Labels, Matcher};
use crate::time::NanosRange;

/// Which lines a delete takes away: those of the streams in the window that pass every filter and
/// satisfy the condition.
#[derive(Clone, Debug)]
pub struct LogDelete {
    /// All must hold on the stream's labels; without any, every stream is concerned.
    pub matchers: Vec<Matcher>,
    /// The times of the lines: start included, end not.
    pub window: NanosRange,
    /// All must hold on the line as it was stored; without any, every line passes.
    pub filters: Vec<LineFilter>,
    /// A condition in a language, of which `filters` are a part if it has some.
    pub condition: Option<String>,
}

impl LogDelete {
    /// Every line of the streams that satisfy the matchers.
    pub fn streams(matchers: Vec<Matcher>, window: NanosRange) -> Self {
        LogDelete { matchers, window, filters: Vec::new(), condition: None }
    }
}

/// A condition on stored lines, compiled.
pub trait LineCondition: Debug + Send + Sync {
    /// Keeps those of `rows` whose lines satisfy the condition. The lines have all columns, and
    /// are of one stream. The same line always gets the same answer.
    fn retain(&self, stream: &Labels, lines: &LogColumns, rows: &mut Vec<usize>);
}

/// A language in which conditions are written.
pub trait ConditionLanguage: Debug + Send + Sync {
    /// Compiles a condition.
    ///
    /// # Errors
    ///
    /// The text is no condition; the error is the language's.
    fn compile(&self, text: &str) -> Result<Arc<dyn LineCondition>, Box<dyn Error + Send + Sync>>;
}
