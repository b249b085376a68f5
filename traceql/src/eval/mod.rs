//! Evaluation over the groups of a source.
//!
//! [`group`] has columns and filters, [`expr`] expressions row by row, [`spanset`] pipelines,
//! [`structure`] the structural operators, [`aggregate`] numbers per spanset, [`operator`] what operators
//! mean between two values, [`answer`] what is given back,
//! [`metrics`] everything that gives series.

mod aggregate;
pub(crate) mod answer;
pub(crate) mod expr;
pub(crate) mod group;
pub(crate) mod metrics;
pub(crate) mod operator;
pub(crate) mod spanset;
mod structure;
