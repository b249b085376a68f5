//! The metrics engine of Quadra: series of samples in one directory, or in memory.
//!
//! ~~~text
//! batch ─→ commit ─→ log ─→ head ─→ block ─→ larger block          Tsdb: MetricSource
//! ~~~
//!
//! A series is a set of labels; a sample is a time in milliseconds with a float or a native
//! histogram. Samples are appended through handles ([`Series`], [`Batch`]) or a decoder's
//! [`Sink`]; they are read through [`telemetry_core::source::MetricSource`], which a language
//! such as PromQL is written against. The store knows no language.
//!
//! The rules for what is accepted are Prometheus's: the same sample again is accepted silently,
//! another value at the same time is refused, also where the first is in a block already, and a
//! sample before the newest of its series is accepted within a window ([`OutOfOrder`]). Imports do
//! not look into blocks: of two values for one time the one that was stored first counts.
//!
//! One rule differs. A late sample whose time has another value already is accepted by Prometheus
//! (3.5, with a window for samples out of order) without a word, and which of the values a query then
//! gives depends on when blocks were last written: the late one replaces what was in order, a second
//! late one is dropped while the first is in memory, and replaces it once that is in a block. Here it is
//! refused with its reason, and the answer stays what it was.
//!
//! Exemplars go into blocks with the samples, are compacted, deleted and expire with them; in memory
//! there is a bounded number of the newest ([`Limits::exemplars_max`]). The last metadata of each
//! metric (type, unit, help) is kept in memory and in the log, whatever happens to its samples.
//!
//! A series is in memory from when it is first met until nothing was written to it for the whole life
//! of a head; it comes back with its next sample. Handles and sinks need not care ([`Series`]).
//! What a series costs: about 230 bytes there, for its labels and its newest sample; 25 bytes in a head
//! that has samples of it, and 8 for each of these in a row; on disk, with seven labels of which one is
//! its own, about 25 bytes of index in each block.
#![forbid(unsafe_code)]

mod batch;
mod block;
mod builder;
mod cardinality;
mod chunk;
mod compact;
mod db;
mod engine;
mod error;
#[doc(hidden)]
pub mod fuzz;
mod head;
mod options;
pub mod prometheus;
mod query;
mod record;
mod registry;
mod sink;
mod stats;

pub use batch::{Batch, Series};
pub use builder::Builder;
pub use cardinality::{Cardinality, Churn, LabelCardinality, MetricCardinality, PairCardinality};
pub use db::Tsdb;
pub use error::{Error, Result};
pub use options::{Limits, OutOfOrder};
pub use query::SeriesExemplars;
pub use sink::Sink;
pub use stats::{Refused, Stats};
pub use telemetry_core::storage::store::{Durability, OnCorruption, Retention};
