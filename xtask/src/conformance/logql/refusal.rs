//! Is a query refused as Loki refuses it?

use logql::{Error, ErrorClass};

/// Texts that come from Go's library or a generated parser: ours differ behind them.
const LIBRARY: [&str; 5] =
    ["error parsing regexp", "strconv.", "template: ", "time: ", "invalid UTF-8"];

/// The message as Loki words it, the position included.
pub(super) fn text(error: &Error, query: &str) -> String {
    match error {
        Error::Syntax { .. } | Error::Token { .. } => {
            let (line, column) = place(error, query);
            format!("parse error at line {line}, col {column}: {error}")
        }
        error if error.is_parse() => format!("parse error : {error}"),
        error => error.to_string(),
    }
}

/// Line and column of the fault, both from one, columns in characters.
fn place(error: &Error, query: &str) -> (usize, usize) {
    let start = error.span().map_or(0, |span| span.start);
    let before = query.get(..start).unwrap_or(query);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Whether `error` is the refusal that `expected` describes: the whole text, or a part of it.
pub(super) fn agrees(error: &Error, query: &str, expected: &str) -> Result<(), String> {
    let ours = text(error, query);
    let differs = || Err(format!("refused with {ours}\nexpected {expected}"));
    if let Some(column) = column(expected) {
        let (_, found) = place(error, query);
        if found != column {
            return differs();
        }
    }
    if expected.contains("syntax error") {
        return match error.is_parse() {
            true => Ok(()),
            false => differs(),
        };
    }
    let cut = LIBRARY.iter().filter_map(|text| expected.find(text)).min();
    let shared = &expected[..cut.unwrap_or(expected.len())];
    // The line number of a lexer error is always 0 in Loki.
    let shared = match shared.split_once(": ") {
        Some((head, tail)) if head.starts_with("parse error at line") => tail,
        _ => shared,
    };
    if ours.contains(shared.trim_end()) { Ok(()) } else { differs() }
}

fn column(text: &str) -> Option<usize> {
    let rest = text.split_once(", col ")?.1;
    rest.split(':').next()?.parse().ok()
}

/// Whether the class of `error` is that of an HTTP status.
pub(super) fn same_class(error: &Error, status: u64) -> Result<(), String> {
    let found = match error.class() {
        ErrorClass::Query => 400,
        ErrorClass::Execution => 500,
    };
    if found == status { Ok(()) } else { Err(format!("class {found}, expected {status}: {error}")) }
}
