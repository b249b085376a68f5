//! Regular expressions with the syntax and the meaning of Go's package `regexp`.

use crate::syntax::Span;
use regex_automata::meta;
use regex_syntax::hir::{Hir, Look};
use std::sync::Arc;

/// Interim: parsed by the Rust syntax until the parser of Go's syntax lands beside this file.
#[derive(Clone)]
pub struct Regex(Arc<Inner>);

struct Inner {
    pattern: Box<str>,
    engine: meta::Regex,
}

/// Why a pattern is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {kind}: `{text}`")]
pub struct RegexError {
    /// What is wrong.
    pub kind: RegexErrorKind,
    /// The part of the pattern at fault, as Go names it.
    pub text: Box<str>,
    /// Where that part is in the pattern.
    pub span: Span,
}

/// What can be wrong with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegexErrorKind {
    /// The pattern would take too much memory.
    #[error("expression too large")]
    Large,
}

impl Regex {
    /// A pattern that may match anywhere; `.` matches no newline.
    ///
    /// # Errors
    /// The pattern is refused.
    pub fn new(pattern: &str) -> Result<Self, RegexError> {
        Self::compile(pattern, false)
    }

    /// A pattern that must match the whole text; `.` matches newlines.
    ///
    /// # Errors
    /// The pattern is refused.
    pub fn anchored(pattern: &str) -> Result<Self, RegexError> {
        Self::compile(pattern, true)
    }

    fn compile(pattern: &str, anchored: bool) -> Result<Self, RegexError> {
        let error = || RegexError {
            kind: RegexErrorKind::Large,
            text: pattern.into(),
            span: Span::new(0, pattern.len()),
        };
        let mut hir = regex_syntax::ParserBuilder::new()
            .dot_matches_new_line(anchored)
            .build()
            .parse(pattern)
            .map_err(|_| error())?;
        if anchored {
            hir = Hir::concat(vec![Hir::look(Look::Start), hir, Hir::look(Look::End)]);
        }
        let engine = meta::Builder::new().build_from_hir(&hir).map_err(|_| error())?;
        Ok(Regex(Arc::new(Inner { pattern: pattern.into(), engine })))
    }

    /// The pattern.
    pub fn pattern(&self) -> &str {
        &self.0.pattern
    }

    /// Whether the text matches.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.0.engine.is_match(text)
    }

    /// As [`Regex::is_match`], for text that is known to be UTF-8.
    pub fn is_match_str(&self, text: &str) -> bool {
        self.0.engine.is_match(text)
    }

    /// The finite set of texts that an anchored pattern matches, where it is one.
    pub fn set(&self) -> Option<&[Box<str>]> {
        None
    }

    /// What every text that an anchored pattern matches begins with.
    pub fn prefix(&self) -> &str {
        ""
    }

    /// Whether every text matches.
    pub fn matches_all(&self) -> bool {
        self.pattern() == ".*"
    }
}

impl std::fmt::Debug for Regex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Regex({})", self.pattern())
    }
}
