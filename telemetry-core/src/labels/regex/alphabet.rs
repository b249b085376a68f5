//! Which ASCII characters a match can have in it.
//!
//! A text can be cut at a character that no match has in it, and each piece asked alone: so whoever
//! keeps a text in pieces need not put all of them together.

use super::stack::with_room;
use regex_syntax::hir::{Class, Hir, HirKind};

/// A set of ASCII characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alphabet(u128);

impl Alphabet {
    /// The characters among some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        bytes.iter().fold(Alphabet::default(), |all, byte| all.with(u32::from(*byte), 1))
    }

    /// Those of either.
    #[must_use]
    pub fn or(self, other: Alphabet) -> Self {
        Alphabet(self.0 | other.0)
    }

    /// Whether a byte is an ASCII character and not in the set.
    pub fn lacks(self, byte: u8) -> bool {
        byte.is_ascii() && self.0 & (1 << byte) == 0
    }

    /// Adds `count` characters from `first` on.
    fn with(self, first: u32, count: u32) -> Self {
        let end = first.saturating_add(count).min(u128::BITS);
        (first..end).fold(self, |all, character| Alphabet(all.0 | 1 << character))
    }
}

/// The characters that can be in a match; none where a match hangs on what is around it, or can be
/// empty.
pub(super) fn of_matches(hir: &Hir, deep: bool) -> Option<Alphabet> {
    let properties = hir.properties();
    if !properties.look_set().is_empty() || properties.minimum_len().is_none_or(|len| len == 0) {
        return None;
    }
    with_room(deep, || of(hir))
}

fn of(hir: &Hir) -> Alphabet {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Alphabet::default(),
        HirKind::Literal(literal) => Alphabet::of(&literal.0),
        HirKind::Class(Class::Unicode(class)) => {
            class.iter().fold(Alphabet::default(), |all, range| {
                let (first, last) = (u32::from(range.start()), u32::from(range.end()));
                all.with(first, last - first + 1)
            })
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.iter().fold(Alphabet::default(), |all, range| {
                let (first, last) = (u32::from(range.start()), u32::from(range.end()));
                all.with(first, last - first + 1)
            })
        }
        HirKind::Repetition(repetition) => of(&repetition.sub),
        HirKind::Capture(capture) => of(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(Alphabet::default(), |all, part| all.or(of(part)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Regex;

    fn missing(pattern: &str, text: &str) -> Option<String> {
        let alphabet = Regex::new(pattern).unwrap().match_alphabet()?;
        Some(text.chars().filter(|char| alphabet.lacks(u8::try_from(*char).unwrap())).collect())
    }

    #[test]
    fn characters_of_matches_are_known() {
        assert_eq!(missing("ab[0-3]+|é_", "abc019_ -"), Some("c9 -".into()));
        assert_eq!(missing(r"(?i)k\d*", "kKj5 "), Some("j ".into()));
        assert_eq!(missing("a.b", "xyz \n"), Some("\n".into()));
        assert_eq!(missing("[^ ]+x", "a \n"), Some(" ".into()));
        for hangs in ["^a", "a$", r"a\b", "a*", "a|"] {
            assert_eq!(missing(hangs, ""), None, "{hangs}");
        }
    }
}
