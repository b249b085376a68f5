//! The name of a metric in Prometheus: words joined by `_`, with the unit and the kind at the end.

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
    let name = words.join("_");
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
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
}
