//! The language, by examples: what is accepted and how it is printed, what is refused and where.
#![cfg(test)]

use promql::ast::{Expr, visit::clear_spans};
use promql::{ParseOptions, parse, parse_with};

/// The tree without its spans, by which trees of different texts are compared.
fn tree(query: &str) -> Expr {
    let mut expr = parse_with(query, &ParseOptions::EVERYTHING)
        .unwrap_or_else(|error| panic!("{query}\n{error}"));
    clear_spans(&mut expr);
    expr
}

#[test]
fn valid_queries_are_printed_and_read_back() {
    for line in include_str!("data/valid.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (query, printed) = line.split_once(" => ").unwrap_or((line, line));
        let expr = tree(query);
        assert_eq!(expr.to_string(), printed, "{query}");
        assert_eq!(tree(printed), expr, "{query}");
    }
}

#[test]
fn invalid_queries_are_refused_where_they_are_wrong() {
    let lines = include_str!("data/invalid.txt").lines();
    let lines: Vec<_> = lines.filter(|line| !line.is_empty() && !line.starts_with("# ")).collect();
    for pair in lines.chunks(2) {
        let [query, marks] = pair else { panic!("{pair:?}") };
        let error = parse(query).expect_err(query);
        let text = marks.trim_start_matches([' ', '^']).trim();
        assert!(error.message().contains(text), "{query}\n{error}\nexpected {text}");
        let span = error.span().unwrap();
        let expected = marks.len() - text.len() - 1;
        let found = format!("{}{}", " ".repeat(span.start), "^".repeat(span.len().max(1)));
        assert_eq!(found, marks[..expected], "{query}\n{error}");
    }
}

#[test]
fn options_are_prometheus_defaults() {
    let off = ParseOptions::default();
    for query in ["a[5m] smoothed", "a + fill (1) b", "mad_over_time(a[5m])", "limitk(1, a)"] {
        assert!(parse(query).is_err(), "{query}");
        assert!(parse_with(query, &ParseOptions::EVERYTHING).is_ok(), "{query}");
    }
    let plain = ParseOptions { duration_expressions: false, ..off };
    assert!(parse("a[2 * step()]").is_ok());
    assert!(parse_with("a[2 * step()]", &plain).is_err());
    assert!(parse_with("a[5m:1m] offset -3", &plain).is_ok());
}

#[test]
fn nesting_is_bounded_and_the_bound_fits_an_ordinary_stack() {
    let nested = |depth: usize| {
        [
            format!("{}a{}", "(".repeat(depth), ")".repeat(depth)),
            format!("{}a", "-".repeat(depth)),
            format!("{}a", "a ^ ".repeat(depth)),
            format!("{}a", "a + ".repeat(depth)),
            format!("a{}", "[5m:]".repeat(depth)),
            format!("{}a{}", "sum(".repeat(depth), ")".repeat(depth)),
            format!("a[{}1{}]", "(".repeat(depth), ")".repeat(depth)),
            format!("a[{}1]", "1 + ".repeat(depth)),
        ]
    };
    let on_small_stack = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        for query in nested(promql::ast::DEPTH_MAX - 2) {
            match promql::parse::parse_unchecked(&query, &ParseOptions::EVERYTHING) {
                Ok(expr) => {
                    let _ = promql::check::check(&expr, &ParseOptions::EVERYTHING);
                    assert!(!expr.to_string().is_empty());
                    assert!(!promql::print::outline(&expr).is_empty());
                }
                Err(error) => panic!("{query}: {}", error.message()),
            }
        }
        for query in nested(100_000) {
            assert!(parse_with(&query, &ParseOptions::EVERYTHING).is_err());
        }
    });
    on_small_stack.unwrap().join().unwrap();
}

#[test]
fn a_text_that_is_too_long_is_refused() {
    let query = " ".repeat(promql::parse::QUERY_BYTES_MAX + 1);
    assert!(parse(&query).unwrap_err().message().contains("bytes"));
}
