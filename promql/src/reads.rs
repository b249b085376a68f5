//! What a query looks at: its selectors, and the labels it names.
//!
//! Static: the answer comes from the tree, no source is asked. Linters, dashboards and recording
//! rules ask this ("which metrics does this expression read").

use std::collections::BTreeSet;

use telemetry_core::labels::METRIC_NAME;

use crate::ast::visit::{walk, walk_below};
use crate::ast::{
    Aggregate, Call, Duration, Expr, Grouping, MatchOp, MatchingLabels, Subquery, VectorSelector,
};

/// One selector of a query and what stands around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Read<'tree> {
    /// Which series are read.
    pub selector: &'tree VectorSelector,
    /// How much of them at each evaluation; `None`: the newest sample.
    pub range: Option<&'tree Duration>,
    /// What stands around it, the outermost first, without parentheses.
    pub above: Vec<&'tree Expr>,
}

impl<'tree> Read<'tree> {
    /// The name of the metric, if the selector asks for a single one.
    pub fn metric(&self) -> Option<&'tree str> {
        let named = |name: &&'tree crate::ast::LabelMatcher| {
            name.op == MatchOp::Equal && &*name.name == METRIC_NAME
        };
        let matcher = || self.selector.matchers.iter().find(named);
        self.selector.name.as_deref().or_else(|| matcher().map(|matcher| &*matcher.value))
    }

    /// The function or aggregation that takes what is read.
    pub fn function(&self) -> Option<&'tree str> {
        match self.above.last()? {
            Expr::Call(call) => Some(&call.name),
            Expr::Aggregate(aggregate) => Some(aggregate.op.name()),
            _ => None,
        }
    }

    /// The sub-queries in which it is read, the outermost first.
    pub fn subqueries(&self) -> impl Iterator<Item = &'tree Subquery> {
        self.above.iter().filter_map(|node| match node {
            Expr::Subquery(subquery) => Some(subquery),
            _ => None,
        })
    }
}

/// Every selector of `expr`, in the order of the text.
///
/// ```
/// let expr = promql::parse(r#"sum(rate(errors_total{job="api"}[5m])) / sum({"http.requests"})"#)?;
/// let reads = promql::reads(&expr);
/// let metrics: Vec<_> = reads.iter().filter_map(|read| read.metric()).collect();
/// assert_eq!(metrics, ["errors_total", "http.requests"]);
/// assert_eq!(reads[0].function(), Some("rate"));
/// # Ok::<(), promql::Error>(())
/// ```
pub fn reads(expr: &Expr) -> Vec<Read<'_>> {
    let mut reads = Vec::new();
    walk_below(expr, &mut |node, above| {
        let (selector, range) = match node {
            Expr::Selector(selector) => (selector, None),
            Expr::Matrix(matrix) => (&matrix.selector, Some(&matrix.range)),
            _ => return true,
        };
        let above = above.iter().copied().filter(|node| !matches!(node, Expr::Paren(_))).collect();
        reads.push(Read { selector, range, above });
        true
    });
    reads
}

/// Every label that `expr` names, sorted: in matchers, in `by`, `without`, `on`, `ignoring`,
/// `group_left` and `group_right`, and as an argument of a function. The metric's name is among them,
/// as `__name__`, where it stands in the braces, and is not where it stands in front of them.
///
/// ```
/// let expr = promql::parse(r#"sum by (job) (label_replace(up{env!=""}, "a", "$1", "b", "(.*)"))"#)?;
/// assert!(promql::label_names(&expr).into_iter().eq(["a", "b", "env", "job"]));
/// # Ok::<(), promql::Error>(())
/// ```
pub fn label_names(expr: &Expr) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    walk(expr, &mut |node| {
        match node {
            Expr::Selector(selector) => of_selector(selector, &mut names),
            Expr::Matrix(matrix) => of_selector(&matrix.selector, &mut names),
            Expr::Aggregate(aggregate) => of_aggregate(aggregate, &mut names),
            Expr::Call(call) => of_call(call, &mut names),
            Expr::Binary(binary) => {
                let (MatchingLabels::On(labels) | MatchingLabels::Ignoring(labels)) =
                    &binary.matching.labels;
                names.extend(labels.iter().map(|label| &**label));
                let included = binary.matching.group.iter().flat_map(|group| &group.include);
                names.extend(included.map(|label| &**label));
            }
            _ => {}
        }
        true
    });
    names
}

fn of_selector<'tree>(selector: &'tree VectorSelector, names: &mut BTreeSet<&'tree str>) {
    names.extend(selector.matchers.iter().map(|matcher| &*matcher.name));
}

fn of_aggregate<'tree>(aggregate: &'tree Aggregate, names: &mut BTreeSet<&'tree str>) {
    let (Grouping::By(labels) | Grouping::Without(labels)) = &aggregate.grouping;
    names.extend(labels.iter().map(|label| &**label));
    // `count_values("label", …)`
    names.extend(aggregate.param.iter().filter_map(|param| text(param)));
}

/// The arguments that are names of labels, by position.
fn of_call<'tree>(call: &'tree Call, names: &mut BTreeSet<&'tree str>) {
    let is_label: fn(usize) -> bool = match &*call.name {
        "label_replace" => |at| at == 1 || at == 3,
        "label_join" => |at| at == 1 || at > 2,
        "sort_by_label" | "sort_by_label_desc" => |at| at > 0,
        "histogram_quantiles" => |at| at == 1,
        _ => return,
    };
    let labels = call.args.iter().enumerate().filter(|(at, _)| is_label(*at));
    names.extend(labels.filter_map(|(_, arg)| text(arg)));
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::String(text) => Some(&text.value),
        Expr::Paren(paren) => text(&paren.expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ParseOptions, parse_with};

    fn tree(query: &str) -> Expr {
        parse_with(query, &ParseOptions::EVERYTHING).unwrap()
    }

    #[test]
    fn a_metric_is_named_in_front_of_the_braces_or_in_them() {
        let metrics = |query| {
            let expr = tree(query);
            let metric = |read: &Read<'_>| read.metric().map(str::to_owned);
            reads(&expr).iter().map(metric).collect::<Vec<_>>()
        };
        assert_eq!(metrics("a"), [Some("a".into())]);
        assert_eq!(metrics(r#"{"a.b", c="d"}"#), [Some("a.b".into())]);
        assert_eq!(metrics(r#"{__name__=~"a|b"}"#), [None]);
        assert_eq!(metrics(r#"a + rate({c="d"}[5m] offset 1h)"#), [Some("a".into()), None]);
        assert!(metrics("1 + time()").is_empty());
    }

    #[test]
    fn parentheses_do_not_come_between_a_function_and_its_argument() {
        let expr = tree("max_over_time((rate((a[5m])))[1h:5m])");
        let reads = reads(&expr);
        assert_eq!(reads[0].function(), Some("rate"));
        let range = reads[0].range.map(|range| &range.kind);
        assert_eq!(range, Some(&crate::ast::DurationKind::Millis(300_000)));
        assert_eq!(reads[0].subqueries().count(), 1);
    }

    #[test]
    fn labels_are_found_wherever_they_may_be_named() {
        let expr = tree(
            r#"sum by (a) (m{b="1"}) * on (c) group_left (d) count_values without (e) ("f", n)
               + ignoring (g) label_join(o, "h", "-", "i", "j") or sort_by_label(p, "k")"#,
        );
        let names: Vec<_> = label_names(&expr).into_iter().collect();
        assert_eq!(names, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]);
    }
}
