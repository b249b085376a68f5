//! Expressions that need no engine.
//!
//! Most expressions of matchers are a list of values, a prefix, a suffix or a piece of text. Those
//! are recognised here and decided by comparing bytes:
//!
//! | expression, anchored | form |
//! |---|---|
//! | `.*`, `.+` | every text, every text but the empty one |
//! | `api`, `a\|b\|c`, `v[12]`, `(?i)ok` | a set |
//! | `api-.*`, `.*-canary`, `.*err.*`, `a.*b.+` | pieces of text with gaps between them |
//! | alternatives of the above | any of them |
//!
//! The forms decide text that is UTF-8 as well as text that is not: a piece of the pattern is UTF-8
//! and so starts at no byte inside a character, and Go's `.` takes an invalid byte as one character.
//! The exception is a piece with U+FFFD, for which Go also takes an invalid byte; see
//! [`Form::needs_utf8`].
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use super::literals::{common_prefix, exact, leading};
use hashbrown::HashTable;
use memchr::memmem::Finder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};
use std::hash::BuildHasher;

/// More alternatives than this that are no plain texts are left to the engine.
const ALTERNATIVES_MAX: usize = 32;
/// Alternatives nested more deeply are left to the engine.
const DEPTH_MAX: u32 = 8;

/// How an anchored expression is decided, or whether a text contains a match of an unanchored one.
#[derive(Debug)]
pub(super) enum Form {
    /// One of a set of texts.
    Set(Set),
    /// Pieces of text with gaps between them.
    Pieces(Pieces),
    /// Any of several forms.
    Any(Vec<Form>),
    /// What the engine has to decide.
    Engine,
}

impl Form {
    /// The form of an expression that must match the whole text.
    pub(super) fn anchored(hir: &Hir) -> Form {
        anchored(hir, 0)
    }

    /// The form of an expression that may match anywhere in the text.
    pub(super) fn unanchored(hir: &Hir) -> Form {
        let mut hir = hir;
        while let HirKind::Capture(capture) = hir.kind() {
            hir = &capture.sub;
        }
        let around = |piece: &str| {
            let middle = vec![Finder::new(piece.as_bytes()).into_owned()];
            let gap = Gap { min: 0, newline: true };
            Form::Pieces(Pieces { head: "".into(), middle, tail: "".into(), gaps: vec![gap; 2] })
        };
        let properties = hir.properties();
        if properties.minimum_len() == Some(0) && properties.look_set().is_empty() {
            // The empty match is always there.
            return around("");
        }
        match hir.kind() {
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) => around(text),
                Err(_) => Form::Engine,
            },
            _ => Form::Engine,
        }
    }

    /// Whether the text has the form; `None` where the engine has to decide.
    #[inline]
    pub(super) fn decide(&self, text: &[u8]) -> Option<bool> {
        match self {
            Form::Set(set) => Some(set.contains(text)),
            Form::Pieces(pieces) => pieces.decide(text),
            Form::Any(forms) => {
                let mut undecided = false;
                for form in forms {
                    match form.decide(text) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => undecided = true,
                    }
                }
                if undecided { None } else { Some(false) }
            }
            Form::Engine => None,
        }
    }

    /// Whether it decides every text, so that the engine is not needed to know what matches.
    pub(super) fn is_total(&self) -> bool {
        match self {
            Form::Set(_) => true,
            Form::Pieces(pieces) => pieces.gaps.iter().all(|gap| gap.newline),
            Form::Any(forms) => forms.iter().all(Form::is_total),
            Form::Engine => false,
        }
    }

    /// Whether the answer may be wrong for text that is not UTF-8.
    pub(super) fn needs_utf8(&self) -> bool {
        match self {
            Form::Set(set) => {
                set.texts.iter().any(|text| text.contains(char::REPLACEMENT_CHARACTER))
            }
            Form::Pieces(pieces) => pieces.needs_utf8(),
            Form::Any(forms) => forms.iter().any(Form::needs_utf8),
            Form::Engine => false,
        }
    }

    /// Whether every text has the form.
    pub(super) fn matches_all(&self) -> bool {
        match self {
            Form::Pieces(Pieces { head, middle, tail, gaps }) => {
                head.is_empty()
                    && tail.is_empty()
                    && middle.iter().all(|finder| finder.needle().is_empty())
                    && gaps.iter().all(|gap| gap.min == 0 && gap.newline)
            }
            Form::Any(forms) => forms.iter().any(Form::matches_all),
            Form::Set(_) | Form::Engine => false,
        }
    }

    /// The texts, where they are a finite set.
    pub(super) fn set(&self) -> Option<&[Box<str>]> {
        match self {
            Form::Set(set) => Some(&set.texts),
            _ => None,
        }
    }

    /// Text that every text of the form begins with, `hir` being its expression.
    pub(super) fn prefix(&self, hir: &Hir) -> String {
        match self {
            Form::Set(set) => {
                let mut texts = set.texts.iter();
                let first = texts.next().map_or("", AsRef::as_ref);
                texts.fold(first, |prefix, text| common_prefix(prefix, text)).to_owned()
            }
            Form::Pieces(pieces) => pieces.head.to_string(),
            Form::Any(_) | Form::Engine => leading(hir),
        }
    }
}

fn anchored(hir: &Hir, depth: u32) -> Form {
    if let Some(texts) = exact(hir) {
        return Form::Set(Set::new(texts));
    }
    match hir.kind() {
        HirKind::Capture(capture) if depth < DEPTH_MAX => anchored(&capture.sub, depth + 1),
        HirKind::Concat(parts) if depth < DEPTH_MAX => concat(parts, depth),
        HirKind::Alternation(parts) if depth < DEPTH_MAX => alternation(parts, depth),
        HirKind::Look(Look::Start | Look::End) => Form::Set(Set::new(vec![String::new()])),
        _ => match gap(hir) {
            Some(gap) => Form::Pieces(Pieces {
                head: "".into(),
                middle: Vec::new(),
                tail: "".into(),
                gaps: vec![gap],
            }),
            None => Form::Engine,
        },
    }
}

fn concat(parts: &[Hir], depth: u32) -> Form {
    // The ends are anchored as it is.
    let mut parts = parts;
    while let [first, rest @ ..] = parts
        && matches!(first.kind(), HirKind::Look(Look::Start))
    {
        parts = rest;
    }
    while let [rest @ .., last] = parts
        && matches!(last.kind(), HirKind::Look(Look::End))
    {
        parts = rest;
    }
    if let [only] = parts {
        return anchored(only, depth + 1);
    }
    if let Some(texts) = exact(&Hir::concat(parts.to_vec())) {
        return Form::Set(Set::new(texts));
    }
    let mut texts = vec![String::new()];
    let mut gaps: Vec<Gap> = Vec::new();
    let mut after_gap = false;
    for part in parts {
        if let Some(gap) = gap(part) {
            match gaps.last_mut() {
                // Two gaps in a row are one.
                Some(last) if after_gap => match last.join(gap) {
                    Some(joined) => *last = joined,
                    None => return Form::Engine,
                },
                _ => {
                    gaps.push(gap);
                    texts.push(String::new());
                }
            }
            after_gap = true;
            continue;
        }
        after_gap = false;
        match (exact(part).as_deref(), texts.last_mut()) {
            (Some([only]), Some(text)) => text.push_str(only),
            _ => return Form::Engine,
        }
    }
    if gaps.is_empty() {
        return Form::Engine;
    }
    let tail = texts.pop().unwrap_or_default().into();
    let mut texts = texts.into_iter();
    let head = texts.next().unwrap_or_default().into();
    let middle = texts.map(|text| Finder::new(text.as_bytes()).into_owned()).collect();
    Form::Pieces(Pieces { head, middle, tail, gaps })
}

fn alternation(parts: &[Hir], depth: u32) -> Form {
    let mut texts = Vec::new();
    let mut forms = Vec::new();
    for part in parts {
        match anchored(part, depth + 1) {
            Form::Engine => return Form::Engine,
            Form::Set(set) => texts.extend(set.texts.iter().map(ToString::to_string)),
            Form::Any(more) => forms.extend(more),
            form @ Form::Pieces(_) => forms.push(form),
        }
        if forms.len() > ALTERNATIVES_MAX {
            return Form::Engine;
        }
    }
    if !texts.is_empty() {
        forms.push(Form::Set(Set::new(texts)));
    }
    match forms.len() {
        1 => forms.pop().unwrap_or(Form::Engine),
        _ => Form::Any(forms),
    }
}

/// A finite set of texts.
#[derive(Debug)]
pub(super) struct Set {
    /// Sorted, without duplicates.
    texts: Box<[Box<str>]>,
    /// Positions in `texts` by hash, for sets that are not small.
    index: Option<(HashTable<u32>, foldhash::fast::FixedState)>,
}

impl Set {
    /// Sets up to this size are searched from start to end.
    const SCAN_MAX: usize = 8;

    fn new(texts: Vec<String>) -> Self {
        let mut texts: Vec<Box<str>> = texts.into_iter().map(String::into).collect();
        texts.sort_unstable();
        texts.dedup();
        let index = (texts.len() > Self::SCAN_MAX).then(|| {
            let hasher = foldhash::fast::FixedState::default();
            let hash = |text: &str| hasher.hash_one(text.as_bytes());
            let mut table = HashTable::with_capacity(texts.len());
            for (position, text) in (0u32..).zip(&texts) {
                let rehash = |at: &u32| texts.get(*at as usize).map_or(0, |text| hash(text));
                table.insert_unique(hash(text), position, rehash);
            }
            (table, hasher)
        });
        Set { texts: texts.into(), index }
    }

    fn contains(&self, text: &[u8]) -> bool {
        if text.is_empty() {
            // The texts are sorted.
            return self.texts.first().is_some_and(|first| first.is_empty());
        }
        match &self.index {
            None => self.texts.iter().any(|known| known.as_bytes() == text),
            Some((table, hasher)) => {
                let is_text =
                    |at: &u32| self.texts.get(*at as usize).is_some_and(|t| t.as_bytes() == text);
                table.find(hasher.hash_one(text), is_text).is_some()
            }
        }
    }
}

/// A stretch of any characters: `.*` or `.+`.
#[derive(Clone, Copy, Debug)]
struct Gap {
    /// Characters it has at least.
    min: u32,
    /// Whether newlines may be among them.
    newline: bool,
}

impl Gap {
    /// The gap of two in a row; only like ones are joined.
    fn join(self, other: Gap) -> Option<Gap> {
        // More than one character is more than the search below looks after.
        let min = self.min + other.min;
        (self.newline == other.newline && min <= 1).then_some(Gap { min, ..self })
    }
}

/// The gap that an expression is, if it is one.
fn gap(hir: &Hir) -> Option<Gap> {
    let mut hir = hir;
    while let HirKind::Capture(capture) = hir.kind() {
        hir = &capture.sub;
    }
    let HirKind::Repetition(repetition) = hir.kind() else {
        return None;
    };
    if repetition.max.is_some() || repetition.min > 1 {
        return None;
    }
    let HirKind::Class(Class::Unicode(class)) = repetition.sub.kind() else {
        return None;
    };
    let newline = match class.ranges() {
        [all] => (all.start(), all.end()) == ('\0', char::MAX),
        [before, after] => {
            let but_newline = (before.start(), before.end()) == ('\0', '\x09')
                && (after.start(), after.end()) == ('\x0b', char::MAX);
            return but_newline.then_some(Gap { min: repetition.min, newline: false });
        }
        _ => false,
    };
    newline.then_some(Gap { min: repetition.min, newline: true })
}

/// Pieces of text in order: a head, some in the middle, a tail, and a gap between each two.
#[derive(Debug)]
pub(super) struct Pieces {
    head: Box<str>,
    middle: Vec<Finder<'static>>,
    tail: Box<str>,
    /// One more than there are pieces in the middle.
    gaps: Vec<Gap>,
}

impl Pieces {
    /// Looks for each middle piece at the earliest place. If gaps may hold every character, that
    /// leaves the later pieces as much room as can be, so it fails only where nothing matches. If
    /// some may hold no newline, it is only right for text without one.
    fn decide(&self, text: &[u8]) -> Option<bool> {
        // Comparing with an empty box is slow: it has no memory, and the vector instructions that
        // compare nothing at its address fault inside the processor (85 ns measured, of 5).
        let mut body = text;
        if !self.head.is_empty() {
            match body.strip_prefix(self.head.as_bytes()) {
                Some(rest) => body = rest,
                None => return Some(false),
            }
        }
        if !self.tail.is_empty() {
            match body.strip_suffix(self.tail.as_bytes()) {
                Some(rest) => body = rest,
                None => return Some(false),
            }
        }
        if self.gaps.iter().any(|gap| !gap.newline) && memchr::memchr(b'\n', body).is_some() {
            return None;
        }
        let mut at = 0;
        for (gap, finder) in self.gaps.iter().zip(&self.middle) {
            // A piece starts at no byte inside a character, so that skipping a byte is skipping a
            // character.
            at += gap.min as usize;
            let Some(found) = finder.find(body.get(at..).unwrap_or_default()) else {
                return Some(false);
            };
            at += found + finder.needle().len();
            if at > body.len() {
                return Some(false);
            }
        }
        let left = body.len() - at;
        Some(self.gaps.last().is_none_or(|gap| left >= gap.min as usize))
    }

    fn needs_utf8(&self) -> bool {
        const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
        let pieces = self.middle.iter().map(Finder::needle);
        pieces
            .chain([self.head.as_bytes(), self.tail.as_bytes()])
            .any(|piece| memchr::memmem::find(piece, REPLACEMENT).is_some())
    }
}
