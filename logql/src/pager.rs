//! A log query's answer, a page at a time.
//!
//! ~~~text
//! page 1   … 17 18 19 19        asked for: the newest 5
//! page 2                19 20 …  asked from time 19 on; the lines of 19 that page 1 gave are left out
//! ~~~
//!
//! Whoever stops asking stops the work: a page is computed when it is asked for. A line that is
//! stored between two pages comes if it lies behind the place that was reached.

use crate::ast::Expr;
use crate::engine::{Engine, LogOptions};
use crate::error::Error;
use crate::value::LogLine;
use telemetry_core::query::QueryContext;
use telemetry_core::source::Direction;
use telemetry_core::time::Nanos;

/// Goes through the lines of a log query in order.
#[derive(Clone, Debug)]
pub struct Pager {
    options: LogOptions,
    lines_per_page: usize,
    /// The lines given so far that have the last time reached: asked for again, and left out.
    edge: Vec<LogLine>,
    is_done: bool,
}

impl Pager {
    /// Goes through at most `options.limit` lines, `lines_per_page` (at least one) at a time.
    ///
    /// With an interval between lines the whole answer is one page: which lines an interval keeps
    /// depends on all before.
    pub fn new(options: LogOptions, lines_per_page: usize) -> Self {
        let is_thinned = options.interval_ns > 0;
        let lines_per_page = if is_thinned { options.limit } else { lines_per_page.max(1) };
        Pager { options, lines_per_page, edge: Vec::new(), is_done: false }
    }

    /// The next lines in the direction of the options; empty at the end.
    ///
    /// # Errors
    ///
    /// As [`Engine::log`]. After an error there are no more pages.
    pub fn next(
        &mut self,
        engine: &Engine<'_>,
        query: &Expr,
        context: &QueryContext,
    ) -> Result<Vec<LogLine>, Error> {
        if self.is_done || self.options.limit == 0 {
            return Ok(Vec::new());
        }
        self.is_done = true;
        let wanted = self.lines_per_page.min(self.options.limit);
        let limit = wanted.saturating_add(self.edge.len());
        let options = LogOptions { limit, ..self.options.clone() };
        let streams = engine.log(query, &options, context)?;
        let mut lines: Vec<LogLine> = streams.into_iter().flat_map(|s| s.entries).collect();
        let found = lines.len();
        match self.options.direction {
            Direction::Forward => lines.sort_by_key(|line| line.time),
            Direction::Backward => lines.sort_by_key(|line| std::cmp::Reverse(line.time)),
        }
        self.leave_out_edge(&mut lines);
        lines.truncate(wanted);
        self.options.limit -= lines.len();
        if found == limit
            && self.options.interval_ns == 0
            && let Some(last) = lines.last().map(|line| line.time)
        {
            self.is_done = false;
            self.move_to(last, &lines);
        }
        Ok(lines)
    }

    /// Leaves out what pages before gave.
    fn leave_out_edge(&self, lines: &mut Vec<LogLine>) {
        for given in &self.edge {
            if let Some(at) = lines.iter().position(|line| line == given) {
                lines.remove(at);
            }
        }
    }

    /// The next page begins with the time that this one ended with.
    fn move_to(&mut self, last: Nanos, lines: &[LogLine]) {
        match self.options.direction {
            Direction::Forward => self.options.window.start = last,
            Direction::Backward => self.options.window.end = Nanos(last.0.saturating_add(1)),
        }
        // More than one page may have lines of this time.
        self.edge.retain(|line| line.time == last);
        self.edge.extend(lines.iter().filter(|line| line.time == last).cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use telemetry_core::labels;
    use telemetry_core::model::LogEntry;
    use telemetry_core::source::MemoryLogs;

    fn paged(logs: &MemoryLogs, options: &LogOptions, lines_per_page: usize) -> Vec<LogLine> {
        let query = crate::parse(r#"{app="a"}"#).unwrap();
        let (engine, context) = (Engine::new(logs), QueryContext::new());
        let mut pager = Pager::new(options.clone(), lines_per_page);
        let mut lines = Vec::new();
        loop {
            let page = pager.next(&engine, &query, &context).unwrap();
            if page.is_empty() {
                return lines;
            }
            lines.extend(page);
        }
    }

    proptest! {
        #[test]
        fn pages_together_are_the_answer(
            rows in prop::collection::vec((0_u8..3, 0_i64..12, 0_u8..3), 0..60),
            lines_per_page in 1_usize..8,
            limit in 0_usize..80,
            backward: bool,
        ) {
            let mut logs = MemoryLogs::new();
            for (stream, time, text) in rows {
                let stream = labels! { "app" => "a", "stream" => &*stream.to_string() };
                logs.insert(&stream, LogEntry::new(time, text.to_string()));
            }
            let direction = if backward { Direction::Backward } else { Direction::Forward };
            let options = LogOptions { limit, direction, ..LogOptions::default() };
            let found = paged(&logs, &options, lines_per_page);
            let whole = paged(&logs, &options, usize::MAX);
            let times = |lines: &[LogLine]| lines.iter().map(|l| l.time).collect::<Vec<_>>();
            prop_assert_eq!(times(&found), times(&whole));
            let sorted = |mut lines: Vec<LogLine>| {
                let key = |l: &LogLine| (l.time, l.line.clone(), format!("{:?}", l.origin));
                lines.sort_by_key(key);
                lines
            };
            if limit >= 60 {
                prop_assert_eq!(sorted(found), sorted(whole));
            }
        }
    }
}
