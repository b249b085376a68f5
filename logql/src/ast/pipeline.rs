//! The nodes of a pipeline: its stages and what they hold.

use super::{At, LabelMatcher, spelled};

/// One stage of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// What it does.
    pub kind: StageKind,
    /// Its place, without the `|` before it.
    pub at: At,
}

/// What a stage does.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StageKind {
    /// `|= "text"` and its kin.
    LineFilter(LineFilter),
    /// `| json`, or `| json label="path", other`; without extractions every member is taken.
    Json(Vec<Extraction>),
    /// `| logfmt --strict --keep-empty label="field"`.
    Logfmt {
        /// Stop at the first malformed pair and say so.
        strict: bool,
        /// Keep keys without a value.
        keep_empty: bool,
        /// The fields to take; empty: all.
        extractions: Vec<Extraction>,
    },
    /// `| regexp "(?P<name>…)"`.
    Regexp(Box<str>),
    /// `| pattern "<name> text <_>"`.
    Pattern(Box<str>),
    /// `| unpack`.
    Unpack,
    /// `| status >= 500 and method = "GET"`.
    LabelFilter(LabelFilter),
    /// `| line_format "{{.msg}}"`.
    LineFormat(Box<str>),
    /// `| label_format a=b, c="{{.d}}"`.
    LabelFormat(Vec<LabelFormat>),
    /// `| decolorize`.
    Decolorize,
    /// `| drop a, b="x"`.
    Drop(Vec<LabelMatch>),
    /// `| keep a, b="x"`.
    Keep(Vec<LabelMatch>),
}

/// `|= "a" or ip("10.0.0.0/8")`. The arms of a negative operator are written as one filter each,
/// as none of them may match.
#[derive(Clone, Debug, PartialEq)]
pub struct LineFilter {
    /// How a line is compared.
    pub op: LineFilterOp,
    /// What it is compared with; the filter holds if one of them does. Never empty.
    pub arms: Vec<FilterArm>,
}

/// One operand of a line filter.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterArm {
    /// A text or addresses.
    pub text: FilterText,
    /// Its place.
    pub at: At,
}

/// What a line is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterText {
    /// A text, a regular expression or a pattern, as the operator says.
    Text(Box<str>),
    /// `ip("…")`: an address, a range or a network.
    Ip(Box<str>),
}

spelled! {
    /// How a line filter compares.
    LineFilterOp {
        Contains => "|=",
        NotContains => "!=",
        Regex => "|~",
        NotRegex => "!~",
        Pattern => "|>",
        NotPattern => "!>",
    }
}

impl LineFilterOp {
    /// Whether the filter drops what it finds.
    pub fn is_negative(self) -> bool {
        matches!(self, Self::NotContains | Self::NotRegex | Self::NotPattern)
    }
}

/// `label="path"`; a bare `label` is short for `label="label"`.
#[derive(Clone, Debug, PartialEq)]
pub struct Extraction {
    /// Label that is set.
    pub label: Box<str>,
    /// Where its value comes from.
    pub path: Box<str>,
    /// Place of the path.
    pub at: At,
}

/// A label filter: a comparison, or two of them joined.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LabelFilter {
    /// Both must hold: `and`, `,` or nothing between them.
    And(Box<LabelFilter>, Box<LabelFilter>),
    /// One must hold.
    Or(Box<LabelFilter>, Box<LabelFilter>),
    /// `name op "value"`: compared as text.
    Text(LabelMatcher),
    /// `name op 5`, `name op 1m`, `name op 5MB`.
    Value {
        /// Name of the label.
        name: Box<str>,
        /// How it is compared.
        op: ValueOp,
        /// A number, a duration or a size.
        value: LabelFilterValue,
        /// Its place.
        at: At,
    },
    /// `name = ip("10.0.0.0/8")`.
    Ip {
        /// Name of the label.
        name: Box<str>,
        /// `!=` instead of `=`.
        negative: bool,
        /// An address, a range or a network.
        pattern: Box<str>,
        /// Its place.
        at: At,
    },
}

/// What a label's value is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum LabelFilterValue {
    /// A number.
    Number(f64),
    /// A duration in nanoseconds.
    Duration(i64),
    /// A size in bytes.
    Bytes(u64),
}

spelled! {
    /// How a label filter compares values. `=` is another spelling of `==`.
    ValueOp {
        Equal => "==",
        NotEqual => "!=",
        Greater => ">",
        GreaterEqual => ">=",
        Less => "<",
        LessEqual => "<=",
    }
}

/// One assignment of `label_format`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LabelFormat {
    /// `dst=src`.
    Rename {
        /// New name.
        destination: Box<str>,
        /// Old name.
        source: Box<str>,
        /// Its place.
        at: At,
    },
    /// `dst="template"`.
    Template {
        /// Label that is set.
        destination: Box<str>,
        /// Text of the template.
        template: Box<str>,
        /// Its place.
        at: At,
    },
}

impl LabelFormat {
    /// The label that is set.
    pub fn destination(&self) -> &str {
        match self {
            LabelFormat::Rename { destination, .. } | LabelFormat::Template { destination, .. } => {
                destination
            }
        }
    }

    /// Its place in the query.
    pub fn at(&self) -> At {
        match self {
            LabelFormat::Rename { at, .. } | LabelFormat::Template { at, .. } => *at,
        }
    }
}

/// What `drop` and `keep` name.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LabelMatch {
    /// A label, whatever its value.
    Name(Box<str>),
    /// A label with such a value.
    Matcher(LabelMatcher),
}

impl LabelMatch {
    /// Name of the label.
    pub fn name(&self) -> &str {
        match self {
            LabelMatch::Name(name) => name,
            LabelMatch::Matcher(matcher) => &matcher.name,
        }
    }
}
