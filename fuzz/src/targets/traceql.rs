//! Targets of TraceQL's front end.

use traceql::{SyntaxErrorKind, lenient_conditions, parse, parse_syntax};

use super::Target;

pub(super) const TARGETS: &[Target] = &[Target {
    name: "traceql_parse",
    run: read,
    seeds: &[
        b"{ resource.service.name = \"api\" && (status = error || duration > 1.5s) } >> { .\"a b\".c =~ `x.*` }",
        b"({ span.a != nil } | by(.b) | count() > 2) && ({ -.c ^ 2 <= 3 } | coalesce() | avg(duration) > 10ms)",
        b"{ event:name = `x` } &~ { !link.y } | select(.z, trace:id) with(most_recent=true)",
        b"({ } | rate() by (name) | topk(3)) / ({ kind = server } | quantile_over_time(duration, .5, 1)) * -2 > 1",
        b"{ } | compare({ minInt < nestedSetLeft }, 5, 1, 2)",
    ],
}];

/// Alternatives of an unfinished query that are looked for.
const GROUPS_MAX: usize = 20;

/// A query is refused at a place inside it, or what is printed of it is read back as the same tree.
fn read(data: &[u8]) {
    let query = String::from_utf8_lossy(data);
    let _ = lenient_conditions(&query, GROUPS_MAX);
    if let Err(error) = parse(&query) {
        assert!(error.span().is_some_and(|span| span.end <= query.len()));
        assert!(!error.render(&query).is_empty());
    }
    let Ok(tree) = parse_syntax(&query) else { return };
    let printed = tree.to_string();
    match parse_syntax(&printed) {
        Ok(again) => assert_eq!(again, tree, "{printed}"),
        // Brackets that the query did not have can take its text over a bound.
        Err(error) => assert!(
            matches!(
                error.kind,
                SyntaxErrorKind::TooDeep
                    | SyntaxErrorKind::TooLong
                    | SyntaxErrorKind::TooManyOperators
            ),
            "{printed}: {error}"
        ),
    }
}
