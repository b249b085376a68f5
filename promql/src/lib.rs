//! PromQL: parser, printer, checker and a columnar evaluator over any metric source.
#![forbid(unsafe_code)]

pub mod ast;
pub mod functions;
