//! What people look at: call trees, top tables, differences, folded stacks, a picture.
//!
//! Values of one sample type are added by stack id first, names are resolved once, at the end.
//! Totals are exact before anything is truncated.

mod diff;
mod folded;
mod merge;
mod svg;
mod top;
mod tree;

pub use diff::{DiffRow, diff};
pub use svg::SvgOptions;
pub use top::TopRow;
pub use tree::{CallTree, Frame, OTHER};

pub(crate) use merge::Merge;
