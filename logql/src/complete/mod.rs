//! What may stand at a place of a query: what editors offer while somebody types.
//!
//! ~~~text
//! text up to the cursor ─▶ lexer ─▶ place ─▶ words of the language
//!                                         └▶ question to a source: labels and their values
//! ~~~
//!
//! Only the text in front of the cursor decides; of what follows it only the rest of the word at the
//! cursor is looked at, because a candidate replaces that word. Any text may be completed, at any
//! place of it; where nothing helps there are no candidates.

mod place;
mod words;

use telemetry_core::labels::{Matcher, is_classic_name};
use telemetry_core::query::QueryContext;
use telemetry_core::syntax::{Span, string::quote};
use telemetry_core::time::NanosRange;

use crate::{Engine, Error};

/// Candidates for the place of the cursor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Completion {
    /// What a candidate replaces: the word at the cursor; empty between words.
    pub span: Span,
    /// The word up to the cursor; of a text in quotes what it means so far.
    pub typed: Box<str>,
    /// Words of the language that begin with what is typed.
    pub words: Vec<&'static str>,
    /// What a source knows besides.
    pub ask: Option<Ask>,
}

/// What is to be asked of a source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ask {
    /// Names of labels.
    LabelNames {
        /// Matchers that the streams with these labels satisfy, as far as the text tells.
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
/// let query = r#"{app="api"} | js"#;
/// let completion = logql::complete::complete(query, query.len());
/// assert_eq!(completion.words, ["json"]);
/// assert_eq!(completion.span, (14..16).into());
/// ```
pub fn complete(query: &str, cursor: usize) -> Completion {
    let cursor = query.floor_char_boundary(cursor);
    let place::Found { place, typed } = place::find(query, cursor);
    let words = words::at(&place, &typed.text);
    Completion { span: typed.span, typed: typed.text, words, ask: place.ask() }
}

impl Completion {
    /// Labels and values of the source behind `engine` that begin with what is typed, sorted, at most
    /// `limit`, as they are written in a query. `window` bounds the streams looked at.
    ///
    /// # Errors
    ///
    /// Those of the source.
    pub fn answers(
        &self,
        engine: &Engine<'_>,
        window: NanosRange,
        limit: usize,
        context: &QueryContext,
    ) -> Result<Vec<String>, Error> {
        let found = match &self.ask {
            None => return Ok(Vec::new()),
            Some(Ask::LabelNames { matchers }) => engine.label_names(matchers, window, context)?,
            Some(Ask::LabelValues { label, matchers }) => {
                engine.label_values(label, matchers, window, context)?
            }
        };
        let is_name = matches!(self.ask, Some(Ask::LabelNames { .. }));
        let typed = found.into_iter().filter(|text| text.starts_with(&*self.typed)).take(limit);
        let written = |text: String| match is_name && is_classic_name(&text) {
            true => text,
            false => quote(&text),
        };
        Ok(typed.map(written).collect())
    }
}
