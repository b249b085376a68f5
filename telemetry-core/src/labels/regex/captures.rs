//! Where a match and its groups lie, and templates that are filled from them.

use super::engine::Slot;
use std::ops::Range;

/// The places of a match and of its groups, as byte ranges of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    /// Start and end of every group in turn.
    pub(super) slots: Vec<Slot>,
}

impl Captures {
    /// The range of a group; group 0 is the whole match. `None` where it took no part in the match
    /// or does not exist.
    pub fn get(&self, group: usize) -> Option<Range<usize>> {
        let start = self.slots.get(group.checked_mul(2)?)?.as_ref()?;
        let end = self.slots.get(group * 2 + 1)?.as_ref()?;
        Some(start.get()..end.get())
    }

    /// The bytes of a group; empty where it took no part in the match, as in Go.
    pub fn bytes<'t>(&self, text: &'t [u8], group: usize) -> &'t [u8] {
        self.get(group).and_then(|range| text.get(range)).unwrap_or_default()
    }

    /// The text of a group; empty where it took no part in the match.
    pub fn text<'t>(&self, text: &'t str, group: usize) -> &'t str {
        self.get(group).and_then(|range| text.get(range)).unwrap_or_default()
    }

    /// Groups of the pattern, the whole match included.
    pub fn len(&self) -> usize {
        self.slots.len() / 2
    }

    /// Whether nothing was ever captured into this value.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Forgets all places and makes room for the groups of a pattern.
    pub(super) fn reset(&mut self, groups: usize) {
        self.slots.clear();
        self.slots.resize(groups * 2, None);
    }
}

/// A piece of a replacement template, as Go's `Regexp.Expand` reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Text that stands for itself.
    Text(&'t str),
    /// `$1` or `${1}`.
    Number(usize),
    /// `$name` or `${name}`.
    Name(&'t str),
}

/// The pieces of a template: `$name` takes as many letters, digits and underscores as follow;
/// braces end it elsewhere; `$$` is a dollar sign; a dollar sign before anything else stands for
/// itself.
pub(super) fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = match rest.strip_prefix('$') {
            None => {
                let end = rest.find('$').unwrap_or(rest.len());
                let (text, after) = rest.split_at(end);
                (Piece::Text(text), after)
            }
            Some(after) if after.starts_with('$') => {
                let (dollar, after) = after.split_at(1);
                (Piece::Text(dollar), after)
            }
            Some(after) => match reference(after) {
                Some(found) => found,
                None => {
                    let (dollar, after) = rest.split_at(1);
                    (Piece::Text(dollar), after)
                }
            },
        };
        rest = after;
        Some(piece)
    })
}

/// Reads what follows a dollar sign; `None` where it is no reference.
fn reference(text: &str) -> Option<(Piece<'_>, &str)> {
    let braced = text.strip_prefix('{');
    let body = braced.unwrap_or(text);
    let is_name = |c: char| c == '_' || c.is_alphanumeric();
    let end = body.find(|c| !is_name(c)).unwrap_or(body.len());
    let (name, mut after) = body.split_at(end);
    if name.is_empty() {
        return None;
    }
    if braced.is_some() {
        after = after.strip_prefix('}')?;
    }
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    // What is longer is no number of a group in Go either.
    let number = if is_number && name.len() <= 8 { name.parse().ok() } else { None };
    // A leading zero makes it a name.
    let number = number.filter(|_| name.len() == 1 || !name.starts_with('0'));
    Some((number.map_or(Piece::Name(name), Piece::Number), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_read_as_go_does() {
        let read = |template| pieces(template).collect::<Vec<_>>();
        assert_eq!(read("$1x"), [Piece::Name("1x")]);
        assert_eq!(read("${1}x"), [Piece::Number(1), Piece::Text("x")]);
        assert_eq!(read("a$$1"), [Piece::Text("a"), Piece::Text("$"), Piece::Text("1")]);
        assert_eq!(read("$-"), [Piece::Text("$"), Piece::Text("-")]);
        assert_eq!(read("${a"), [Piece::Text("$"), Piece::Text("{a")]);
        assert_eq!(read("${a-b}"), [Piece::Text("$"), Piece::Text("{a-b}")]);
        assert_eq!(read("$é_1-"), [Piece::Name("é_1"), Piece::Text("-")]);
        assert_eq!(read("$01"), [Piece::Name("01")]);
        assert_eq!(read("$"), [Piece::Text("$")]);
    }
}
