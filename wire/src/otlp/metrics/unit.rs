//! Units of OpenTelemetry (UCUM) as words of Prometheus.

/// A unit and its word.
type Words = &'static [(&'static str, &'static str)];

/// Units that stand alone or in front of a slash.
const UNITS: Words = &[
    // Time.
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    // Bytes.
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    // Physics.
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    // Others.
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("1", ""),
    ("%", "percent"),
];

/// Units behind a slash.
const PER_UNITS: Words = &[
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

/// The words of a unit: what is counted, and per what (`per_second`). Each may be empty: parts in
/// braces are annotations, not units.
pub(super) fn words(unit: &str) -> (String, String) {
    let (main, per) = raw_words(unit);
    (clean(&main), clean(&per))
}

/// As [`words`], with characters that cannot stand in a classic name.
pub(super) fn raw_words(unit: &str) -> (String, String) {
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    let per = word(PER_UNITS, per.trim());
    let per = if per.is_empty() { per } else { format!("per_{per}") };
    (word(UNITS, main.trim()), per)
}

/// The unit in one word: `bytes_per_second`. Empty if there is none.
pub(super) fn phrase(unit: &str) -> String {
    let (main, per) = words(unit);
    let separator = if main.is_empty() || per.is_empty() { "" } else { "_" };
    let phrase = format!("{}{separator}{}", main.trim_end_matches('_'), per.trim_end_matches('_'));
    phrase.trim_matches('_').to_owned()
}

/// The unit that is told in one word: the way back of [`phrase`].
pub(super) fn symbol(phrase: &str) -> String {
    if phrase == "ratio" {
        return "1".to_owned();
    }
    let symbol = |words: Words, word: &str| {
        let known = words.iter().find(|(_, known)| *known == word && !word.is_empty());
        known.map_or_else(|| word.to_owned(), |(symbol, _)| (*symbol).to_owned())
    };
    match phrase.split_once("_per_") {
        Some((main, per)) => format!("{}/{}", symbol(UNITS, main), symbol(PER_UNITS, per)),
        None => symbol(UNITS, phrase),
    }
}

fn word(words: Words, unit: &str) -> String {
    if unit.contains(['{', '}']) {
        return String::new();
    }
    let known = words.iter().find(|(symbol, _)| *symbol == unit);
    known.map_or(unit, |(_, word)| word).to_owned()
}

/// Replaces what cannot stand in a metric name, joins runs of `_`, and drops one in front.
fn clean(unit: &str) -> String {
    let mut clean = String::new();
    for c in unit.chars() {
        let c = if c.is_ascii_alphanumeric() || c == ':' { c } else { '_' };
        if !(c == '_' && clean.ends_with('_')) {
            clean.push(c);
        }
    }
    clean.strip_prefix('_').map_or_else(|| clean.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_become_words() {
        let cases = [
            ("s", "seconds", ""),
            ("By/s", "bytes", "per_second"),
            ("{request}/m", "", "per_minute"),
            ("{request}", "", ""),
            ("1", "", ""),
            ("", "", ""),
            ("%", "percent", ""),
            ("widgets", "widgets", ""),
            (" ms ", "milliseconds", ""),
            ("a.b//c", "a_b", "per_c"),
            ("KiBy/fortnight", "kibibytes", "per_fortnight"),
        ];
        for (unit, main, per) in cases {
            assert_eq!(words(unit), (main.to_owned(), per.to_owned()), "{unit}");
        }
        assert_eq!(phrase("By/s"), "bytes_per_second");
        for unit in ["s", "By/s", "widgets", "%", ""] {
            assert_eq!(symbol(&phrase(unit)), unit);
        }
        assert_eq!(phrase("1/s"), "per_second");
        assert_eq!(phrase("1"), "");
    }
}
