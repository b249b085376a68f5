//! The lines of a script that name a series and its values: `METRIC VALUES`.
//!
//! ~~~text
//! errors{job="a"}  0+10x5  _x2  stale  {{schema:0 count:3 buckets:[1 2]}}x4
//! ~~~

use super::histogram;
use telemetry_core::labels::{Labels, LabelsBuilder, METRIC_NAME, MatchOp};
use telemetry_core::model::{Histogram, STALE_MARKER, SampleValue};
use telemetry_core::syntax::number::parse_number;
use telemetry_core::time::duration::parse_prometheus;

/// Values of a line that are written as one item, at most.
const REPEATS_MAX: usize = 1 << 20;

/// One position of a line: a value, or none.
pub(super) type Slot = Option<SampleValue>;

/// The labels at the start of `line`, and the rest of it.
pub(super) fn metric(line: &str) -> Result<(Labels, &str), String> {
    let end = metric_end(line);
    let (text, rest) = line.split_at(end);
    let text = text.trim();
    let bad = || format!("no series: {text}");
    if text.is_empty() {
        return Err(bad());
    }
    let options = promql::ParseOptions::EVERYTHING;
    let promql::ast::Expr::Selector(selector) =
        promql::parse::parse_unchecked(text, &options).map_err(|error| error.to_string())?
    else {
        return Err(bad());
    };
    let mut labels = LabelsBuilder::new();
    if let Some(name) = &selector.name {
        labels.set(METRIC_NAME, name);
    }
    for matcher in &selector.matchers {
        if matcher.op != MatchOp::Equal {
            return Err(bad());
        }
        labels.set(&matcher.name, &matcher.value);
    }
    Ok((labels.build(), rest))
}

/// The byte behind the name and the braces.
fn metric_end(line: &str) -> usize {
    let bytes = line.as_bytes();
    let name = bytes
        .iter()
        .position(|byte| matches!(byte, b'{' | b' ' | b'\t' | b'@'))
        .unwrap_or(bytes.len());
    let rest = &line[name..];
    let braces = rest.trim_start();
    if !braces.starts_with('{') || braces.starts_with("{{") {
        return name;
    }
    let start = name + rest.len() - braces.len();
    let mut quote = None;
    let mut escaped = false;
    for (at, byte) in line.bytes().enumerate().skip(start) {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(b'"' | b'\''), b'\\') => escaped = true,
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'' | b'`') => quote = Some(byte),
            (None, b'}') => return at + 1,
            _ => {}
        }
    }
    line.len()
}

/// The values of a line, `_` giving none.
pub(super) fn values(text: &str) -> Result<Vec<Slot>, String> {
    let mut slots = Vec::new();
    for item in items(text) {
        let before = slots.len();
        value(item, &mut slots).ok_or_else(|| format!("no value: {item}"))?;
        if slots.len() - before > REPEATS_MAX {
            return Err(format!("too many values: {item}"));
        }
    }
    Ok(slots)
}

/// The start timestamps of a `METRIC@st` line, each relative to its sample.
pub(super) fn starts(text: &str) -> Result<Vec<Option<i64>>, String> {
    let mut slots = Vec::new();
    for item in items(text) {
        let slot = start(item).ok_or_else(|| format!("no start timestamp: {item}"))?;
        slots.extend(slot);
    }
    Ok(slots)
}

/// Splits at white space, but not inside `{{…}}`.
fn items(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut depth = 0_usize;
        let end = rest
            .char_indices()
            .find(|(_, c)| {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0 && c.is_whitespace()
            })
            .map_or(rest.len(), |(at, _)| at);
        let (item, behind) = rest.split_at(end);
        rest = behind.trim_start();
        Some(item)
    })
}

fn value(item: &str, slots: &mut Vec<Slot>) -> Option<()> {
    match item {
        "_" => slots.push(None),
        "stale" => slots.push(Some(STALE_MARKER.into())),
        _ if item.starts_with("{{") => return histogram_item(item, slots),
        _ => {
            if let Some(float) = float(item) {
                slots.push(Some(float.into()));
                return Some(());
            }
            let (first, times) = repeated(item)?;
            if first == "_" {
                slots.extend(std::iter::repeat_n(None, times));
            } else if let Some(float) = float(first) {
                slots.extend(std::iter::repeat_n(Some(SampleValue::Float(float)), times + 1));
            } else {
                let (mut value, step) = sum(first, float)?;
                for _ in 0..=times {
                    slots.push(Some(value.into()));
                    value += step;
                }
            }
        }
    }
    Some(())
}

fn histogram_item(item: &str, slots: &mut Vec<Slot>) -> Option<()> {
    let shared = |histogram: Histogram| Some(SampleValue::Histogram(histogram.into()));
    let first_end = item.find("}}")? + 2;
    let (first, rest) = item.split_at(first_end);
    let mut histogram = histogram::parse(first)?;
    if rest.is_empty() {
        slots.push(shared(histogram));
        return Some(());
    }
    if let Some(times) = rest.strip_prefix('x') {
        let times = count(times)?;
        slots.extend(std::iter::repeat_n(shared(histogram), times + 1));
        return Some(());
    }
    let (second, times) = repeated(rest)?;
    let (sign, second) = second.split_at_checked(1)?;
    let step = histogram::parse(second)?;
    let factor = match sign {
        "+" => 1.0,
        "-" => -1.0,
        _ => return None,
    };
    slots.push(shared(histogram.clone()));
    for _ in 0..times {
        histogram = histogram::add(&histogram, &step, factor)?;
        slots.push(shared(histogram.clone()));
    }
    Some(())
}

fn start(item: &str) -> Option<Vec<Option<i64>>> {
    if item == "_" {
        return Some(vec![None]);
    }
    if let Some(offset) = millis(item) {
        return Some(vec![Some(offset)]);
    }
    let (first, times) = repeated(item)?;
    if first == "_" {
        return Some(vec![None; times]);
    }
    if let Some(offset) = millis(first) {
        return Some(vec![Some(offset); times + 1]);
    }
    let (mut offset, step) = sum(first, millis)?;
    let mut slots = Vec::new();
    for _ in 0..=times {
        slots.push(Some(offset));
        offset += step;
    }
    Some(slots)
}

/// `text` and N of `textxN`.
fn repeated(item: &str) -> Option<(&str, usize)> {
    let (first, times) = item.rsplit_once('x')?;
    Some((first, count(times)?))
}

fn count(text: &str) -> Option<usize> {
    text.parse().ok().filter(|count| *count <= REPEATS_MAX)
}

/// A and B of `A+B`, A and -B of `A-B`.
fn sum<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<(T, T)> {
    text.match_indices(['+', '-'])
        .filter(|(at, _)| *at > 0)
        .find_map(|(at, _)| Some((parse(text.get(..at)?)?, parse(text.get(at..)?)?)))
}

/// A number literal of PromQL, with a sign or not. `0x10` is `0` sixteen times and one: there is no
/// hexadecimal here.
pub(super) fn float(text: &str) -> Option<f64> {
    let (negative, digits) = sign(text);
    let magnitude = if digits.eq_ignore_ascii_case("inf") {
        f64::INFINITY
    } else if digits.eq_ignore_ascii_case("nan") {
        f64::NAN
    } else if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || digits.contains('x')
    {
        return None;
    } else if let Ok(number) = parse_number(digits) {
        number
    } else {
        parse_prometheus(digits).ok()? as f64 / 1e9
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// A duration with a sign or not, in milliseconds.
pub(super) fn millis(text: &str) -> Option<i64> {
    let (negative, digits) = sign(text);
    let millis = parse_prometheus(digits).ok()? / 1_000_000;
    Some(if negative { -millis } else { millis })
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(text: &str) -> Vec<Option<f64>> {
        let float = |slot: Slot| match slot {
            Some(SampleValue::Float(value)) => Some(value),
            _ => None,
        };
        values(text).unwrap().into_iter().map(float).collect()
    }

    #[test]
    fn repetition_counts_the_first_value_apart_but_not_gaps() {
        assert_eq!(
            floats("1+2x2 7x1 _ 5"),
            [1.0, 3.0, 5.0, 7.0, 7.0]
                .map(Some)
                .into_iter()
                .chain([None, Some(5.0)])
                .collect::<Vec<_>>()
        );
        assert_eq!(
            floats("_x3 -1-1x1 1e-3"),
            vec![None, None, None, Some(-1.0), Some(-2.0), Some(1e-3)]
        );
        assert_eq!(floats("0x2 1m"), [0.0, 0.0, 0.0, 60.0].map(Some));
    }

    #[test]
    fn names_end_where_values_begin() {
        let (labels, rest) = metric(r#"a{b="} {{",c="d"} 1 2"#).unwrap();
        assert_eq!((labels.get("b"), rest), (Some("} {{"), " 1 2"));
        let (labels, rest) = metric("a {{schema:1}}x2").unwrap();
        assert_eq!((labels.get(METRIC_NAME), rest), (Some("a"), " {{schema:1}}x2"));
        let (labels, rest) = metric(r#"{"a.b"}@st -1m"#).unwrap();
        assert_eq!((labels.get(METRIC_NAME), rest), (Some("a.b"), "@st -1m"));
    }

    #[test]
    fn start_timestamps_are_relative() {
        let minute = 60_000;
        let expected = [None, Some(-minute), Some(-2 * minute), Some(-1)];
        assert_eq!(starts("_ -1m-1mx1 -1ms").unwrap(), expected);
    }
}
