//! Where traces are: which live in more than one place, and so have to be put together.

mod overlap;
mod sorted;

pub(crate) use overlap::Overlaps;
pub(crate) use sorted::{common, contains};
