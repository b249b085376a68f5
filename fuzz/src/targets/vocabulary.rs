//! Targets of telemetry-core's vocabulary: what the languages spell alike.

use telemetry_core::labels::parse_selector;
use telemetry_core::labels::regex::Regex;
use telemetry_core::syntax::{self, Span, number, string};
use telemetry_core::time::{calendar, duration};

use super::Target;

pub(super) const TARGETS: &[Target] = &[
    Target { name: "caret", run: caret, seeds: &[b"\x04\x09sum(rate(x))\nby (job)"] },
    Target {
        name: "go_string",
        run: go_string,
        seeds: &[br#""a\tb\x41\u00fc\101""#, b"`raw`", br"'it\'s'"],
    },
    Target {
        name: "go_regex",
        run: go_regex,
        seeds: &[
            br"(?i)get|post{1,3}[^\d\s[:alpha:]]\b",
            br"^\Q.+\E(?P<name>a{,5})*?\pL\x{10FFFF}$",
        ],
    },
    Target {
        name: "literals",
        run: literals,
        seeds: &[b"1h30m5s", b"1.5h2us", b"0x1p-3", b"1_000.5e9", b"2026-01-02T03:04:05.678+01:00"],
    },
    Target {
        name: "selector",
        run: selector,
        seeds: &[br#"up{job="a", instance=~"b.*|c", x!="", "y.z"!~`d`}"#, b"{\"a b\"}"],
    },
];

/// An error is drawn under any text, whatever its span.
fn caret(data: &[u8]) {
    let [start, end, query @ ..] = data else { return };
    let span = Span::new(usize::from(*start), usize::from(*end));
    let drawn = syntax::render(&String::from_utf8_lossy(query), span, "message");
    assert!(drawn.contains("message"));
}

/// What a literal means, quoted again, means the same.
fn go_string(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(value) = string::unquote(&text) {
        let quoted = string::quote(&value);
        assert_eq!(string::unquote(&quoted).as_deref(), Ok(value.as_ref()), "{quoted}");
    }
}

/// A pattern is compiled within its limits or refused, and matches any bytes.
fn go_regex(data: &[u8]) {
    let pattern = String::from_utf8_lossy(data);
    for compiled in [Regex::new(&pattern), Regex::anchored(&pattern)] {
        match compiled {
            Ok(regex) => {
                regex.is_match(data);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// Durations, numbers and times are read or refused, and what is printed is read as the same.
fn literals(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(nanos) = duration::parse_go(&text) {
        assert_eq!(duration::parse_go(&duration::format_go(nanos)), Ok(nanos), "{text}");
    }
    if let Ok(nanos) = duration::parse_prometheus(&text) {
        assert_eq!(duration::parse_prometheus(&duration::format_prometheus(nanos)), Ok(nanos));
    }
    if let Ok(value) = number::parse_number(&text) {
        let again = number::parse_number(&number::format_g(value));
        assert_eq!(again.map(f64::to_bits), Ok(value.to_bits()), "{text}");
    }
    if let Some(time) = calendar::parse_rfc3339(&text) {
        assert_eq!(calendar::parse_rfc3339(&time.to_string()), Some(time), "{text}");
    }
}

/// A selector is read or refused at a place inside it; its matchers take any value.
fn selector(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match parse_selector(&text) {
        Ok(matchers) => matchers.iter().for_each(|matcher| {
            assert_eq!(matcher.matches(&text), !matcher.inverse().matches(&text));
        }),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
