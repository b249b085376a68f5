//! Properties of the front end: what is printed reads back as the same tree, and no text whatever panics.
#![cfg(test)]

use proptest::prelude::*;

/// A field or a constant.
fn leaf() -> impl Strategy<Value = String> {
    const FIELDS: &[&str] = &[
        "name",
        "duration",
        "status",
        "kind",
        ".a",
        "span.b-c",
        "resource.\"d e\"",
        "event:name",
        "link.x",
        "instrumentation:name",
        "trace:id",
        "nestedSetLeft",
        "parent.a",
        "parent.\"span.x\"",
        "parent",
    ];
    const CONSTANTS: &[&str] = &[
        "1",
        "0",
        "-7",
        "2.5",
        "1e30",
        "minInt",
        "maxInt",
        "true",
        "false",
        "nil",
        "error",
        "server",
        "10ms",
        "1h30m",
        "`a`",
        "\"q\\\"`\"",
        "(1.0 / 0.0)",
        "(0.0 / 0.0)",
        "-0.0",
    ];
    prop_oneof![prop::sample::select(FIELDS), prop::sample::select(CONSTANTS)]
        .prop_map(str::to_owned)
}

/// An expression over fields, with and without brackets.
fn field_expr() -> impl Strategy<Value = String> {
    const OPERATORS: &[&str] =
        &["=", "!=", "<", "<=", ">", ">=", "=~", "!~", "&&", "||", "+", "-", "*", "/", "%", "^"];
    leaf().prop_recursive(5, 24, 2, move |inner| {
        let operator = prop::sample::select(OPERATORS);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("!{a}")),
            inner.prop_map(|a| format!("-{a}")),
        ]
    })
}

/// Filters and operators between them.
fn spansets() -> impl Strategy<Value = String> {
    const OPERATORS: &[&str] = &[
        "&&", "||", ">>", "<<", ">", "<", "~", "!>>", "!<<", "!>", "!<", "!~", "&>>", "&<<", "&>",
        "&<", "&~",
    ];
    field_expr().prop_map(|e| format!("{{ {e} }}")).prop_recursive(3, 8, 2, move |inner| {
        let operator = prop::sample::select(OPERATORS);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            inner.prop_map(|a| format!("({a})")),
        ]
    })
}

fn stage() -> impl Strategy<Value = String> {
    prop_oneof![
        spansets(),
        Just("coalesce()".to_owned()),
        field_expr().prop_map(|e| format!("by({e})")),
        Just("select(.a, name)".to_owned()),
        (field_expr(), leaf()).prop_map(|(e, _)| format!("max({e}) > 2 * 3")),
        Just("-5 <= count() + avg(.a) ^ 2".to_owned()),
        Just("({ .a } | count()) / 2 = 1".to_owned()),
    ]
}

fn query() -> impl Strategy<Value = String> {
    const METRICS: &[&str] = &[
        "rate()",
        "count_over_time() by (.a, name)",
        "quantile_over_time(duration, .5, 1)",
        "histogram_over_time(.a) | topk(3)",
        "avg_over_time(.a) > -2.5 | bottomk(1) != 3",
        "compare({ .a = 1 }, 5, 1, 2)",
    ];
    let search = (spansets(), prop::collection::vec(stage(), 0..3))
        .prop_map(|(first, rest)| [vec![first], rest].concat().join(" | "))
        .boxed();
    let series = (search.clone(), prop::sample::select(METRICS))
        .prop_map(|(search, function)| format!("{search} | {function}"))
        .boxed();
    let math = series.clone().prop_recursive(2, 4, 2, |inner| {
        let operator = prop::sample::select(&["+", "-", "*", "/"][..]);
        prop_oneof![
            (inner.clone(), operator.clone(), inner.clone())
                .prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            (inner, operator).prop_map(|(a, op)| format!("-2 {op} ({a}) > 1 / 2.0")),
        ]
    });
    prop_oneof![search, series, math].prop_flat_map(|query| {
        prop_oneof![Just(query.clone()), Just(format!("{query} with(a=1, b=`x`, c=-1s)"))]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_reads_back_as_the_same_tree(query in query()) {
        // Some of these are no queries: a structural operator between a filter and a pipeline, say.
        if let Ok(tree) = traceql::parse_syntax(&query) {
            let printed = tree.to_string();
            let again = traceql::parse_syntax(&printed);
            prop_assert_eq!(again.as_ref(), Ok(&tree), "{} printed as {}", query, printed);
            // Checking neither panics nor depends on how the query is written.
            prop_assert_eq!(traceql::parse(&query).is_ok(), traceql::parse(&printed).is_ok());
        }
    }

    #[test]
    fn any_text_is_read_or_refused_with_a_place(text in ".{0,60}") {
        refused_with_a_place(&text)?;
    }

    #[test]
    fn any_row_of_pieces_is_read_or_refused_with_a_place(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..20)
    ) {
        refused_with_a_place(&pieces.concat())?;
        refused_with_a_place(&pieces.join(" "))?;
    }
}

/// Texts that mean something somewhere.
const PIECES: [&str; 46] = [
    "{",
    "}",
    "(",
    ")",
    ",",
    "|",
    "&&",
    "||",
    "!",
    "=",
    "!=",
    "=~",
    "!~",
    "<",
    ">>",
    "&>",
    "~",
    "+",
    "-",
    "^",
    ".a",
    ".\"",
    "span.",
    "parent.",
    "trace:",
    "name",
    "nil",
    "true",
    "by",
    "count()",
    "max(",
    "select(",
    "coalesce()",
    "rate()",
    "topk(1)",
    "compare(",
    "with(",
    "1",
    "1.",
    "1h",
    "9223372036854775808",
    "1e999",
    "`",
    "\"x\"",
    "é",
    "\u{0}",
];

fn refused_with_a_place(text: &str) -> Result<(), TestCaseError> {
    if let Err(error) = traceql::parse(text) {
        error.render(text);
        let span = error.span();
        prop_assert!(span.is_some_and(|span| span.end <= text.len()), "{error} at {span:?}");
    }
    let _ = traceql::lenient_conditions(text, 10);
    Ok(())
}
