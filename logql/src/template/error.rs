//! What is wrong with a template, before and while it is filled.

/// Why a template is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {name}:{line}: {kind}")]
pub struct TemplateError {
    /// What the template is for: `line` or `label`.
    pub name: &'static str,
    /// Line of the template, from 1.
    pub line: usize,
    /// What is wrong.
    pub kind: TemplateErrorKind,
}

/// What can be wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateErrorKind {
    /// An action is not closed.
    #[error("unclosed action")]
    UnclosedAction,
    /// A comment is not closed.
    #[error("unclosed comment")]
    UnclosedComment,
    /// A comment does not fill its action.
    #[error("comment ends before closing delimiter")]
    CommentEnd,
    /// A parenthesis is not closed.
    #[error("unclosed left paren")]
    UnclosedParen,
    /// A string is not closed or holds a wrong escape.
    #[error("unterminated quoted string")]
    String,
    /// A number is malformed.
    #[error("bad number syntax: {0:?}")]
    Number(Box<str>),
    /// A character that starts nothing.
    #[error("unexpected bad character U+{0:04X}")]
    Character(u32),
    /// A word stands where it must not.
    #[error("unexpected {found} in {context}")]
    Unexpected {
        /// The word.
        found: Box<str>,
        /// What was being read.
        context: &'static str,
    },
    /// The template ends inside `if`, `with`, `range` or `define`.
    #[error("unexpected EOF")]
    UnexpectedEnd,
    /// A value is missing where one is needed.
    #[error("missing value for {0}")]
    MissingValue(&'static str),
    /// What a value is piped into is no function.
    #[error("non executable command in pipeline stage {0}")]
    NotExecutable(usize),
    /// A function that does not exist.
    #[error("function {0:?} not defined")]
    UnknownFunction(Box<str>),
    /// A variable that was not declared.
    #[error("undefined variable {0:?}")]
    UnknownVariable(Box<str>),
    /// `break` or `continue` outside `range`.
    #[error("{{{{{0}}}}} outside {{{{range}}}}")]
    OutsideRange(&'static str),
    /// The template nests too deeply or is too long.
    #[error("template too complex")]
    TooComplex,
}

/// Why a template could not be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {name}:{line}:{column}: executing {name:?} at <{at}>: {kind}")]
pub(crate) struct RenderError {
    pub(crate) name: &'static str,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) at: String,
    pub(crate) kind: RenderErrorKind,
}

/// What can go wrong while a template is filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RenderErrorKind {
    #[error("{0} is not a method but has arguments")]
    FieldWithArguments(String),
    #[error("can't evaluate field {field} in type {kind}")]
    NoField { field: String, kind: &'static str },
    #[error("nil data; no entry for key {0:?}")]
    NilData(String),
    #[error("nil is not a command")]
    Nil,
    #[error("can't give argument to non-function {0}")]
    NotFunction(String),
    #[error("wrong number of args for {name}: want {want} got {got}")]
    ArgumentCount { name: &'static str, want: String, got: usize },
    #[error("wrong type for value; expected {expected}; got {got}")]
    ArgumentType { expected: &'static str, got: &'static str },
    #[error("error calling {name}: {error}")]
    Call { name: &'static str, error: String },
    #[error("range can't iterate over {0}")]
    Range(String),
    #[error("template {0:?} not defined")]
    UnknownTemplate(String),
    #[error("exceeded maximum template depth ({0})")]
    Depth(usize),
    #[error("the template takes more than {0} steps")]
    Steps(usize),
    #[error("the output has more than {0} bytes")]
    Output(usize),
}
