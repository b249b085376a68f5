//! Deletes of some lines of a stream: hidden at once wherever they lie, gone with the next
//! compaction, and nothing else is.
#![cfg(test)]

use std::sync::Arc;

use logstore::{Error, LogStore};
use telemetry_core::labels;
use telemetry_core::labels::{Labels, Matcher, Regex};
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{
    ConditionLanguage, Direction, LabelRequest, LineCondition, LineFilter, LinePattern, LogColumns,
    LogDelete, LogRequest, LogSource, LogWant, PageBuckets,
};
use telemetry_core::storage::fs::{FileSystem, MemoryFileSystem};
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::store::StoreOptions;
use telemetry_core::time::{MillisRange, NanosRange};

/// A language of one kind of condition: metadata `name=value`.
#[derive(Debug)]
struct Pairs;

#[derive(Debug)]
struct Pair(String, String);

impl ConditionLanguage for Pairs {
    fn compile(
        &self,
        text: &str,
    ) -> Result<Arc<dyn LineCondition>, Box<dyn std::error::Error + Send + Sync>> {
        let (name, value) = text.split_once('=').ok_or("no pair")?;
        Ok(Arc::new(Pair(name.into(), value.into())))
    }
}

impl LineCondition for Pair {
    fn retain(&self, _: &Labels, lines: &LogColumns, rows: &mut Vec<usize>) {
        rows.retain(|row| lines.metadata(*row).any(|pair| pair == (&*self.0, &*self.1)));
    }
}

fn open_with(files: &Arc<dyn FileSystem>, language: bool) -> Result<LogStore, Error> {
    let mut options = StoreOptions::default();
    options.maintenance = Some(Maintenance::manual());
    let builder = LogStore::builder().file_system(files.clone()).storage(options);
    let builder = if language { builder.language(Arc::new(Pairs)) } else { builder };
    builder.open("/logs")
}

fn files() -> Arc<dyn FileSystem> {
    Arc::new(MemoryFileSystem::new())
}

fn api() -> Labels {
    labels! { "app" => "api" }
}

/// Lines of an app: enough that counts per stretch of time are kept.
const LINES: i64 = 300;

fn fill(store: &LogStore, app: &str) {
    let mut batch = store.batch();
    for number in 0..LINES {
        let who = if number % 3 == 0 { "alice" } else { "bob" };
        let line = format!("level=info took={number}ms user={who} card={}", number * 7919);
        let entry = LogEntry::new(number * 1_000_000, line).with("user", who);
        batch.push(&labels! { "app" => app }, &entry);
    }
    batch.commit().unwrap();
}

fn contains(text: &str) -> LineFilter {
    LineFilter { negated: false, any: vec![LinePattern::Contains(text.into())] }
}

fn of_api(filters: Vec<LineFilter>) -> LogDelete {
    let matchers = vec![Matcher::equal("app", "api")];
    LogDelete { filters, ..LogDelete::streams(matchers, NanosRange::ALL) }
}

/// The lines of an app. What the store counts without reading is checked on the way.
fn lines(store: &LogStore, app: &str, filters: Vec<LineFilter>) -> Vec<String> {
    let request = LogRequest {
        matchers: vec![Matcher::equal("app", app)],
        window: NanosRange::ALL,
        direction: Direction::Forward,
        filters: filters.clone(),
    };
    let pages = store.select(&request, &QueryContext::new()).unwrap();
    let (mut columns, mut buckets) = (LogColumns::default(), PageBuckets::default());
    let mut found = Vec::new();
    for page in (0..pages.len()).filter_map(|index| pages.page(index)) {
        page.decode(LogWant::ALL, &mut columns).unwrap();
        let statistics = page.statistics();
        assert!(!statistics.is_whole || statistics.count == columns.len() as u64);
        if page.buckets(&mut buckets).unwrap() {
            assert_eq!(buckets.counts.iter().sum::<u32>() as usize, columns.len());
        }
        if let Some(templates) = page.templates().unwrap() {
            assert_eq!(templates.of_rows().len(), columns.len());
        }
        // Filters that the page leaves to its reader.
        let left = filters.iter().enumerate().filter(|(index, _)| !page.has_applied(*index));
        let left: Vec<&LineFilter> = left.map(|(_, filter)| filter).collect();
        let text = |row| String::from_utf8(columns.line(row).to_vec()).unwrap();
        let passes = |line: &String| left.iter().all(|filter| is_kept(filter, line));
        found.extend((0..columns.len()).map(text).filter(passes));
    }
    found
}

fn is_kept(filter: &LineFilter, line: &str) -> bool {
    let matches = |pattern: &LinePattern| match pattern {
        LinePattern::Contains(text) => line.contains(std::str::from_utf8(text).unwrap()),
        LinePattern::Regex(regex) => regex.is_match_str(line),
        _ => panic!("a new pattern"),
    };
    filter.any.iter().any(matches) != filter.negated
}

/// Runs a check with the lines in the head, in a block, merged, and after reopening. The delete comes
/// at `when`, counted from 0 in that order, and holds from then on.
fn wherever_they_lie(language: bool, delete: impl Fn(&LogStore), check: impl Fn(&LogStore, &str)) {
    for when in 0..4 {
        let files = files();
        let mut store = open_with(&files, language).unwrap();
        fill(&store, "api");
        fill(&store, "web");
        for step in 0..4 {
            match step {
                0 => {}
                1 => store.flush().unwrap(),
                2 => {
                    // A late line, so that there is something to merge.
                    store.push(&labels! { "app" => "late" }, 5, "late").unwrap();
                    store.flush().unwrap();
                    store.compact().unwrap();
                }
                _ => {
                    store.close().unwrap();
                    store = open_with(&files, language).unwrap();
                }
            }
            if step == when {
                delete(&store);
            }
            if step >= when {
                check(&store, &format!("deleted at {when}, asked at {step}"));
            }
        }
        store.compact().unwrap();
        check(&store, &format!("deleted at {when}, compacted"));
        // The log remembers it until it is cut.
        store.push(&labels! { "app" => "late" }, 6, "late").unwrap();
        store.flush().unwrap();
        store.compact().unwrap();
        assert_eq!(store.stats().tombstones, 0, "carried out");
        check(&store, &format!("deleted at {when}, forgotten"));
        assert!(store.verify().unwrap().is_intact());
    }
}

#[test]
fn lines_with_a_text_go_and_no_others() {
    wherever_they_lie(
        false,
        |store| store.delete_lines(of_api(vec![contains("user=alice")])).unwrap(),
        |store, when| {
            let left = lines(store, "api", vec![]);
            assert_eq!(left.len() as i64, LINES - LINES / 3, "{when}");
            assert!(left.iter().all(|line| line.contains("user=bob")), "{when}");
            assert_eq!(lines(store, "web", vec![]).len() as i64, LINES, "{when}");
            // A query with filters of its own sees the same.
            let some = lines(store, "api", vec![contains("took=29")]);
            let expected = left.iter().filter(|line| line.contains("took=29"));
            assert_eq!(some.len(), expected.count(), "{when}");
            assert!(lines(store, "api", vec![contains("alice")]).is_empty(), "{when}");
        },
    );
}

#[test]
fn every_filter_of_a_delete_must_hold() {
    let regex = LinePattern::Regex(Regex::new("took=1.*(alice|bob)").unwrap());
    let filters = vec![
        LineFilter { negated: true, any: vec![LinePattern::Contains(b"alice".into())] },
        LineFilter { negated: false, any: vec![regex, LinePattern::Contains(b"took=2m".into())] },
    ];
    wherever_they_lie(
        false,
        |store| store.delete_lines(of_api(filters.clone())).unwrap(),
        |store, when| {
            let number = |line: &str| -> i64 {
                line.split("took=").nth(1).unwrap().split("ms").next().unwrap().parse().unwrap()
            };
            let is_taken = |n: i64| n % 3 != 0 && (n.to_string().starts_with('1') || n == 2);
            let expected: Vec<i64> = (0..LINES).filter(|n| !is_taken(*n)).collect();
            let found: Vec<i64> =
                lines(store, "api", vec![]).iter().map(|line| number(line)).collect();
            assert_eq!(found, expected, "{when}");
        },
    );
}

#[test]
fn a_delete_that_no_line_satisfies_hides_nothing_and_leaves_counts_as_they_are() {
    let store = open_with(&files(), false).unwrap();
    fill(&store, "api");
    store.flush().unwrap();
    let is_whole = |store: &LogStore| {
        let matchers = vec![Matcher::equal("app", "api")];
        let (window, direction) = (NanosRange::ALL, Direction::Forward);
        let request = LogRequest { matchers, window, direction, filters: vec![] };
        let pages = store.select(&request, &QueryContext::new()).unwrap();
        pages.page(0).unwrap().statistics().is_whole
    };
    assert!(is_whole(&store));
    store.delete_lines(of_api(vec![contains("user=mallory")])).unwrap();
    assert!(is_whole(&store), "templates say that no line has it");
    store.delete_lines(of_api(vec![contains("user=alice")])).unwrap();
    assert!(!is_whole(&store));
}

#[test]
fn lines_that_come_after_a_delete_stay() {
    let store = open_with(&files(), false).unwrap();
    store.push(&api(), 1, "secret").unwrap();
    store.delete_lines(of_api(vec![contains("secret")])).unwrap();
    store.push(&api(), 1, "secret").unwrap();
    store.push(&api(), 2, "secret").unwrap();
    assert_eq!(lines(&store, "api", vec![]), ["secret", "secret"]);
    store.flush().unwrap();
    store.compact().unwrap();
    assert_eq!(lines(&store, "api", vec![]), ["secret", "secret"]);
}

#[test]
fn the_window_of_a_delete_ends_before_its_end() {
    let store = open_with(&files(), false).unwrap();
    for time in 0..5 {
        store.push(&api(), time, format!("secret {time}")).unwrap();
    }
    let delete = of_api(vec![contains("secret")]);
    let delete = LogDelete { window: NanosRange::new(1, 3), ..delete };
    store.delete_lines(delete.clone()).unwrap();
    assert_eq!(lines(&store, "api", vec![]), ["secret 0", "secret 3", "secret 4"]);
    store.delete_lines(LogDelete { window: NanosRange::new(4, 4), ..delete }).unwrap();
    assert_eq!(lines(&store, "api", vec![]).len(), 3, "an empty window takes nothing");
}

#[test]
fn a_condition_in_a_language_is_compiled_by_whoever_opens_the_store() {
    wherever_they_lie(
        true,
        |store| {
            let delete = of_api(vec![contains("card")]);
            let condition = Some("user=alice".to_owned());
            store.delete_lines(LogDelete { condition, ..delete }).unwrap();
        },
        |store, when| {
            let left = lines(store, "api", vec![]);
            assert_eq!(left.len() as i64, LINES - LINES / 3, "{when}");
            assert!(left.iter().all(|line| line.contains("user=bob")), "{when}");
        },
    );
}

#[test]
fn without_its_language_a_condition_is_refused_and_never_overlooked() {
    let files = files();
    let with_condition =
        |text: &str| LogDelete { condition: Some(text.to_owned()), ..of_api(vec![]) };
    let store = open_with(&files, true).unwrap();
    let wrong = store.delete_lines(with_condition("user"));
    assert!(matches!(wrong, Err(Error::DeleteCondition { .. })));
    fill(&store, "api");
    store.delete_lines(with_condition("user=alice")).unwrap();
    store.close().unwrap();
    drop(store);
    let store = open_with(&files, false).unwrap();
    let request = LogRequest {
        matchers: vec![],
        window: NanosRange::ALL,
        direction: Direction::Forward,
        filters: vec![],
    };
    // Carried out when the head was written at closing, or else known to be there.
    let found = store.select(&request, &QueryContext::new());
    assert!(found.is_err() || lines(&store, "api", vec![]).len() as i64 == LINES - LINES / 3);
    let refused = store.delete_lines(with_condition("user=bob"));
    assert!(matches!(refused, Err(Error::DeleteLanguage)));
}

#[test]
fn a_stream_without_lines_left_is_not_named() {
    let request = LabelRequest { matchers: vec![], window: MillisRange::ALL, limit: usize::MAX };
    let names = |store: &LogStore| store.streams(&request, &QueryContext::new()).unwrap();
    wherever_they_lie(
        false,
        |store| store.delete_lines(of_api(vec![contains("took=")])).unwrap(),
        |store, when| assert!(!names(store).contains(&api()), "{when}"),
    );
    wherever_they_lie(
        false,
        |store| store.delete_lines(of_api(vec![contains("took=17ms")])).unwrap(),
        |store, when| assert!(names(store).contains(&api()), "{when}"),
    );
}
