//! Upper and lower case as Go makes them: a character for a character, whatever stands beside it.
//!
//! Rust follows Unicode's full mappings, in which `ß` becomes `SS` and a sigma at the end of a word
//! is another one than within. Go has the simple mappings, and so have the peers.

/// `text` in upper case.
///
/// ```
/// use telemetry_core::syntax::case::to_upper;
/// assert_eq!(to_upper("groß, ŉ, ᾳ"), "GROß, ŉ, ᾼ");
/// ```
pub fn to_upper(text: &str) -> String {
    text.chars().map(upper).collect()
}

/// `text` in lower case.
///
/// ```
/// use telemetry_core::syntax::case::to_lower;
/// assert_eq!(to_lower("ΟΔΟΣ İ"), "οδοσ i");
/// ```
pub fn to_lower(text: &str) -> String {
    text.chars().map(lower).collect()
}

/// A character as it begins a word: its upper case, but for letters that are two in one, of which only
/// the first is large, and for Georgian, which has no large letters within a text.
///
/// ```
/// use telemetry_core::syntax::case::title;
/// assert_eq!(['a', 'ß', 'ǆ', 'ა'].map(title), ['A', 'ß', 'ǅ', 'ა']);
/// ```
pub fn title(c: char) -> char {
    match c {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => c,
        other => upper(other),
    }
}

fn upper(c: char) -> char {
    let mut full = c.to_uppercase();
    match (full.next(), full.next()) {
        (Some(only), None) => only,
        _ => upper_of_many(c),
    }
}

/// The simple mapping where the full one has several characters: Greek letters with an iota below
/// have one, the others stay.
fn upper_of_many(c: char) -> char {
    match c {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            char::from_u32(u32::from(c) + 8).unwrap_or(c)
        }
        '\u{1fb3}' => '\u{1fbc}',
        '\u{1fc3}' => '\u{1fcc}',
        '\u{1ff3}' => '\u{1ffc}',
        other => other,
    }
}

/// Of one letter alone the full mapping has several characters, and the first is the simple one.
fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_stays_one() {
        let all: String = (0..=0x2_ffff).filter_map(char::from_u32).collect();
        assert_eq!(to_upper(&all).chars().count(), all.chars().count());
        assert_eq!(to_lower(&all).chars().count(), all.chars().count());
    }

    #[test]
    fn letters_without_a_single_counterpart_stay() {
        assert_eq!(to_upper("aß\u{149}\u{fb00}\u{1f88}"), "Aß\u{149}\u{fb00}\u{1f88}");
        assert_eq!(to_upper("\u{1f80}\u{1fa7}\u{1ff3}ı"), "\u{1f88}\u{1faf}\u{1ffc}I");
        assert_eq!(to_lower("AΣ ΑΣ\u{130}"), "aσ ασi");
    }
}
