//! What Loki finds out about a line when it is pushed: whose it is and how grave.
//!
//! 1. `service_name`: a label made of the first label of a list that the stream has.
//! 2. `detected_level` (`level`): structured metadata made of a label, of other metadata, of a
//!    field in a JSON or logfmt line (`field`), or of a word in the text.
//!
//! Both count toward no limit, as in Loki: a stream with as many labels as it may have gets its
//! `service_name`, and a line with as much metadata as it may have its level.

mod field;
mod level;

use std::borrow::Cow;

use telemetry_core::labels::Labels;
use telemetry_core::sink::SERVICE_NAME_LABELS;

/// The label with the name of the service.
pub(crate) const SERVICE_NAME: &str = "service_name";

/// The metadata with the level.
pub(crate) const DETECTED_LEVEL: &str = "detected_level";

/// The service of a stream that names none.
const UNKNOWN_SERVICE: &str = "unknown_service";

/// What is found out about lines that come through [`LogStore::sink`](crate::LogStore::sink).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Discovery {
    /// Labels of which the first one that a stream has becomes its `service_name`; without any of
    /// them that is `unknown_service`. Empty: no `service_name` is made up.
    pub service_name_labels: Vec<String>,
    /// Labels, metadata and fields of lines of which the first one becomes `detected_level`.
    /// Empty: no level is looked for.
    pub level_fields: Vec<String>,
    /// How many objects deep a field of a JSON line is looked for.
    pub json_depth_max: u32,
}

impl Default for Discovery {
    /// As [`Discovery::loki`].
    fn default() -> Self {
        Discovery::loki()
    }
}

impl Discovery {
    /// Nothing: lines are stored as they come.
    pub fn none() -> Self {
        Discovery { service_name_labels: Vec::new(), level_fields: Vec::new(), json_depth_max: 0 }
    }

    /// Loki's defaults.
    pub fn loki() -> Self {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Discovery {
            service_name_labels: texts(&SERVICE_NAME_LABELS),
            level_fields: texts(&[
                "level",
                "LEVEL",
                "Level",
                "log.level",
                "severity",
                "SEVERITY",
                "Severity",
                "SeverityText",
                "lvl",
                "LVL",
                "Lvl",
                "severity_text",
                "Severity_Text",
                "SEVERITY_TEXT",
            ]),
            json_depth_max: 2,
        }
    }

    /// The `service_name` that a stream without one gets.
    pub(crate) fn service_name<'l>(&self, labels: &'l Labels) -> Option<&'l str> {
        if self.service_name_labels.is_empty() || labels.get(SERVICE_NAME).is_some() {
            return None;
        }
        let found = self.service_name_labels.iter().find_map(|name| labels.get(name));
        Some(found.unwrap_or(UNKNOWN_SERVICE))
    }

    /// The level that the labels of a stream tell for all of its lines.
    pub(crate) fn level_of_stream(&self, labels: &Labels) -> Option<String> {
        let found = self.level_fields.iter().find_map(|name| labels.get(name))?;
        Some(level::normalized(found).into_owned())
    }

    /// The level of a line; `of_stream` is what its labels tell. [`None`] if levels are not looked
    /// for.
    pub(crate) fn level<'l>(
        &self,
        line: &[u8],
        metadata: &[(&str, &'l str)],
        of_stream: Option<&'l str>,
    ) -> Option<Cow<'l, str>> {
        if self.level_fields.is_empty() {
            return None;
        }
        let value = |name: &str| metadata.iter().find(|pair| pair.0 == name).map(|pair| pair.1);
        if let Some(known) = value(DETECTED_LEVEL) {
            return Some(level::normalized(known));
        }
        if let Some(known) = of_stream {
            return Some(Cow::Borrowed(known));
        }
        if let Some(known) = self.level_fields.iter().find_map(|name| value(name)) {
            return Some(level::normalized(known));
        }
        let level = match value("severity_number") {
            Some(number) => level::of_severity_number(number),
            None => self.level_of_line(line),
        };
        Some(Cow::Borrowed(level))
    }

    fn level_of_line(&self, line: &[u8]) -> &'static str {
        let value = if field::is_json(line) {
            field::in_json(line, &self.level_fields, self.json_depth_max)
        } else if memchr::memchr(b'=', line).is_some() {
            field::in_logfmt(line, &self.level_fields)
        } else {
            None
        };
        value.and_then(level::known).unwrap_or_else(|| level::of_text(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;

    fn level(line: &str, metadata: &[(&str, &str)]) -> String {
        Discovery::loki().level(line.as_bytes(), metadata, None).unwrap().into_owned()
    }

    #[test]
    fn the_service_is_the_first_label_of_the_list() {
        let discovery = Discovery::loki();
        let name = |labels: &Labels| discovery.service_name(labels).map(str::to_owned);
        let both = labels! { "app" => "a", "service" => "s" };
        assert_eq!(name(&both).as_deref(), Some("s"));
        assert_eq!(name(&labels! { "job" => "j" }).as_deref(), Some("j"));
        assert_eq!(name(&labels! { "x" => "y" }).as_deref(), Some("unknown_service"));
        assert_eq!(name(&labels! { "service_name" => "y" }), None);
        assert_eq!(Discovery::none().service_name(&both), None);
    }

    #[test]
    fn metadata_goes_before_the_line() {
        for (metadata, expected) in [
            (("detected_level", "WARNING"), "warn"),
            (("detected_level", "mine"), "mine"),
            (("level", "Err"), "error"),
            (("SeverityText", "Information"), "info"),
            (("severity_number", "0"), "unknown"),
            (("severity_number", "4"), "trace"),
            (("severity_number", "13"), "warn"),
            (("severity_number", "24"), "fatal"),
            (("severity_number", "25"), "unknown"),
            (("severity_number", "many"), "info"),
        ] {
            assert_eq!(level("level=debug", &[metadata]), expected, "{metadata:?}");
        }
        let of_stream = Discovery::loki().level(b"x", &[("level", "info")], Some("error"));
        assert_eq!(of_stream.as_deref(), Some("error"));
        assert_eq!(Discovery::none().level(b"level=info", &[], None), None);
    }

    #[test]
    fn a_field_goes_before_the_text() {
        for (line, expected) in [
            (r#"{"a": [1, {"x": "}"}], "level": "ERR"}"#, "error"),
            (r#" {"log": {"level": "dbg"}} "#, "debug"),
            (r#"{"a": {"b": {"level": "info"}}}"#, "info"),
            (r#"{"a": {"b": {"level": "dbg"}}}"#, "unknown"),
            (r#"{"m": "error", "level": "trc"}"#, "trace"),
            (r#"{"level": 3}"#, "unknown"),
            (r#"{"level": "verbose", "m": "fatal"}"#, "fatal"),
            (r#"{"m": broken, "level": "trc", "x": "warn"}"#, "warn"),
            ("msg=\"level=error in\" level=wrn", "warn"),
            ("severity=info level=error", "error"),
            ("LEVEL=critical", "critical"),
            ("level= a=error", "error"),
            ("a=\"b level=trc", "unknown"),
        ] {
            assert_eq!(level(line, &[]), expected, "{line}");
        }
    }

    #[test]
    fn the_earliest_whole_word_of_the_text_counts() {
        for (line, expected) in [
            ("2026 INFO error", "info"),
            ("debugging the errors", "unknown"),
            ("[Error] x", "error"),
            ("a_info info_b warn", "warn"),
            ("errérr: trace", "trace"),
            ("", "unknown"),
        ] {
            assert_eq!(level(line, &[]), expected, "{line}");
        }
    }
}
