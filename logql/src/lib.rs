//! LogQL: parser, printer and evaluator over any log source.
//!
//! ~~~text
//! text ─ lexer ─▶ tokens ─ parse ─▶ ast ─ check ─▶ ast ─ plan ─▶ stages ─ eval ─▶ lines, samples
//!                                    └─ print ─▶ text
//! ~~~
//!
//! A query is parsed once and can be run any number of times. It reads a
//! [`LogSource`](telemetry_core::source::LogSource), which any store can be.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

pub mod ast;
mod check;
mod engine;
pub mod error;
mod eval;
pub mod lexer;
mod pager;
mod parse;
mod plan;
pub mod print;
mod range;
mod stage;
mod template;
#[doc(hidden)]
pub mod testing;
mod value;

pub use engine::{Engine, LIMIT_DEFAULT, LogOptions};
pub use error::{Error, ErrorClass};
pub use pager::Pager;
pub use value::{Instant, LabelOrigin, LabelSet, LogLine, LogStream, Series, VectorSample};

/// Parses a query, checks it, and folds constants: `1 + 2` is the number 3.
///
/// ```
/// let query = logql::parse(r#"sum by (app) (rate({env="prod"} |= "error" [5m]))"#)?;
/// assert!(!query.is_log());
/// let error = logql::parse(r#"{env="prod"} |= error"#).unwrap_err();
/// assert_eq!(error.span().unwrap().start, 16);
/// # Ok::<(), logql::Error>(())
/// ```
///
/// # Errors
///
/// Where the text is no query, or a query without a meaning.
pub fn parse(query: &str) -> Result<ast::Expr, Error> {
    let tree = parse::parse_tree(query)?;
    check::check(&tree)?;
    Ok(check::fold(tree))
}
