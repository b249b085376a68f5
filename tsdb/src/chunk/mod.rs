//! Chunks: runs of samples of one series, coded.
//!
//! ~~~text
//! times       timestamps.rs        a stride, or packed distances: a column of its own, since
//!                                  series that are scraped together share it
//! floats      choose.rs ─┬ constant    every value is the same
//!                        ├ decimal.rs  integers after scaling, differences, packed bits
//!                        └ xor.rs      anything else
//! histograms  histogram.rs         populations as differences to the histogram before
//! ~~~
//!
//! Every coding gives back the bits that went in, NaN payloads and the sign of zero included.
//! [`format`] draws a whole chunk. How many samples a chunk has stands with its times.

pub(crate) mod bitpack;
mod bitstream;
mod choose;
pub(crate) mod decimal;
pub(crate) mod format;
pub(crate) mod histogram;
pub(crate) mod statistics;
pub(crate) mod timestamps;
mod xor;

/// The most samples of one chunk: what one decoding may allocate for.
pub(crate) const SAMPLES_MAX: usize = 1 << 16;
