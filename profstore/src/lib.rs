//! The profile engine of Quadra.
#![forbid(unsafe_code)]

pub mod flame;
mod stacks;
mod symbols;
