//! **Quadra** is an embeddable observability database: logs, metrics, traces and profiles, stored
//! and queried inside the host process with LogQL, PromQL, TraceQL and profile selectors. One
//! dependency, one directory; no server, no network, no async runtime. What SQLite is to a
//! database server, Quadra is to an installation of Loki, Prometheus, Tempo and Pyroscope.
//!
//! ```
//! use quadra::{Quadra, labels, promql::Value};
//!
//! let directory = tempfile::tempdir()?;
//! let db = Quadra::open(directory.path())?;
//!
//! let requests = db.metrics().series(labels! { "__name__" => "requests_total", "job" => "api" })?;
//! for minute in 0..=10 {
//!     requests.append(minute * 60_000, 30.0 * minute as f64)?;
//! }
//! db.logs().push(labels! { "app" => "api" }, 600_000_000_000, r#"level=error msg="timeout""#)?;
//!
//! let rate = db.promql("sum by (job) (rate(requests_total[5m]))").run()?;
//! let Value::Vector(rows) = rate.value else { unreachable!() };
//! assert_eq!(rows[0].value, 0.5.into());
//!
//! let lines = db.logql(r#"{app="api"} |= "timeout" | logfmt | level="error""#).limit(10).run()?;
//! assert_eq!(lines[0].entries[0].text(), r#"level=error msg="timeout""#);
//! db.close()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`Quadra`] opens a directory. Handles are `Clone + Send + Sync`; clones are the same database.
//! - [`Quadra::metrics`], [`logs`](Quadra::logs), [`traces`](Quadra::traces) and
//!   [`profiles`](Quadra::profiles) write, delete and look up, one handle per signal.
//! - [`Quadra::promql`], [`logql`](Quadra::logql) and [`traceql`](Quadra::traceql) ask. Without a
//!   range a query covers everything stored; limits, a deadline and a cancellation token bound it.
//! - [`Quadra::around`] leads from one signal to another.
//!
//! Each part is a crate of its own and re-exported: a language runs over any source, a store
//! without a language. Handles must not be used after `fork`. Async code calls through
//! `spawn_blocking`.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(any(feature = "metrics", feature = "logs", feature = "traces", feature = "profiles")),
    allow(unused, reason = "a build without signals has nothing to do")
)]

mod bounds;
mod builder;
#[cfg(all(feature = "traces", any(feature = "logs", feature = "profiles")))]
pub mod correlate;
mod error;
#[cfg(feature = "logs")]
pub mod logs;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "profiles")]
pub mod profiles;
mod quadra;
#[cfg(feature = "traces")]
pub mod traces;

pub use bounds::Bounds;
pub use builder::Builder;
pub use error::Error;
pub use quadra::{Quadra, Signal};

pub use telemetry_core;
pub use telemetry_core::query::{CancelToken, Limits};
pub use telemetry_core::{labels, model, query, sink, source, storage, time};

#[cfg(feature = "profiles")]
pub use profstore;
#[cfg(feature = "wire")]
pub use wire;
#[cfg(feature = "logs")]
pub use {logql, logstore};
#[cfg(feature = "metrics")]
pub use {promql, tsdb};
#[cfg(feature = "traces")]
pub use {traceql, tracestore};
