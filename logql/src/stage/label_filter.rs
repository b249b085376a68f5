//! `status >= 500 and method = "GET"`: keeps or drops lines by their labels.
//!
//! A value that cannot be read keeps the line and marks it, unless it carries an error already; a
//! label that is missing drops it, except where text is compared, for which it is empty.

use super::ip::IpSet;
use super::labels::{ERROR, ERROR_DETAILS, LineError, LineLabels};
use crate::ast::{self, LabelFilterValue, ValueOp};
use crate::error::{CheckError, Error, StageError};
use crate::lexer::{parse_go_duration, parse_human_bytes};
use telemetry_core::labels::Matcher;
use telemetry_core::syntax::number::{NumberError, parse_float};
use telemetry_core::syntax::string::quote;

/// A label filter, ready to run.
#[derive(Clone, Debug)]
pub(crate) enum LabelFilter {
    And(Box<LabelFilter>, Box<LabelFilter>),
    Or(Box<LabelFilter>, Box<LabelFilter>),
    Text(Matcher),
    Value { name: Box<str>, op: ValueOp, value: LabelFilterValue },
    Ip { name: Box<str>, negative: bool, set: IpSet },
}

impl LabelFilter {
    /// The filter; `stage` names it in an error.
    pub(crate) fn new(
        filter: &ast::LabelFilter,
        stage: &dyn Fn(StageError) -> Error,
    ) -> Result<Self, Error> {
        Ok(match filter {
            ast::LabelFilter::And(left, right) => LabelFilter::And(
                Box::new(LabelFilter::new(left, stage)?),
                Box::new(LabelFilter::new(right, stage)?),
            ),
            ast::LabelFilter::Or(left, right) => LabelFilter::Or(
                Box::new(LabelFilter::new(left, stage)?),
                Box::new(LabelFilter::new(right, stage)?),
            ),
            ast::LabelFilter::Text(matcher) => LabelFilter::Text(compiled(matcher)?),
            ast::LabelFilter::Value { name, op, value, .. } => {
                LabelFilter::Value { name: name.clone(), op: *op, value: *value }
            }
            ast::LabelFilter::Ip { name, negative, pattern, .. } => LabelFilter::Ip {
                name: name.clone(),
                negative: *negative,
                set: IpSet::parse(pattern).map_err(stage)?,
            },
        })
    }

    /// Whether the line stays. The depth is bounded by the parser.
    pub(crate) fn keeps(&self, labels: &mut LineLabels) -> bool {
        match self {
            LabelFilter::And(left, right) => left.keeps(labels) && right.keeps(labels),
            LabelFilter::Or(left, right) => left.keeps(labels) || right.keeps(labels),
            LabelFilter::Text(matcher) => {
                matcher.matches(labels.get(matcher.name()).unwrap_or_default())
            }
            LabelFilter::Value { name, op, value } => keeps_value(labels, name, *op, *value),
            LabelFilter::Ip { name, negative, set } => {
                labels.get(name).is_some_and(|text| set.is_in(text.as_bytes()) != *negative)
            }
        }
    }

    /// Calls `each` with the names of the labels that are read.
    pub(crate) fn for_each_name<'f>(&'f self, each: &mut dyn FnMut(&'f str)) {
        match self {
            LabelFilter::And(left, right) | LabelFilter::Or(left, right) => {
                left.for_each_name(each);
                right.for_each_name(each);
            }
            LabelFilter::Text(matcher) => each(matcher.name()),
            LabelFilter::Value { name, .. } | LabelFilter::Ip { name, .. } => each(name),
        }
    }
}

/// The matcher of a pipeline, compiled.
pub(crate) fn compiled(matcher: &ast::LabelMatcher) -> Result<Matcher, Error> {
    Matcher::new(matcher.op, &*matcher.name, &*matcher.value)
        .map_err(|error| Error::Check { error: CheckError::Regex(error), span: matcher.at.0 })
}

fn keeps_value(labels: &mut LineLabels, name: &str, op: ValueOp, value: LabelFilterValue) -> bool {
    let Some(text) = value_text(labels, name) else { return false };
    let order = match value {
        LabelFilterValue::Number(value) => parse_sample(text).map(|read| read.partial_cmp(&value)),
        LabelFilterValue::Duration(nanos) => parse_go_duration(text)
            .map(|read| Some(read.cmp(&nanos)))
            .map_err(|error| error.to_string()),
        LabelFilterValue::Bytes(bytes) => parse_human_bytes(text)
            .map(|read| Some(read.cmp(&bytes)))
            .map_err(|error| error.to_string()),
    };
    match order {
        Ok(order) => holds(op, order),
        Err(details) => {
            if !labels.has_error() {
                labels.set_error(LineError::LabelFilter, &details);
            }
            true
        }
    }
}

/// The value of an ordinary label: an error's name is a text and nothing else.
fn value_text<'l>(labels: &'l LineLabels, name: &str) -> Option<&'l str> {
    if matches!(name, ERROR | ERROR_DETAILS) { None } else { labels.get(name) }
}

/// Whether an order satisfies an operator; NaN has none, and only differs.
fn holds(op: ValueOp, order: Option<std::cmp::Ordering>) -> bool {
    let Some(order) = order else { return op == ValueOp::NotEqual };
    match op {
        ValueOp::Equal => order.is_eq(),
        ValueOp::NotEqual => order.is_ne(),
        ValueOp::Greater => order.is_gt(),
        ValueOp::GreaterEqual => order.is_ge(),
        ValueOp::Less => order.is_lt(),
        ValueOp::LessEqual => order.is_le(),
    }
}

/// A number as Go's `strconv.ParseFloat` reads it, or what Go says.
pub(crate) fn parse_sample(text: &str) -> Result<f64, String> {
    parse_float(text).map_err(|error| {
        let why = match error {
            NumberError::OutOfRange => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.ParseFloat: parsing {}: {why}", quote(text))
    })
}

#[cfg(test)]
mod tests {
    use crate::stage::test_support::{apply, keeps, labels_of};

    #[test]
    fn values_of_every_kind() {
        for (filter, line, kept) in [
            ("n > 5", "n=6", true),
            ("n > 5", "n=5", false),
            ("n = 7", "n=007", true),
            ("n = 1000", "n=1_000", true),
            ("n > 5", "m=6", false),
            ("d > 1s", "d=1.5s", true),
            ("d <= -1s", "d=-2s", true),
            ("b >= 1KB", "b=1kB", true),
            ("b < 1KiB", "b=1,5", true),
            (r#"t = """#, "n=1", true),
            (r#"t =~ "ab?""#, "t=abc", false),
            (r#"a = ip("10.0.0.0/8")"#, "a=10.1.2.3", true),
            (r#"a != ip("10.0.0.0/8")"#, "a=10.1.2.3", false),
            (r#"a != ip("10.0.0.0/8")"#, "b=1", false),
        ] {
            assert_eq!(keeps(&format!("| logfmt | {filter}"), line), kept, "{filter} on {line}");
        }
    }

    #[test]
    fn what_cannot_be_read_marks_the_line_and_keeps_it() {
        let entry = apply("| logfmt | n > 5 | d > 1s | m = 0", "n=x d=y m=0");
        assert!(entry.kept && !keeps("| logfmt | n > 5 | m = 1", "n=x m=0"));
        let details = r#"__error_details__=strconv.ParseFloat: parsing "x": invalid syntax"#;
        assert_eq!(labels_of(&entry)[..2], ["__error__=LabelFilterErr", details]);
    }

    #[test]
    fn comma_and_blank_take_all_that_follows() {
        for (filter, kept) in [
            (r#"a="0", b="1" or c="1""#, false),
            (r#"a="1" and b="0" or c="1""#, true),
            (r#"a="0" or b="1", c="1""#, true),
            (r#"(a="0" or b="1") c="0""#, false),
        ] {
            let line = "a=1 b=1 c=1";
            assert_eq!(keeps(&format!("| logfmt | {filter}"), line), kept, "{filter}");
        }
    }
}
