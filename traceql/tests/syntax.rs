//! What is a query, how it is read and how it is printed.
#![cfg(test)]

use traceql::{CheckErrorKind, Error, SyntaxErrorKind, parse, parse_syntax};

/// A query and the canonical text of what it is read as.
const READ_AS: &[(&str, &str)] = &[
    // `&&` and `||` bind alike and to the left, comparisons tighter, arithmetic tighter still.
    ("{ .a || .b && .c }", "{ (.a || .b) && .c }"),
    ("{ .a = 1 || .b + 2 * .c < 3 }", "{ (.a = 1) || ((.b + (2 * .c)) < 3) }"),
    ("{ 2 ^ .a ^ .b = 1 }", "{ (2 ^ (.a ^ .b)) = 1 }"),
    // A prefix minus takes products along, `!` does not take sums.
    ("{ -.a * 2 = .b }", "{ (-(.a * 2)) = .b }"),
    ("{ -.a + 2 = .b }", "{ ((-.a) + 2) = .b }"),
    ("{ !.a = .b }", "{ (!.a) = .b }"),
    // Constants are folded.
    ("{ duration > 1s + 500ms * 2 }", "{ duration > 2e+09 }"),
    ("{ 1 < 2 && true }", "{ true }"),
    ("{ }", "{ true }"),
    // Names: quotes are parts of them, almost everything else is too.
    ("{ span.\"a b\".c = 1 }", "{ span.\"a b.c\" = 1 }"),
    ("{ .a-b+c/d:e[0] = 1 }", "{ .a-b+c/d:e[0] = 1 }"),
    ("{ .\"0\" = 1 }", "{ .\"0\" = 1 }"),
    ("{ span:name = \"x`y\" }", "{ name = \"x`y\" }"),
    // Scopes.
    (
        "{ trace:rootService = \"a\" && event:name = \"b\" }",
        "{ (rootServiceName = `a`) && (event:name = `b`) }",
    ),
    // nil is a test.
    ("{ nil != .a && .b = nil }", "{ (.a != nil) && (.b = nil) }"),
    // Sets of spans.
    ("{ .a } >> { .b } && { .c }", "(({ .a }) >> ({ .b })) && ({ .c })"),
    ("{ .a } !~ { .b } &<< { .c }", "(({ .a }) !~ ({ .b })) &<< ({ .c })"),
    ("({ .a } | { .b }) && ({ .c } | count() > 1)", "({ .a }|{ .b }) && ({ .c }|(count()) > 1)"),
    // Pipelines.
    (
        "{ } | by(.a) | count() > 2 | coalesce() | select(.b, name)",
        "{ true }|by(.a)|(count()) > 2|coalesce()|select(.b, name)",
    ),
    ("max(duration) > -1s | { .a }", "(max(duration)) > -1s|{ .a }"),
    (
        "{ } | avg(.a + 1) = 2 with(most_recent=true, x=-1.5)",
        "{ true }|(avg(.a + 1)) = 2 with(most_recent=true,x=-1.5)",
    ),
    // Metrics.
    (
        "{ } | rate() by (.a, name) | topk(3) > 1 | bottomk(1)",
        "{ true } | rate()by(.a,name) | topk(3) > 1.0 | bottomk(1)",
    ),
    (
        "{ } | quantile_over_time(duration, .5, 1)",
        "{ true } | quantile_over_time(duration,0.5,1.0)",
    ),
    ("({ } | rate()) + 3 * 2 > 10s", "({ true } | rate()) + 6.0 > 10.0"),
    ("-1 / ({ } | rate())", "-1.0 / ({ true } | rate())"),
    ("{ } | compare({ status = error })", "{ true } | compare({ status = error },10)"),
];

#[test]
fn queries_are_read_as_trees_and_printed_so_that_they_read_back() {
    for (query, canonical) in READ_AS {
        let tree = parse(query).unwrap_or_else(|error| panic!("{}", error.render(query)));
        assert_eq!(tree.to_string(), *canonical, "{query}");
        assert_eq!(parse(canonical).unwrap(), tree, "{canonical}");
    }
}

/// A text that is no query, and the bytes at fault.
const NO_QUERIES: &[(&str, (usize, usize))] = &[
    ("", (0, 0)),
    ("{", (1, 1)),
    ("{ .a = }", (7, 8)),
    ("{ .a == 1 }", (6, 7)),
    ("{ span. }", (7, 7)),
    ("{ .a } + { .b }", (7, 8)),
    ("{ .a } > 1", (7, 8)),
    ("{ .a } | count()", (16, 16)),
    ("{ .a } | coalesce", (17, 17)),
    ("coalesce()", (0, 8)),
    ("{ .a } && ({ .b } | { .c })", (7, 9)),
    ("{ wat = 1 }", (2, 5)),
    ("{ trace:name = 1 }", (8, 12)),
    ("2 + 3", (0, 5)),
    ("{ } | topk(2)", (6, 10)),
    ("{ } | rate() + 1", (13, 14)),
    ("({ } | rate()) * 2s", (15, 16)),
    ("({ } | rate()) % 2", (15, 16)),
    ("{ } | rate() by ()", (17, 18)),
    ("{ } } ", (4, 5)),
];

#[test]
fn what_is_no_query_is_refused_where_it_goes_wrong() {
    for (query, (start, end)) in NO_QUERIES {
        let error = parse_syntax(query).expect_err(query);
        assert_eq!((error.span.start, error.span.end), (*start, *end), "{query}: {error}");
    }
}

#[test]
fn what_has_no_meaning_is_refused_by_kind() {
    let kind = |query: &str| match parse(query) {
        Err(Error::Invalid(error)) => error.kind,
        other => panic!("{query}: {other:?}"),
    };
    for query in ["{ 1 = `a` }", "{ duration > `1s` }", "{ status = `error` }", "{ 1 || .a }"] {
        assert!(
            matches!(
                kind(query),
                CheckErrorKind::TypeMismatch { .. } | CheckErrorKind::IllegalOperator { .. }
            ),
            "{query}"
        );
    }
    for query in ["{ status > ok }", "{ !name = 1 }", "{ -true }", "{ kind + kind = 1 }"] {
        assert!(matches!(kind(query), CheckErrorKind::IllegalOperator { .. }), "{query}");
    }
    for query in ["{ name }", "{ 1 + 1 }", "{ duration + .a }", "{ `a` }"] {
        assert!(matches!(kind(query), CheckErrorKind::FilterType { .. }), "{query}");
    }
    assert!(matches!(kind("{ .a =~ `[` }"), CheckErrorKind::Regex { .. }));
    assert!(matches!(kind("{ .a =~ .b }"), CheckErrorKind::RegexOperand));
    assert!(matches!(kind("{ name = nil }"), CheckErrorKind::NeverNil { .. }));
    assert!(matches!(kind("{ } | sum(name) > 1"), CheckErrorKind::AggregateType { .. }));
    assert!(matches!(kind("{ } | sum(3) > 1"), CheckErrorKind::AggregateConstant));
    assert!(matches!(kind("{ } | by(1)"), CheckErrorKind::GroupConstant));
    assert!(matches!(kind("{ } | rate() | topk(0)"), CheckErrorKind::LimitZero));
    assert!(matches!(kind("{ } | quantile_over_time(duration, 2)"), CheckErrorKind::Quantile));
    for query in ["{ parent.a = 1 }", "{ parent }", "count() = sum(.a)", "({ } | count()) > 1"] {
        assert!(matches!(kind(query), CheckErrorKind::Unsupported { .. }), "{query}");
    }
}

#[test]
fn an_error_is_drawn_under_the_query() {
    let query = "{ name = 1 }";
    let drawn = parse(query).unwrap_err().render(query);
    assert_eq!(
        drawn,
        "1:3: `=` needs operands of one type, not a string and an integer\n  | { name = 1 }\n  |   ^^^^^^^^"
    );
}

#[test]
fn nesting_and_length_are_bounded() {
    let nested = |levels: usize| format!("{{ {}.a{} }}", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&nested(100)).is_ok());
    let error = parse_syntax(&nested(100_000 / 2)).unwrap_err();
    assert_eq!(error.kind, SyntaxErrorKind::TooDeep);
    let error = parse_syntax(&"(".repeat(100_000)).unwrap_err();
    assert_eq!(error.kind, SyntaxErrorKind::TooDeep);
    let chain = |terms: usize| format!("{{ {}.a }}", ".a || ".repeat(terms));
    let tree = parse(&chain(1000)).unwrap();
    assert_eq!(parse(&tree.to_string()).unwrap(), tree);
    let tree = parse(&format!("{}{{ }}", "{ .a } >> ".repeat(1000))).unwrap();
    assert_eq!(parse(&tree.to_string()).unwrap(), tree);
    let nots = format!("{{ {}.a }}", "!".repeat(120));
    let tree = parse(&nots).unwrap();
    assert_eq!(parse(&tree.to_string()).unwrap(), tree);
    assert_eq!(parse_syntax(&chain(1100)).unwrap_err().kind, SyntaxErrorKind::TooManyOperators);
    let long = format!("{{ .a = `{}` }}", "x".repeat(200_000));
    assert_eq!(parse_syntax(&long).unwrap_err().kind, SyntaxErrorKind::TooLong);
}
