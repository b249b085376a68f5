//! The shapes that the lines of a query have, and how often each comes.

use super::drain::{CLUSTERS_MAX, Drain};
use crate::ast::Expr;
use crate::engine::Engine;
use crate::error::Error;
use crate::eval::log::for_each;
use std::collections::BTreeMap;
use telemetry_core::query::QueryContext;
use telemetry_core::time::{Nanos, NanosRange};

/// How patterns are looked for.
#[derive(Clone, Debug)]
pub struct PatternOptions {
    /// The times of the lines: the start is in, the end is not.
    pub window: NanosRange,
    /// The length of the stretches of time that lines are counted in, in nanoseconds.
    pub step_ns: i64,
    /// A pattern with fewer lines is not told of.
    pub lines_min: u64,
    /// How many patterns are told of, those with most lines.
    pub limit: usize,
}

impl Default for PatternOptions {
    /// The 300 patterns of most lines, at least 30, of all times, counted by ten seconds.
    fn default() -> Self {
        PatternOptions {
            window: NanosRange::ALL,
            step_ns: 10_000_000_000,
            lines_min: 30,
            limit: 300,
        }
    }
}

/// A shape of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePattern {
    /// The line with `<_>` for what varies: a pattern for `|>`.
    pub pattern: String,
    /// How many lines have it.
    pub count: u64,
    /// Starts of stretches and the lines in them; stretches without any are left out.
    pub samples: Vec<(Nanos, u64)>,
}

impl Engine<'_> {
    /// The patterns of the lines of a log query, those with most lines first.
    ///
    /// # Errors
    ///
    /// [`Error::Step`] for a step that is not positive; otherwise as [`log`](Self::log).
    ///
    /// ```
    /// use logql::{Engine, explore::PatternOptions};
    /// use telemetry_core::labels;
    /// use telemetry_core::model::LogEntry;
    /// use telemetry_core::query::QueryContext;
    /// use telemetry_core::source::MemoryLogs;
    ///
    /// let mut logs = MemoryLogs::new();
    /// for time in 0..3 {
    ///     let line = format!("user {time} logged in");
    ///     logs.insert(&labels! { "app" => "a" }, LogEntry::new(time, line));
    /// }
    /// let options = PatternOptions { lines_min: 1, ..PatternOptions::default() };
    /// let query = logql::parse(r#"{app="a"}"#)?;
    /// let patterns = Engine::new(&logs).patterns(&query, &options, &QueryContext::new())?;
    /// assert_eq!(patterns[0].pattern, "user <_> logged in");
    /// assert_eq!(patterns[0].count, 3);
    /// # Ok::<(), logql::Error>(())
    /// ```
    pub fn patterns(
        &self,
        query: &Expr,
        options: &PatternOptions,
        context: &QueryContext,
    ) -> Result<Vec<LinePattern>, Error> {
        if options.step_ns <= 0 {
            return Err(Error::Step);
        }
        let mut drain = Drain::default();
        let mut counts: BTreeMap<usize, BTreeMap<i64, u64>> = BTreeMap::new();
        for_each(query, self, options.window, context, &mut |entry| {
            let text = String::from_utf8_lossy(entry.line.get());
            if let Some(number) = drain.add(&text) {
                let step = entry.time.div_euclid(options.step_ns).saturating_mul(options.step_ns);
                *counts.entry(number).or_default().entry(step).or_default() += 1;
                if counts.len() > 2 * CLUSTERS_MAX {
                    counts.retain(|number, _| drain.holds(*number));
                }
            }
        })?;
        // Clusters whose words came to vary alike have one pattern.
        let mut patterns: BTreeMap<String, BTreeMap<i64, u64>> = BTreeMap::new();
        for (number, samples) in counts {
            let Some(pattern) = drain.pattern(number) else { continue };
            let known = patterns.entry(pattern).or_default();
            for (time, count) in samples {
                *known.entry(time).or_default() += count;
            }
        }
        let told = |(pattern, samples): (String, BTreeMap<i64, u64>)| LinePattern {
            count: samples.values().sum(),
            samples: samples.into_iter().map(|(time, count)| (Nanos(time), count)).collect(),
            pattern,
        };
        let mut all: Vec<LinePattern> = patterns.into_iter().map(told).collect();
        all.retain(|pattern| pattern.count >= options.lines_min);
        all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.pattern.cmp(&b.pattern)));
        all.truncate(options.limit);
        Ok(all)
    }
}
