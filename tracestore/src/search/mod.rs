//! Reading: the store as a source of traces.
//!
//! 1. [`places`] takes a snapshot: heads and blocks, and the traces that live in more than one of them.
//! 2. [`source`] chooses groups: of each block those that may matter ([`prune`]), of heads their
//!    traces, and the traces that have to be put together.
//! 3. A group of a block answers from columns ([`block_rows`]); the others from spans ([`rows`]).

mod block_rows;
pub(crate) mod column;
mod fields;
mod names;
mod places;
mod prune;
mod rows;
mod source;
mod trace;
pub(crate) mod value;
