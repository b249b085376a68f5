//! An explanation as text: a node a line, what it works on indented below it.

use std::fmt::{self, Display, Formatter};

use telemetry_core::time::Millis;
use telemetry_core::time::duration::format_prometheus;
use telemetry_core::vector::Grouping;

use super::{Explanation, Form, Operator, OperatorKind, Reach, SourceRead};
use crate::ast::{Extension, Side};

/// Where the forms start, if the nodes leave room.
const FORM_COLUMN: usize = 27;

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        write!(f, "{} step{} ", self.steps, plural(self.steps))?;
        match self.step_ms {
            Some(step) => {
                let (start, end) = (self.times.start.0, self.times.end.0);
                write!(f, "from {start} to {end}, every {}", length(step))?;
            }
            None => write!(f, "at {}", self.times.start.0)?,
        }
        writeln!(f, "; {} thread{}", self.parallelism, plural(self.parallelism))?;
        write_operator(f, &self.root, self.steps, 0)?;
        for (at, read) in self.reads.iter().enumerate() {
            write_read(f, at, read)?;
        }
        Ok(())
    }
}

fn write_operator(
    f: &mut Formatter<'_>,
    operator: &Operator,
    steps: usize,
    level: usize,
) -> fmt::Result {
    let text = operator.kind.to_string();
    let indent = level * 2;
    let is_leaf = matches!(operator.kind, OperatorKind::Newest(_) | OperatorKind::Samples(_));
    if is_leaf {
        write!(f, "{:indent$}{text}", "")?;
    } else {
        let width = FORM_COLUMN.saturating_sub(indent);
        write!(f, "{:indent$}{text:<width$} {}", "", operator.form)?;
    }
    if let OperatorKind::OverTime { sliding, from_statistics, .. } = operator.kind {
        f.write_str(if sliding { ", sliding" } else { "" })?;
        f.write_str(if from_statistics { ", from statistics" } else { "" })?;
    }
    if operator.steps != steps && operator.form != Form::Constant {
        match operator.steps {
            1 => f.write_str(", once")?,
            times => write!(f, ", at {times} times")?,
        }
    }
    writeln!(f)?;
    let inputs = operator.inputs.iter();
    inputs.into_iter().try_for_each(|input| write_operator(f, input, operator.steps, level + 1))
}

fn write_read(f: &mut Formatter<'_>, at: usize, read: &SourceRead) -> fmt::Result {
    write!(f, "read {at}: {{")?;
    for (at, matcher) in read.matchers.iter().enumerate() {
        write!(f, "{}{matcher}", if at == 0 { "" } else { ", " })?;
    }
    write!(f, "}} from {} to {}", read.window.start.0, read.window.end.0)?;
    if read.uses > 1 {
        write!(f, ", shared by {}", read.uses)?;
    }
    let hints = &read.hints;
    let mut told = Vec::new();
    if !hints.function.is_empty() {
        told.push(hints.function.to_owned());
    }
    told.extend(hints.range_ms.map(|range| format!("range {}", length(range))));
    told.extend(hints.step_ms.map(|step| format!("step {}", length(step))));
    if !told.is_empty() {
        write!(f, "\n  for {}", told.join(", "))?;
    }
    writeln!(f)
}

impl Display for OperatorKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            OperatorKind::Constant(value) => {
                f.write_str(&telemetry_core::syntax::number::format_g(*value))
            }
            OperatorKind::Text(text) => f.write_str(&telemetry_core::syntax::string::quote(text)),
            OperatorKind::StepTime => f.write_str("time"),
            OperatorKind::Newest(reach) => write!(f, "newest of {reach}"),
            OperatorKind::Samples(reach) => write!(f, "samples of {reach}"),
            OperatorKind::Subquery { range_ms, step_ms, at, offset_ms } => {
                write!(f, "sub-query {} back every {}", length(*range_ms), length(*step_ms))?;
                write_modifiers(f, *at, *offset_ms)
            }
            OperatorKind::OverTime { function, .. } | OperatorKind::Call { function } => {
                f.write_str(function)
            }
            OperatorKind::Negate => f.write_str("-"),
            OperatorKind::Binary { op, matching, many } => {
                f.write_str(op.name())?;
                match matching {
                    Some(Grouping::By(names)) => write_names(f, " on", names)?,
                    Some(Grouping::Without(names)) if !names.is_empty() => {
                        write_names(f, " ignoring", names)?;
                    }
                    _ => {}
                }
                f.write_str(match many {
                    Some(Side::Left) => " group_left",
                    Some(Side::Right) => " group_right",
                    None => "",
                })
            }
            OperatorKind::Aggregate { op, grouping } => {
                f.write_str(op.name())?;
                match grouping {
                    Grouping::By(names) if names.is_empty() => Ok(()),
                    Grouping::By(names) => write_names(f, " by", names),
                    Grouping::Without(names) => write_names(f, " without", names),
                }
            }
            OperatorKind::Repeat => f.write_str("repeat"),
        }
    }
}

impl Display for Reach {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "read {}, {} back", self.read, length(self.range_ms))?;
        write_modifiers(f, self.at, self.offset_ms)?;
        f.write_str(match self.extension {
            Some(Extension::Anchored) => " anchored",
            Some(Extension::Smoothed) => " smoothed",
            None => "",
        })
    }
}

impl Display for Form {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Constant => "constant",
            Form::Numbers => "numbers",
            Form::Streamed => "streamed",
            Form::Grouped => "grouped",
            Form::Collected => "collected",
        })
    }
}

fn write_modifiers(f: &mut Formatter<'_>, at: Option<Millis>, offset_ms: i64) -> fmt::Result {
    if let Some(at) = at {
        write!(f, " from {}", at.0)?;
    }
    if offset_ms != 0 {
        write!(f, " offset {}", length(offset_ms))?;
    }
    Ok(())
}

fn write_names(f: &mut Formatter<'_>, head: &str, names: &[Box<str>]) -> fmt::Result {
    write!(f, "{head} ({})", names.join(", "))
}

/// A length of time in milliseconds as PromQL writes it.
fn length(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let nanos = i64::try_from(millis.unsigned_abs()).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    format!("{sign}{}", format_prometheus(nanos))
}
