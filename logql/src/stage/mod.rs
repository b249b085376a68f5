//! The stages of a pipeline, ready to run: a stage a file.
//!
//! A [`Pipeline`] is made once per query and runs over every line. It holds buffers, so each thread
//! has a copy of its own.
//!
//! Line filters run as early as they can: within a stretch of stages that do not change the line
//! they are moved to the front, past parsers and past `decolorize` (which they then see the colours
//! of; so does Loki). Label filters, `line_format` and `unpack` end a stretch.

pub(crate) mod decolorize;
pub(crate) mod hints;
pub(crate) mod ip;
pub(crate) mod json;
mod label_filter;
pub(crate) mod labels;
pub(crate) mod line_filter;
pub(crate) mod logfmt;
mod names;
mod near;
mod needles;
pub(crate) mod pattern;
pub(crate) mod regexp;
mod rewrite;
pub(crate) mod sanitize;
mod select;
#[cfg(test)]
pub(crate) mod test_support;
mod unpack;

pub(crate) use label_filter::{LabelFilter, parse_sample};
use line_filter::LineFilter;

use crate::ast::{self, StageKind};
use crate::error::{Error, StageError};
use crate::print;
use crate::template::Template;
use hints::Hints;
use json::{Json, JsonExpressions, parse_path};
use labels::{ERROR, ERROR_DETAILS, LineLabels};
use logfmt::{LogfmtFields, LogfmtPairs, check_field};
use pattern::Pattern;
use regexp::Regexp;
use rewrite::{Assignment, LabelFormat, LineFormat};
use select::Picks;
use unpack::Unpack;

/// A line on its way through a pipeline.
pub(crate) struct Entry<'e> {
    pub(crate) time: i64,
    /// The time of the query, the same for all its lines.
    pub(crate) now: i64,
    pub(crate) line: LineText<'e>,
    /// Length of the line as it was stored: known even where its text was not asked for.
    pub(crate) stored_bytes: usize,
    pub(crate) labels: &'e mut LineLabels,
}

/// The text of a line: that of the page until a stage replaces it.
pub(crate) struct LineText<'e> {
    source: &'e [u8],
    buffer: &'e mut Vec<u8>,
    replaced: bool,
}

impl<'e> LineText<'e> {
    /// The line as it was stored; `buffer` takes what replaces it.
    pub(crate) fn new(source: &'e [u8], buffer: &'e mut Vec<u8>) -> Self {
        LineText { source, buffer, replaced: false }
    }

    pub(crate) fn get(&self) -> &[u8] {
        if self.replaced { self.buffer } else { self.source }
    }

    /// Whether a stage has replaced it.
    pub(crate) fn is_replaced(&self) -> bool {
        self.replaced
    }

    /// Takes the text of `line`, which gets other memory for it.
    pub(crate) fn replace_by(&mut self, line: &mut String) {
        let mut other = std::mem::replace(self.buffer, std::mem::take(line).into_bytes());
        other.clear();
        *line = String::from_utf8(other).unwrap_or_default();
        self.replaced = true;
    }

    pub(crate) fn replace(&mut self, line: &[u8]) {
        self.buffer.clear();
        self.buffer.extend_from_slice(line);
        self.replaced = true;
    }
}

/// One stage.
#[derive(Clone, Debug)]
enum Stage {
    LineFilter(LineFilter),
    Json(Json),
    JsonExpressions(JsonExpressions),
    Logfmt(LogfmtPairs),
    LogfmtFields(LogfmtFields),
    Regexp(Box<Regexp>),
    Pattern(Pattern),
    Unpack(Unpack),
    LabelFilter(LabelFilter),
    LineFormat(LineFormat),
    LabelFormat(LabelFormat),
    Decolorize,
    Drop(Picks),
    Keep(Picks),
}

/// The stages of a query.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    /// Filters on the line as it was stored: they run before anything else.
    first: Vec<LineFilter>,
    stages: Vec<Stage>,
}

impl Pipeline {
    /// Makes the stages.
    pub(crate) fn new(stages: &[ast::Stage]) -> Result<Self, Error> {
        let stages = stages.iter().map(make).collect::<Result<Vec<Stage>, Error>>()?;
        let mut stages = reordered(stages);
        let count = stages.iter().take_while(|stage| matches!(stage, Stage::LineFilter(_))).count();
        let rest = stages.split_off(count);
        let first = stages.into_iter().filter_map(|stage| match stage {
            Stage::LineFilter(filter) => Some(filter),
            _ => None,
        });
        Ok(Pipeline { first: first.collect(), stages: rest })
    }

    /// The filters on the line as it was stored.
    pub(crate) fn first_filters(&self) -> &[LineFilter] {
        &self.first
    }

    /// Whether nothing but the filters on the stored line is done.
    pub(crate) fn only_filters(&self) -> bool {
        self.stages.is_empty()
    }

    /// Runs the stages behind the first filters; false if the line is dropped.
    pub(crate) fn apply(&mut self, entry: &mut Entry<'_>, hints: &Hints) -> bool {
        for stage in &mut self.stages {
            match stage {
                Stage::LineFilter(filter) => {
                    if !filter.keeps(entry.line.get()) {
                        return false;
                    }
                }
                Stage::LabelFilter(filter) => {
                    if !filter.keeps(entry.labels) {
                        return false;
                    }
                }
                Stage::Json(json) => json.apply(entry, hints),
                Stage::JsonExpressions(json) => json.apply(entry, hints),
                Stage::Logfmt(logfmt) => logfmt.apply(entry, hints),
                Stage::LogfmtFields(logfmt) => logfmt.apply(entry, hints),
                Stage::Regexp(regexp) => regexp.apply(entry, hints),
                Stage::Pattern(pattern) => pattern.apply(entry, hints),
                Stage::Unpack(unpack) => unpack.apply(entry, hints),
                Stage::LineFormat(format) => format.apply(entry),
                Stage::LabelFormat(format) => format.apply(entry),
                Stage::Decolorize => decolorize::apply(entry),
                Stage::Drop(picks) => picks.drop(entry),
                Stage::Keep(picks) => picks.keep(entry),
            }
        }
        true
    }

    /// The stages up to the last filter, if they only tell whether a line is kept, and what they have
    /// to find for that: much less than a line that is kept must show in the end. Parsers whose
    /// outcome hangs on what was found before are left to the whole pipeline.
    pub(crate) fn probe(&self) -> Option<(Pipeline, Hints)> {
        let is_filter = |stage: &Stage| matches!(stage, Stage::LabelFilter(_));
        let only_finds = |stage: &&Stage| {
            matches!(
                stage,
                Stage::LineFilter(_)
                    | Stage::LabelFilter(_)
                    | Stage::Json(_)
                    | Stage::Logfmt(_)
                    | Stage::Regexp(_)
                    | Stage::Pattern(_)
            )
        };
        let count = self.stages.iter().take_while(only_finds).count();
        let last = self.stages.get(..count)?.iter().rposition(is_filter)?;
        let stages = self.stages.get(..=last)?;
        if stages.iter().all(|stage| matches!(stage, Stage::LabelFilter(_) | Stage::LineFilter(_)))
        {
            return None;
        }
        let probe = Pipeline { first: Vec::new(), stages: stages.to_vec() };
        let read = probe.read_labels();
        let tells = read.iter().any(|name| matches!(name.as_str(), ERROR | ERROR_DETAILS));
        let hints = Hints::only(read.iter().map(String::as_str));
        (!tells).then_some((probe, hints))
    }

    /// Whether the stages are one parser of whole lines and filters on labels: such a pipeline can
    /// run on columns.
    pub(crate) fn is_parser_with_filters(&self) -> bool {
        let Some((parser, filters)) = self.stages.split_first() else { return false };
        matches!(
            parser,
            Stage::Json(_) | Stage::JsonExpressions(_) | Stage::Logfmt(_) | Stage::LogfmtFields(_)
        ) && filters.iter().all(|stage| matches!(stage, Stage::LabelFilter(_)))
    }

    /// Whether the first stage sets labels whatever they are wanted for.
    pub(crate) fn sets_all_labels(&self) -> bool {
        matches!(self.stages.first(), Some(Stage::JsonExpressions(_) | Stage::LogfmtFields(_)))
    }

    /// Runs the first stage alone.
    pub(crate) fn parse_only(&mut self, entry: &mut Entry<'_>, hints: &Hints) {
        match self.stages.first_mut() {
            Some(Stage::Json(json)) => json.apply(entry, hints),
            Some(Stage::JsonExpressions(json)) => json.apply(entry, hints),
            Some(Stage::Logfmt(logfmt)) => logfmt.apply(entry, hints),
            Some(Stage::LogfmtFields(logfmt)) => logfmt.apply(entry, hints),
            _ => {}
        }
    }

    /// Runs the filters on labels alone; false if one drops the line.
    pub(crate) fn filter_only(&self, labels: &mut LineLabels) -> bool {
        self.stages.iter().all(|stage| match stage {
            Stage::LabelFilter(filter) => filter.keeps(labels),
            _ => true,
        })
    }

    /// Names of the labels that stages read.
    pub(crate) fn read_labels(&self) -> Vec<String> {
        let mut names = Vec::new();
        for stage in &self.stages {
            match stage {
                Stage::LabelFilter(filter) => {
                    filter.for_each_name(&mut |name| names.push(name.to_string()));
                }
                Stage::LineFormat(format) => names.extend(format.template().fields()),
                Stage::LabelFormat(format) => {
                    for assignment in format.assignments() {
                        match assignment {
                            Assignment::Rename { source, .. } => names.push(source.to_string()),
                            Assignment::Template { template, .. } => {
                                names.extend(template.fields());
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        names
    }

    /// Whether a stage asks for the time of the query.
    pub(crate) fn reads_now(&self) -> bool {
        self.stages.iter().any(|stage| {
            match stage {
            Stage::LineFormat(format) => format.template().reads_now(),
            Stage::LabelFormat(format) => format.assignments().iter().any(|assignment| {
                matches!(assignment, Assignment::Template { template, .. } if template.reads_now())
            }),
            _ => false,
        }
        })
    }

    /// Whether a stage needs the text of the line behind the first filters.
    pub(crate) fn reads_line(&self) -> bool {
        self.stages.iter().any(|stage| {
            match stage {
            Stage::LabelFilter(_) | Stage::Drop(_) | Stage::Keep(_) => false,
            Stage::LabelFormat(format) => format.assignments().iter().any(|assignment| {
                matches!(assignment, Assignment::Template { template, .. } if template.reads_line())
            }),
            _ => true,
        }
        })
    }
}

/// Takes the pairs of a line, as `| logfmt` does.
pub(crate) fn parse_logfmt(entry: &mut Entry<'_>, hints: &Hints) {
    LogfmtPairs::default().apply(entry, hints);
}

/// Makes a stage.
fn make(stage: &ast::Stage) -> Result<Stage, Error> {
    let wrap =
        |error: StageError| Error::Stage { stage: print::stage(stage), error, span: stage.at.0 };
    Ok(match &stage.kind {
        StageKind::LineFilter(filter) => Stage::LineFilter(LineFilter::new(filter).map_err(wrap)?),
        StageKind::Json(extractions) if extractions.is_empty() => Stage::Json(Json::default()),
        StageKind::Json(extractions) => {
            let wanted = extractions.iter().map(|extraction| {
                let steps = parse_path(&extraction.path).map_err(|error| {
                    wrap(StageError::Path { text: extraction.path.clone(), error })
                })?;
                Ok((extraction.label.clone(), steps))
            });
            Stage::JsonExpressions(JsonExpressions::new(wanted.collect::<Result<_, Error>>()?))
        }
        StageKind::Logfmt { strict, keep_empty, extractions } if extractions.is_empty() => {
            Stage::Logfmt(LogfmtPairs::new(*strict, *keep_empty))
        }
        StageKind::Logfmt { strict, extractions, .. } => {
            let wanted = extractions.iter().map(|extraction| {
                check_field(&extraction.path).map_err(|error| {
                    wrap(StageError::Path { text: extraction.path.clone(), error })
                })?;
                Ok((extraction.label.clone(), extraction.path.clone()))
            });
            Stage::LogfmtFields(LogfmtFields::new(*strict, wanted.collect::<Result<_, Error>>()?))
        }
        // Parsers that the check has let through cannot fail here.
        StageKind::Regexp(text) => {
            let regexp = Regexp::new(text).map_err(|error| Error::Check {
                error: crate::error::CheckError::RegexpParser(error),
                span: stage.at.0,
            })?;
            Stage::Regexp(Box::new(regexp))
        }
        StageKind::Pattern(text) => Stage::Pattern(Pattern::new(text).map_err(|error| {
            Error::Check { error: crate::error::CheckError::PatternParser(error), span: stage.at.0 }
        })?),
        StageKind::Unpack => Stage::Unpack(Unpack::default()),
        StageKind::LabelFilter(filter) => Stage::LabelFilter(LabelFilter::new(filter, &wrap)?),
        StageKind::LineFormat(text) => {
            let template = Template::new("line", text)
                .map_err(|error| wrap(StageError::LineTemplate(error)))?;
            Stage::LineFormat(LineFormat::new(template))
        }
        StageKind::LabelFormat(formats) => {
            Stage::LabelFormat(LabelFormat::new(assignments(formats, &wrap)?))
        }
        StageKind::Decolorize => Stage::Decolorize,
        StageKind::Drop(labels) => Stage::Drop(Picks::new(labels)?),
        StageKind::Keep(labels) => Stage::Keep(Picks::new(labels)?),
    })
}

fn assignments(
    formats: &[ast::LabelFormat],
    wrap: &dyn Fn(StageError) -> Error,
) -> Result<Vec<Assignment>, Error> {
    let mut known: Vec<&str> = Vec::new();
    for format in formats {
        let name = format.destination();
        if matches!(name, ERROR | ERROR_DETAILS) {
            return Err(wrap(StageError::FormatError(name.into())));
        }
        if known.contains(&name) {
            return Err(wrap(StageError::FormatDuplicate(name.into())));
        }
        known.push(name);
    }
    let make = |format: &ast::LabelFormat| {
        Ok(match format {
            ast::LabelFormat::Rename { destination, source, .. } => {
                Assignment::Rename { destination: destination.clone(), source: source.clone() }
            }
            ast::LabelFormat::Template { destination, template, .. } => {
                let label = destination.clone();
                let template = Template::new("label", template)
                    .map_err(|error| wrap(StageError::LabelTemplate { label, error }))?;
                Assignment::Template { destination: destination.clone(), template }
            }
        })
    };
    formats.iter().map(make).collect()
}

/// Moves line filters to the front of their stretch.
fn reordered(stages: Vec<Stage>) -> Vec<Stage> {
    let mut out = Vec::with_capacity(stages.len());
    let (mut filters, mut others) = (Vec::new(), Vec::new());
    for stage in stages {
        match stage {
            Stage::LineFilter(_) => filters.push(stage),
            Stage::LabelFilter(_) | Stage::LineFormat(_) | Stage::Unpack(_) => {
                others.push(stage);
                out.append(&mut filters);
                out.append(&mut others);
            }
            _ => others.push(stage),
        }
    }
    out.append(&mut filters);
    out.append(&mut others);
    out
}

#[cfg(test)]
mod tests {
    use super::test_support::{apply, keeps};

    #[test]
    fn filters_see_the_line_before_decolorize() {
        assert!(!keeps(r#"| decolorize |= "a b""#, "a\x1b[0m b"));
        assert!(keeps(r#"| decolorize |= "\x1b""#, "a\x1b[0m b"));
    }

    #[test]
    fn filters_stay_behind_line_format() {
        assert!(keeps(r#"| logfmt | line_format "{{.a}}" |= "x""#, "a=x"));
        assert!(!keeps(r#"| logfmt | line_format "{{.a}}" |= "a=""#, "a=x"));
        assert_eq!(apply(r#"| line_format "y" |= "y""#, "x").line, b"y");
    }
}
