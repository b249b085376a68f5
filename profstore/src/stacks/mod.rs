//! Call stacks as a prefix tree: stacks that begin alike share their beginning.

pub(crate) mod format;
mod tree;

pub(crate) use tree::{NO_STACK, StackTree};
