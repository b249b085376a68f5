//! Targets of PromQL's front end.

use promql::ast::{Expr, visit::clear_spans};
use promql::complete::complete;
use promql::print::{canonical, outline, pretty};
use promql::{ParseOptions, parse_with};

use super::Target;

pub(super) const TARGETS: &[Target] = &[PARSE, COMPLETE];

const COMPLETE: Target = Target {
    name: "promql_complete",
    run: complete_anywhere,
    seeds: &[
        b"\x07sum by (job) (rate(http_requests_total{code=~\"5..\"}[5m] offset 1h)) / on (a) b",
        b"\x21topk(3, {\"a.b\", c!='d'} @ end()) > bool on (d) group_left (e) fill(1) f[5m:1m]",
    ],
};

const PARSE: Target = Target {
    name: "promql_parse",
    run: parse,
    seeds: &[
        b"sum by (job, \"a.b\") (rate(http_requests_total{code=~\"5..\"}[5m] offset 1h)) / 2",
        b"topk(3, a{b!='c'} @ end()) > bool on (d) group_left (e) f{`g`!~\"h\"}",
        b"max_over_time(deriv(x[min_of(step(), 1m):15s])[1h:]) ^ -0x1F and NaN # end",
        b"a + ignoring (b) fill_left (1) fill_right (-2) {\"c.d\"} anchored atan2 3 </ 1d12h",
    ],
};

/// The first byte says where the cursor is in the rest: what is replaced is a piece of the text.
fn complete_anywhere(data: &[u8]) {
    let Some((cursor, text)) = data.split_first() else { return };
    let query = String::from_utf8_lossy(text);
    let completion = complete(&query, usize::from(*cursor), &ParseOptions::EVERYTHING);
    assert!(query.get(completion.span.start..completion.span.end).is_some());
}

/// A query is refused at a place inside it, or what is printed of it is read back as the same tree.
fn parse(data: &[u8]) {
    let query = String::from_utf8_lossy(data);
    match parse_with(&query, &ParseOptions::EVERYTHING) {
        Ok(expr) => {
            let tree = without_spans(expr);
            for printed in [canonical(&tree), pretty(&tree)] {
                let again = parse_with(&printed, &ParseOptions::EVERYTHING).map(without_spans);
                assert_eq!(again.as_ref(), Ok(&tree), "{printed}");
            }
            assert!(!outline(&tree).is_empty());
        }
        Err(error) => {
            assert!(error.span().is_none_or(|span| span.end <= query.len()));
            assert!(!error.to_string().is_empty());
        }
    }
}

fn without_spans(mut expr: Expr) -> Expr {
    clear_spans(&mut expr);
    expr
}
