//! Relabeling: rules that change label sets or drop them, as Prometheus' `relabel_configs`.
//!
//! 1. [`RelabelConfig`] is a rule as it is written: the fields of Prometheus' YAML under their names.
//! 2. [`Relabeling`] is a list of rules, checked and with compiled expressions.
//! 3. `apply` runs them over a [`LabelsBuilder`](telemetry_core::labels::LabelsBuilder).
//!
//! With the feature `serde` rules are read and written in that shape, from YAML or any other format.
//!
//! Expressions are Go's and must match the whole value; `$1` and `${name}` stand for groups. A missing
//! label is an empty one. Names may be any UTF-8 text.

mod action;
mod apply;
mod config;
mod md5;
#[cfg(feature = "serde")]
mod serial;

pub use action::Action;
pub use apply::Relabeling;
pub use config::{RelabelConfig, RelabelError};
