//! Names of any UTF-8 text, spelt so that those who know only the classic names can take them.
//!
//! Source: Prometheus' proposal on UTF-8 names and the schemes that its clients offer in the
//! parameter `escaping` of content types.

use std::borrow::Cow;
use std::fmt::Write;

use telemetry_core::labels::is_classic_metric_name;

/// How a name is spelt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Escaping {
    /// As it is: `allow-utf-8`.
    #[default]
    None,
    /// Every character that is not classic becomes `_`: `underscores`. Cannot be undone.
    Underscores,
    /// `.` becomes `_dot_`, `_` becomes `__`, others become `__`: `dots`.
    Dots,
    /// `U__` in front, `_` becomes `__`, others become their number between underscores: `values`.
    Values,
}

impl Escaping {
    /// The scheme that the parameter `escaping` of a content type names.
    pub fn of_parameter(value: &str) -> Option<Self> {
        match value {
            "allow-utf-8" => Some(Escaping::None),
            "underscores" => Some(Escaping::Underscores),
            "dots" => Some(Escaping::Dots),
            "values" => Some(Escaping::Values),
            _ => None,
        }
    }

    /// The value of the parameter.
    pub fn parameter(self) -> &'static str {
        match self {
            Escaping::None => "allow-utf-8",
            Escaping::Underscores => "underscores",
            Escaping::Dots => "dots",
            Escaping::Values => "values",
        }
    }
}

const VALUES_PREFIX: &str = "U__";

/// Digits of the largest character's number.
const DIGITS_MAX: usize = 6;

fn is_classic_at(c: char, at: usize) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':' || (c.is_ascii_digit() && at > 0)
}

/// The name of a metric or label as the scheme spells it.
///
/// ```
/// use wire::prometheus::{Escaping, escape_name};
/// assert_eq!(escape_name("http.requests", Escaping::Values), "U__http_2e_requests");
/// ```
pub fn escape_name(name: &str, escaping: Escaping) -> Cow<'_, str> {
    let stays = escaping == Escaping::None
        || name.is_empty()
        || (escaping != Escaping::Dots && is_classic_metric_name(name));
    if stays {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len() + VALUES_PREFIX.len());
    if escaping == Escaping::Values {
        out.push_str(VALUES_PREFIX);
    }
    for (at, c) in name.char_indices() {
        match (escaping, c) {
            (Escaping::Dots | Escaping::Values, '_') => out.push_str("__"),
            (Escaping::Dots, '.') => out.push_str("_dot_"),
            (_, c) if is_classic_at(c, at) => out.push(c),
            (Escaping::Dots, _) => out.push_str("__"),
            // Writing to a string does not fail.
            (Escaping::Values, c) => drop(write!(out, "_{:x}_", u32::from(c))),
            _ => out.push('_'),
        }
    }
    Cow::Owned(out)
}

/// The name that was spelt so. Where the text is not such a spelling it is the name itself.
pub fn unescape_name(text: &str, escaping: Escaping) -> Cow<'_, str> {
    match escaping {
        Escaping::None | Escaping::Underscores => Cow::Borrowed(text),
        Escaping::Dots => Cow::Owned(text.replace("_dot_", ".").replace("__", "_")),
        Escaping::Values => text
            .strip_prefix(VALUES_PREFIX)
            .and_then(values)
            .map_or(Cow::Borrowed(text), Cow::Owned),
    }
}

fn values(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('_') {
        out.push_str(before);
        let (digits, after) = after.split_once('_')?;
        if digits.is_empty() {
            out.push('_');
        } else if digits.len() <= DIGITS_MAX {
            out.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        } else {
            return None;
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_spell_names() {
        let cases = [
            ("http.status", "http_status", "http_dot_status", "U__http_2e_status"),
            (
                "no:escaping_required",
                "no:escaping_required",
                "no:escaping__required",
                "no:escaping_required",
            ),
            ("label with 😱", "label_with__", "label__with____", "U__label_20_with_20__1f631_"),
            ("1st", "_st", "__st", "U___31_st"),
            ("", "", "", ""),
        ];
        for (name, underscores, dots, values) in cases {
            assert_eq!(escape_name(name, Escaping::Underscores), underscores);
            assert_eq!(escape_name(name, Escaping::Dots), dots);
            assert_eq!(escape_name(name, Escaping::Values), values);
            assert_eq!(unescape_name(values, Escaping::Values), name);
        }
        assert_eq!(unescape_name("a_dot_b__c", Escaping::Dots), "a.b_c");
        for text in ["U__a_", "U___zz_", "U___110000_", "U___d800_", "U___1234567_"] {
            assert_eq!(unescape_name(text, Escaping::Values), text);
        }
    }
}
