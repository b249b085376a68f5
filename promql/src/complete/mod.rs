//! What may stand at a place of a query: what editors offer while somebody types.
//!
//! ~~~text
//! text up to the cursor ─▶ lexer ─▶ place (a grammar that knows no errors) ─▶ words of the language
//!                                                                          └▶ question to a source
//! ~~~
//!
//! * Only the text in front of the cursor decides; of what follows it only the rest of the word at
//!   the cursor is looked at, because a candidate replaces that word.
//! * Names of metrics and labels, and values of labels, are known to a source alone.
//!   [`Completion::ask`] says which, [`Completion::answers`] asks.
//! * Any text may be completed, at any place of it; where nothing helps there are no candidates.

mod place;
mod reader;
mod source;
mod words;

use telemetry_core::labels::Matcher;
use telemetry_core::syntax::Span;

pub use words::{Word, WordKind};

use crate::parse::ParseOptions;

/// Candidates for the place of the cursor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Completion {
    /// What a candidate replaces: the word at the cursor; empty between words.
    pub span: Span,
    /// The word up to the cursor; of a text in quotes what it means so far.
    pub typed: Box<str>,
    /// Words of the language that begin with what is typed, in any letter case; functions and
    /// aggregations come first, sorted.
    pub words: Vec<Word>,
    /// What a source knows besides.
    pub ask: Option<Ask>,
}

/// What is to be asked of a source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ask {
    /// Names of metrics.
    MetricNames {
        /// Matchers of the selector that are written already.
        matchers: Vec<Matcher>,
        /// Whether a name that is no classic one needs braces around its quotes.
        braces: bool,
    },
    /// Names of labels.
    LabelNames {
        /// Matchers that the series with these labels satisfy, as far as the text tells.
        matchers: Vec<Matcher>,
    },
    /// Values of a label.
    LabelValues {
        /// The label.
        label: Box<str>,
        /// The other matchers of the selector that are written already.
        matchers: Vec<Matcher>,
    },
}

/// Candidates for the place `cursor` of `query`, a byte offset; one inside a character counts as its
/// start, one past the end as the end.
///
/// ```
/// use promql::{ParseOptions, complete::complete};
/// let completion = complete("sum(ra", 6, &ParseOptions::default());
/// assert_eq!(completion.span, (4..6).into());
/// let words: Vec<_> = completion.words.iter().map(|word| &*word.text).collect();
/// assert_eq!(words, ["rad", "rate"]);
/// ```
pub fn complete(query: &str, cursor: usize, options: &ParseOptions) -> Completion {
    let cursor = query.floor_char_boundary(cursor);
    let place::Found { place, typed } = place::find(query, cursor);
    let words = words::at(&place, &typed.text, options);
    Completion { span: typed.span, typed: typed.text, words, ask: place.ask() }
}
