//! The name of a metric in Prometheus: words joined by `_`, with the unit and the kind at the end.

use super::options::Translation;
use super::unit;

/// What the name says about the kind of metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suffix {
    /// A sum that only rises: `_total`.
    Counter,
    /// A gauge: `_ratio` where the unit is 1.
    Gauge,
    /// Nothing.
    None,
}

/// The name that the translation makes; empty where nothing is left of it.
pub(super) fn translate(
    name: &str,
    unit: &str,
    suffix: Suffix,
    translation: Translation,
) -> String {
    match (translation.escapes(), translation.adds_suffixes()) {
        (true, true) => prometheus(name, unit, suffix),
        (true, false) => {
            // Underscores stay as they are here, but at the ends and where there are several.
            let is_separator = |c: char| !(c.is_ascii_alphanumeric() || c == ':' || c == '_');
            let words = name.split(is_separator).filter(|word| !word.is_empty());
            let joined = words.collect::<Vec<_>>().join("_");
            let is_empty = joined != name && joined.bytes().all(|byte| byte == b'_');
            if is_empty { String::new() } else { with_first_letter(joined) }
        }
        (false, true) => suffixed(name, unit, suffix),
        (false, false) => name.to_owned(),
    }
}

/// A name may not begin with a digit.
fn with_first_letter(name: String) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// The name as it is, with unit and kind at the end, each unless it is there already.
fn suffixed(name: &str, unit: &str, suffix: Suffix) -> String {
    let kind = match suffix {
        Suffix::Counter => "total",
        Suffix::Gauge if unit == "1" => "ratio",
        Suffix::Gauge | Suffix::None => "",
    };
    let (main, per) = unit::raw_words(unit);
    let stem = without_suffix(without_suffix(name, kind), &per);
    let mut out = stem.to_owned();
    let main = if stem.ends_with(&main) { "" } else { &main };
    for part in [main, &per, kind].into_iter().filter(|part| !part.is_empty()) {
        out.push('_');
        out.push_str(part);
    }
    out
}

/// `name` without `suffix` and the character in front of it.
fn without_suffix<'n>(name: &'n str, suffix: &str) -> &'n str {
    let stem = if suffix.is_empty() { None } else { name.strip_suffix(suffix) };
    let mut characters = stem.unwrap_or_default().chars();
    match characters.next_back() {
        Some(_) if !characters.as_str().is_empty() => characters.as_str(),
        _ => name,
    }
}

/// The Prometheus name; empty where the name has not one letter or digit and gets no suffix.
pub(super) fn prometheus(name: &str, unit: &str, suffix: Suffix) -> String {
    let is_separator = |c: char| !(c.is_ascii_alphanumeric() || c == ':');
    let mut words: Vec<&str> = name.split(is_separator).filter(|word| !word.is_empty()).collect();
    let (mut main, per) = unit::words(unit);
    let mut per = per.strip_suffix('_').unwrap_or(&per);
    if words.contains(&&*main) {
        main.clear();
    }
    if per == "per" || words.contains(&per) {
        per = "";
    }
    let main = if per.is_empty() { &*main } else { main.strip_suffix('_').unwrap_or(&main) };
    words.extend([main, per].iter().filter(|word| !word.is_empty()));
    let last = match suffix {
        Suffix::Counter => Some("total"),
        Suffix::Gauge if unit == "1" => Some("ratio"),
        Suffix::Gauge | Suffix::None => None,
    };
    if let Some(last) = last {
        words.retain(|word| *word != last);
        words.push(last);
    }
    with_first_letter(words.join("_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_unit_and_kind() {
        use Suffix::{Counter, Gauge, None};
        let cases = [
            ("http.server.request.duration", "s", None, "http_server_request_duration_seconds"),
            ("my.counter", "1", Counter, "my_counter_total"),
            ("my.gauge", "1", Gauge, "my_gauge_ratio"),
            ("my.gauge", "", Gauge, "my_gauge"),
            ("requests.total.count", "", Counter, "requests_count_total"),
            ("system.network.io", "By", Counter, "system_network_io_bytes_total"),
            ("io.bytes", "By", Counter, "io_bytes_total"),
            ("rate", "By/s", Gauge, "rate_bytes_per_second"),
            ("queue", "{item}", Gauge, "queue"),
            ("2xx", "", Counter, "_2xx_total"),
            ("a..b__c-d", "", None, "a_b_c_d"),
            ("job:rule", "", None, "job:rule"),
            ("...", "", Gauge, ""),
            ("cpu.utilization.ratio", "1", Gauge, "cpu_utilization_ratio"),
        ];
        for (name, unit, suffix, expected) in cases {
            assert_eq!(prometheus(name, unit, suffix), expected, "{name} [{unit}]");
        }
    }

    #[test]
    fn translations_differ_in_escapes_and_suffixes() {
        use Suffix::{Counter, Gauge, None};
        use Translation::{
            NoTranslation, NoUtf8EscapingWithSuffixes, UnderscoreEscapingWithoutSuffixes,
        };
        let cases = [
            ("http.requests", "By", Counter, "http_requests", "http.requests_bytes_total"),
            ("http.requests.total", "", Counter, "http_requests_total", "http.requests_total"),
            ("a.rate", "By/s", Gauge, "a_rate", "a.rate_bytes_per_second"),
            ("a.per_second", "By/s", Gauge, "a_per_second", "a_bytes_per_second"),
            ("io.bytes", "By", None, "io_bytes", "io.bytes"),
            ("use.ratio", "1", Gauge, "use_ratio", "use_ratio"),
            ("_a__b", "", None, "_a__b", "_a__b"),
            ("2xx", "", None, "_2xx", "2xx"),
            ("ü", "", None, "", "ü"),
            ("total", "", Counter, "total", "total_total"),
        ];
        for (name, unit, suffix, without, raw) in cases {
            let made = |translation| translate(name, unit, suffix, translation);
            assert_eq!(made(UnderscoreEscapingWithoutSuffixes), without, "{name}");
            assert_eq!(made(NoUtf8EscapingWithSuffixes), raw, "{name}");
            assert_eq!(made(NoTranslation), name);
        }
    }
}
