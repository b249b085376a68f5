//! Texts: case, trimming, searching, replacing, padding, encoding.

use super::{Function, Type, int_at, row, text_at, variadic};
use crate::template::encode;
use crate::template::exec::OUTPUT_BYTES_MAX;
use crate::template::printf::{print, print_line, printf};
use crate::template::value::Value;
use telemetry_core::labels::regex::Regex;
use telemetry_core::syntax::case::{self, to_lower, to_upper};

use Type::{Any, Int, Text};

pub(super) const FUNCTIONS: &[Function] = &[
    row("__line__", &[], |_, fields| {
        Ok(Value::Text(String::from_utf8_lossy(fields.line).into_owned()))
    }),
    // Loki's, arguments in Go's order.
    row("ToLower", &[Text], |values, _| text(to_lower(text_at(values, 0)))),
    row("ToUpper", &[Text], |values, _| text(to_upper(text_at(values, 0)))),
    row("Replace", &[Text, Text, Text, Int], |values, _| {
        let (whole, old, new) = (text_at(values, 0), text_at(values, 1), text_at(values, 2));
        match usize::try_from(int_at(values, 3)) {
            Ok(count) => bounded(whole, new, || whole.replacen(old, new, count)),
            Err(_) => bounded(whole, new, || whole.replace(old, new)),
        }
    }),
    row("Trim", &[Text, Text], |values, _| {
        text(text_at(values, 0).trim_matches(set(text_at(values, 1))))
    }),
    row("TrimLeft", &[Text, Text], |values, _| {
        text(text_at(values, 0).trim_start_matches(set(text_at(values, 1))))
    }),
    row("TrimRight", &[Text, Text], |values, _| {
        text(text_at(values, 0).trim_end_matches(set(text_at(values, 1))))
    }),
    row("TrimPrefix", &[Text, Text], |values, _| {
        let (whole, prefix) = (text_at(values, 0), text_at(values, 1));
        text(whole.strip_prefix(prefix).unwrap_or(whole))
    }),
    row("TrimSuffix", &[Text, Text], |values, _| {
        let (whole, suffix) = (text_at(values, 0), text_at(values, 1));
        text(whole.strip_suffix(suffix).unwrap_or(whole))
    }),
    row("TrimSpace", &[Text], |values, _| text(text_at(values, 0).trim())),
    row("regexReplaceAll", &[Text, Text, Text], |values, _| {
        let regex = regex(text_at(values, 0))?;
        text(regex.replace_all(text_at(values, 1), text_at(values, 2)))
    }),
    row("regexReplaceAllLiteral", &[Text, Text, Text], |values, _| {
        let regex = regex(text_at(values, 0))?;
        text(regex.replace_all_literal(text_at(values, 1), text_at(values, 2)))
    }),
    row("count", &[Text, Text], |values, _| {
        let regex = regex(text_at(values, 0))?;
        let mut count = 0;
        regex.for_each_match(text_at(values, 1), |_, _| count += 1);
        Ok(Value::Int(count))
    }),
    row("urlencode", &[Text], |values, _| text(encode::url_encode(text_at(values, 0)))),
    row("urldecode", &[Text], |values, _| encode::url_decode(text_at(values, 0)).map(Value::Text)),
    row("alignLeft", &[Int, Text], |values, _| align(values, true)),
    row("alignRight", &[Int, Text], |values, _| align(values, false)),
    row("b64enc", &[Text], |values, _| text(encode::base64_encode(text_at(values, 0)))),
    row("b64dec", &[Text], |values, _| encode::base64_decode(text_at(values, 0)).map(Value::Text)),
    // sprig's, the text last.
    row("lower", &[Text], |values, _| text(to_lower(text_at(values, 0)))),
    row("upper", &[Text], |values, _| text(to_upper(text_at(values, 0)))),
    row("title", &[Text], |values, _| text(title(text_at(values, 0)))),
    row("trunc", &[Int, Text], |values, _| text(truncate(int_at(values, 0), text_at(values, 1)))),
    row("substr", &[Int, Int, Text], |values, _| {
        text(substring(int_at(values, 0), int_at(values, 1), text_at(values, 2)))
    }),
    row("contains", &[Text, Text], |values, _| {
        Ok(Value::Bool(text_at(values, 1).contains(text_at(values, 0))))
    }),
    row("hasPrefix", &[Text, Text], |values, _| {
        Ok(Value::Bool(text_at(values, 1).starts_with(text_at(values, 0))))
    }),
    row("hasSuffix", &[Text, Text], |values, _| {
        Ok(Value::Bool(text_at(values, 1).ends_with(text_at(values, 0))))
    }),
    row("replace", &[Text, Text, Text], |values, _| {
        let (old, new, whole) = (text_at(values, 0), text_at(values, 1), text_at(values, 2));
        bounded(whole, new, || whole.replace(old, new))
    }),
    row("repeat", &[Int, Text], |values, _| repeated(int_at(values, 0), text_at(values, 1))),
    row("trim", &[Text], |values, _| text(text_at(values, 0).trim())),
    row("trimAll", &[Text, Text], |values, _| {
        text(text_at(values, 1).trim_matches(set(text_at(values, 0))))
    }),
    row("trimPrefix", &[Text, Text], |values, _| {
        let (prefix, whole) = (text_at(values, 0), text_at(values, 1));
        text(whole.strip_prefix(prefix).unwrap_or(whole))
    }),
    row("trimSuffix", &[Text, Text], |values, _| {
        let (suffix, whole) = (text_at(values, 0), text_at(values, 1));
        text(whole.strip_suffix(suffix).unwrap_or(whole))
    }),
    row("indent", &[Int, Text], |values, _| indented(values, "")),
    row("nindent", &[Int, Text], |values, _| indented(values, "\n")),
    // Go's built-ins.
    variadic("print", &[Any], |values, _| text(print(values))),
    variadic("println", &[Any], |values, _| text(print_line(values))),
    variadic("printf", &[Text, Any], |values, _| {
        printf(text_at(values, 0), values.get(1..).unwrap_or_default()).map(Value::Text)
    }),
    variadic("html", &[Any], |values, _| text(encode::html(&print(values)))),
    variadic("js", &[Any], |values, _| text(encode::javascript(&print(values)))),
    variadic("urlquery", &[Any], |values, _| text(encode::url_encode(&print(values)))),
];

fn text(text: impl Into<String>) -> Result<Value, String> {
    Ok(Value::Text(text.into()))
}

const TOO_LONG: &str = "the text would become too long";

/// Replaces unless every byte of `whole` becoming `new` would pass the bound of an output.
fn bounded(whole: &str, new: &str, replace: impl FnOnce() -> String) -> Result<Value, String> {
    if (whole.len() + 1).saturating_mul(new.len().max(1)) > OUTPUT_BYTES_MAX.saturating_mul(2) {
        return Err(TOO_LONG.into());
    }
    text(replace())
}

fn repeated(count: i64, unit: &str) -> Result<Value, String> {
    let count = usize::try_from(count).map_err(|_| "strings: negative Repeat count")?;
    if count.saturating_mul(unit.len()) > OUTPUT_BYTES_MAX {
        return Err(TOO_LONG.into());
    }
    text(unit.repeat(count))
}

fn set(cutset: &str) -> impl Fn(char) -> bool + Copy {
    move |c| cutset.contains(c)
}

fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| error.to_string())
}

/// Upper case for the first letter of every word.
fn title(whole: &str) -> String {
    let mut out = String::with_capacity(whole.len());
    let mut before = ' ';
    for c in whole.chars() {
        // Letters, digits and underscores make words.
        if before.is_alphanumeric() || before == '_' {
            out.push(c);
        } else {
            out.push(case::title(c));
        }
        before = c;
    }
    out
}

/// The first characters, or with a negative count the last.
fn truncate(count: i64, whole: &str) -> String {
    let chars = whole.chars().count();
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if size >= chars {
        return whole.into();
    }
    let skip = if count < 0 { chars - size } else { 0 };
    whole.chars().skip(skip).take(size).collect()
}

/// The characters `start..end`; a negative bound is none.
fn substring(start: i64, end: i64, whole: &str) -> String {
    let bound = |at: i64| usize::try_from(at).ok();
    match (bound(start), bound(end)) {
        (None, None) => String::new(),
        (None, Some(end)) => whole.chars().take(end).collect(),
        (Some(start), None) => whole.chars().skip(start).collect(),
        (Some(start), Some(end)) => whole.chars().take(end).skip(start).collect(),
    }
}

/// Cuts or pads to a number of characters.
fn align(values: &[Value], left: bool) -> Result<Value, String> {
    let whole = text_at(values, 1);
    let Ok(count) = usize::try_from(int_at(values, 0)) else { return text(whole) };
    if count > OUTPUT_BYTES_MAX {
        return Err(TOO_LONG.into());
    }
    let chars = whole.chars().count();
    let pad = " ".repeat(count.saturating_sub(chars));
    text(match left {
        true => whole.chars().take(count).collect::<String>() + &pad,
        false => pad + &whole.chars().skip(chars.saturating_sub(count)).collect::<String>(),
    })
}

fn indented(values: &[Value], before: &str) -> Result<Value, String> {
    let count = usize::try_from(int_at(values, 0)).map_err(|_| "strings: negative Repeat count")?;
    let whole = text_at(values, 1);
    let lines = whole.matches('\n').count() + 1;
    if count.saturating_mul(lines).saturating_add(whole.len()) > OUTPUT_BYTES_MAX {
        return Err(TOO_LONG.into());
    }
    let pad = " ".repeat(count);
    text(format!("{before}{pad}{}", whole.replace('\n', &format!("\n{pad}"))))
}
