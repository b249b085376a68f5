//! The functions of PromQL.

pub mod signature;
