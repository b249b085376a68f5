//! LogQL: parser, printer and evaluator over any log source.
#![forbid(unsafe_code)]
