//! Reading: call trees, series over time, names.

mod merge;
mod names;
mod series;
mod source;

pub use merge::{merge, merge_during, merge_spans};
pub use series::{Aggregation, PointSeries, SeriesQuery, series};
