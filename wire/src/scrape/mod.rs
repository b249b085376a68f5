//! A scraper without sockets: what Prometheus does with the body of a scrape.
//!
//! The host fetches, [`Scrape::ingest`] does the rest: labels of the target, relabeling, limits, the
//! series about the scrape itself, staleness of what disappears. A [`Scrape`] is kept per target and
//! remembers its series, so that a series that is scraped again costs one look-up.
//!
//! 1. `target` makes a target of what discovery found, by rules; `config`, with the feature `serde`,
//!    reads what Prometheus' configuration says of a job.
//! 2. `options` are those of Prometheus' `scrape_config`, under their names.
//! 3. `series` remembers series by the hash of what the target exposes.
//! 4. `labels` makes a series' labels; `resolution` makes native histograms coarser.
//! 5. `ingest` reads a body into pending samples; only a body that is right as a whole is stored.
//! 6. `report` hands samples, staleness markers and the series about the scrape to the sink.

#[cfg(feature = "serde")]
mod config;
mod ingest;
mod labels;
mod options;
mod report;
mod resolution;
mod series;
mod target;

#[cfg(feature = "serde")]
pub use config::ScrapeConfig;
pub use ingest::{Scrape, ScrapeError, Scraped};
pub use options::ScrapeOptions;
pub use target::{Target, TargetError, TargetOptions};
