//! Ingest stages: what an agent does to lines before it sends them on.
//!
//! A [`Pipeline`] is a list of stages of Grafana Alloy's `loki.process`, under the same names, with the
//! same options and defaults. It stands in front of a [`LogSink`](telemetry_core::sink::LogSink) and
//! is one itself ([`Processor`]), so any decoder can write through it.
//!
//! ~~~text
//! entry = labels · structured metadata · time · line · extracted values
//!
//! decoder ──▶ stage ──▶ stage ──▶ … ──▶ sink
//!               │ drops, by reason · lines held until their rest has come
//! ~~~
//!
//! Parsers put what they find into the *extracted values*, which begin as a copy of the labels; other
//! stages make labels, metadata, the time or the line of them. Nothing here waits, asks a network or
//! reads a clock but the one it is given; what stages keep from line to line is bounded.
//!
//! ```
//! use logql::process::{Json, Labels, Output, Pipeline};
//! use telemetry_core::sink::{LogRecord, LogSink, RawLabels};
//! # use telemetry_core::sink::{Committed, RefusalReason, SinkError};
//! # #[derive(Default)]
//! # struct Seen(Vec<String>);
//! # impl LogSink for Seen {
//! #     fn push(&mut self, stream: &RawLabels<'_>, record: LogRecord<'_>) {
//! #         self.0.push(format!("{} {}", stream.build(), String::from_utf8_lossy(record.line)));
//! #     }
//! #     fn refuse(&mut self, _: RefusalReason) {}
//! #     fn commit(&mut self) -> Result<Committed, SinkError> { Ok(Committed::default()) }
//! # }
//!
//! let pipeline = Pipeline::builder()
//!     .stage(Json::of([("level", ""), ("msg", "message.text")]))
//!     .stage(Labels::of([("level", "")]))
//!     .stage(Output { source: "msg".into() })
//!     .build()?;
//! let mut sink = pipeline.processor(Seen::default());
//! let line = br#"{"level": "warn", "message": {"text": "slow"}}"#;
//! sink.push(&RawLabels::new(&[("app", "api")]), LogRecord { time: 1, line, metadata: &[] });
//! let _ = sink.commit()?;
//! assert_eq!(sink.into_sink().0, [r#"{app="api", level="warn"} slow"#]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where it differs
//!
//! * A key that a template names and that is not there is empty, not `<no value>`; `Hash` and
//!   `Sha2Hash` are not there.
//! * Expressions of the JSON stage are paths of JMESPath: names, quoted names, indexes.
//! * `limit` drops; it cannot hold up the caller, so `drop` has to be true.
//! * `geoip` is refused: it needs a database.
//! * What `split_json` leaves nothing of is counted (`split_json_empty`).

mod drops;
mod entry;
mod error;
mod json;
mod path;
mod pipeline;
mod processor;
mod stage;

pub use drops::Drops;
pub use entry::{Entry, Value};
pub use error::StageSetupError;
pub use pipeline::{Builder, Pipeline};
pub use processor::Processor;
pub use stage::*;
