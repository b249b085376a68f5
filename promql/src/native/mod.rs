//! Arithmetic of native histograms.
//!
//! ~~~text
//! negative buckets      zero bucket      positive buckets
//! ──[───)[───)[────)───[═════0═════]───(────](───](───]──     lower open, upper closed
//!                   -threshold  threshold                     negative ones mirror that
//! ~~~
//!
//! Histograms are joined in their coarser schema and under their larger zero threshold; those with
//! custom bounds in the bounds that both have. Exponential and custom buckets do not go together.
//! Source: the Prometheus specification of native histograms, and the meaning of its release 3.14.

mod bounds;
mod combine;
mod quantile;
mod reset;
#[cfg(test)]
mod tests;
mod text;
mod trim;
mod working;

pub(crate) use combine::{Incompatible, Joined, divided, equal, scaled};
pub(crate) use quantile::{fraction, quantile, variance};
pub(crate) use reset::{continues, detect_reset};
pub(crate) use text::print;
pub(crate) use trim::{Trim, trim};
pub(crate) use working::Working;
