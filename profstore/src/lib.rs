//! The profile engine of Quadra: pprof profiles, merged by type, selector and time.
//!
//! A profile is taken apart into one series per sample type and set of sample labels. Symbols and
//! stacks are stored once; samples are columns of stack ids and values, so that merging is adding
//! integers into an array, and names are resolved once, at the end. Semantics are Pyroscope's.
//!
//! - [`ProfStore`] opens a directory, takes profiles and answers with a [`flame::CallTree`].
//! - [`flame`] holds what people look at: trees, top tables, differences, folded stacks, SVG.
//! - [`query`] merges the profiles of any
//!   [`ProfileSource`](telemetry_core::source::ProfileSource).
//!
//! What it does not do: apply `drop_frames` and `keep_frames`, scale values, or look up symbols of
//! addresses that a profile does not name.
#![forbid(unsafe_code)]

mod block;
mod engine;
mod error;
pub mod flame;
#[doc(hidden)]
pub mod fuzz;
mod limits;
mod options;
mod profile_type;
pub mod query;
mod record;
mod samples;
mod set;
mod split;
mod stacks;
mod store;
mod symbols;

pub use error::Error;
pub use limits::Limits;
pub use options::Builder;
pub use profile_type::{ProfileType, ProfileTypeError};
pub use split::PROFILE_TYPE;
pub use store::{Batch, ProfStore};
