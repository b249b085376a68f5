//! The text exposition format, version 0.0.4, and 1.0.0 with names of any UTF-8 text.
//!
//! ~~~text
//! # HELP http_requests_total Requests by code.      \\ and \n in the help text
//! # TYPE http_requests_total counter                counter gauge histogram summary untyped
//! http_requests_total{code="200",} 1027 1395066363000
//! {"http.requests", "k8s.pod"="a"} 3
//! ~~~
//!
//! 1. `cursor` reads tokens and knows line and byte.
//! 2. `line` reads a line: metadata or a sample.
//! 3. `decode` applies the target's labels and hands samples to the sink.

mod cursor;
mod decode;
mod line;

pub use decode::decode_text;
