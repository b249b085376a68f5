//! Answers as aligned tables.

use std::io::{self, Write};

/// Rows shown of a long answer.
const ROWS_MAX: usize = 12;
/// Characters shown of a long cell.
const CELL_CHARS_MAX: usize = 96;

/// Prints the language, the query and the answer.
pub(crate) fn print(
    out: &mut impl Write,
    language: &str,
    query: &str,
    head: &[&str],
    rows: &[Vec<String>],
) -> io::Result<()> {
    writeln!(out, "\n{language}  {query}")?;
    if rows.is_empty() {
        return writeln!(out, "  (nothing)");
    }
    let shown: Vec<Vec<String>> = rows
        .iter()
        .take(ROWS_MAX)
        .map(|row| row.iter().map(|cell| shorten(cell)).collect())
        .collect();
    let widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(column, title)| {
            let cells = shown.iter().filter_map(|row| row.get(column)).map(|cell| width(cell));
            cells.chain([width(title)]).max().unwrap_or(0)
        })
        .collect();
    let numeric: Vec<bool> = (0..head.len())
        .map(|column| shown.iter().all(|row| row.get(column).is_some_and(|cell| is_number(cell))))
        .collect();
    let titles: Vec<String> = head.iter().map(|title| (*title).to_owned()).collect();
    for row in std::iter::once(&titles).chain(&shown) {
        let mut line = String::new();
        for ((cell, width_max), numeric) in row.iter().zip(&widths).zip(&numeric) {
            let gap = " ".repeat(width_max - width(cell));
            let (before, after) = if *numeric { (gap.as_str(), "") } else { ("", gap.as_str()) };
            line.push_str("  ");
            line.push_str(before);
            line.push_str(cell);
            line.push_str(after);
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    match rows.len() - shown.len() {
        0 => Ok(()),
        more => writeln!(out, "  … {more} more"),
    }
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}

fn shorten(cell: &str) -> String {
    let cell: String = cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if width(&cell) <= CELL_CHARS_MAX {
        return cell;
    }
    cell.chars().take(CELL_CHARS_MAX - 1).chain(['…']).collect()
}

/// A number with or without a unit behind it: such columns are aligned to the right.
fn is_number(cell: &str) -> bool {
    let mut words = cell.split(' ');
    let number = words.next().is_some_and(|word| word.parse::<f64>().is_ok());
    number && words.count() <= 1
}
