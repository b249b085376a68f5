//! Properties of the front end: no text panics, and `parse(print(tree)) == tree`.
#![cfg(test)]

use promql::ast::rewrite::{parenthesise, rewrite};
use promql::ast::visit::clear_spans;
use promql::ast::{
    Aggregate, AggregateOp, At, AtTime, Binary, BinaryOp, Call, Duration, DurationExpr,
    DurationExprKind, DurationKind, DurationOp, Expr, Extension, Fill, GroupModifier, Grouping,
    LabelMatcher, MatchOp, Matching, MatchingLabels, MatrixSelector, Modifiers, NumberLiteral,
    Paren, Side, StringLiteral, Subquery, Unary, UnaryOp, VectorSelector,
};
use promql::parse::parse_unchecked;
use promql::print::{canonical, outline, pretty};
use promql::{ParseOptions, parse_with};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use telemetry_core::syntax::Span;

const NOWHERE: Span = Span { start: 0, end: 0 };

fn name() -> impl Strategy<Value = Box<str>> {
    prop_oneof!["[a-z_][a-z0-9_]{0,6}", "sum|by|offset|start|fill|step|anchored"]
        .prop_filter("is no name of a metric", |name| {
            !matches!(name.as_str(), "on" | "bool" | "ignoring" | "inf" | "nan" | "atan2")
        })
        .prop_map(Into::into)
}

fn label() -> impl Strategy<Value = Box<str>> {
    prop_oneof!["[a-z_][a-z0-9_]{0,6}", "on|by|bool|inf|le", "[a-zé. :\"\\\\]{1,6}"]
        .prop_map(Into::into)
}

fn text() -> impl Strategy<Value = Box<str>> {
    ".{0,8}".prop_map(Into::into)
}

fn matcher() -> impl Strategy<Value = LabelMatcher> {
    let op = prop_oneof![
        Just(MatchOp::Equal),
        Just(MatchOp::NotEqual),
        Just(MatchOp::Regex),
        Just(MatchOp::NotRegex)
    ];
    (op, label(), text()).prop_map(|(op, name, value)| LabelMatcher {
        op,
        name,
        value,
        span: NOWHERE,
    })
}

/// Seconds, a whole number of milliseconds as durations are.
fn seconds() -> impl Strategy<Value = f64> {
    prop_oneof![1_i64..100_000, 1_i64..10_000_000_000].prop_map(|millis| millis as f64 / 1000.0)
}

/// What may stand behind an operator or in parentheses: no binary operator without parentheses.
fn duration_expr() -> impl Strategy<Value = DurationExpr> {
    let node = |kind| DurationExpr { kind, span: NOWHERE };
    let leaf = prop_oneof![
        (seconds(), any::<bool>())
            .prop_map(|(value, is_duration)| DurationExprKind::Number { value, is_duration }),
        Just(DurationExprKind::Step),
        Just(DurationExprKind::Range),
    ]
    .prop_map(node);
    leaf.prop_recursive(3, 12, 2, move |inner| {
        let op = prop_oneof![
            Just(DurationOp::Add),
            Just(DurationOp::Subtract),
            Just(DurationOp::Multiply),
            Just(DurationOp::Divide),
            Just(DurationOp::Modulo),
            Just(DurationOp::Power)
        ];
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            pair.clone().prop_map(|(a, b)| DurationExprKind::MinOf(a.into(), b.into())),
            pair.clone().prop_map(|(a, b)| DurationExprKind::MaxOf(a.into(), b.into())),
            inner.prop_filter_map("an offset has one sign", |a| match a.kind {
                DurationExprKind::Number { .. } | DurationExprKind::Negate(_) => None,
                _ => Some(DurationExprKind::Negate(a.into())),
            }),
            (op, pair).prop_map(move |(op, (a, b))| {
                // A sign in front of `a ^ b` is the sign of all of it.
                let a = match a.kind {
                    DurationExprKind::Negate(_) => node(DurationExprKind::Paren(a.into())),
                    _ => a,
                };
                let binary = node(DurationExprKind::Binary(op, a.into(), b.into()));
                DurationExprKind::Paren(binary.into())
            }),
        ]
        .prop_map(node)
    })
}

fn positive_duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (1_i64..1_000_000_000_000).prop_map(DurationKind::Millis),
        duration_expr().prop_filter_map("a literal is not an expression", |expr| {
            match expr.kind {
                DurationExprKind::Number { .. } => None,
                _ => Some(DurationKind::Expr(expr.into())),
            }
        })
    ]
    .prop_map(|kind| Duration { kind, span: NOWHERE })
}

fn modifiers() -> impl Strategy<Value = Modifiers> {
    let at = prop_oneof![
        (-1_000_000_000_000_i64..1_000_000_000_000).prop_map(AtTime::Millis),
        Just(AtTime::Start),
        Just(AtTime::End)
    ];
    let at = at.prop_map(|time| At { time, span: NOWHERE });
    let offset = (positive_duration(), any::<bool>()).prop_map(|(mut offset, ahead)| {
        if let (DurationKind::Millis(millis), true) = (&mut offset.kind, ahead) {
            *millis = -*millis;
        }
        offset
    });
    (proptest::option::of(offset), proptest::option::of(at))
        .prop_map(|(offset, at)| Modifiers { offset, at })
}

fn selector() -> impl Strategy<Value = VectorSelector> {
    let extension = prop_oneof![
        4 => Just(None),
        1 => Just(Some(Extension::Anchored)),
        1 => Just(Some(Extension::Smoothed))
    ];
    (proptest::option::of(name()), vec(matcher(), 0..3), extension, modifiers()).prop_map(
        |(name, matchers, extension, modifiers)| VectorSelector {
            name,
            matchers,
            extension,
            modifiers,
            span: NOWHERE,
        },
    )
}

fn number() -> impl Strategy<Value = NumberLiteral> {
    let value = prop_oneof![
        (any::<f64>(), Just(false)),
        (seconds(), Just(true)),
        (-1000_i32..1000).prop_map(|n| (f64::from(n), false))
    ];
    value.prop_map(|(value, is_duration)| NumberLiteral { value, is_duration, span: NOWHERE })
}

fn labels() -> impl Strategy<Value = Vec<Box<str>>> {
    vec(label(), 0..3)
}

fn matching() -> impl Strategy<Value = Matching> {
    let group = (any::<bool>(), labels()).prop_map(|(left, include)| GroupModifier {
        many: if left { Side::Left } else { Side::Right },
        include,
    });
    let value = || proptest::option::of(number().prop_map(|number| number.value));
    let fill = (value(), value()).prop_map(|(left, right)| Fill { left, right });
    (any::<bool>(), labels(), proptest::option::of(group), fill).prop_map(
        |(on, labels, group, fill)| Matching {
            labels: if on { MatchingLabels::On(labels) } else { MatchingLabels::Ignoring(labels) },
            group,
            fill,
        },
    )
}

fn binary_op() -> impl Strategy<Value = BinaryOp> {
    proptest::sample::select(vec![
        BinaryOp::Add,
        BinaryOp::Subtract,
        BinaryOp::Multiply,
        BinaryOp::Divide,
        BinaryOp::Modulo,
        BinaryOp::Power,
        BinaryOp::Atan2,
        BinaryOp::TrimUpper,
        BinaryOp::TrimLower,
        BinaryOp::Equal,
        BinaryOp::NotEqual,
        BinaryOp::Greater,
        BinaryOp::Less,
        BinaryOp::GreaterOrEqual,
        BinaryOp::LessOrEqual,
        BinaryOp::And,
        BinaryOp::Or,
        BinaryOp::Unless,
    ])
}

/// An operand as it may stand beside any operator.
fn operand(expr: Expr) -> Expr {
    match expr {
        Expr::Binary(_) | Expr::Unary(_) => Expr::Paren(Paren { expr: expr.into(), span: NOWHERE }),
        // A sign is part of a number only where no `^` follows.
        Expr::Number(ref number) if number.value.is_sign_negative() => {
            Expr::Paren(Paren { expr: expr.into(), span: NOWHERE })
        }
        expr => expr,
    }
}

/// Any tree that a parser could have built.
fn expr() -> impl Strategy<Value = Expr> {
    let matrix = (selector(), positive_duration()).prop_map(|(selector, range)| MatrixSelector {
        selector,
        range,
        span: NOWHERE,
    });
    let leaf = prop_oneof![
        number().prop_map(Expr::Number),
        text().prop_map(|value| Expr::String(StringLiteral { value, bytes: None, span: NOWHERE })),
        selector().prop_map(Expr::Selector),
        matrix.prop_map(Expr::Matrix),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let subquery = (
            inner.clone().prop_map(operand),
            positive_duration(),
            proptest::option::of(positive_duration()),
            modifiers(),
        )
            .prop_map(|(expr, range, step, modifiers)| {
                Expr::Subquery(Subquery {
                    expr: expr.into(),
                    range,
                    step,
                    modifiers,
                    span: NOWHERE,
                })
            });
        let name = prop_oneof!["[a-z]{1,4}_[a-z]{1,4}_x", "start|end|step|range|min_of|max_of"];
        let call = (name, vec(inner.clone(), 0..3)).prop_map(|(name, args)| {
            Expr::Call(Call { name: name.into(), name_span: NOWHERE, args, span: NOWHERE })
        });
        let op = proptest::sample::select(vec![
            AggregateOp::Sum,
            AggregateOp::CountValues,
            AggregateOp::TopK,
            AggregateOp::LimitRatio,
            AggregateOp::Stdvar,
        ]);
        let aggregate = (op, boxed.clone(), boxed.clone(), any::<bool>(), labels()).prop_map(
            |(op, param, expr, by, labels)| {
                let param = op.takes_param().map(|_| param);
                let grouping = if by { Grouping::By(labels) } else { Grouping::Without(labels) };
                Expr::Aggregate(Aggregate { op, param, expr, grouping, span: NOWHERE })
            },
        );
        let unary = (any::<bool>(), inner.clone().prop_map(operand)).prop_filter_map(
            "a sign is part of a number",
            |(plus, expr)| match expr {
                Expr::Number(_) => None,
                expr => {
                    let op = if plus { UnaryOp::Plus } else { UnaryOp::Minus };
                    Some(Expr::Unary(Unary { op, expr: expr.into(), span: NOWHERE }))
                }
            },
        );
        let side = || inner.clone().prop_map(operand);
        let binary = (binary_op(), any::<bool>(), matching(), side(), side()).prop_map(
            |(op, return_bool, matching, left, right)| {
                Expr::Binary(Binary {
                    op,
                    op_span: NOWHERE,
                    return_bool,
                    matching,
                    left: left.into(),
                    right: right.into(),
                    span: NOWHERE,
                })
            },
        );
        let paren = boxed.prop_map(|expr| Expr::Paren(Paren { expr, span: NOWHERE }));
        prop_oneof![subquery, call, aggregate, unary, binary, paren]
    })
}

fn read(query: &str) -> Result<Expr, TestCaseError> {
    let mut expr = parse_unchecked(query, &ParseOptions::EVERYTHING)
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    clear_spans(&mut expr);
    Ok(expr)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2048,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x9_0a1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_tree_is_read_back_from_each_of_its_prints(expr in expr()) {
        let line = canonical(&expr);
        prop_assert_eq!(&read(&line)?, &expr, "{}", line);
        let lines = pretty(&expr);
        prop_assert_eq!(&read(&lines)?, &expr, "{}", lines);
        prop_assert!(outline(&expr).lines().count() >= 1);
    }

    /// A tree made by hand: without parentheses, and then with those that its text needs.
    #[test]
    fn a_tree_with_the_parentheses_that_it_needs_is_read_back(expr in expr()) {
        let mut expr = rewrite(expr, &mut |node| match node {
            Expr::Paren(paren) => *paren.expr,
            node => node,
        });
        parenthesise(&mut expr);
        clear_spans(&mut expr);
        let line = canonical(&expr);
        prop_assert_eq!(&read(&line)?, &expr, "{}", line);
    }

    #[test]
    fn no_text_panics(query in ".{0,60}") {
        answered(&query);
    }

    /// Texts of the pieces that queries are made of come further than texts of any characters.
    #[test]
    fn no_sequence_of_tokens_panics(words in vec(proptest::sample::select(WORDS), 0..24)) {
        answered(&words.concat());
        answered(&words.join(" "));
    }

    #[test]
    fn a_cut_query_is_refused_or_read(expr in expr(), at in 0_usize..200) {
        let line = canonical(&expr);
        let at = (0..=at.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        answered(&line[..at]);
        answered(&line[at..]);
    }
}

const WORDS: &[&str] = &[
    "a",
    "sum",
    "rate",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "@",
    "+",
    "-",
    "*",
    "/",
    "^",
    "==",
    "=~",
    "!~",
    "=",
    "!=",
    "<",
    "</",
    ">/",
    "5m",
    "1",
    "0",
    "\"x\"",
    "'",
    "`",
    "#",
    "\n",
    "offset",
    "by",
    "on",
    "group_left",
    "bool",
    "start",
    "step",
    "anchored",
    "fill",
    "and",
    "é",
    "Inf",
    "[5m:",
];

/// Whatever the text, there is a tree that prints, or an error that can be shown.
fn answered(query: &str) {
    match parse_with(query, &ParseOptions::EVERYTHING) {
        Ok(expr) => {
            let line = canonical(&expr);
            let mut again = parse_with(&line, &ParseOptions::EVERYTHING)
                .unwrap_or_else(|error| panic!("{query} is printed as {line}: {error}"));
            let mut expr = expr;
            clear_spans(&mut again);
            clear_spans(&mut expr);
            assert_eq!(again, expr, "{query} is printed as {line}");
        }
        Err(error) => {
            let span = error.span().expect("an error of the text has a place");
            assert!(span.end <= query.len(), "{query}: {span:?}");
            assert!(query.is_char_boundary(span.start) && query.is_char_boundary(span.end));
            assert!(!error.to_string().is_empty());
        }
    }
}
