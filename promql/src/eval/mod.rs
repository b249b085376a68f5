//! Evaluation: a plan over a grid of times gives rows.
//!
//! ~~~text
//!            step 0   1    2    3          one Grid per query, one per sub-query
//! series a   ■ 1.0  ■ 2.0  □    ■ 4.0      a Row: presence bitmap │ floats │ histograms if any
//! series b   ■ 0.5  □      □    ■ 0.1
//! ~~~
//!
//! * A node of the plan becomes a [`Rows`]: labels are known at once, values are computed row by
//!   row, in any order and on any thread, into a buffer of the caller. So an aggregation over a
//!   function over a selector decodes a series, slides its windows over it and adds the row to its
//!   group while the samples are still in the first-level cache; memory is groups × steps.
//! * What needs all rows at once (operators between vectors, `topk`, sorting) collects them first.
//! * What does not depend on the step is evaluated once and repeated.
//! * Work is spread over the workers of the query in pieces that depend on the data alone: the
//!   answer is the same to the last bit on one thread and on many.

mod absent;
mod aggregate;
mod annotation;
mod answer;
mod arithmetic;
mod binary;
mod continuity;
mod digest;
mod error;
mod evaluator;
mod fetch;
mod grid;
mod histogram;
mod info;
mod kept;
mod label;
mod map;
mod merge;
mod once;
mod over_time;
mod pace;
mod pieces;
mod range_values;
mod row;
mod scalar;
mod select;
mod set;
mod sort;
mod stale;
mod window;
mod with_scalar;

pub use error::{EvaluationError, SourceFailure, Unsupported};

pub(crate) use annotation::{Annotations, Note};
pub(crate) use answer::answer;
pub(crate) use arithmetic::scalar_arithmetic;
pub(crate) use digest::digest_of;
pub(crate) use evaluator::{Evaluator, Settings};
pub(crate) use fetch::fetch;
pub(crate) use grid::Grid;
pub(crate) use pace::Pace;
pub(crate) use row::{Collected, Identity, Row, RowSet, Rows, Scratch};
pub(crate) use scalar::ScalarColumn;
#[cfg(test)]
pub(crate) use window::WindowCache;
pub(crate) use window::{WindowTimes, Windows};
