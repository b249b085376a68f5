//! `stage.match`: stages for some lines only.

use telemetry_core::labels::Matcher;
use telemetry_core::sink::MetricSink;

use super::super::entry::Entry;
use super::super::pipeline::{Context, NESTED_MAX, Row};
use super::{Run, Stage, StageSetupError, required};
use crate::ast::StageKind;
use crate::error::Error;
use crate::print;
use crate::stage::line_filter::LineFilter;

/// What happens to lines that a `match` stage selects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MatchAction {
    /// They pass the stages in it.
    #[default]
    Keep,
    /// They are dropped.
    Drop,
}

/// Selects lines by labels and line filters, and drops them or sends them through stages of its
/// own. All other lines go on as they are.
#[derive(Clone, Debug)]
pub struct Match {
    /// A stream selector of LogQL with line filters behind it.
    pub selector: String,
    /// The stages.
    pub stages: Vec<Stage>,
    /// What happens to the lines.
    pub action: MatchAction,
    /// Why they are dropped.
    pub drop_counter_reason: String,
}

impl Default for Match {
    fn default() -> Self {
        Match {
            selector: String::new(),
            stages: Vec::new(),
            action: MatchAction::Keep,
            drop_counter_reason: "match_stage".to_owned(),
        }
    }
}

impl Match {
    pub(super) fn make(&self, nested: usize) -> Result<Box<dyn Run>, StageSetupError> {
        let wrap = |source| StageSetupError::Selector { source: Box::new(source) };
        let query = crate::parse::parse_log(&self.selector).map_err(wrap)?;
        let filter = |stage: &crate::ast::Stage| match &stage.kind {
            StageKind::LineFilter(filter) => LineFilter::new(filter).map_err(|error| {
                wrap(Error::Stage { stage: print::stage(stage), error, span: stage.at.0 })
            }),
            _ => Err(StageSetupError::Option {
                stage: "match",
                option: "selector",
                rule: "a stream selector with line filters only",
            }),
        };
        let matchers = crate::check::matchers(&query.selector).map_err(wrap)?;
        let filters = query.stages.iter().map(filter).collect::<Result<Vec<_>, _>>()?;
        let stages = match self.action {
            MatchAction::Drop => None,
            MatchAction::Keep => {
                required("match", "stages", !self.stages.is_empty())?;
                let nested = nested.checked_sub(1);
                let nested = nested.ok_or(StageSetupError::TooDeep { limit: NESTED_MAX })?;
                Some(Row::new(&self.stages, nested)?)
            }
        };
        let reason = self.drop_counter_reason.clone();
        Ok(Box::new(Selected { matchers, filters, stages, reason }))
    }
}

#[derive(Debug)]
struct Selected {
    matchers: Vec<Matcher>,
    filters: Vec<LineFilter>,
    /// None: lines are dropped.
    stages: Option<Row>,
    reason: String,
}

impl Run for Selected {
    fn run(&mut self, entry: Entry, context: &mut Context, out: &mut Vec<Entry>) {
        let value = |matcher: &Matcher| entry.labels.get(matcher.name()).map_or("", |v| v.as_str());
        let is_selected = self.matchers.iter().all(|matcher| matcher.matches(value(matcher)))
            && self.filters.iter().all(|filter| filter.keeps(&entry.line));
        match &mut self.stages {
            _ if !is_selected => out.push(entry),
            Some(stages) => stages.run(entry, context, out),
            None => context.drops.count(&self.reason),
        }
    }

    fn release(&mut self, all: bool, context: &mut Context, out: &mut Vec<Entry>) {
        if let Some(stages) = &mut self.stages {
            stages.release(all, context, out);
        }
    }

    fn write_metrics(&mut self, now: i64, sink: &mut dyn MetricSink) {
        if let Some(stages) = &mut self.stages {
            stages.write_metrics(now, sink);
        }
    }
}
