//! TraceQL: parser, printer and evaluator over any span source.
#![forbid(unsafe_code)]
