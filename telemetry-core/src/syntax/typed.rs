//! The word at a cursor, while it is being typed: what an editor completes and then replaces.

use super::{Span, string};

/// A word up to the cursor, and all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// What a candidate replaces: the whole word, also what follows the cursor.
    pub span: Span,
    /// The word up to the cursor; of a text in quotes what it means so far.
    pub text: Box<str>,
}

impl Typed {
    /// Nothing, at the place `cursor`.
    pub fn nothing(cursor: usize) -> Self {
        Typed { span: Span::at(cursor), text: "".into() }
    }

    /// The name that begins at `start` and goes on behind `cursor` as long as names do. Both must be
    /// boundaries of characters.
    pub fn word(query: &str, start: usize, cursor: usize) -> Self {
        let rest = query.get(cursor..).unwrap_or_default();
        let more = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        Typed {
            span: Span::new(start, cursor + more.count()),
            text: query.get(start..cursor).unwrap_or_default().into(),
        }
    }

    /// The text whose opening quote stands at `start`. It ends behind the closing quote, if there is
    /// one in the same line, else at `cursor`.
    ///
    /// ```
    /// use telemetry_core::syntax::Typed;
    /// let typed = Typed::literal(r#"{a="x\"y"}"#, 3, 7);
    /// assert_eq!((typed.span, &*typed.text), ((3..9).into(), "x\""));
    /// ```
    pub fn literal(query: &str, start: usize, cursor: usize) -> Self {
        let open = query.get(start..cursor).unwrap_or_default();
        let line = query.get(start..).unwrap_or_default().split('\n').next().unwrap_or_default();
        let end = string::read_bytes(line).map_or(cursor, |literal| start + literal.len);
        let (quote, raw) = open.split_at(open.len().min(1));
        // Half an escape at the cursor means nothing yet, and then the text stands as it is.
        let text = match string::read(&format!("{open}{quote}")) {
            Ok(literal) => literal.value.into(),
            Err(_) => raw.into(),
        };
        Typed { span: Span::new(start, end.max(cursor)), text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_replaced_whole() {
        let typed = Typed::word("sum(rate)", 4, 6);
        assert_eq!((typed.span, &*typed.text), ((4..8).into(), "ra"));
    }

    #[test]
    fn a_literal_without_its_end_ends_at_the_cursor() {
        let typed = Typed::literal("a{b=\"c\n\"d\"", 4, 6);
        assert_eq!((typed.span, &*typed.text), ((4..6).into(), "c"));
        assert_eq!(&*Typed::literal("\"a\\", 0, 3).text, "a\\", "half an escape");
    }
}
