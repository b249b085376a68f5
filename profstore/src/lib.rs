//! The profile engine of Quadra.
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports)]

pub mod flame;
mod limits;
mod profile_type;
mod record;
mod samples;
mod set;
mod split;
mod stacks;
mod symbols;

pub use limits::Limits;
pub use profile_type::{ProfileType, ProfileTypeError};
pub use split::PROFILE_TYPE;
