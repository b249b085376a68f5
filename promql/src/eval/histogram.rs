//! Functions over the buckets of histograms, classic and native.
//!
//! A classic histogram is a group of series that differ in the label `le` only. Series are grouped
//! once; per step the buckets that have a value are put together.

use telemetry_core::labels::Labels;
use telemetry_core::vector::{Grouping, Groups};

use super::scalar::ScalarColumn;
use super::{
    Collected, EvaluationError, Evaluator, Grid, Identity, Note, Pace, Row, RowSet, merge,
};
use crate::functions::{Bucket, Forced, bucket_fraction, bucket_quantile};
use crate::native;
use crate::plan::{HistogramCall, HistogramFunction};
use telemetry_core::syntax::Span;
use telemetry_core::syntax::number::{format_f, format_g, parse_float};

/// The label that holds the upper bound of a bucket.
const BOUND: &str = "le";

/// The series of one histogram.
#[derive(Default)]
struct Member<'r> {
    identity: Identity,
    /// Upper bounds and the series that count up to them.
    buckets: Vec<(f64, &'r Row)>,
    /// Series that hold native histograms.
    native: Vec<&'r Row>,
}

/// What is asked of the histograms.
enum Ask {
    Quantile { phi: ScalarColumn, label: Option<Box<str>> },
    Fraction(ScalarColumn, ScalarColumn),
}

impl<'a> Evaluator<'a> {
    pub(super) fn histogram(
        &'a self,
        node: &'a HistogramCall,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        let (asks, label) = self.asks(node, grid)?;
        let rows = self.collect(&node.input, grid)?;
        let members = self.members(&rows, node.span);
        let mut results = Vec::new();
        for member in &members {
            self.context.check()?;
            for ask in &asks {
                self.answer(member, ask, label, node.span, grid, &mut results)?;
            }
        }
        merge::join_equal(self.context, results, node.span).map(RowSet::Ready)
    }

    fn asks(
        &'a self,
        node: &'a HistogramCall,
        grid: Grid,
    ) -> Result<(Vec<Ask>, &'a str), EvaluationError> {
        let quantile = |phi: &'a _, span| {
            let phi: ScalarColumn = self.scalar(phi, grid)?;
            for step in 0..grid.count {
                let phi = phi.at(step);
                if phi.is_nan() || !(0.0..=1.0).contains(&phi) {
                    self.annotations.add(Note::InvalidQuantile(phi.into()), span);
                }
            }
            Ok::<_, EvaluationError>(phi)
        };
        Ok(match &node.function {
            HistogramFunction::Quantile(phi) => {
                let phi = quantile(phi, node.parameter_span)?;
                (vec![Ask::Quantile { phi, label: None }], "")
            }
            HistogramFunction::Quantiles { label, phis } => {
                let ask = |(phi, span): &'a (_, Span)| {
                    let phi = quantile(phi, *span)?;
                    let label = Some(Box::from(quantile_label(phi.at(0))));
                    Ok(Ask::Quantile { phi, label })
                };
                let asks: Result<Vec<Ask>, EvaluationError> = phis.iter().map(ask).collect();
                (asks?, &**label)
            }
            HistogramFunction::Fraction(lower, upper) => {
                let (lower, upper) = (self.scalar(lower, grid)?, self.scalar(upper, grid)?);
                (vec![Ask::Fraction(lower, upper)], "")
            }
        })
    }

    /// The series by the histogram they belong to. Native histograms come first.
    fn members<'r>(&self, rows: &'r [Collected], span: Span) -> Vec<Member<'r>> {
        let mut groups = Groups::new(Grouping::Without(vec![BOUND.into()]));
        let mut whole = Groups::new(Grouping::Without(Vec::new()));
        let mut classic: Vec<Member<'r>> = Vec::new();
        let mut native: Vec<Member<'r>> = Vec::new();
        for row in rows {
            let Identity { labels, drop_name } = &row.identity;
            if has_float(&row.row) {
                let bound = labels.get(BOUND).unwrap_or_default();
                match parse_float(bound) {
                    Ok(bound) => {
                        let group = groups.assign(labels);
                        let member = member(&mut classic, group, groups.labels(group), *drop_name);
                        member.buckets.push((bound, &row.row));
                    }
                    Err(_) => {
                        let metric = labels.name().unwrap_or_default().into();
                        let value = bound.into();
                        self.annotations.add(Note::BadBucketLabel { metric, value }, span);
                    }
                }
            }
            if row.row.has_histograms() {
                let group = whole.assign(labels);
                member(&mut native, group, labels, *drop_name).native.push(&row.row);
            }
        }
        // Where a native histogram has the labels of a classic one, they are looked at together.
        for member in &mut native {
            if let Some(group) = groups.find(&member.identity.labels)
                && groups.labels(group) == &member.identity.labels
                && let Some(other) = classic.get_mut(group as usize)
            {
                member.buckets = std::mem::take(&mut other.buckets);
            }
        }
        classic.retain(|member| !member.buckets.is_empty());
        native.extend(classic);
        native
    }

    fn answer(
        &self,
        member: &Member<'_>,
        ask: &Ask,
        label: &str,
        span: Span,
        grid: Grid,
        results: &mut Vec<Collected>,
    ) -> Result<(), EvaluationError> {
        let metric = member.identity.labels.name().unwrap_or_default();
        let mut row = Row::absent(grid.count);
        let mut buckets: Vec<Bucket> = Vec::new();
        let mut pace = Pace::new(self.context);
        for step in 0..grid.count {
            pace.spend(member.buckets.len() * 8 + 1)?;
            buckets.clear();
            let present = member
                .buckets
                .iter()
                .filter(|(_, row)| row.presence.contains(step) && row.histogram(step).is_none());
            buckets.extend(present.map(|(upper_bound, row)| Bucket {
                upper_bound: *upper_bound,
                count: row.floats[step],
            }));
            let present = |row: &&&Row| row.presence.contains(step);
            let native = member.native.iter().find(present).and_then(|row| row.histogram(step));
            let remark = |note: fn(Box<str>) -> Note| {
                self.annotations.add(note(metric.into()), span);
            };
            match (native, buckets.is_empty()) {
                (Some(_), false) => remark(|metric| Note::MixedClassicAndNative { metric }),
                (Some(histogram), true) => {
                    let value = match ask {
                        Ask::Quantile { phi, .. } => {
                            native::quantile(phi.at(step), histogram, &remark)
                        }
                        Ask::Fraction(lower, upper) => {
                            native::fraction(lower.at(step), upper.at(step), histogram, &remark)
                        }
                    };
                    row.set_float(step, value);
                }
                (None, false) => match ask {
                    Ask::Quantile { phi, .. } => {
                        let found = bucket_quantile(phi.at(step), &mut buckets);
                        if let Some(forced) = found.forced {
                            let detail = describe(&forced, grid.time(step));
                            let metric = metric.into();
                            let note = Note::ForcedMonotonicity { metric, detail };
                            self.annotations.add(note, span);
                        }
                        row.set_float(step, found.value);
                    }
                    Ask::Fraction(lower, upper) => {
                        let value = bucket_fraction(lower.at(step), upper.at(step), &mut buckets);
                        row.set_float(step, value);
                    }
                },
                (None, true) => {}
            }
        }
        if row.presence.is_none() {
            return Ok(());
        }
        results.push(Collected::new(self.answered(member, ask, label), row));
        Ok(())
    }

    fn answered(&self, member: &Member<'_>, ask: &Ask, label: &str) -> Identity {
        let mut identity = self.without_name(&member.identity);
        if let Ask::Quantile { label: Some(value), .. } = ask {
            identity.labels = identity.labels.with(label, value);
        }
        identity
    }
}

fn member<'m, 'r>(
    members: &'m mut Vec<Member<'r>>,
    group: u32,
    labels: &Labels,
    drop_name: bool,
) -> &'m mut Member<'r> {
    let at = group as usize;
    if at >= members.len() {
        members.resize_with(at + 1, Member::default);
    }
    let member = &mut members[at];
    member.identity.labels = labels.clone();
    member.identity.drop_name |= drop_name;
    member
}

fn has_float(row: &Row) -> bool {
    row.presence.ones().any(|step| row.histogram(step).is_none())
}

/// The quantile as the value of a label: a number with a point.
fn quantile_label(phi: f64) -> String {
    let text = format_f(phi);
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if plain { text + ".0" } else { text }
}

/// Which buckets were raised, by how much and when.
fn describe(forced: &Forced, time: i64) -> Box<str> {
    let (low, high) = (format_g(forced.lowest), format_g(forced.highest));
    let most = format_g(forced.largest_difference);
    let at = telemetry_core::time::Millis(time);
    format!(", from buckets {low} to {high}, with a max diff of {most}, over 1 samples from {at} to {at}")
        .into()
}
