//! Another parser of PromQL, `promql-parser`, reads what we print as it reads the query itself.
//!
//! It follows an older Prometheus, so queries that it refuses prove nothing and are left out.
#![cfg(test)]

use promql::{ParseOptions, parse_with};

/// What the other parser keeps and Prometheus does not.
const DIFFERENCES: &[&str] = &["a offset 0"];

/// Queries of the list that the other parser knows, at least.
const KNOWN_MIN: usize = 60;

#[test]
fn another_parser_reads_the_print_as_it_reads_the_query() {
    let mut known = 0;
    for line in include_str!("data/valid.txt").lines() {
        let query = line.split(" => ").next().unwrap_or_default();
        if query.is_empty() || query.starts_with('#') || DIFFERENCES.contains(&query) {
            continue;
        }
        if let Ok(read) = promql_parser::parser::parse(query) {
            known += 1;
            let printed = parse_with(query, &ParseOptions::EVERYTHING).unwrap().to_string();
            let again = promql_parser::parser::parse(&printed)
                .unwrap_or_else(|error| panic!("{query} is printed as {printed}: {error}"));
            assert_eq!(again.to_string(), read.to_string(), "{query} is printed as {printed}");
        }
    }
    assert!(known >= KNOWN_MIN, "only {known} queries are known to the other parser");
}
