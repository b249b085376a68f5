//! Why a stage cannot be made.

use telemetry_core::labels::RegexError;

use crate::error::PatternError;
use crate::template::TemplateError;

/// A stage whose options do not go together, or are not what they should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageSetupError {
    /// An option that the stage must have.
    #[error("stage {stage} needs {option}")]
    Missing {
        /// The stage.
        stage: &'static str,
        /// The option, or those of which it needs one.
        option: &'static str,
    },
    /// An option with a value that it cannot have.
    #[error("stage {stage}: {option} is {rule}")]
    Option {
        /// The stage.
        stage: &'static str,
        /// The option.
        option: &'static str,
        /// What its value must be.
        rule: &'static str,
    },
    /// A name that cannot be that of a label.
    #[error("stage {stage}: {name:?} is no label name")]
    LabelName {
        /// The stage.
        stage: &'static str,
        /// The name.
        name: String,
    },
    /// A stage that needs a database which this library does not read.
    #[error("stage {stage} needs a database ({path:?}), and none is read here")]
    NeedsDatabase {
        /// The stage.
        stage: &'static str,
        /// The file of the database.
        path: String,
    },
    /// A text that is no regular expression.
    #[error("stage {stage}: {source}")]
    Regex {
        /// The stage.
        stage: &'static str,
        /// What is wrong with it.
        source: Box<RegexError>,
    },
    /// A text that is no pattern.
    #[error("stage {stage}: {source}")]
    Pattern {
        /// The stage.
        stage: &'static str,
        /// What is wrong with it.
        source: PatternError,
    },
    /// A text that is no template.
    #[error("stage {stage}: {source}")]
    Template {
        /// The stage.
        stage: &'static str,
        /// What is wrong with it.
        source: TemplateError,
    },
    /// A text that is no path into JSON.
    #[error("stage {stage}: byte {at} of the path {path:?} is not understood")]
    Path {
        /// The stage.
        stage: &'static str,
        /// The path.
        path: String,
        /// The byte, from 0.
        at: usize,
    },
    /// A text that is no selector with line filters.
    #[error("stage match: {source}")]
    Selector {
        /// What is wrong with it.
        source: Box<crate::Error>,
    },
    /// Stages nested too deeply.
    #[error("match stages are nested more than {limit} deep")]
    TooDeep {
        /// How deep they may be nested.
        limit: usize,
    },
}
