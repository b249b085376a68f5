//! LogQL: parser, printer and evaluator over any log source.
//!
//! ~~~text
//! text ─ lexer ─▶ tokens ─ parse ─▶ ast ─ check ─▶ ast ─ plan ─▶ stages ─ eval ─▶ lines, samples
//!                                    └─ print ─▶ text
//! ~~~
//!
//! A query is parsed once and can be run any number of times. It reads a
//! [`LogSource`](telemetry_core::source::LogSource), which any store can be. Pages of lines are
//! read on the workers of the [`QueryContext`](telemetry_core::query::QueryContext) where it has
//! some; the answer is the same to the last bit on any number of threads.
//!
//! ```
//! use logql::{Engine, Instant};
//! use telemetry_core::labels;
//! use telemetry_core::model::LogEntry;
//! use telemetry_core::query::QueryContext;
//! use telemetry_core::source::MemoryLogs;
//!
//! let mut logs = MemoryLogs::new();
//! logs.insert(&labels! { "app" => "shop" }, LogEntry::new(1_000_000_000, "level=warn took=2s"));
//! let query = logql::parse(r#"sum by (level) (count_over_time({app="shop"} | logfmt [5m]))"#)?;
//! let answer = Engine::new(&logs).instant(&query, 2_000_000_000, &QueryContext::new())?;
//! let Instant::Vector(samples) = answer else { panic!("not a vector") };
//! assert_eq!(samples[0].labels.to_string(), r#"{level="warn"}"#);
//! assert_eq!(samples[0].value, 1.0);
//! # Ok::<(), logql::Error>(())
//! ```
//!
//! # Equal entries
//!
//! As in Loki, an entry whose stream, time, line and structured metadata are those of another is
//! that other one: it is kept once, wherever the two lie. That is the duty of the source, which
//! drops equal entries when they come and when it merges pages that overlap in time;
//! [`MemoryLogs`](telemetry_core::source::MemoryLogs) and the log store do. Entries that differ in
//! their metadata alone are two. Entries of equal time stand in the order in which they came, and
//! reading backward turns it round.
//!
//! # Where it differs from Loki
//!
//! * In templates the zone of the machine is UTC; the others come from a table that is linked in
//!   (feature `time-zones`, on by default).
//! * A regular expression on a label is anchored at both ends whatever alternatives it has, and
//!   none is rewritten to a plain comparison with another meaning.
//! * Series of equal value in `topk`, `bottomk`, `sort` and `sort_desc` come in the order of their
//!   labels.
//! * A query that needs only some labels extracts only those, but never drops a line early for it.
//! * `Display` prints a query so that it parses back to the same tree: sizes and durations keep
//!   their last digit, a constant that is not finite is an expression that gives it.
//!   [`print::canonical`] prints as Loki does.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

pub mod ast;
mod check;
pub mod complete;
mod delete;
mod engine;
pub mod error;
mod eval;
pub mod explore;
pub mod lexer;
mod pager;
mod parse;
mod plan;
pub mod print;
pub mod process;
mod range;
mod stage;
mod template;
#[doc(hidden)]
pub mod testing;
mod value;

pub use delete::{DeleteLanguage, delete};
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
