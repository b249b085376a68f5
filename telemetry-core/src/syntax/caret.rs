//! Draws an error under the query it belongs to.

use super::Span;
use std::fmt::Write as _;

/// Characters of the query's line that are shown on either side of the span.
const CONTEXT_CHARS: usize = 60;

/// `message`, the line of `query` that holds the start of `span`, and a caret line under it:
///
/// ```text
/// 1:5: unexpected end of input
///   | sum(
///   |     ^
/// ```
///
/// A long line is cut around the span. Tabs count as one column.
///
/// ```
/// use telemetry_core::syntax::{Span, render};
/// let text = render("rate(x)", Span::new(5, 6), "expected a range vector");
/// assert_eq!(text, "1:6: expected a range vector\n  | rate(x)\n  |      ^");
/// ```
pub fn render(query: &str, span: Span, message: &str) -> String {
    let (line_number, column) = span.line_column(query);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(out, "{line_number}:{column}: {message}");
    let line = query.lines().nth(line_number - 1).unwrap_or_default();
    let line_start = span.start.min(query.len()) - (column - 1);
    let chars_before = char_count(line, column - 1);
    let last = span.end.min(line_start + line.len()).saturating_sub(line_start);
    let chars_until = char_count(line, last).max(chars_before);
    let skip = chars_before.saturating_sub(CONTEXT_CHARS);
    let take = chars_until.min(chars_before + CONTEXT_CHARS) - skip + CONTEXT_CHARS;
    let shown: String = line.chars().skip(skip).take(take).map(printable).collect();
    let (head, tail) = (
        if skip > 0 { "…" } else { "" },
        if line.chars().count() > skip + take { "…" } else { "" },
    );
    let indent = chars_before - skip + head.chars().count();
    let carets = (chars_until - chars_before).clamp(1, CONTEXT_CHARS);
    let _ =
        write!(out, "\n  | {head}{shown}{tail}\n  | {}{}", " ".repeat(indent), "^".repeat(carets));
    out
}

fn char_count(line: &str, bytes: usize) -> usize {
    line.char_indices().take_while(|(at, _)| *at < bytes).count()
}

fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_the_span_on_its_own_line() {
        let text = render("sum(\n rate(x) + y\n)", Span::new(6, 13), "no");
        assert_eq!(text, "2:2: no\n  |  rate(x) + y\n  |  ^^^^^^^");
    }

    #[test]
    fn a_position_at_the_end_has_one_caret() {
        assert_eq!(render("sum(", Span::at(4), "no"), "1:5: no\n  | sum(\n  |     ^");
    }

    #[test]
    fn long_lines_are_cut_around_the_span() {
        let query = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let text = render(&query, Span::new(500, 501), "no");
        let lines: Vec<&str> = text.lines().collect();
        let caret = lines[2].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[1].chars().nth(caret), Some('X'));
        assert!(lines[1].chars().count() < 140);
    }

    #[test]
    fn any_span_over_any_text_is_drawn() {
        for query in ["", "\n", "é\té", "a\nb"] {
            for start in 0..8 {
                for end in 0..8 {
                    render(query, Span::new(start, end), "no");
                }
            }
        }
    }
}
