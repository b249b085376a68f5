//! PromQL: parser, printer, checker and a columnar evaluator over any metric source.
//!
//! ~~~text
//! text → lexer → parse → check → plan → eval → value
//! ~~~
//!
//! The language is that of Prometheus 3.14. [`parse()`] gives the tree of a query, [`print`](mod@print) turns
//! trees into text again.
//!
//! ```
//! let query = "sum by(job)(rate(errors_total[300]))/2";
//! let expr = promql::parse(query)?;
//! assert_eq!(promql::print::canonical(&expr), "sum by (job) (rate(errors_total[5m])) / 2");
//!
//! let error = promql::parse("rate(errors_total)").unwrap_err();
//! assert_eq!(error.to_string(), r#"
//! 1:6: expected type range vector in call to function "rate", got instant vector
//!   | rate(errors_total)
//!   |      ^^^^^^^^^^^^
//! "#.trim());
//! # Ok::<(), promql::Error>(())
//! ```
#![forbid(unsafe_code)]

pub mod ast;
pub mod check;
pub mod complete;
mod engine;
mod error;
mod eval;
pub mod explain;
pub mod functions;
mod lexer;
mod native;
pub mod parse;
mod plan;
pub mod print;
mod reads;
mod value;

pub use engine::{Engine, Options};
pub use error::Error;
pub use eval::{EvaluationError, SourceFailure, Unsupported};
pub use explain::Explanation;
pub use lexer::{Keyword, TokenKind};
pub use parse::{ParseOptions, parse, parse_with};
pub use reads::{Read, label_names, reads};
pub use value::{Element, QueryResult, Series, Value};
