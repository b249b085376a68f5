//! Syntax tree → text.
//!
//! Three printers, over one set of phrases:
//!
//! * [`exact`], behind `Display`: on one line, parses back to an equal tree.
//! * [`canonical`]: what Loki's `String()` gives. It rounds sizes (`1024B` becomes `1.0kB`) and so
//!   is for comparing and for people, not for storing.
//! * [`pretty`]: what Loki's `/format_query` gives; lines longer than a bound are split.

mod phrase;
mod pretty;

pub use pretty::{LINE_BYTES_MAX, pretty, pretty_within};

use crate::ast::{Expr, LogQuery, Stage};
use phrase::{Phrases, Sizes};
use std::fmt;

/// The query on one line, as Loki prints it.
///
/// ```
/// let query = logql::parse(r#"sum(rate({app="a"}|json|n=5 [5m]))by(b)"#)?;
/// let text = r#"sum by (b)(rate({app="a"} | json | n==5[5m]))"#;
/// assert_eq!(logql::print::canonical(&query), text);
/// # Ok::<(), logql::Error>(())
/// ```
pub fn canonical(expr: &Expr) -> String {
    Phrases { sizes: Sizes::Rounded }.expr(expr)
}

/// The query on one line, without loss: the text parses back to an equal tree.
pub fn exact(expr: &Expr) -> String {
    Phrases { sizes: Sizes::Exact }.expr(expr)
}

/// A stage as Loki names it in a message.
pub(crate) fn stage(stage: &Stage) -> String {
    Phrases { sizes: Sizes::Rounded }.stage(stage)
}

/// A label filter as Loki names it in a message.
pub(crate) fn label_filter(filter: &crate::ast::LabelFilter) -> String {
    Phrases { sizes: Sizes::Rounded }.label_filter(filter)
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&exact(self))
    }
}

impl fmt::Display for LogQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Phrases { sizes: Sizes::Exact }.log(self))
    }
}
