//! Live tail: the lines that came since one last looked.
//!
//! ~~~text
//! poll 1   …………………│          lines behind the start of the tail
//! poll 2            ………│      lines behind the newest line given
//! poll 3                ..[newest lines_max]   what is before them is counted, not given
//! ~~~
//!
//! Each poll reads a snapshot of the source, so nobody is held up and nothing has to be unsubscribed.
//! A line that comes late, with a time before that of a line given already, is not given; nor is
//! one of the very time through whose lines a cut went.

use crate::ast::Expr;
use crate::engine::{Engine, LogOptions};
use crate::error::Error;
use crate::eval::log::for_each;
use crate::plan::LinesPlan;
use crate::value::LogLine;
use telemetry_core::query::QueryContext;
use telemetry_core::source::Direction;
use telemetry_core::time::{Nanos, NanosRange};

/// Follows a log query.
///
/// ```
/// use logql::Engine;
/// use logql::explore::Tail;
/// use telemetry_core::labels;
/// use telemetry_core::model::LogEntry;
/// use telemetry_core::query::QueryContext;
/// use telemetry_core::source::MemoryLogs;
///
/// let (mut logs, context) = (MemoryLogs::new(), QueryContext::new());
/// let mut tail = Tail::new(&logql::parse(r#"{app="api"} |= "error""#)?, 0, 100)?;
/// logs.insert(&labels! { "app" => "api" }, LogEntry::new(1, "error: timeout"));
/// assert_eq!(tail.poll(&Engine::new(&logs), &context)?.len(), 1);
/// assert_eq!(tail.poll(&Engine::new(&logs), &context)?.len(), 0);
/// assert_eq!(tail.dropped(), 0);
/// # Ok::<(), logql::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tail {
    query: Expr,
    from: Nanos,
    lines_max: usize,
    dropped: u64,
    /// The lines given so far that have the time `from`.
    edge: Vec<LogLine>,
}

impl Tail {
    /// Follows `query` from the time `from` on, which is in; a poll gives at most `lines_max` lines.
    ///
    /// # Errors
    ///
    /// [`Error::NotLog`] for a metric query; where a stage cannot be made.
    pub fn new(query: &Expr, from: impl Into<Nanos>, lines_max: usize) -> Result<Self, Error> {
        let Expr::Log(log) = query else { return Err(Error::NotLog { span: query.span() }) };
        LinesPlan::new(log)?;
        let (query, from) = (query.clone(), from.into());
        Ok(Tail { query, from, lines_max, dropped: 0, edge: Vec::new() })
    }

    /// The lines that came since the last poll, the oldest first. If there are more than a poll
    /// gives, the newest are given and the others are counted as dropped.
    ///
    /// # Errors
    ///
    /// As [`Engine::log`]; the next poll then begins where this one did.
    pub fn poll(
        &mut self,
        engine: &Engine<'_>,
        context: &QueryContext,
    ) -> Result<Vec<LogLine>, Error> {
        let window = NanosRange { start: self.from, end: Nanos(i64::MAX) };
        let limit = self.lines_max.saturating_add(self.edge.len());
        let options = LogOptions { window, limit, direction: Direction::Backward, interval_ns: 0 };
        let streams = engine.log(&self.query, &options, context)?;
        let mut lines: Vec<LogLine> = streams.into_iter().flat_map(|s| s.entries).collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.time));
        let Some(newest) = lines.first().map(|line| line.time) else { return Ok(lines) };
        let found = lines.len();
        // The lines before the newest may have been given: each of the edge takes away one equal.
        for given in &self.edge {
            if let Some(at) = lines.iter().rposition(|line| line == given) {
                lines.remove(at);
            }
        }
        if found == limit {
            let seen = NanosRange { start: self.from, end: Nanos(newest.0.saturating_add(1)) };
            let mut all = 0_u64;
            for_each(&self.query, engine, seen, context, &mut |_| all += 1)?;
            let fresh = all.saturating_sub(self.edge.len() as u64);
            lines.truncate(self.lines_max);
            self.dropped += fresh.saturating_sub(lines.len() as u64);
        }
        // Where the cut went through lines of one time, the next poll must not give the rest.
        if found == limit && lines.last().is_none_or(|line| line.time == newest) {
            self.from = Nanos(newest.0.saturating_add(1));
            self.edge.clear();
            lines.reverse();
            return Ok(lines);
        }
        lines.reverse();
        self.edge.retain(|line| line.time == newest);
        self.edge.extend(lines.iter().filter(|line| line.time == newest).cloned());
        self.from = newest;
        Ok(lines)
    }

    /// How many lines came and were not given, in all polls together.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;
    use telemetry_core::model::LogEntry;
    use telemetry_core::source::MemoryLogs;

    fn put(logs: &mut MemoryLogs, time: i64, line: &str) {
        logs.insert(&labels! { "app" => "a" }, LogEntry::new(time, line));
    }

    fn polled(tail: &mut Tail, logs: &MemoryLogs) -> Vec<String> {
        let lines = tail.poll(&Engine::new(logs), &QueryContext::new()).unwrap();
        lines.iter().map(|line| line.text().into_owned()).collect()
    }

    #[test]
    fn every_line_comes_once() {
        let mut logs = MemoryLogs::new();
        let query = crate::parse(r#"{app="a"} != "no""#).unwrap();
        let mut tail = Tail::new(&query, 10, 3).unwrap();
        assert!(polled(&mut tail, &logs).is_empty());
        put(&mut logs, 9, "before");
        put(&mut logs, 10, "a");
        put(&mut logs, 11, "b");
        assert_eq!(polled(&mut tail, &logs), ["a", "b"]);
        put(&mut logs, 11, "c");
        put(&mut logs, 11, "no");
        put(&mut logs, 10, "late");
        assert_eq!(polled(&mut tail, &logs), ["c"]);
        assert!(polled(&mut tail, &logs).is_empty());
        assert_eq!(tail.dropped(), 0);
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let mut logs = MemoryLogs::new();
        let mut tail = Tail::new(&crate::parse(r#"{app="a"}"#).unwrap(), 0, 3).unwrap();
        (0..10).for_each(|time| put(&mut logs, time, "x"));
        assert_eq!(polled(&mut tail, &logs).len(), 3);
        assert_eq!(tail.dropped(), 7);
        put(&mut logs, 9, "y");
        (10..14).for_each(|time| put(&mut logs, time, "x"));
        assert_eq!(polled(&mut tail, &logs).len(), 3);
        assert_eq!(tail.dropped(), 9);
        assert!(polled(&mut tail, &logs).is_empty());
        assert_eq!(tail.dropped(), 9);
    }
}
