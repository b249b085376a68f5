//! Which texts are queries, and where the others stop being one.

use super::parse_tree;
use crate::error::Error;

/// The column of a syntax error, counted from one.
fn column(query: &str) -> usize {
    match parse_tree(query) {
        Err(Error::Syntax { span, .. } | Error::Token { span, .. }) => span.start + 1,
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn errors_point_at_the_first_token_that_cannot_be() {
    for (query, expected) in [
        ("", 1),
        ("{a=\"b\"", 7),
        ("{a=\"b\"} |~", 11),
        ("{a=\"b\"} foo", 9),
        ("{a=\"b\"} | jsn", 14),
        ("{a=\"b\"} | json |", 17),
        ("{a=\"b\"} | unwrap x", 11),
        ("sum by a (rate({a=\"b\"}[5m]))", 1),
        ("sum({a=\"b\"})", 12),
        ("rate({a=\"b\"})", 13),
        ("rate({a=\"b\"} | json | unwrap x)", 31),
        ("rate({a=\"b\"}[5x])", 13),
        ("topk(a, rate({a=\"b\"}[5m]))", 6),
        ("vector(-1)", 8),
        ("{a=\"b\"} | logfmt --bad", 20),
        ("{a=\"b\"} | x > ip(\"1.2.3.4\")", 15),
    ] {
        assert_eq!(column(query), expected, "{query}");
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = "(".repeat(5_000) + "1" + &")".repeat(5_000);
    assert!(matches!(parse_tree(&deep), Err(Error::TooDeep { .. })));
    let chain = vec!["1"; 5_000].join("+");
    assert!(matches!(parse_tree(&chain), Err(Error::TooDeep { .. })));
    let filters = format!("{{a=\"b\"}} | {}", vec!["a=1"; 5_000].join(","));
    assert!(matches!(parse_tree(&filters), Err(Error::TooDeep { .. })));
    let long = format!("{{a=\"{}\"}}", "x".repeat(1 << 20));
    assert!(matches!(parse_tree(&long), Err(Error::TooLong { .. })));
}
