//! From labels to ids: which series, streams, … have which values.
//!
//! ~~~text
//! label name → value → ids          MemoryPostings in a head, FrozenPostings in a block
//! matchers   → ids                  select, over either
//! ~~~
//! Ids are `u32` and local to the index. Most values of labels like `pod` or `trace` belong to one
//! id, so a list of one is a number and a short list an array; only long ones are bitmaps.

#[cfg(not(any(feature = "croaring", feature = "pure-rust")))]
compile_error!(
    "the feature `storage` needs a bitmap library: enable `croaring` (needs a C compiler) or `pure-rust`"
);

mod bitmap;
mod format;
mod frozen;
mod list;
mod memory;
mod select;

pub use bitmap::Postings;
pub use format::put_list;
pub use frozen::FrozenPostings;
pub use list::Union;
pub use memory::MemoryPostings;
pub use select::{PostingsIndex, select};

#[cfg(test)]
mod tests;
