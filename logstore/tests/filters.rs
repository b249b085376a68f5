//! What the store skips and what it filters never changes an answer.
#![cfg(test)]

use std::sync::Arc;

use logstore::LogStore;
use proptest::prelude::*;
use telemetry_core::labels;
use telemetry_core::labels::Matcher;
use telemetry_core::labels::regex::Regex;
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{
    Direction, LineFilter, LinePattern, LogColumns, LogDelete, LogPage, LogRequest, LogSource,
    LogTemplates, LogWant, PageBuckets, SlotColumn,
};
use telemetry_core::storage::fs::MemoryFileSystem;
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::store::StoreOptions;
use telemetry_core::time::NanosRange;

/// Nanoseconds between two lines.
const STEP: i64 = 700_000_000;

type Line = (usize, i64, Vec<u8>);

/// The lines of a store that was flushed and merged, with a part in the head. Of stream 1 what was in
/// the window is deleted, of stream 2 what passes the filters as well.
fn stored(lines: &[Line], deleted: NanosRange, some: &[LineFilter]) -> LogStore {
    let mut options = StoreOptions::default();
    options.maintenance = Some(Maintenance::manual());
    options.log = false;
    let files = Arc::new(MemoryFileSystem::new());
    let store = LogStore::builder().file_system(files).storage(options).open("/logs").unwrap();
    let parts = lines.len().div_ceil(6).max(1);
    for (number, part) in lines.chunks(parts).enumerate() {
        let mut batch = store.batch();
        for (stream, time, line) in part {
            let labels = labels! { "app" => "api", "stream" => &*stream.to_string() };
            let entry = LogEntry::new(*time, line);
            let entry = if time % 5 == 0 { entry.with("k", "v") } else { entry };
            batch.push(&labels, &entry);
        }
        batch.commit().unwrap();
        if number < 5 {
            store.flush().unwrap();
        }
        if number == 4 {
            store.compact().unwrap();
        }
    }
    store.delete(vec![Matcher::equal("stream", "1")], deleted).unwrap();
    let delete = LogDelete::streams(vec![Matcher::equal("stream", "2")], deleted);
    store.delete_lines(LogDelete { filters: some.to_vec(), ..delete }).unwrap();
    store
}

/// Lines as templates and columns give them, in order.
fn woven(templates: &dyn LogTemplates) -> Vec<Vec<u8>> {
    let mut next = vec![0; templates.len()];
    let mut column = SlotColumn::default();
    let of_rows = templates.of_rows().iter();
    of_rows
        .map(|of| {
            let index = *of as usize;
            let template = templates.template(index).unwrap();
            let (mut line, mut from) = (Vec::new(), 0);
            for (slot, place) in template.slots.iter().enumerate() {
                line.extend_from_slice(&template.text[from..place.at as usize]);
                from = place.at as usize;
                templates.column(index, slot, &mut column).unwrap();
                column.write(next[index], &mut line);
            }
            line.extend_from_slice(&template.text[from..]);
            next[index] += 1;
            line
        })
        .collect()
}

fn check_page(page: &dyn LogPage, columns: &LogColumns) {
    let statistics = page.statistics();
    if statistics.is_whole {
        assert_eq!(statistics.count, columns.len() as u64);
        assert_eq!(statistics.line_bytes, columns.text.len() as u64);
    }
    if let Some(templates) = page.templates().unwrap() {
        let lines = woven(&*templates);
        assert!(lines.iter().enumerate().all(|(row, line)| columns.line(row) == line));
        assert_eq!(lines.len(), columns.len());
    }
    let mut buckets = PageBuckets::default();
    if page.buckets(&mut buckets).unwrap() {
        for (at, (count, bytes)) in buckets.counts.iter().zip(&buckets.line_bytes).enumerate() {
            let start = buckets.start + at as i64 * buckets.width;
            let within =
                |row: &usize| (start + 1..=start + buckets.width).contains(&columns.times[*row]);
            let rows: Vec<usize> = (0..columns.len()).filter(within).collect();
            assert_eq!(rows.len(), *count as usize);
            let sum: usize = rows.iter().map(|row| columns.line_bytes(*row)).sum();
            assert_eq!(sum as u64, *bytes);
        }
        assert_eq!(buckets.counts.iter().sum::<u32>() as usize, columns.len());
    }
    if let Some(decoded) = page.decoded() {
        let lines = |columns: &LogColumns| {
            let row = |row| (columns.times[row], columns.line(row).to_vec());
            (0..columns.len()).map(row).collect::<Vec<_>>()
        };
        assert_eq!(lines(decoded), lines(columns));
    }
    let mut times = LogColumns::default();
    page.decode(LogWant::TIMES, &mut times).unwrap();
    assert_eq!(times.times, columns.times);
    let lengths = LogWant { lengths: true, ..LogWant::TIMES };
    page.decode(lengths, &mut times).unwrap();
    assert!((0..columns.len()).all(|row| times.line_bytes(row) == columns.line_bytes(row)));
    let rows: Vec<usize> = (0..columns.len()).step_by(3).collect();
    let mut some = LogColumns::default();
    page.decode_rows(&rows, LogWant::ALL, &mut some).unwrap();
    for (at, row) in rows.iter().enumerate() {
        assert_eq!((some.times[at], some.line(at)), (columns.times[*row], columns.line(*row)));
        assert!(some.metadata(at).eq(columns.metadata(*row)));
    }
}

fn found(store: &LogStore, window: NanosRange, filters: &[LineFilter]) -> Vec<Line> {
    let request = LogRequest {
        matchers: vec![Matcher::equal("app", "api")],
        window,
        direction: Direction::Forward,
        filters: filters.to_vec(),
    };
    let pages = store.select(&request, &QueryContext::new()).unwrap();
    let mut lines = Vec::new();
    for index in 0..pages.len() {
        let page = pages.page(index).unwrap();
        let mut columns = LogColumns::default();
        page.decode(LogWant::ALL, &mut columns).unwrap();
        check_page(&*page, &columns);
        let left = (0..filters.len()).filter(|index| !page.has_applied(*index));
        let left: Vec<&LineFilter> = left.map(|index| &filters[index]).collect();
        let stream: usize = page.labels().get("stream").unwrap().parse().unwrap();
        for row in 0..columns.len() {
            let is_marked = columns.times[row] % 5 == 0;
            assert_eq!(columns.metadata(row).count(), usize::from(is_marked));
            if left.iter().all(|filter| keep(filter, columns.line(row))) {
                lines.push((stream, columns.times[row], columns.line(row).to_vec()));
            }
        }
    }
    lines.sort();
    lines
}

fn keep(filter: &LineFilter, line: &[u8]) -> bool {
    let matches = |pattern: &LinePattern| match pattern {
        LinePattern::Contains(text) => {
            text.is_empty() || line.windows(text.len()).any(|part| part == text)
        }
        LinePattern::Regex(regex) => regex.is_match(line),
        _ => panic!("a new pattern"),
    };
    filter.any.iter().any(matches) != filter.negated
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "(GET|PUT) /api/v[12]/user/[0-9]{1,4} took [0-9]{1,3}\\.[0-9]ms".prop_map(String::into_bytes),
        4 => "level=(info|error) id=[0-9a-f]{8} blk_-?[0-9]{3,19}".prop_map(String::into_bytes),
        2 => "trace=(8068e9587b19f3747accd1ec60abe77a|0[0-9a-f]{31}) [0-9]{2}".prop_map(String::into_bytes),
        1 => "span=(0af7651916cd43dd|00f067aa0ba902b7|[0-9]{16,17})-[0-9]{1,2} in x(7|8)A9bcdefghijklmn".prop_map(String::into_bytes),
        1 => "(1 ){260}(GET|error|took|=error id=[0-9a-f]{8}|trace=8068e9587b19f3747accd1ec60abe77a 1)".prop_map(String::into_bytes),
        2 => "[a-c0-2 ]{0,10}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ]
}

fn filter() -> impl Strategy<Value = LineFilter> {
    let needle = prop_oneof![
        3 => "(info|error|took|GET|/api/v1|er/1|=error id=|ms|zz-absent|blk_)".prop_map(String::into_bytes),
        3 => "[0-9a-f]{1,3}".prop_map(String::into_bytes),
        1 => "(8068e9587b19f3747accd1ec60abe77a|58[07]b1|e77a 1)".prop_map(String::into_bytes),
        1 => "(0af7651916cd43d[cd]|span=00f067aa0ba902b7|0ba902b7-[0-9]|=0af7651916cd43dd-|n x7A9bcdefghijklmn)".prop_map(String::into_bytes),
        1 => "(=8068e9587b19f3747accd1ec60abe77a|068e9587b19f3747accd1ec60abe77a 1|7A9bcdefghijklmn|[0-9a-f]{32})".prop_map(String::into_bytes),
        1 => "[0-9a-f]{8}".prop_map(String::into_bytes),
        1 => "(user/[0-9]|took [0-9]{2}|id=[0-9a-f])".prop_map(String::into_bytes),
    ];
    let regexes = vec![
        "user/[0-9]+ took 1",
        "id=[0-9a-f]*ff",
        "^level",
        "(GET|info).*[02]",
        "[ab] [bc]",
        "ERROR",
        "v[12]/user/[0-9]*7",
        r"[0-9]\.[2-4]ms",
        "-?[0-9]+5",
        "x(7|8)A9",
        "PUT|rror",
        "r/1[0-9]|=7|[^ -~]",
        "span=0af7651916cd43dd-[12]",
        "(?i)TRACE=8068E9587B19F3747ACCD1EC60ABE77A",
        "(8068e9587b19f3747accd1ec60abe77a|0af7651916cd43dd)",
        r"\b8068e9587b19f3747accd1ec60abe77a\b",
        r"took [0-9.]+ms$",
        "(?s)GET.*ms",
        "(info)?",
        r"\B[0-9]\b",
        "[^a]\u{fffd}|[é-ü]",
        "\u{fffd}",
        "(?i)\u{212a}|level",
    ];
    let regexes = prop::sample::select(regexes);
    let pattern = prop_oneof![
        3 => needle.prop_map(LinePattern::Contains),
        2 => regexes.prop_map(|regex| LinePattern::Regex(Regex::new(regex).unwrap())),
    ];
    let patterns = prop::collection::vec(pattern, 1..3);
    (any::<bool>(), patterns).prop_map(|(negated, any)| LineFilter { negated, any })
}

/// Too many variables, or too long: neither is cut into a template.
#[test]
fn lines_that_are_no_template_are_searched_like_others() {
    let many = format!("{}error", "1 ".repeat(300)).into_bytes();
    let long = format!("{}fault", "word ".repeat(13_000)).into_bytes();
    let mut lines: Vec<Line> = (0..60)
        .map(|row| (0, row * STEP, format!("GET /api/{row} took {row} ms").into_bytes()))
        .collect();
    lines.extend([(0, 60 * STEP, many.clone()), (0, 61 * STEP, long.clone())]);
    // Stream 0 is not deleted from; all of it is flushed.
    let mut padded = lines.clone();
    padded.extend((0..62).map(|row| (1, (70 + row) * STEP, b"behind".to_vec())));
    let store = stored(&padded, NanosRange::new(0, 1), &[]);
    for (needle, expected) in [("error", &many), ("fault", &long), ("1 1 error", &many)] {
        let any = vec![LinePattern::Contains(needle.into())];
        let filters = [LineFilter { negated: false, any }];
        let lines = found(&store, NanosRange::ALL, &filters);
        assert_eq!(lines.len(), 1, "{needle}");
        assert!(lines[0].2 == **expected, "{needle}");
        let others = [LineFilter { negated: true, any: filters[0].any.clone() }];
        assert_eq!(found(&store, NanosRange::ALL, &others).len(), padded.len() - 1, "{needle}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn an_answer_is_that_of_looking_at_every_line(
        rows in prop::collection::vec((0_usize..3, 0_i64..40, line()), 0..400),
        filters in prop::collection::vec(filter(), 0..3),
        window in prop_oneof![Just(NanosRange::ALL), (0_i64..300, 1_i64..200).prop_map(|(from, long)| {
            NanosRange::new(from * STEP, (from + long) * STEP)
        })],
        deleted in (0_i64..300, 0_i64..60),
        some in prop::collection::vec(filter(), 0..3),
    ) {
        let rows: Vec<Line> = rows
            .into_iter()
            .enumerate()
            .map(|(row, (stream, late, line))| (stream, (row as i64 - late) * STEP, line))
            .collect();
        let deleted = NanosRange::new(deleted.0 * STEP, (deleted.0 + deleted.1) * STEP);
        let store = stored(&rows, deleted, &some);
        let mut expected = rows.clone();
        expected.retain(|(stream, time, line)| {
            let is_taken = *stream == 1
                || (*stream == 2 && some.iter().all(|filter| keep(filter, line)));
            let is_deleted = is_taken && deleted.contains((*time).into());
            !is_deleted && window.contains((*time).into()) && filters.iter().all(|filter| keep(filter, line))
        });
        expected.sort();
        expected.dedup();
        prop_assert_eq!(found(&store, window, &filters), expected);
    }
}
