//! The read side: what a language needs from a store.
//!
//! A source moves columns and lets a language skip work: it answers with pieces (chunks, pages,
//! row groups) that know their statistics before they are decoded, and decodes into buffers that
//! the caller reuses. A store implements the trait of its signal; so can anybody else, the
//! in-memory sources here are whole examples.

mod error;
mod log;
mod log_delete;
mod log_memory;
mod log_memory_template;
mod log_template;
mod metric;
mod metric_memory;
mod profile;
pub mod span;

pub use error::SourceError;
pub use log::{
    Direction, LineFilter, LinePattern, LogColumns, LogPage, LogPageSet, LogRequest, LogSource,
    LogWant, PageStatistics,
};
pub use log_delete::{ConditionLanguage, LineCondition, LogDelete};
pub use log_memory::MemoryLogs;
pub use log_template::{LogTemplates, PageBuckets, Slot, SlotColumn, SlotForm, SlotKind, Template};
pub use metric::{
    Chunk, ChunkStatistics, Columns, FloatColumn, FloatStatistics, HistogramColumn, LabelRequest,
    MetricSource, Newest, SeriesHints, SeriesRequest, SeriesSet, newest_of, newest_of_series,
};
pub use metric_memory::MemoryMetrics;
pub use profile::{
    NO_STACK, ProfileGroup, ProfileGroups, ProfileRequest, ProfileRow, ProfileSource,
};
