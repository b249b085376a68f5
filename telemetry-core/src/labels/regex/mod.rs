//! Regular expressions with the syntax and the meaning of Go's package `regexp`.
//!
//! ~~~text
//! pattern ─ parse ─→ expression (regex-syntax's HIR) ─┬─ form ─────→ comparisons of bytes
//!           class                                     ├─ literals ─→ what stores may prune by
//!                                                     └─ engine (regex-automata)
//! ~~~
//!
//! [`parse`](self) is our own, because Go and the Rust crate `regex` accept different languages and
//! give some constructs different meanings; matching is `regex-automata`'s, in time linear to the
//! text. Both prefer the leftmost match and, of those, the one that a backtracking engine would
//! find first.
//!
//! Go reads text as UTF-8 and takes every byte that is no part of it for the character U+FFFD. Here
//! the engine only sees UTF-8: of other text it gets a copy in which each such byte is replaced, and
//! the places it reports are translated back.
//!
//! Deviations: classes have the characters of a Unicode version that may be newer than Go's; the
//! memory that an expression may take is limited in another way, by [`RegexErrorKind::Large`].

mod alphabet;
mod captures;
mod class;
mod engine;
mod error;
mod form;
mod literals;
mod lossy;
mod parse;
mod sequence;
mod stack;

pub use alphabet::Alphabet;
pub use captures::Captures;
pub use error::{RegexError, RegexErrorKind};
pub use literals::AnyOf;

use crate::syntax::Span;
use captures::{Piece, pieces};
use engine::Engine;
use form::Form;
use lossy::Lossy;
use parse::Parsed;
use regex_automata::Input;
use regex_automata::util::primitives::NonMaxUsize;
use regex_syntax::hir::{Hir, Look};
use sequence::Sequence;
use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

/// What is fixed about a pattern from the outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RegexOptions {
    /// Whether a match must be the whole text.
    pub anchored: bool,
    /// Whether `.` matches newlines, as if the pattern began with `(?s)`.
    pub dot_matches_newline: bool,
}

/// A compiled regular expression. Cheap to clone; two are equal when pattern and options are.
///
/// ```
/// use telemetry_core::labels::Regex;
/// let regex = Regex::new(r"status=(?P<code>\d+)")?;
/// assert!(regex.is_match(b"GET / status=200"));
/// assert_eq!(regex.replace_all("status=200", "<${code}>"), "<200>");
/// # Ok::<(), telemetry_core::labels::RegexError>(())
/// ```
#[derive(Clone)]
pub struct Regex(Arc<Inner>);

struct Inner {
    pattern: Box<str>,
    options: RegexOptions,
    names: Vec<Option<Box<str>>>,
    form: Form,
    /// Whether the form must not see text that is not UTF-8.
    form_needs_utf8: bool,
    prefix: Box<str>,
    required: Vec<AnyOf>,
    alphabet: Option<Alphabet>,
    /// Finds groups faster than the engine does.
    sequence: Option<Sequence>,
    engine: Engine,
}

impl Regex {
    /// A pattern that may match anywhere in the text; `.` matches no newline. So are LogQL's line
    /// filters.
    ///
    /// # Errors
    /// [`RegexError`]: Go would refuse the pattern, or it is too large.
    pub fn new(pattern: &str) -> Result<Self, RegexError> {
        Regex::with_options(pattern, RegexOptions::default())
    }

    /// A pattern that must match the whole text; `.` matches newlines: Prometheus' `^(?s:…)$`. So
    /// are label matchers.
    ///
    /// # Errors
    /// [`RegexError`]: Go would refuse the pattern, or it is too large.
    pub fn anchored(pattern: &str) -> Result<Self, RegexError> {
        let options = RegexOptions { anchored: true, dot_matches_newline: true };
        Regex::with_options(pattern, options)
    }

    /// A pattern with options of its own.
    ///
    /// # Errors
    /// [`RegexError`]: Go would refuse the pattern, or it is too large.
    pub fn with_options(pattern: &str, options: RegexOptions) -> Result<Self, RegexError> {
        let large = || RegexError {
            kind: RegexErrorKind::Large,
            text: pattern.into(),
            span: Span::new(0, pattern.len()),
        };
        let deep = stack::may_nest_deeply(pattern);
        let understand = || Understood::new(pattern, options);
        let Understood { names, form, prefix, required, hir } =
            stack::with_room(deep, understand).ok_or_else(large)??;
        let alphabet = alphabet::of_matches(&hir, deep);
        let sequence = if names.len() > 1 { Sequence::new(&hir) } else { None };
        let engine = Engine::new(hir, names.len(), form.is_total(), deep).ok_or_else(large)?;
        Ok(Regex(Arc::new(Inner {
            pattern: pattern.into(),
            options,
            names,
            form_needs_utf8: form.needs_utf8(),
            form,
            prefix,
            required,
            alphabet,
            sequence,
            engine,
        })))
    }

    /// The pattern as it was given.
    pub fn pattern(&self) -> &str {
        &self.0.pattern
    }

    /// The options as they were given.
    pub fn options(&self) -> RegexOptions {
        self.0.options
    }

    /// Names of the groups by number, the whole match (which has none) first. A name can occur
    /// twice.
    pub fn group_names(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        self.0.names.iter().map(Option::as_deref)
    }

    /// Whether there is a match in the text, which need not be UTF-8.
    pub fn is_match(&self, text: &[u8]) -> bool {
        if !self.0.form_needs_utf8
            && let Some(answer) = self.0.form.decide(text)
        {
            return answer;
        }
        match std::str::from_utf8(text) {
            Ok(text) => self.is_match_str(text),
            Err(_) => self.is_match_str(Lossy::new(text).text()),
        }
    }

    /// As [`Regex::is_match`], for text that is known to be UTF-8.
    #[inline]
    pub fn is_match_str(&self, text: &str) -> bool {
        match self.0.form.decide(text.as_bytes()) {
            Some(answer) => answer,
            None => self.0.engine.is_match(text),
        }
    }

    /// The place of the leftmost match.
    pub fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        match std::str::from_utf8(text) {
            Ok(text) => Some(self.0.engine.plain()?.find(text)?.range()),
            Err(_) => {
                let lossy = Lossy::new(text);
                Some(lossy.range(self.0.engine.plain()?.find(lossy.text())?.range()))
            }
        }
    }

    /// The places of the leftmost match and of its groups.
    pub fn captures(&self, text: &[u8]) -> Option<Captures> {
        let mut captures = Captures::default();
        self.captures_into(text, &mut captures).then_some(captures)
    }

    /// As [`Regex::captures`], into a value that is used again; tells whether there is a match.
    /// Without one, no group has a place.
    pub fn captures_into(&self, text: &[u8], captures: &mut Captures) -> bool {
        match std::str::from_utf8(text) {
            Ok(text) => self.captures_from(text, 0, captures),
            Err(_) => {
                let lossy = Lossy::new(text);
                let found = self.captures_from(lossy.text(), 0, captures);
                for slot in &mut captures.slots {
                    *slot = slot.and_then(|at| NonMaxUsize::new(lossy.offset(at.get())));
                }
                found
            }
        }
    }

    /// The leftmost match that starts at `at` or later.
    fn captures_from(&self, text: &str, at: usize, captures: &mut Captures) -> bool {
        captures.reset(self.0.names.len());
        if let (0, Some(sequence)) = (at, &self.0.sequence)
            && let Some(found) = sequence.find(text, &mut captures.slots)
        {
            if !found {
                captures.reset(self.0.names.len());
            }
            return found;
        }
        let input = Input::new(text).span(at..text.len());
        let engine = self.0.engine.capturing();
        engine.is_some_and(|engine| engine.search_slots(&input, &mut captures.slots).is_some())
    }

    /// Every match replaced by the template, in which `$1`, `${1}`, `$name` and `${name}` stand for
    /// groups: Go's `ReplaceAllString`.
    pub fn replace_all<'t>(&self, text: &'t str, template: &str) -> Cow<'t, str> {
        self.replace(text, |captures, out| self.expand(template, text, captures, out))
    }

    /// Every match replaced by a text as it stands: Go's `ReplaceAllLiteralString`.
    pub fn replace_all_literal<'t>(&self, text: &'t str, replacement: &str) -> Cow<'t, str> {
        self.replace(text, |_, out| out.push_str(replacement))
    }

    fn replace<'t>(
        &self,
        text: &'t str,
        mut write: impl FnMut(&Captures, &mut String),
    ) -> Cow<'t, str> {
        let mut out = String::new();
        let mut copied = 0;
        let mut found = false;
        self.for_each_match(text, |captures, range| {
            found = true;
            out.push_str(text.get(copied..range.start).unwrap_or_default());
            write(captures, &mut out);
            copied = range.end;
        });
        if !found {
            return Cow::Borrowed(text);
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Calls `visit` with every match from left to right, none overlapping; an empty one right
    /// behind another match is left out, as in Go.
    pub fn for_each_match(&self, text: &str, mut visit: impl FnMut(&Captures, Range<usize>)) {
        let mut captures = Captures::default();
        let mut at = 0;
        let mut last_end = None;
        while at <= text.len() && self.captures_from(text, at, &mut captures) {
            let Some(range) = captures.get(0) else {
                return;
            };
            if !range.is_empty() || last_end != Some(range.start) {
                visit(&captures, range.clone());
            }
            last_end = Some(range.end);
            at = range.end;
            if range.is_empty() {
                // Go on behind the character at the empty match.
                let next = text.get(at..).and_then(|rest| rest.chars().next());
                at += next.map_or(1, char::len_utf8);
            }
        }
    }

    /// Appends a template filled from a match: Go's `ExpandString`. A group that took no part in
    /// the match, or does not exist, gives nothing.
    pub fn expand(&self, template: &str, text: &str, captures: &Captures, out: &mut String) {
        for piece in pieces(template) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Number(group) => out.push_str(captures.text(text, group)),
                Piece::Name(name) => {
                    // Of groups that share the name, the first that took part counts.
                    let group = self.group_names().enumerate().find_map(|(group, known)| {
                        (known == Some(name)).then(|| captures.get(group)).flatten()
                    });
                    let value = group.and_then(|range| text.get(range));
                    out.push_str(value.unwrap_or_default());
                }
            }
        }
    }

    /// The finite set of texts that an anchored pattern matches, sorted; `None` where it is not
    /// anchored, or the set is not finite, too large or not known.
    pub fn set(&self) -> Option<&[Box<str>]> {
        if self.0.options.anchored { self.0.form.set() } else { None }
    }

    /// Text that every text begins with that an anchored pattern matches.
    pub fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// Clauses that every match satisfies: of each, at least one text occurs in it. For stores that
    /// skip what cannot match; the list may be empty and is not complete.
    pub fn required_literals(&self) -> &[AnyOf] {
        &self.0.required
    }

    /// The ASCII characters that a match can have in it, where a match is one whatever is around it
    /// and none is empty: then a text matches if one of its pieces does between characters that are
    /// not among them.
    pub fn match_alphabet(&self) -> Option<Alphabet> {
        self.0.alphabet
    }

    /// Whether it is known that every text matches.
    pub fn matches_all(&self) -> bool {
        self.0.form.matches_all()
    }

    /// The places that the engine alone finds, for comparison in tests.
    #[doc(hidden)]
    pub fn captures_by_engine(&self, text: &str) -> Option<Captures> {
        let mut captures = Captures::default();
        captures.reset(self.0.names.len());
        let found = self.0.engine.capturing()?.search_slots(&Input::new(text), &mut captures.slots);
        found.is_some().then_some(captures)
    }

    /// What decides without the optimised forms, for comparison in tests.
    #[doc(hidden)]
    pub fn is_match_by_engine(&self, text: &[u8]) -> bool {
        let lossy = Lossy::new(text);
        self.0.engine.is_match(lossy.text())
    }
}

/// What is known about a pattern before it is compiled.
struct Understood {
    names: Vec<Option<Box<str>>>,
    form: Form,
    prefix: Box<str>,
    required: Vec<AnyOf>,
    /// The expression, anchored where the options say so.
    hir: Hir,
}

impl Understood {
    fn new(pattern: &str, options: RegexOptions) -> Result<Self, RegexError> {
        let Parsed { hir, names } = parse::parse(pattern, options.dot_matches_newline)?;
        let required = literals::required(&hir);
        if !options.anchored {
            let form = Form::unanchored(&hir);
            return Ok(Understood { names, form, prefix: "".into(), required, hir });
        }
        let form = Form::anchored(&hir);
        let prefix = form.prefix(&hir).into();
        let hir = Hir::concat(vec![Hir::look(Look::Start), hir, Hir::look(Look::End)]);
        Ok(Understood { names, form, prefix, required, hir })
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.0.pattern == other.0.pattern && self.0.options == other.0.options
    }
}

impl Eq for Regex {}

impl Hash for Regex {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.0.pattern, self.0.options).hash(state);
    }
}

impl fmt::Display for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.pattern)
    }
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Regex").field(&self.0.pattern).field(&self.0.options).finish()
    }
}
