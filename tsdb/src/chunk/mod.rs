//! Chunks: runs of samples of one series, coded.
//!
//! ~~~text
//! times       timestamps.rs        a stride, or packed distances: a column of its own, since
//!                                  series that are scraped together share it
//! floats      column.rs ─→ decimal.rs    as integers
//!                       ─→ differences, as often as makes them small
//!                       ─→ residuals.rs  ─┬ all zeros
//!                                         ├ bitpack.rs  as many bits for each
//!                                         ├ bins/       fewer bits for what is met more often
//!                                         └ places of what is not the common one
//! histograms  histogram.rs         populations as differences to the histogram before
//! ~~~
//!
//! Every coding gives back the bits that went in, NaN payloads and the sign of zero included.
//! [`format`] draws a whole chunk. How many samples a chunk has stands with its times.

mod bins;
pub(crate) mod bitpack;
mod bitstream;
pub(crate) mod column;
pub(crate) mod decimal;
pub(crate) mod format;
pub(crate) mod histogram;
mod logarithm;
mod residuals;
pub(crate) mod statistics;
mod sums;
pub(crate) mod timestamps;

/// The most samples of one chunk: what one decoding may allocate for.
pub(crate) const SAMPLES_MAX: usize = 1 << 16;
