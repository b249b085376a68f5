//! Stages, one line at a time.

use crate::row::Row;

/// A stage: how it is written, and what it does.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    Contains(String),
    NotContains(String),
    ContainsAny(Vec<String>),
    Digit,
    NoDigit,
    Pair,
    NoPair,
    Address,
    Json,
    Logfmt,
    LogfmtStrict,
    LogfmtKeepEmpty,
    JsonField(String, String),
    LogfmtField(String, String),
    Regexp,
    Pattern,
    Unpack,
    Decolorize,
    Rename(String, String),
    LabelFormat(String, String),
    TextFilter(String, String),
    NumberFilter(String, i64),
    DurationFilter(String),
    BytesFilter(String),
    AddressFilter(String),
    EitherFilter(String, String),
    Drop(String),
    DropValue(String, String),
    Keep(Vec<String>),
    KeepValue(String, String),
    LineFormat(String),
    LineChoice(String),
    LineUpper(String),
}

impl Stage {
    pub(crate) fn written(&self) -> String {
        match self {
            Stage::Contains(text) => format!("|= \"{text}\""),
            Stage::NotContains(text) => format!("!= \"{text}\""),
            Stage::ContainsAny(texts) => {
                format!(
                    "|= {}",
                    texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(" or ")
                )
            }
            Stage::Digit => r#"|~ "[0-9]""#.into(),
            Stage::NoDigit => r#"!~ "[0-9]""#.into(),
            Stage::Pair => r#"|> "<_>=<_>""#.into(),
            Stage::NoPair => r#"!> "<_>=<_>""#.into(),
            Stage::Address => r#"|= ip("10.0.0.0/8")"#.into(),
            Stage::Json => "| json".into(),
            Stage::Logfmt => "| logfmt".into(),
            Stage::LogfmtStrict => "| logfmt --strict".into(),
            Stage::LogfmtKeepEmpty => "| logfmt --keep-empty".into(),
            Stage::JsonField(label, field) => format!("| json {label}=\"{field}\""),
            Stage::LogfmtField(label, field) => format!("| logfmt {label}=\"{field}\""),
            Stage::Regexp => r#"| regexp "(?P<c>[0-9]+)""#.into(),
            Stage::Pattern => r#"| pattern "<b>=<_>""#.into(),
            Stage::Unpack => "| unpack".into(),
            Stage::Decolorize => "| decolorize".into(),
            Stage::Rename(to, from) => format!("| label_format {to}={from}"),
            Stage::LabelFormat(to, from) => format!("| label_format {to}=\"<{{{{.{from}}}}}>\""),
            Stage::TextFilter(name, value) => format!("| {name}=\"{value}\""),
            Stage::NumberFilter(name, value) => format!("| {name}>{value}"),
            Stage::DurationFilter(name) => format!("| {name}>1s"),
            Stage::BytesFilter(name) => format!("| {name}>1KB"),
            Stage::AddressFilter(name) => format!("| {name}=ip(\"10.0.0.0/8\")"),
            Stage::EitherFilter(a, b) => format!("| {a}=\"1\" or {b}!=\"x\""),
            Stage::DropValue(name, value) => format!("| drop {name}=\"{value}\""),
            Stage::KeepValue(name, value) => format!("| keep {name}=\"{value}\""),
            Stage::LineChoice(name) => {
                format!("| line_format \"{{{{ if .{name} }}}}y{{{{ else }}}}n{{{{ end }}}}\"")
            }
            Stage::LineUpper(name) => format!("| line_format \"{{{{ .{name} | ToUpper }}}}\""),
            Stage::Drop(name) => format!("| drop {name}"),
            Stage::Keep(names) => format!("| keep {}", names.join(",")),
            Stage::LineFormat(name) => format!("| line_format \"<{{{{.{name}}}}}>\""),
        }
    }

    /// The line behind the stage, or nothing.
    pub(crate) fn apply(&self, mut row: Row) -> Option<Row> {
        match self {
            Stage::Contains(text) => row.text.contains(text.as_str()).then_some(row),
            Stage::NotContains(text) => (!row.text.contains(text.as_str())).then_some(row),
            Stage::ContainsAny(texts) => {
                texts.iter().any(|text| row.text.contains(text.as_str())).then_some(row)
            }
            Stage::Json => {
                row.json();
                Some(row)
            }
            Stage::Logfmt | Stage::LogfmtStrict | Stage::LogfmtKeepEmpty => {
                row.logfmt(
                    matches!(self, Stage::LogfmtStrict),
                    matches!(self, Stage::LogfmtKeepEmpty),
                );
                Some(row)
            }
            Stage::Digit => has_digit(&row.text).then_some(row),
            Stage::NoDigit => (!has_digit(&row.text)).then_some(row),
            Stage::Pair => has_pair(&row.text).then_some(row),
            Stage::NoPair => (!has_pair(&row.text)).then_some(row),
            Stage::Address => row.text.contains(ADDRESS).then_some(row),
            Stage::JsonField(label, field) => {
                row.json_field(label, field);
                Some(row)
            }
            Stage::LogfmtField(label, field) => {
                row.logfmt_field(label, field);
                Some(row)
            }
            Stage::Regexp => {
                let start = row.text.find(|c: char| c.is_ascii_digit());
                if let Some(rest) = start.map(|start| row.text[start..].to_owned()) {
                    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                    row.extract("c", &rest[..end]);
                }
                Some(row)
            }
            Stage::Pattern => {
                let before = row.text.split('=').next().unwrap_or_default().to_owned();
                row.extract("b", &before);
                Some(row)
            }
            Stage::Unpack => {
                row.unpack();
                Some(row)
            }
            Stage::Decolorize => Some(row),
            Stage::Rename(to, from) => {
                if let Some(value) = row.labels.get(from).cloned() {
                    row.set(to, &value);
                    row.remove(from);
                }
                Some(row)
            }
            Stage::LabelFormat(to, from) => {
                let value = format!("<{}>", row.value(from));
                row.set(to, &value);
                Some(row)
            }
            Stage::TextFilter(name, value) => (row.value(name) == value).then_some(row),
            Stage::NumberFilter(name, bound) => {
                let bound = *bound as f64;
                row.compare(name, |text| text.parse::<f64>().ok().map(|value| value > bound))
            }
            Stage::DurationFilter(name) => row.compare(name, |text| match text {
                "1.5s" => Some(true),
                "0" => Some(false),
                _ => None,
            }),
            Stage::BytesFilter(name) => row.compare(name, |text| match text {
                "3KB" => Some(true),
                _ => text.parse::<f64>().ok().map(|bytes| bytes > 1_000.0),
            }),
            Stage::AddressFilter(name) => row.value(name).contains(ADDRESS).then_some(row),
            Stage::EitherFilter(a, b) => {
                (row.value(a) == "1" || row.value(b) != "x").then_some(row)
            }
            Stage::Drop(name) => {
                row.remove(name);
                Some(row)
            }
            Stage::DropValue(name, value) => {
                if row.value(name) == value {
                    row.remove(name);
                }
                Some(row)
            }
            Stage::Keep(names) => {
                row.keep(|name, _| names.iter().any(|kept| kept == name));
                Some(row)
            }
            Stage::KeepValue(kept, wanted) => {
                row.keep(|name, value| name == kept && value == wanted);
                Some(row)
            }
            Stage::LineFormat(name) => {
                row.text = format!("<{}>", row.value(name));
                Some(row)
            }
            Stage::LineChoice(name) => {
                row.text = if row.value(name).is_empty() { "n" } else { "y" }.into();
                Some(row)
            }
            Stage::LineUpper(name) => {
                row.text = row.value(name).to_uppercase();
                Some(row)
            }
        }
    }
}

/// An address that lies in the network that the filters ask for.
pub(crate) const ADDRESS: &str = "10.1.2.3";

pub(crate) fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

/// Whether something stands before and behind the first `=` that is not at the start.
pub(crate) fn has_pair(text: &str) -> bool {
    let at = text.get(1..).and_then(|rest| rest.find('='));
    at.is_some_and(|at| at + 2 < text.len())
}
