//! What of a pipeline is checked before any stage is made: the two parsers that name labels, and
//! regular expressions of matchers.

use super::at;
use crate::ast::{LabelFilter, LabelMatch, LabelMatcher, Stage, StageKind};
use crate::error::{CheckError, Error};
use crate::stage::{pattern, regexp};
use telemetry_core::labels::Matcher;

/// Checks the stages of a pipeline in order.
pub(crate) fn check_stages(stages: &[Stage]) -> Result<(), Error> {
    for stage in stages {
        let span = stage.at.0;
        match &stage.kind {
            StageKind::Regexp(text) => {
                regexp::check(text).map_err(|error| at(CheckError::RegexpParser(error), span))?
            }
            StageKind::Pattern(text) => pattern::check_parser(text)
                .map_err(|error| at(CheckError::PatternParser(error), span))?,
            StageKind::LabelFilter(filter) => check_label_filter(filter)?,
            StageKind::Drop(labels) | StageKind::Keep(labels) => {
                for label in labels {
                    if let LabelMatch::Matcher(matcher) = label {
                        check_matcher(matcher)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks the matchers of a label filter. The depth of a filter is bounded by the parser.
pub(crate) fn check_label_filter(filter: &LabelFilter) -> Result<(), Error> {
    match filter {
        LabelFilter::And(left, right) | LabelFilter::Or(left, right) => {
            check_label_filter(left)?;
            check_label_filter(right)
        }
        LabelFilter::Text(matcher) => check_matcher(matcher),
        LabelFilter::Value { .. } | LabelFilter::Ip { .. } => Ok(()),
    }
}

fn check_matcher(matcher: &LabelMatcher) -> Result<(), Error> {
    Matcher::new(matcher.op, &*matcher.name, &*matcher.value)
        .map(drop)
        .map_err(|error| at(CheckError::Regex(error), matcher.at.0))
}
