//! How each node reads on one line.

use crate::ast::{
    Binary, Conversion, Expr, Extraction, FilterText, GroupSide, Grouping, LabelFilter,
    LabelFilterValue, LabelFormat, LabelMatch, LabelMatcher, LineFilter, LogQuery, LogRange,
    Matching, Parameter, RangeAggregation, Selector, Stage, StageKind, Unwrap, VectorAggregation,
};
use telemetry_core::labels::MatchOp;
use telemetry_core::syntax::number::{write_f, write_g};
use telemetry_core::syntax::string::quote;
use telemetry_core::time::duration::{format_go, format_prometheus};

/// How sizes in label filters are written.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sizes {
    /// As Loki does: two digits and a unit.
    Rounded,
    /// In bytes.
    Exact,
}

/// Writes nodes.
pub(super) struct Phrases {
    pub(super) sizes: Sizes,
}

impl Phrases {
    pub(super) fn expr(&self, expr: &Expr) -> String {
        match expr {
            Expr::Log(log) => self.log(log),
            Expr::RangeAggregation(node) => self.range_aggregation(node),
            Expr::VectorAggregation(node) => self.vector_aggregation(node),
            Expr::Binary(node) => self.binary(node),
            Expr::Literal(literal) => number(literal.value),
            Expr::Vector(literal) => match self.sizes {
                Sizes::Rounded => format!("vector({:.6})", literal.value),
                Sizes::Exact => format!("vector({})", shortest(literal.value)),
            },
            Expr::LabelReplace(node) => format!(
                "label_replace({},{},{},{},{})",
                self.expr(&node.inner),
                quote(&node.destination),
                quote(&node.replacement),
                quote(&node.source),
                quote(&node.regex),
            ),
        }
    }

    pub(super) fn log(&self, log: &LogQuery) -> String {
        let mut text = selector(&log.selector);
        for stage in &log.stages {
            text.push(' ');
            text.push_str(&self.stage(stage));
        }
        text
    }

    fn range_aggregation(&self, node: &RangeAggregation) -> String {
        let parameter = node.parameter.as_ref().map(|number| parameter(number) + ",");
        let range = self.range(&node.range);
        let grouping = node.grouping.as_ref().map(|grouping| grouping_text(grouping, ","));
        format!(
            "{}({}{range}){}",
            node.op,
            parameter.unwrap_or_default(),
            grouping.unwrap_or_default()
        )
    }

    fn range(&self, range: &LogRange) -> String {
        let mut text = self.log(&range.log);
        if let Some(unwrap) = &range.unwrap {
            text.push_str(" | ");
            text.push_str(&unwrap_text(unwrap));
            for filter in &unwrap.filters {
                text.push_str(" | ");
                text.push_str(&self.label_filter(filter));
            }
        }
        text.push_str(&format!("[{}]", format_prometheus(range.range_ns)));
        if range.offset_ns != 0 {
            text.push_str(&format!(" offset {}", format_go(range.offset_ns)));
        }
        text
    }

    fn vector_aggregation(&self, node: &VectorAggregation) -> String {
        let parameter = node.parameter.as_ref().map(|number| parameter(number) + ",");
        let grouping = match self.sizes {
            Sizes::Exact => node.grouping.as_ref(),
            Sizes::Rounded => shown_grouping(node),
        };
        let grouping = grouping.map(|grouping| grouping_text(grouping, ","));
        format!(
            "{}{}({}{})",
            node.op,
            grouping.unwrap_or_default(),
            parameter.unwrap_or_default(),
            self.expr(&node.inner)
        )
    }

    fn binary(&self, node: &Binary) -> String {
        let mut operator = node.op.as_str().to_string();
        if node.return_bool {
            operator.push_str(" bool");
        }
        if let Some(matching) = &node.matching {
            operator.push_str(&matching_text(matching, ","));
        }
        format!("({} {operator} {})", self.expr(&node.left), self.expr(&node.right))
    }

    /// A stage with the `|` in front of it.
    pub(super) fn stage(&self, stage: &Stage) -> String {
        match &stage.kind {
            StageKind::LineFilter(filter) => line_filter(filter),
            StageKind::Json(extractions) => format!("| json{}", extractions_text(extractions)),
            StageKind::Logfmt { strict, keep_empty, extractions } => {
                let strict = if *strict { " --strict" } else { "" };
                let keep_empty = if *keep_empty { " --keep-empty" } else { "" };
                format!("| logfmt{strict}{keep_empty}{}", extractions_text(extractions))
            }
            StageKind::Regexp(text) => format!("| regexp {}", quote(text)),
            StageKind::Pattern(text) => format!("| pattern {}", quote(text)),
            StageKind::Unpack => "| unpack".into(),
            StageKind::LabelFilter(filter) => format!("| {}", self.label_filter(filter)),
            StageKind::LineFormat(text) => format!("| line_format {}", quote(text)),
            StageKind::LabelFormat(formats) => {
                format!("| label_format {}", joined(formats, ",", label_format))
            }
            StageKind::Decolorize => "| decolorize".into(),
            StageKind::Drop(labels) => format!("| drop {}", joined(labels, ",", label_match)),
            StageKind::Keep(labels) => format!("| keep {}", joined(labels, ",", label_match)),
        }
    }

    pub(super) fn label_filter(&self, filter: &LabelFilter) -> String {
        match filter {
            LabelFilter::And(left, right) => {
                format!("( {} , {} )", self.label_filter(left), self.label_filter(right))
            }
            LabelFilter::Or(left, right) => {
                format!("( {} or {} )", self.label_filter(left), self.label_filter(right))
            }
            LabelFilter::Text(matcher) => match self.sizes {
                Sizes::Rounded => filter_matcher(matcher),
                Sizes::Exact => matcher_text(matcher),
            },
            LabelFilter::Value { name, op, value, .. } => {
                format!("{name}{op}{}", self.filter_value(*value))
            }
            LabelFilter::Ip { name, negative, pattern, .. } => {
                let op = if *negative { "!=" } else { "=" };
                format!("{name}{op}ip({})", quote(pattern))
            }
        }
    }

    fn filter_value(&self, value: LabelFilterValue) -> String {
        match value {
            LabelFilterValue::Number(value) => plain(value),
            LabelFilterValue::Duration(nanos) => format_go(nanos),
            LabelFilterValue::Bytes(bytes) => match self.sizes {
                Sizes::Rounded => rounded_size(bytes),
                Sizes::Exact => format!("{bytes}B"),
            },
        }
    }
}

pub(super) fn selector(selector: &Selector) -> String {
    format!("{{{}}}", joined(&selector.matchers, ", ", matcher_text))
}

fn matcher_text(matcher: &LabelMatcher) -> String {
    format!("{}{}{}", matcher.name, matcher.op, quote(&matcher.value))
}

/// Loki prints the regular expression of a label filter between backquotes, unless it could make
/// something simpler of it: a search for texts, or nothing at all.
fn filter_matcher(matcher: &LabelMatcher) -> String {
    let plain =
        matcher.op != MatchOp::Regex || matcher.value.contains('`') || simplifies(&matcher.value);
    if plain { matcher_text(matcher) } else { format!("{}=~`{}`", matcher.name, matcher.value) }
}

/// Whether an expression is made of literals, `.*`, `.+` and alternatives of those.
fn simplifies(regex: &str) -> bool {
    let regex = regex.strip_prefix("(?i)").unwrap_or(regex);
    let inner = regex.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let regex = match inner {
        Some(inner) if !inner.contains(['(', ')']) => inner,
        _ => regex,
    };
    regex.split('|').all(|part| {
        let part = part.strip_prefix(".*").unwrap_or(part);
        let part = part.strip_suffix(".*").unwrap_or(part);
        part == ".+" || is_literal(part)
    })
}

/// Whether an expression matches one text only.
fn is_literal(regex: &str) -> bool {
    let mut chars = regex.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.next().is_some_and(|c| c.is_ascii_punctuation()) => {}
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '^' | '$' | '\\' => return false,
            _ => {}
        }
    }
    true
}

fn line_filter(filter: &LineFilter) -> String {
    let arm = |arm: &crate::ast::FilterArm| match &arm.text {
        FilterText::Text(text) => quote(text),
        FilterText::Ip(pattern) => format!("ip({})", quote(pattern)),
    };
    format!("{} {}", filter.op, joined(&filter.arms, " or ", arm))
}

fn extractions_text(extractions: &[Extraction]) -> String {
    if extractions.is_empty() {
        return String::new();
    }
    let one = |extraction: &Extraction| format!("{}={}", extraction.label, quote(&extraction.path));
    format!(" {}", joined(extractions, ",", one))
}

fn label_format(format: &LabelFormat) -> String {
    match format {
        LabelFormat::Rename { destination, source, .. } => format!("{destination}={source}"),
        LabelFormat::Template { destination, template, .. } => {
            format!("{destination}={}", quote(template))
        }
    }
}

fn label_match(label: &LabelMatch) -> String {
    match label {
        LabelMatch::Name(name) => name.to_string(),
        LabelMatch::Matcher(matcher) => matcher_text(matcher),
    }
}

/// `unwrap duration(label)`, without its filters.
pub(super) fn unwrap_text(unwrap: &Unwrap) -> String {
    let label = &unwrap.label;
    match unwrap.conversion {
        Conversion::Number => format!("unwrap {label}"),
        Conversion::Bytes => format!("unwrap bytes({label})"),
        Conversion::Duration => format!("unwrap duration({label})"),
        Conversion::DurationSeconds => format!("unwrap duration_seconds({label})"),
    }
}

/// ` by (a,b)`.
pub(super) fn grouping_text(grouping: &Grouping, separator: &str) -> String {
    let word = if grouping.without { "without" } else { "by" };
    format!(" {word} ({})", grouping.labels.join(separator))
}

/// ` on (a) group_left (b)`. As in Loki a blank follows where there is no group.
fn matching_text(matching: &Matching, separator: &str) -> String {
    let word = if matching.on { "on" } else { "ignoring" };
    let labels = matching.labels.join(separator);
    let group = match &matching.group {
        None => String::new(),
        Some(group) => {
            let side = side_text(group.side);
            match &group.include {
                None => side.to_string(),
                Some(labels) => format!("{side} ({})", labels.join(separator)),
            }
        }
    };
    format!(" {word} ({labels}) {group}")
}

pub(super) fn side_text(side: GroupSide) -> &'static str {
    match side {
        GroupSide::Left => "group_left",
        GroupSide::Right => "group_right",
    }
}

/// The grouping that Loki prints: `by ()` is what there is without one.
pub(super) fn shown_grouping(node: &VectorAggregation) -> Option<&Grouping> {
    node.grouping.as_ref().filter(|grouping| grouping.without || !grouping.labels.is_empty())
}

/// A parameter: a quantile or a `k`.
pub(super) fn parameter(parameter: &Parameter) -> String {
    plain(parameter.value)
}

/// A number without an exponent.
fn plain(value: f64) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_f(&mut text, value);
    text
}

/// A number. There is no literal for what is none or infinite, but there are expressions.
fn number(value: f64) -> String {
    if value.is_nan() {
        return "(0 / 0)".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "(1e308 * 10)".into() } else { "(-1e308 * 10)".into() };
    }
    shortest(value)
}

/// A number in Go's shortest form.
pub(super) fn shortest(value: f64) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_g(&mut text, value);
    text
}

/// Two digits and a unit of thousands, as the Go package humanize prints sizes.
fn rounded_size(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 10 {
        return format!("{bytes}B");
    }
    let mut power = 0;
    let mut rest = bytes;
    while rest >= 1000 && power + 1 < UNITS.len() {
        rest /= 1000;
        power += 1;
    }
    let scale = 1000f64.powi(i32::try_from(power).unwrap_or_default());
    let value = (bytes as f64 / scale * 10.0 + 0.5).floor() / 10.0;
    let unit = UNITS.get(power).copied().unwrap_or_default();
    if value < 10.0 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
}

fn joined<T>(items: &[T], separator: &str, one: impl Fn(&T) -> String) -> String {
    items.iter().map(one).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_as_humanize_does() {
        for (bytes, text) in [
            (0, "0B"),
            (9, "9B"),
            (10, "10B"),
            (1024, "1.0kB"),
            (2560, "2.6kB"),
            (10_000_000_000, "10GB"),
            (999_999, "1000kB"),
        ] {
            assert_eq!(rounded_size(bytes), text);
        }
    }
}
