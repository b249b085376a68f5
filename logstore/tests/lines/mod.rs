//! What the tests of this folder share: a store to open, lines to push, and the plainest model.
#![cfg(test)]
#![allow(dead_code, reason = "every test file uses a part")]

pub(crate) mod subject;

use std::collections::BTreeMap;
use std::sync::Arc;

use logstore::{Error, LogStore};
use telemetry_core::labels;
use telemetry_core::labels::{Labels, Matcher, Regex};
use telemetry_core::model::LogEntry;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{
    Direction, LineFilter, LinePattern, LogColumns, LogDelete, LogRequest, LogSource, LogWant,
    SourceError,
};
use telemetry_core::storage::fs::FileSystem;
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::store::{Durability, StoreOptions};
use telemetry_core::time::NanosRange;

/// A line as the tests compare it: stream number, time, text.
pub(crate) type Line = (u8, i64, String);

pub(crate) fn options(durability: Durability) -> StoreOptions {
    let mut options = StoreOptions::default();
    options.durability = durability;
    options.maintenance = Some(Maintenance::manual());
    options.head_bytes_kept_on_close = 0;
    options
}

pub(crate) fn open(files: Arc<dyn FileSystem>, durability: Durability) -> Result<LogStore, Error> {
    LogStore::builder().file_system(files).storage(options(durability)).open("/data/logs")
}

pub(crate) fn stream(number: u8) -> Labels {
    labels! { "app" => "api", "stream" => &*number.to_string() }
}

/// Stores lines as one commit.
pub(crate) fn commit(store: &LogStore, lines: &[Line]) -> Result<u64, Error> {
    let mut batch = store.batch();
    for (number, time, text) in lines {
        batch.push(&stream(*number), &LogEntry::new(*time, text).with("from", text.as_str()));
    }
    Ok(batch.commit()?.stored)
}

/// Streams that deletes tell apart.
const STREAMS: u8 = 3;

/// Numbers of deletes: of all lines, `|= "b"`, `|~ "a.*c"`, `!= "a" != "c"`, each of every stream.
pub(crate) const DELETES: u8 = 4 * STREAMS;

fn filters_of(number: u8) -> Vec<LineFilter> {
    let contains = |text: &str| LinePattern::Contains(text.as_bytes().to_vec());
    let filter = |negated, pattern| LineFilter { negated, any: vec![pattern] };
    match number / STREAMS {
        0 => vec![],
        1 => vec![filter(false, contains("b"))],
        2 => vec![filter(false, LinePattern::Regex(Regex::new("a.*c").unwrap()))],
        _ => vec![filter(true, contains("a")), filter(true, contains("c"))],
    }
}

/// Whether a delete of that number takes a line.
fn takes(number: u8, line: &str) -> bool {
    match number / STREAMS {
        0 => true,
        1 => line.contains('b'),
        2 => line.split_once('a').is_some_and(|(_, rest)| rest.contains('c')),
        _ => !line.contains(['a', 'c']),
    }
}

/// Deletes lines of the stream `number % 3`: all, or those that satisfy one of the conditions.
pub(crate) fn delete(store: &LogStore, number: u8, window: NanosRange) -> Result<(), Error> {
    let stream = (number % STREAMS).to_string();
    let delete = LogDelete::streams(vec![Matcher::equal("stream", stream)], window);
    store.delete_lines(LogDelete { filters: filters_of(number), ..delete })
}

/// Everything stored, by stream and time. Checks on the way that pages keep their promises.
pub(crate) fn contents(store: &LogStore) -> Result<Vec<Line>, SourceError> {
    let request = LogRequest {
        matchers: vec![],
        window: NanosRange::ALL,
        direction: Direction::Forward,
        filters: vec![],
    };
    let pages = store.select(&request, &QueryContext::new())?;
    let mut columns = LogColumns::default();
    let mut found = Vec::new();
    for index in 0..pages.len() {
        let page = pages.page(index).unwrap();
        page.decode(LogWant::ALL, &mut columns)?;
        let number: u8 = page.labels().get("stream").unwrap().parse().unwrap();
        let statistics = page.statistics();
        assert!(columns.times.is_sorted());
        assert!(!statistics.is_whole || statistics.count == columns.len() as u64);
        for row in 0..columns.len() {
            let text = String::from_utf8(columns.line(row).to_vec()).unwrap();
            assert!(columns.metadata(row).eq([("from", text.as_str())]));
            found.push((number, columns.times[row], text));
        }
    }
    found.sort();
    Ok(found)
}

/// Looks at every line with its time, in the order of the pages.
pub(crate) fn each_line(store: &LogStore, mut look: impl FnMut(i64, &[u8])) {
    let request = LogRequest {
        matchers: vec![],
        window: NanosRange::ALL,
        direction: Direction::Forward,
        filters: vec![],
    };
    let pages = store.select(&request, &QueryContext::new()).unwrap();
    let mut columns = LogColumns::default();
    for index in 0..pages.len() {
        pages.page(index).unwrap().decode(LogWant::ALL, &mut columns).unwrap();
        (0..columns.len()).for_each(|row| look(columns.times[row], columns.line(row)));
    }
}

/// The plainest log store there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model(BTreeMap<(u8, i64), Vec<String>>);

impl Model {
    pub(crate) fn insert(&mut self, line: &Line) {
        let texts = self.0.entry((line.0, line.1)).or_default();
        if !texts.contains(&line.2) {
            texts.push(line.2.clone());
        }
    }

    pub(crate) fn delete(&mut self, number: u8, window: NanosRange) {
        for ((stream, time), texts) in &mut self.0 {
            if *stream == number % STREAMS && window.contains((*time).into()) {
                texts.retain(|text| !takes(number, text));
            }
        }
        self.0.retain(|_, texts| !texts.is_empty());
    }

    pub(crate) fn contents(&self) -> Vec<Line> {
        let mut lines: Vec<Line> = self
            .0
            .iter()
            .flat_map(|((number, time), texts)| {
                texts.iter().map(move |text| (*number, *time, text.clone()))
            })
            .collect();
        lines.sort();
        lines
    }
}
