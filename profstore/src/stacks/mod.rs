//! Call stacks as a prefix tree: stacks that begin alike share their beginning.

pub(crate) mod format;
mod tree;

pub(crate) use telemetry_core::source::NO_STACK;
pub(crate) use tree::{StackTree, Used};
