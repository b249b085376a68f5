//! Chunks: runs of samples of one series, coded.
//!
//! ~~~text
//! times   timestamps.rs            a stride, or packed distances
//! values  choose.rs ─┬ constant    every value is the same
//!                    ├ decimal.rs  integers after scaling, differences, packed bits
//!                    └ xor.rs      anything else
//! ~~~
//!
//! Every coding gives back the bits that went in, NaN payloads and the sign of zero included.
//! [`format`] draws a whole chunk.

mod bitpack;
mod bitstream;
mod choose;
mod decimal;
pub(crate) mod format;
pub(crate) mod statistics;
mod timestamps;
mod xor;
