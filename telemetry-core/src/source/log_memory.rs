//! Logs in memory: the plainest source there is, right by construction.
//!
//! For tests, and as the example of a foreign source. Equal entries (stream, time, line,
//! metadata) are kept once, as in Loki.

use std::collections::BTreeMap;

use super::SourceError;
use super::log::{
    Direction, LogColumns, LogPage, LogPageSet, LogRequest, LogSource, LogWant, PageStatistics,
};
use super::log_memory_template::MemoryTemplates;
use super::log_template::{LogTemplates, PageBuckets};
use super::metric::LabelRequest;
use crate::labels::{Labels, Matcher};
use crate::model::LogEntry;
use crate::query::{QueryContext, Resource};
use crate::time::{Nanos, NanosRange};

/// Stretches of time that a page counts its lines in, about.
const BUCKETS: i64 = 8;

/// Streams of lines, kept in order of time.
#[derive(Clone, Debug, Default)]
pub struct MemoryLogs {
    streams: BTreeMap<Labels, Vec<LogEntry>>,
    has_templates: bool,
}

impl MemoryLogs {
    /// No streams.
    pub fn new() -> Self {
        MemoryLogs::default()
    }

    /// The same logs, whose pages offer templates and counts per stretch of time too: so that a
    /// language can be tested on both.
    #[must_use]
    pub fn with_templates(self) -> Self {
        MemoryLogs { has_templates: true, ..self }
    }

    /// Adds a line to a stream. One that is already there, at the same time, is kept once.
    pub fn insert(&mut self, labels: &Labels, entry: LogEntry) {
        let entries = self.streams.entry(labels.clone()).or_default();
        let at = entries.partition_point(|known| known.time <= entry.time);
        let equal = entries.iter().take(at).rev().take_while(|known| known.time == entry.time);
        let is_entry =
            |known: &LogEntry| known.line == entry.line && known.metadata == entry.metadata;
        if !equal.into_iter().any(is_entry) {
            entries.insert(at, entry);
        }
    }

    fn matching<'a, 'm>(
        &'a self,
        matchers: &'m [Matcher],
    ) -> impl Iterator<Item = (&'a Labels, &'a [LogEntry])> + use<'a, 'm> {
        let fits = move |labels: &Labels| {
            let fits =
                |matcher: &Matcher| matcher.matches(labels.get(matcher.name()).unwrap_or_default());
            matchers.iter().all(fits)
        };
        self.streams
            .iter()
            .filter(move |(labels, _)| fits(labels))
            .map(|(labels, entries)| (labels, entries.as_slice()))
    }
}

fn in_window(entries: &[LogEntry], window: NanosRange) -> &[LogEntry] {
    let start = entries.partition_point(|entry| entry.time < window.start);
    let end = entries.partition_point(|entry| entry.time < window.end);
    entries.get(start..end).unwrap_or_default()
}

impl LogSource for MemoryLogs {
    fn select(
        &self,
        request: &LogRequest,
        context: &QueryContext,
    ) -> Result<Box<dyn LogPageSet + '_>, SourceError> {
        context.check()?;
        let mut pages: Vec<MemoryPage<'_>> = self
            .matching(&request.matchers)
            .map(|(labels, entries)| (labels, in_window(entries, request.window)))
            .filter(|(_, entries)| !entries.is_empty())
            .map(|(labels, entries)| MemoryPage { labels, entries, number: None })
            .collect();
        match request.direction {
            Direction::Forward => pages.sort_by_key(MemoryPage::first),
            Direction::Backward => pages.sort_by_key(|page| std::cmp::Reverse(page.last())),
        }
        if self.has_templates {
            pages.iter_mut().zip(0..).for_each(|(page, number)| page.number = Some(number));
        }
        context.bound(Resource::Series, pages.len() as u64)?;
        context.statistics().add_series(pages.len() as u64);
        Ok(Box::new(MemoryPages { pages }))
    }

    fn streams(
        &self,
        request: &LabelRequest,
        context: &QueryContext,
    ) -> Result<Vec<Labels>, SourceError> {
        context.check()?;
        let window = NanosRange::from(request.window);
        Ok(self
            .matching(&request.matchers)
            .filter(|(_, entries)| !in_window(entries, window).is_empty())
            .map(|(labels, _)| labels.clone())
            .take(request.limit)
            .collect())
    }
}

struct MemoryPages<'a> {
    pages: Vec<MemoryPage<'a>>,
}

impl LogPageSet for MemoryPages<'_> {
    fn len(&self) -> usize {
        self.pages.len()
    }

    fn page<'a>(&'a self, index: usize) -> Option<Box<dyn LogPage + 'a>> {
        self.pages.get(index).map(|page| Box::new(*page) as Box<dyn LogPage>)
    }
}

#[derive(Clone, Copy)]
struct MemoryPage<'a> {
    labels: &'a Labels,
    entries: &'a [LogEntry],
    /// Which page it is, where pages offer templates.
    number: Option<u64>,
}

impl MemoryPage<'_> {
    fn first(&self) -> Nanos {
        self.entries.first().map_or(Nanos(0), |entry| entry.time)
    }

    fn last(&self) -> Nanos {
        self.entries.last().map_or(Nanos(0), |entry| entry.time)
    }
}

impl LogPage for MemoryPage<'_> {
    fn labels(&self) -> &Labels {
        self.labels
    }

    fn statistics(&self) -> PageStatistics {
        PageStatistics {
            count: self.entries.len() as u64,
            line_bytes: self.entries.iter().map(|entry| entry.line.len() as u64).sum(),
            first: self.first(),
            last: self.last(),
            has_metadata: self.entries.iter().any(|entry| !entry.metadata.is_empty()),
            is_whole: true,
        }
    }

    fn decode(&self, _want: LogWant, into: &mut LogColumns) -> Result<(), SourceError> {
        into.clear();
        for entry in self.entries {
            let metadata = entry.metadata.iter().map(|(name, value)| (&**name, &**value));
            into.push(entry.time.0, &entry.line, metadata);
        }
        Ok(())
    }

    fn templates(&self) -> Result<Option<Box<dyn LogTemplates + '_>>, SourceError> {
        let Some(number) = self.number else { return Ok(None) };
        let mut columns = LogColumns::default();
        self.decode(LogWant::ALL, &mut columns)?;
        Ok(Some(Box::new(MemoryTemplates::new(&columns, number << 32))))
    }

    fn buckets(&self, into: &mut PageBuckets) -> Result<bool, SourceError> {
        if self.number.is_none() {
            return Ok(false);
        }
        // A few stretches a page, on multiples of their width.
        let span = self.last().0.saturating_sub(self.first().0);
        let width = (span / BUCKETS).max(1);
        let start = (self.first().0.saturating_sub(1)).div_euclid(width).saturating_mul(width);
        *into = PageBuckets { start, width, ..PageBuckets::default() };
        for entry in self.entries {
            let ahead = entry.time.0.saturating_sub(start).saturating_sub(1) / width;
            let at = usize::try_from(ahead).unwrap_or_default();
            if into.counts.len() <= at {
                into.counts.resize(at + 1, 0);
                into.line_bytes.resize(at + 1, 0);
            }
            if let (Some(count), Some(bytes)) =
                (into.counts.get_mut(at), into.line_bytes.get_mut(at))
            {
                *count += 1;
                *bytes += entry.line.len() as u64;
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels;
    use crate::labels::MatchOp;

    #[test]
    fn equal_entries_are_kept_once_and_the_end_is_not_in() {
        let mut logs = MemoryLogs::new();
        let labels = labels! { "app" => "a" };
        for (time, line) in [(3_i64, "c"), (1, "a"), (1, "a"), (1, "b")] {
            logs.insert(&labels, LogEntry::new(time, line));
        }
        let request = LogRequest {
            matchers: vec![Matcher::new(MatchOp::Equal, "app", "a").unwrap()],
            window: NanosRange::new(1, 3),
            direction: Direction::Backward,
            filters: Vec::new(),
        };
        let context = QueryContext::new();
        let pages = logs.select(&request, &context).unwrap();
        let mut columns = LogColumns::default();
        pages.page(0).unwrap().decode(LogWant::ALL, &mut columns).unwrap();
        assert_eq!(columns.times, [1, 1]);
        assert_eq!((columns.line(0), columns.line(1)), (&b"a"[..], &b"b"[..]));
        assert!(pages.page(1).is_none());
    }
}
