//! A scraper without sockets: expositions from files, each as a target, then a query.
//!
//! ```console
//! cargo run --release --example scrape_file
//! cargo run --release --example scrape_file -- node.prom other.om.txt 'count by (job) ({__name__=~".+"})'
//! ```
//!
//! In an agent the bodies come over HTTP, with their content types; here the names of files tell them
//! (`.om.txt` is OpenMetrics, anything else the text format). The last argument that is no file is
//! the query. Without arguments two scrapes of a small target are shown.
#![expect(clippy::print_stdout, reason = "an example shows its answers")]

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use quadra::promql::Value;
use quadra::time::Millis;
use quadra::wire::prometheus::Format;
use quadra::wire::relabel::{Action, RelabelConfig, Relabeling};
use quadra::wire::scrape::{Scrape, ScrapeOptions};
use quadra::{Quadra, labels};

const FIRST: &str = "\
# HELP http_requests_total Requests by code.
# TYPE http_requests_total counter
http_requests_total{code=\"200\"} 100
http_requests_total{code=\"500\"} 2
go_goroutines 7
queue_length 12
";

/// Fifteen seconds later the queue is gone.
const SECOND: &str = "\
# TYPE http_requests_total counter
http_requests_total{code=\"200\"} 160
http_requests_total{code=\"500\"} 5
go_goroutines 8
";

fn main() -> Result<(), Box<dyn Error>> {
    let db = Quadra::in_memory()?;
    let (files, queries): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| Path::new(argument).exists());
    let now = Millis(1_700_000_000_000);
    if files.is_empty() {
        return built_in(&db, now);
    }
    for file in &files {
        // A target per file, with the labels that a scrape would give it.
        let target = labels! { "job" => "file", "instance" => file };
        let format = if file.ends_with(".om.txt") { Format::OpenMetrics } else { Format::Text };
        let body = std::fs::read(file)?;
        let mut scrape = Scrape::new(target, ScrapeOptions::default());
        let mut sink = db.metrics().sink();
        let scraped =
            scrape.ingest(&body, format.content_type(), now, Duration::ZERO, &mut sink)?;
        match scraped.error {
            None => println!("{file}: {} samples", scraped.samples_kept),
            Some(error) => println!("{file}: {error}"),
        }
    }
    let query = queries.last().map_or("count by (instance) ({__name__!=\"\"})", String::as_str);
    for (labels, value) in ask(&db, query, now)? {
        println!("{labels} {value}");
    }
    Ok(())
}

/// Two scrapes of one target.
fn built_in(db: &Quadra, now: Millis) -> Result<(), Box<dyn Error>> {
    // What Go's runtime says about itself is not wanted.
    let mut options = ScrapeOptions::default();
    options.metric_relabeling = Relabeling::new([RelabelConfig {
        source_labels: vec!["__name__".to_owned()],
        regex: "go_.*".to_owned(),
        action: Action::Drop,
        ..RelabelConfig::default()
    }])?;
    let target = labels! { "job" => "api", "instance" => "10.0.0.1:9090" };
    let mut scrape = Scrape::new(target, options);
    let later = Millis(now.0 + 15_000);
    for (body, time) in [(FIRST, now), (SECOND, later)] {
        let mut sink = db.metrics().sink();
        let took = Duration::from_millis(40);
        let scraped = scrape.ingest(body.as_bytes(), "text/plain", time, took, &mut sink)?;
        println!(
            "{} samples, {} kept, {} series new, {} stale",
            scraped.samples, scraped.samples_kept, scraped.series_added, scraped.stale
        );
        assert!(scraped.error.is_none() && scraped.refused.is_empty());
    }

    for (labels, value) in ask(db, "{job=\"api\"}", later)? {
        println!("{labels} {value}");
    }
    let number = |query: &str| -> Result<Vec<f64>, Box<dyn Error>> {
        Ok(ask(db, query, later)?.into_iter().map(|(_, value)| value).collect())
    };
    assert_eq!(number("sum(http_requests_total)")?, [165.0]);
    assert_eq!(number("up")?, [1.0]);
    assert_eq!(number("scrape_samples_post_metric_relabeling")?, [2.0]);
    // It disappeared, so it has no value any more; and what is dropped was never there.
    assert_eq!(number("queue_length")?, [0.0; 0]);
    assert_eq!(number("go_goroutines")?, [0.0; 0]);
    Ok(())
}

/// The series that a query answers with.
fn ask(db: &Quadra, query: &str, time: Millis) -> Result<Vec<(String, f64)>, Box<dyn Error>> {
    let Value::Vector(elements) = db.promql(query).instant(time)?.value else {
        return Err("the query does not answer with a vector".into());
    };
    let float = |value: quadra::model::SampleValue| match value {
        quadra::model::SampleValue::Float(value) => value,
        quadra::model::SampleValue::Histogram(histogram) => histogram.count,
    };
    let element =
        |element: quadra::promql::Element| (element.labels.to_string(), float(element.value));
    Ok(elements.into_iter().map(element).collect())
}
