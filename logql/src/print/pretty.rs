//! How a query reads on several lines.
//!
//! A node that fits on a line stays on it. One that does not is split: stages under their
//! selector, arguments under their function, operands above and below their operator, each two
//! blanks deeper.

use super::phrase::{
    Phrases, Sizes, grouping_text, parameter, selector, shown_grouping, side_text, unwrap_text,
};
use crate::ast::{Binary, Expr, LogQuery, LogRange, Matching, Stage, StageKind};
use telemetry_core::syntax::string::quote;
use telemetry_core::time::duration::format_prometheus;

/// Bytes of a line beyond which a node is split.
pub const LINE_BYTES_MAX: usize = 100;

/// The query with long lines split, as Loki's `/format_query` prints it.
///
/// Like Loki it leaves out an empty `on ()`, and rounds sizes; the text is for people.
pub fn pretty(expr: &Expr) -> String {
    pretty_within(expr, LINE_BYTES_MAX)
}

/// As [`pretty`], with lines of at most `line_bytes_max` where they can be split.
pub fn pretty_within(expr: &Expr, line_bytes_max: usize) -> String {
    Pretty { phrases: Phrases { sizes: Sizes::Rounded }, line_bytes_max }.expr(expr, 0)
}

struct Pretty {
    phrases: Phrases,
    line_bytes_max: usize,
}

impl Pretty {
    fn expr(&self, expr: &Expr, level: usize) -> String {
        let one_line = self.phrases.expr(expr);
        if one_line.len() <= self.line_bytes_max {
            return indent(level) + &one_line;
        }
        match expr {
            Expr::Log(log) => self.log(log, level),
            Expr::RangeAggregation(node) => {
                let arguments = node
                    .parameter
                    .iter()
                    .map(|number| indent(level + 1) + &parameter(number))
                    .chain([self.range(&node.range, level + 1)]);
                let grouping = node.grouping.as_ref().map(|grouping| grouping_text(grouping, ", "));
                let call = self.call(node.op.as_str(), arguments, level);
                call + &grouping.unwrap_or_default()
            }
            Expr::VectorAggregation(node) => {
                let arguments = node
                    .parameter
                    .iter()
                    .map(|number| indent(level + 1) + &parameter(number))
                    .chain([self.expr(&node.inner, level + 1)]);
                let grouping = shown_grouping(node).map(|grouping| grouping_text(grouping, ", "));
                let head = format!("{}{}", node.op, grouping.unwrap_or_default());
                self.call(&head, arguments, level)
            }
            Expr::LabelReplace(node) => {
                let texts = [&node.destination, &node.replacement, &node.source, &node.regex];
                let arguments = [self.expr(&node.inner, level + 1)]
                    .into_iter()
                    .chain(texts.map(|text| indent(level + 1) + &quote(text)));
                self.call("label_replace", arguments, level)
            }
            Expr::Binary(node) => format!(
                "{}\n{}{}\n{}",
                self.expr(&node.left, level + 1),
                indent(level),
                operator(node),
                self.expr(&node.right, level + 1)
            ),
            Expr::Literal(_) | Expr::Vector(_) => indent(level) + &one_line,
        }
    }

    fn call(&self, head: &str, arguments: impl Iterator<Item = String>, level: usize) -> String {
        let arguments: Vec<String> = arguments.collect();
        format!("{0}{head}(\n{1}\n{0})", indent(level), arguments.join(",\n"))
    }

    fn log(&self, log: &LogQuery, level: usize) -> String {
        let one_line = self.phrases.log(log);
        if one_line.len() <= self.line_bytes_max {
            return indent(level) + &one_line;
        }
        let mut lines = vec![indent(level) + &selector(&log.selector)];
        // Line filters in a row count as one stage, and stay together while they fit.
        let is_filter = |stage: &Stage| matches!(stage.kind, StageKind::LineFilter(_));
        for run in log.stages.chunk_by(|a, b| is_filter(a) && is_filter(b)) {
            let texts: Vec<String> = run.iter().map(|stage| self.phrases.stage(stage)).collect();
            let together = texts.join(" ");
            match together.len() <= self.line_bytes_max {
                true => lines.push(indent(level + 1) + &together),
                false => lines.extend(texts.iter().map(|text| indent(level + 1) + text)),
            }
        }
        lines.join("\n")
    }

    fn range(&self, range: &LogRange, level: usize) -> String {
        let mut text = self.log(&range.log, level);
        if let Some(unwrap) = &range.unwrap {
            let blank = indent(level + 1);
            text.push_str(&format!("\n{blank}| {}", unwrap_text(unwrap)));
            for filter in &unwrap.filters {
                text.push_str(&format!("\n{blank}| {}", self.phrases.label_filter(filter)));
            }
        }
        text.push_str(&format!(" [{}]", format_prometheus(range.range_ns)));
        if range.offset_ns != 0 {
            text.push_str(&format!(" offset {}", offset(range.offset_ns)));
        }
        text
    }
}

fn offset(nanos: i64) -> String {
    match nanos < 0 {
        true => format!("-{}", format_prometheus(nanos.saturating_neg())),
        false => format_prometheus(nanos),
    }
}

fn operator(node: &Binary) -> String {
    let mut text = node.op.as_str().to_string();
    if node.return_bool {
        text.push_str(" bool");
    }
    if let Some(matching) = &node.matching {
        text.push_str(&matching_text(matching));
    }
    text
}

fn matching_text(matching: &Matching) -> String {
    if matching.labels.is_empty() {
        return String::new();
    }
    let word = if matching.on { "on" } else { "ignoring" };
    let group = match &matching.group {
        None => String::new(),
        Some(group) => match &group.include {
            Some(labels) if !labels.is_empty() => {
                format!("{} ({})", side_text(group.side), labels.join(", "))
            }
            _ => side_text(group.side).to_string(),
        },
    };
    format!(" {word} ({}) {group}", matching.labels.join(", "))
}

fn indent(level: usize) -> String {
    "  ".repeat(level)
}
