//! How much there is: bytes by stream or label, and counts of everything.
//!
//! Bytes are those of the lines and of their structured metadata. A page that lies whole in what is
//! asked for and has no metadata is not decoded.

use crate::engine::Engine;
use crate::error::Error;
use crate::value::LabelSet;
use std::collections::{BTreeMap, BTreeSet};
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::source::{Direction, LogColumns, LogPage, LogPageSet, LogRequest, LogWant};
use telemetry_core::time::{Nanos, NanosRange};

/// What volume is told by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VolumeBy {
    /// By the values of some labels together.
    #[default]
    Series,
    /// By name: all streams that have a label count for it.
    Labels,
}

/// What volume is asked for.
#[derive(Clone, Debug)]
pub struct VolumeOptions {
    /// The times of the lines: the start is in, the end is not.
    pub window: NanosRange,
    /// What it is told by.
    pub by: VolumeBy,
    /// The labels that tell series apart; with none, those that the matchers name, and where there
    /// is no matcher, all. By name: only these labels.
    pub target_labels: Vec<String>,
    /// How many are told of, the largest.
    pub limit: usize,
}

impl Default for VolumeOptions {
    /// The hundred largest series of all times.
    fn default() -> Self {
        VolumeOptions {
            window: NanosRange::ALL,
            by: VolumeBy::Series,
            target_labels: Vec::new(),
            limit: 100,
        }
    }
}

/// Bytes of some streams together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// What they have in common; by name: the name, with an empty value.
    pub labels: LabelSet,
    /// Bytes of their lines and metadata.
    pub bytes: u64,
}

/// Bytes of some streams together, per step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeSeries {
    /// What they have in common.
    pub labels: LabelSet,
    /// Starts of steps and the bytes in them; steps without any are left out.
    pub points: Vec<(Nanos, u64)>,
}

/// Counts of what some matchers select.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceCounts {
    /// Streams.
    pub streams: u64,
    /// Pages that hold their lines.
    pub pages: u64,
    /// Lines.
    pub entries: u64,
    /// Bytes of the lines.
    pub bytes: u64,
}

impl Engine<'_> {
    /// The bytes of the streams that satisfy every matcher, the largest first.
    ///
    /// # Errors
    ///
    /// Where the query is stopped or the source fails.
    pub fn volume(
        &self,
        matchers: &[Matcher],
        options: &VolumeOptions,
        context: &QueryContext,
    ) -> Result<Vec<Volume>, Error> {
        let mut bytes: BTreeMap<LabelSet, u64> = BTreeMap::new();
        let pages = self.pages(matchers, options.window, context)?;
        let mut columns = LogColumns::default();
        for index in 0..pages.len() {
            let Some(page) = pages.page(index) else { continue };
            let of_page = match page.statistics() {
                known if known.is_whole && !known.has_metadata => known.line_bytes,
                _ => {
                    decode(&*page, &mut columns, context)?;
                    (0..columns.len()).map(|row| entry_bytes(&columns, row)).sum()
                }
            };
            for key in keys(page.labels(), matchers, options) {
                *bytes.entry(key).or_default() += of_page;
            }
            context.bound(Resource::Series, bytes.len() as u64)?;
        }
        let volume = |(labels, bytes)| Volume { labels, bytes };
        let mut all: Vec<Volume> = bytes.into_iter().map(volume).collect();
        all.sort_by_key(|volume| std::cmp::Reverse(volume.bytes));
        all.truncate(options.limit);
        Ok(all)
    }

    /// The same per step of `step_ns` nanoseconds from the start of the window, which must be
    /// bounded. The largest in all come first.
    ///
    /// # Errors
    ///
    /// [`Error::Step`] for a step that is not positive; otherwise as [`volume`](Self::volume).
    pub fn volume_range(
        &self,
        matchers: &[Matcher],
        options: &VolumeOptions,
        step_ns: i64,
        context: &QueryContext,
    ) -> Result<Vec<VolumeSeries>, Error> {
        if step_ns <= 0 {
            return Err(Error::Step);
        }
        let window = options.window;
        let step_of = |time: i64| {
            time.saturating_sub(window.start.0)
                .div_euclid(step_ns)
                .saturating_mul(step_ns)
                .saturating_add(window.start.0)
        };
        let mut bytes: BTreeMap<LabelSet, BTreeMap<i64, u64>> = BTreeMap::new();
        let pages = self.pages(matchers, window, context)?;
        let (mut columns, mut points) = (LogColumns::default(), 0);
        for index in 0..pages.len() {
            let Some(page) = pages.page(index) else { continue };
            let known = page.statistics();
            let mut of_page: BTreeMap<i64, u64> = BTreeMap::new();
            let one_step = step_of(known.first.0) == step_of(known.last.0);
            if known.is_whole && !known.has_metadata && one_step {
                of_page.insert(step_of(known.first.0), known.line_bytes);
            } else {
                decode(&*page, &mut columns, context)?;
                for (row, time) in columns.times.iter().enumerate() {
                    *of_page.entry(step_of(*time)).or_default() += entry_bytes(&columns, row);
                }
            }
            for key in keys(page.labels(), matchers, options) {
                let known = bytes.entry(key).or_default();
                let before = known.len();
                for (time, bytes) in &of_page {
                    *known.entry(*time).or_default() += bytes;
                }
                points += known.len() - before;
            }
            context.bound(Resource::Samples, points as u64)?;
        }
        let mut all: Vec<(LabelSet, BTreeMap<i64, u64>)> = bytes.into_iter().collect();
        all.sort_by_key(|(_, points)| std::cmp::Reverse(points.values().sum::<u64>()));
        all.truncate(options.limit);
        let series = |(labels, points): (LabelSet, BTreeMap<i64, u64>)| VolumeSeries {
            labels,
            points: points.into_iter().map(|(time, bytes)| (Nanos(time), bytes)).collect(),
        };
        Ok(all.into_iter().map(series).collect())
    }

    /// Counts of streams, pages, lines and bytes. Pages that lie partly outside the window are
    /// decoded.
    ///
    /// # Errors
    ///
    /// As [`volume`](Self::volume).
    pub fn counts(
        &self,
        matchers: &[Matcher],
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<SourceCounts, Error> {
        let pages = self.pages(matchers, window, context)?;
        let mut streams: BTreeSet<Labels> = BTreeSet::new();
        let mut counts = SourceCounts { pages: pages.len() as u64, ..SourceCounts::default() };
        let mut columns = LogColumns::default();
        for index in 0..pages.len() {
            let Some(page) = pages.page(index) else { continue };
            let known = page.statistics();
            let (entries, bytes) = if known.is_whole {
                (known.count, known.line_bytes)
            } else {
                context.check()?;
                page.decode(LogWant { lengths: true, ..LogWant::TIMES }, &mut columns)?;
                let bytes = (0..columns.len()).map(|row| columns.line_bytes(row) as u64).sum();
                (columns.len() as u64, bytes)
            };
            counts.entries += entries;
            counts.bytes += bytes;
            streams.insert(page.labels().clone());
        }
        counts.streams = streams.len() as u64;
        Ok(counts)
    }

    fn pages<'e>(
        &'e self,
        matchers: &[Matcher],
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Box<dyn LogPageSet + 'e>, Error> {
        let request = LogRequest {
            matchers: matchers.to_vec(),
            window,
            direction: Direction::Forward,
            filters: Vec::new(),
        };
        Ok(self.source().select(&request, context)?)
    }
}

fn decode(
    page: &dyn LogPage,
    columns: &mut LogColumns,
    context: &QueryContext,
) -> Result<(), Error> {
    context.check()?;
    page.decode(LogWant { text: false, lengths: true, metadata: true }, columns)?;
    Ok(context.charge_samples(columns.len() as u64)?)
}

fn entry_bytes(columns: &LogColumns, row: usize) -> u64 {
    let metadata: usize = columns.metadata(row).map(|(name, value)| name.len() + value.len()).sum();
    (columns.line_bytes(row) + metadata) as u64
}

/// What the bytes of a stream count for.
fn keys(labels: &Labels, matchers: &[Matcher], options: &VolumeOptions) -> Vec<LabelSet> {
    let targets = &options.target_labels;
    let is_target = |name: &str| targets.iter().any(|target| target == name);
    if options.by == VolumeBy::Labels {
        let names = labels.iter().map(|(name, _)| name);
        let told = names.filter(|name| targets.is_empty() || is_target(name));
        return told.map(|name| [(name, "")].into_iter().collect()).collect();
    }
    let named = |name: &str| match targets.is_empty() {
        true => matchers.is_empty() || matchers.iter().any(|matcher| matcher.name() == name),
        false => is_target(name),
    };
    // A stream without one of the labels asked for counts for nothing.
    if targets.iter().any(|target| labels.get(target).is_none()) {
        return Vec::new();
    }
    vec![labels.iter().filter(|(name, _)| named(name)).collect()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;
    use telemetry_core::model::LogEntry;
    use telemetry_core::source::MemoryLogs;

    fn logs() -> MemoryLogs {
        let mut logs = MemoryLogs::new();
        let entries = [("a", "1", 0_i64, "xx"), ("a", "2", 15, "yyy"), ("b", "1", 30, "z")];
        for (app, n, time, line) in entries {
            logs.insert(&labels! { "app" => app, "n" => n }, LogEntry::new(time, line));
        }
        logs.insert(&labels! { "app" => "a", "n" => "1" }, LogEntry::new(16, "").with("k", "vv"));
        logs
    }

    fn told(volumes: &[Volume]) -> Vec<(String, u64)> {
        volumes.iter().map(|volume| (volume.labels.to_string(), volume.bytes)).collect()
    }

    #[test]
    fn bytes_by_series_and_by_name() {
        let logs = logs();
        let (engine, context) = (Engine::new(&logs), QueryContext::new());
        let matchers = [Matcher::not_equal("app", "")];
        let by_app = engine.volume(&matchers, &VolumeOptions::default(), &context).unwrap();
        assert_eq!(told(&by_app), [(r#"{app="a"}"#.into(), 8), (r#"{app="b"}"#.into(), 1)]);
        let options = VolumeOptions { by: VolumeBy::Labels, limit: 1, ..VolumeOptions::default() };
        let by_name = engine.volume(&matchers, &options, &context).unwrap();
        assert_eq!(told(&by_name), [(r#"{app=""}"#.into(), 9)]);
        let options = VolumeOptions { target_labels: vec!["n".into()], ..VolumeOptions::default() };
        let by_n = engine.volume(&matchers, &options, &context).unwrap();
        assert_eq!(told(&by_n), [(r#"{n="1"}"#.into(), 6), (r#"{n="2"}"#.into(), 3)]);
    }

    #[test]
    fn bytes_per_step_and_counts() {
        let logs = logs();
        let (engine, context) = (Engine::new(&logs), QueryContext::new());
        let options = VolumeOptions { window: NanosRange::new(0, 31), ..VolumeOptions::default() };
        let matchers = [Matcher::equal("app", "a")];
        let series = engine.volume_range(&matchers, &options, 10, &context).unwrap();
        assert_eq!(series.len(), 1);
        assert_eq!(series[0].points, [(Nanos(0), 2), (Nanos(10), 6)]);
        let counts = engine.counts(&[], NanosRange::new(0, 30), &context).unwrap();
        assert_eq!(counts, SourceCounts { streams: 2, pages: 2, entries: 3, bytes: 5 });
    }
}
