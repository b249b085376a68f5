//! The shared vocabulary of Quadra and, behind the feature `storage`, its storage kernel.
//!
//! Languages and stores do not know each other. They meet here: a language reads through a
//! trait of [`source`], a decoder writes through a trait of [`sink`], and both speak in
//! [`mod@labels`], [`model`] and [`time`]. [`query`] bounds every query, [`syntax`] holds what
//! the front ends of the languages spell alike, [`vector`] what metric queries share. Nothing here
//! knows about one signal's engine or one language's rules.
#![forbid(unsafe_code)]

pub mod labels;
pub mod model;
pub mod query;
pub mod sink;
pub mod source;
#[cfg(feature = "storage")]
pub mod storage;
pub mod syntax;
pub mod time;
pub mod vector;
