//! Log queries as deletes: what the query would show is what goes.
//!
//! As in Loki, the query of a delete is any log query. Stages behind the last filter decide nothing
//! and are left out. Filters on the line as it was stored are handed to the store, which knows such;
//! whatever is more is kept as text, and [`DeleteLanguage`] makes a condition of it again.
//!
//! ~~~text
//! {app="api"} |= "card" | json | user="42" | line_format "…"
//!  matchers      filters                                        the store's
//!  condition: {app="api"} |= "card" | json | user="42"          the language's
//! ~~~

use crate::ast::{Expr, LogQuery, StageKind};
use crate::error::Error;
use crate::plan::LinesPlan;
use crate::stage::hints::Hints;
use crate::stage::labels::LineLabels;
use crate::stage::{Entry, LineText};
use std::sync::Arc;
use telemetry_core::labels::Labels;
use telemetry_core::source::{ConditionLanguage, LineCondition, LogColumns, LogDelete};
use telemetry_core::time::NanosRange;

/// The delete of the lines in `window` that a log query shows.
///
/// ```
/// use telemetry_core::time::NanosRange;
///
/// let query = logql::parse(r#"{app="api"} |= "card" | json | user="42""#)?;
/// let delete = logql::delete(&query, NanosRange::ALL)?;
/// assert_eq!((delete.matchers.len(), delete.filters.len()), (1, 1));
/// assert_eq!(delete.condition, Some(query.to_string()));
/// # Ok::<(), logql::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NotLog`] for a metric query; [`Error::DeleteAsksTime`] where a template asks for the time
/// of the query, as a delete has none; where a stage cannot be made.
pub fn delete(query: &Expr, window: impl Into<NanosRange>) -> Result<LogDelete, Error> {
    let Expr::Log(log) = query else { return Err(Error::NotLog { span: query.span() }) };
    let log = decisive(log);
    let plan = LinesPlan::new(&log)?;
    if plan.pipeline.reads_now() {
        return Err(Error::DeleteAsksTime { span: query.span() });
    }
    let is_known = plan.pipeline.only_filters() && plan.pushed.iter().all(Option::is_some);
    Ok(LogDelete {
        matchers: plan.matchers,
        window: window.into(),
        filters: plan.filters,
        condition: (!is_known).then(|| log.to_string()),
    })
}

/// The query without the stages behind its last filter.
fn decisive(log: &LogQuery) -> LogQuery {
    let is_filter =
        |kind: &StageKind| matches!(kind, StageKind::LineFilter(_) | StageKind::LabelFilter(_));
    let count = log.stages.iter().rposition(|stage| is_filter(&stage.kind)).map_or(0, |at| at + 1);
    let stages = log.stages.iter().take(count).cloned().collect();
    LogQuery { stages, ..log.clone() }
}

/// LogQL as the language of conditions, for a store that keeps deletes.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeleteLanguage;

impl ConditionLanguage for DeleteLanguage {
    fn compile(
        &self,
        text: &str,
    ) -> Result<Arc<dyn LineCondition>, Box<dyn std::error::Error + Send + Sync>> {
        let query = crate::parse(text)?;
        let Expr::Log(log) = &query else {
            return Err(Box::new(Error::NotLog { span: query.span() }));
        };
        Ok(Arc::new(Shown(LinesPlan::new(log)?)))
    }
}

/// Lines that a query shows.
#[derive(Debug)]
struct Shown(LinesPlan);

impl LineCondition for Shown {
    fn retain(&self, stream: &Labels, lines: &LogColumns, rows: &mut Vec<usize>) {
        let mut pipeline = self.0.pipeline.clone();
        let (mut labels, mut buffer, hints) =
            (LineLabels::default(), Vec::new(), Hints::everything());
        labels.enter(stream);
        rows.retain(|row| {
            let line = lines.line(*row);
            if !self.0.pipeline.first_filters().iter().all(|filter| filter.keeps(line)) {
                return false;
            }
            labels.reset();
            lines.metadata(*row).for_each(|(name, value)| labels.add_metadata(name, value));
            let mut entry = Entry {
                time: lines.times.get(*row).copied().unwrap_or_default(),
                now: 0,
                line: LineText::new(line, &mut buffer),
                stored_bytes: line.len(),
                labels: &mut labels,
            };
            pipeline.apply(&mut entry, &hints)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn deleted(query: &str) -> LogDelete {
        delete(&parse(query).unwrap(), NanosRange::ALL).unwrap()
    }

    #[test]
    fn filters_on_stored_lines_are_the_stores() {
        for (query, filters) in [
            (r#"{a="b"}"#, 0),
            (r#"{a="b"} | json | line_format "x""#, 0),
            (r#"{a="b"} |= "x" or "y" != "z""#, 2),
            (r#"{a="b"} | json |~ "x.*y""#, 1),
        ] {
            let delete = deleted(query);
            assert_eq!(delete.filters.len(), filters, "{query}");
            let is_simple = !query.contains("json |~");
            assert_eq!(delete.condition.is_none(), is_simple, "{query}");
        }
    }

    #[test]
    fn what_is_more_is_a_condition() {
        let delete = deleted(r#"{a="b"} |= "x" | logfmt | level="warn" |> "<_> y" | drop level"#);
        let expected = r#"{a="b"} |= "x" | logfmt | level="warn" |> "<_> y""#;
        assert_eq!(delete.condition.as_deref(), Some(expected));
        let condition = DeleteLanguage.compile(expected).unwrap();
        let mut lines = LogColumns::default();
        lines.push(1, b"level=warn x y", []);
        lines.push(2, b"level=info x y", []);
        lines.push(3, b"level=warn x", []);
        lines.push(4, b"x y", [("level", "warn")]);
        let mut rows = vec![0, 1, 2, 3];
        condition.retain(&Labels::default(), &lines, &mut rows);
        assert_eq!(rows, [0, 3]);
    }

    #[test]
    fn what_is_no_delete_is_refused() {
        let refused = |query: &str| delete(&parse(query).unwrap(), NanosRange::ALL).unwrap_err();
        assert!(matches!(refused(r#"rate({a="b"}[5m])"#), Error::NotLog { .. }));
        let now = r#"{a="b"} | label_format t="{{ now | unixEpoch }}" | t > 1"#;
        assert!(matches!(refused(now), Error::DeleteAsksTime { .. }));
        assert!(DeleteLanguage.compile("1 + 1").is_err());
        assert!(DeleteLanguage.compile("{").is_err());
    }
}
