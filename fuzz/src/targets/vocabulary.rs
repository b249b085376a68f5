//! Targets of telemetry-core's vocabulary: what the languages spell alike.

use telemetry_core::labels::regex::Regex;
use telemetry_core::syntax::{self, Span, string};

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
