//! Keeps lines in order of time, equal lines once.
//!
//! As in Loki, two lines of one stream with the same time, text and metadata are one.

use hashbrown::HashSet;
use telemetry_core::source::LogColumns;

use super::metadata;

/// Puts a line at its place: behind those of the same time. Answers whether it was new.
pub(crate) fn insert(
    columns: &mut LogColumns,
    time: i64,
    line: &[u8],
    names: &[(&str, &str)],
) -> bool {
    let at = columns.times.partition_point(|known| *known <= time);
    if has_equal(columns, at, time, line, names) {
        return false;
    }
    if at == columns.len() {
        columns.push(time, line, names.iter().copied());
        return true;
    }
    insert_row(columns, at, time, line, names);
    true
}

/// Makes room for a row and puts it there: what is behind it moves once.
fn insert_row(columns: &mut LogColumns, at: usize, time: i64, line: &[u8], names: &[(&str, &str)]) {
    columns.times.insert(at, time);
    let start = end_before(&columns.text_ends, at);
    columns.text.splice(start..start, line.iter().copied());
    columns.text_ends.insert(at, start);
    columns.text_ends.iter_mut().skip(at).for_each(|end| *end += line.len());
    if columns.metadata_ends.is_empty() {
        if names.is_empty() {
            return;
        }
        columns.metadata_ends.resize(columns.times.len() - 1, 0);
    }
    let pair = end_before(&columns.metadata_ends, at);
    let start = pair.checked_sub(1).and_then(|last| columns.metadata_pairs.get(last));
    let start = start.map_or(0, |(_, end)| *end);
    let mut text = String::new();
    let mut pairs = Vec::with_capacity(names.len());
    for (name, value) in names {
        text.push_str(name);
        let name_end = start + text.len();
        text.push_str(value);
        pairs.push((name_end, start + text.len()));
    }
    for (name_end, end) in columns.metadata_pairs.iter_mut().skip(pair) {
        (*name_end, *end) = (*name_end + text.len(), *end + text.len());
    }
    columns.metadata_text.insert_str(start, &text);
    columns.metadata_pairs.splice(pair..pair, pairs);
    columns.metadata_ends.insert(at, pair);
    columns.metadata_ends.iter_mut().skip(at).for_each(|end| *end += names.len());
}

/// Where row `at` begins in what is cut at `ends`.
fn end_before(ends: &[usize], at: usize) -> usize {
    at.checked_sub(1).and_then(|before| ends.get(before).copied()).unwrap_or(0)
}

/// Whether one of the rows before `at` has this time, text and metadata.
fn has_equal(
    columns: &LogColumns,
    at: usize,
    time: i64,
    line: &[u8],
    names: &[(&str, &str)],
) -> bool {
    (0..at)
        .rev()
        .take_while(|row| columns.times.get(*row) == Some(&time))
        .any(|row| columns.line(row) == line && columns.metadata(row).eq(names.iter().copied()))
}

/// Appends rows `start..end` of `from`, a column at a time.
pub(crate) fn copy_rows(from: &LogColumns, start: usize, end: usize, into: &mut LogColumns) {
    let end = end.min(from.len());
    if start >= end {
        return;
    }
    let before = into.len();
    into.times.extend_from_slice(from.times.get(start..end).unwrap_or_default());
    let moved = append(&from.text_ends, start, end, &mut into.text_ends, into.text.len());
    into.text.extend_from_slice(from.text.get(moved).unwrap_or_default());
    if from.metadata_ends.is_empty() {
        if !into.metadata_ends.is_empty() {
            into.metadata_ends.resize(into.times.len(), into.metadata_pairs.len());
        }
        return;
    }
    let pairs_before = into.metadata_pairs.len();
    let pairs = append(&from.metadata_ends, start, end, &mut Vec::new(), 0);
    if pairs.is_empty() && into.metadata_ends.is_empty() {
        return;
    }
    into.metadata_ends.resize(before, pairs_before);
    append(&from.metadata_ends, start, end, &mut into.metadata_ends, pairs_before);
    let text_of = |pair: usize| {
        pair.checked_sub(1)
            .and_then(|last| from.metadata_pairs.get(last))
            .map_or(0, |(_, end)| *end)
    };
    let (text_start, text_end) = (text_of(pairs.start), text_of(pairs.end));
    let base = into.metadata_text.len();
    into.metadata_text.push_str(from.metadata_text.get(text_start..text_end).unwrap_or_default());
    let pairs = from.metadata_pairs.get(pairs).unwrap_or_default().iter();
    into.metadata_pairs.extend(
        pairs.map(|(name_end, end)| (name_end - text_start + base, end - text_start + base)),
    );
}

/// Appends ends `start..end`, counted from `base`. Answers what they are the ends of.
fn append(
    ends: &[usize],
    start: usize,
    end: usize,
    into: &mut Vec<usize>,
    base: usize,
) -> std::ops::Range<usize> {
    let first = end_before(ends, start);
    let chosen = ends.get(start..end).unwrap_or_default();
    into.extend(chosen.iter().map(|end| end - first + base));
    first..chosen.last().copied().unwrap_or(first)
}

/// Keeps of lines with all their columns those at `rows`, which rise.
pub(crate) fn keep_rows(columns: &mut LogColumns, rows: &[usize]) {
    if rows.len() == columns.len() {
        return;
    }
    let mut kept = LogColumns::default();
    for run in rows.chunk_by(|a, b| a + 1 == *b) {
        let start = run.first().copied().unwrap_or_default();
        copy_rows(columns, start, start + run.len(), &mut kept);
    }
    *columns = kept;
}

/// The rows of several pages of one stream in order of time, equal lines once. Rows of equal time
/// keep the order of the pages.
pub(crate) fn merge(pages: &[LogColumns], into: &mut LogColumns) {
    let mut rows: Vec<(i64, usize, usize)> = pages
        .iter()
        .enumerate()
        .flat_map(|(page, columns)| {
            columns.times.iter().enumerate().map(move |(row, time)| (*time, page, row))
        })
        .collect();
    rows.sort_unstable();
    for rows in rows.chunk_by(|(a, _, _), (b, _, _)| a == b) {
        let mut seen = HashSet::new();
        for (time, page, row) in rows {
            let Some(columns) = pages.get(*page) else { continue };
            let (line, names) = (columns.line(*row), metadata(columns, *row));
            if rows.len() == 1 || seen.insert((line, names.clone())) {
                into.push(*time, line, names);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Line = (i64, Vec<u8>, Vec<(String, String)>);

    fn lines(columns: &LogColumns) -> Vec<Line> {
        (0..columns.len())
            .map(|row| {
                let names = columns.metadata(row).map(|(n, v)| (n.to_owned(), v.to_owned()));
                (columns.times[row], columns.line(row).to_vec(), names.collect())
            })
            .collect()
    }

    #[test]
    fn a_late_line_goes_to_its_place_with_its_metadata() {
        let mut columns = LogColumns::default();
        assert!(insert(&mut columns, 1, b"a", &[]));
        assert!(insert(&mut columns, 5, b"c", &[("k", "v")]));
        assert!(insert(&mut columns, 3, b"b", &[("l", "w")]));
        assert!(!insert(&mut columns, 3, b"b", &[("l", "w")]));
        assert!(insert(&mut columns, 3, b"b", &[]));
        let expected = vec![
            (1, b"a".to_vec(), vec![]),
            (3, b"b".to_vec(), vec![("l".to_owned(), "w".to_owned())]),
            (3, b"b".to_vec(), vec![]),
            (5, b"c".to_vec(), vec![("k".to_owned(), "v".to_owned())]),
        ];
        assert_eq!(lines(&columns), expected);
    }

    proptest! {
        #[test]
        fn rows_are_copied_with_all_their_columns(
            rows in prop::collection::vec(("[a-c]{0,3}", "[a-c]{0,2}"), 0..12),
            cuts in prop::collection::vec(0_usize..12, 0..4),
        ) {
            let mut columns = LogColumns::default();
            for (text, value) in &rows {
                // Some lines have no metadata, some an empty value.
                let names = (value != "a").then_some(("name", value.as_str()));
                columns.push(columns.len() as i64, text.as_bytes(), names);
            }
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(rows.len())).collect();
            cuts.extend([0, rows.len()]);
            cuts.sort_unstable();
            let mut copied = LogColumns::default();
            for cut in cuts.windows(2) {
                copy_rows(&columns, cut[0], cut[1], &mut copied);
            }
            prop_assert_eq!(lines(&copied), lines(&columns));
        }

        #[test]
        fn insertion_equals_a_sorted_set(rows in prop::collection::vec((0_i64..20, 0_u8..4), 0..60)) {
            let mut columns = LogColumns::default();
            let mut model: BTreeMap<i64, Vec<Vec<u8>>> = BTreeMap::new();
            for (time, letter) in rows {
                let new = insert(&mut columns, time, &[letter], &[]);
                let known = model.entry(time).or_default();
                prop_assert_eq!(new, !known.contains(&vec![letter]));
                if new {
                    known.push(vec![letter]);
                }
            }
            let flat: Vec<(i64, Vec<u8>)> = model
                .into_iter()
                .flat_map(|(time, lines)| lines.into_iter().map(move |line| (time, line)))
                .collect();
            let found: Vec<(i64, Vec<u8>)> =
                lines(&columns).into_iter().map(|(time, line, _)| (time, line)).collect();
            prop_assert_eq!(found, flat);
        }

        #[test]
        fn merging_equals_inserting_one_by_one(
            rows in prop::collection::vec((0_usize..3, 0_i64..20, 0_u8..4), 0..60),
        ) {
            let mut pages = vec![LogColumns::default(); 3];
            for (page, time, letter) in &rows {
                insert(&mut pages[*page], *time, &[*letter], &[]);
            }
            let mut merged = LogColumns::default();
            merge(&pages, &mut merged);
            let mut one_by_one = LogColumns::default();
            for page in &pages {
                for row in 0..page.len() {
                    insert(&mut one_by_one, page.times[row], page.line(row), &[]);
                }
            }
            prop_assert_eq!(lines(&merged), lines(&one_by_one));
        }
    }
}
