//! Keeps lines in order of time, equal lines once.
//!
//! As in Loki, two lines of one stream with the same time, text and metadata are one.

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
    let mut ordered = LogColumns::default();
    copy_rows(columns, 0, at, &mut ordered);
    ordered.push(time, line, names.iter().copied());
    copy_rows(columns, at, columns.len(), &mut ordered);
    *columns = ordered;
    true
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

/// Appends rows `start..end` of `from`.
pub(crate) fn copy_rows(from: &LogColumns, start: usize, end: usize, into: &mut LogColumns) {
    for row in start..end.min(from.len()) {
        let time = from.times.get(row).copied().unwrap_or_default();
        into.push(time, from.line(row), from.metadata(row));
    }
}

/// Keeps the rows that `keep` keeps by time.
pub(crate) fn select_rows(columns: &mut LogColumns, keep: impl Fn(i64) -> bool) {
    if columns.times.iter().all(|time| keep(*time)) {
        return;
    }
    let has_text = columns.text_ends.len() == columns.times.len();
    let mut kept = LogColumns::default();
    for (row, time) in columns.times.iter().enumerate().filter(|(_, time)| keep(**time)) {
        kept.push(*time, columns.line(row), columns.metadata(row));
        // Lengths without text: `push` has recorded an empty line.
        if has_text && columns.text.is_empty() {
            let before = kept.text_ends.iter().rev().nth(1).copied().unwrap_or(0);
            if let Some(end) = kept.text_ends.last_mut() {
                *end = before + columns.line_bytes(row);
            }
        }
    }
    if !has_text {
        kept.text_ends.clear();
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
    for (time, page, row) in rows {
        let Some(columns) = pages.get(page) else { continue };
        let names = metadata(columns, row);
        if !has_equal(into, into.len(), time, columns.line(row), &names) {
            into.push(time, columns.line(row), names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn lines(columns: &LogColumns) -> Vec<(i64, Vec<u8>, Vec<(String, String)>)> {
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
