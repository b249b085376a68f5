//! Attribute names as label names.
//!
//! A label name of the classic kind has letters, digits and `_` only and does not start with a
//! digit; OpenTelemetry's names have dots and more. Every character that cannot stand is replaced
//! by `_`. Prometheus and Loki do this by the same rules with two switches between them.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

/// How names are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabelNames {
    /// Whether several `_` in a row become one. The two at both ends of a reserved name
    /// (`__name__`) stay.
    pub(crate) collapse: bool,
    /// Whether a single `_` in front is preceded by `key`.
    pub(crate) prefix_underscore: bool,
}

/// The rules of Loki.
pub(crate) const LOKI: LabelNames = LabelNames { collapse: true, prefix_underscore: false };

/// The rules of Prometheus by default.
pub(crate) const PROMETHEUS: LabelNames = LabelNames { collapse: false, prefix_underscore: true };

/// Letters, digits and `_`.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const WORD: [bool; 128] = {
    let mut word = [false; 128];
    let mut byte = 0;
    while byte < 128_u8 {
        word[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_';
        byte += 1;
    }
    word
};

fn is_word(byte: u8) -> bool {
    WORD.get(usize::from(byte)).copied().unwrap_or_default()
}

impl LabelNames {
    /// Whether `key` can stay as it is.
    #[inline]
    pub(crate) fn is_right(self, key: &str) -> bool {
        if let Some(inner) = self.reserved(key) {
            return self.is_right_within(inner);
        }
        let prefixed = self.prefix_underscore && has_single_underscore(key);
        self.is_right_within(key) && !key.is_empty() && !prefixed && !starts_with_digit(key)
    }

    /// What is between the `__` at both ends, where they stay.
    #[inline]
    fn reserved(self, key: &str) -> Option<&str> {
        let inner = key.strip_prefix("__")?.strip_suffix("__")?;
        (self.collapse && !inner.is_empty()).then_some(inner)
    }

    #[inline]
    fn is_right_within(self, key: &str) -> bool {
        let mut previous = b'0';
        key.bytes().all(|byte| {
            let repeated = self.collapse && byte == b'_' && previous == b'_';
            previous = byte;
            is_word(byte) && !repeated
        })
    }

    /// Appends the label name for `key`, which has at least one character.
    #[inline]
    pub(crate) fn append(self, key: &str, out: &mut String) {
        if let Some(inner) = self.reserved(key) {
            out.push_str("__");
            self.append_within(inner, out);
            out.push_str("__");
            return;
        }
        let start = out.len();
        self.append_within(key, out);
        let name = out.get(start..).unwrap_or_default();
        if starts_with_digit(name) {
            out.insert_str(start, "key_");
        } else if self.prefix_underscore && has_single_underscore(name) {
            out.insert_str(start, "key");
        }
    }

    #[inline]
    fn append_within(self, key: &str, out: &mut String) {
        out.reserve(key.len());
        let mut previous = b'0';
        for byte in key.bytes() {
            // Of a character of several bytes the first one is replaced, the others go.
            if (0x80..0xc0).contains(&byte) {
                continue;
            }
            let byte = if is_word(byte) { byte } else { b'_' };
            if !(self.collapse && byte == b'_' && previous == b'_') {
                out.push(char::from(byte & 0x7f));
            }
            previous = byte;
        }
    }
}

fn starts_with_digit(name: &str) -> bool {
    name.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

fn has_single_underscore(name: &str) -> bool {
    name.starts_with('_') && !name.starts_with("__")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(rules: LabelNames, key: &str) -> String {
        let mut name = "x_".to_owned();
        rules.append(key, &mut name);
        assert_eq!(name[2..] == *key, rules.is_right(key), "{key}");
        name.split_off(2)
    }

    #[test]
    fn prometheus_keeps_runs_and_prefixes_one_underscore() {
        let cases = [
            ("http.method", "http_method"),
            ("already_right", "already_right"),
            ("a..b", "a__b"),
            ("1st", "key_1st"),
            ("_private", "key_private"),
            (".dotted", "key_dotted"),
            ("__reserved", "__reserved"),
            ("ünï", "key_n_"),
        ];
        for (key, expected) in cases {
            assert_eq!(name(PROMETHEUS, key), expected, "{key}");
        }
    }

    #[test]
    fn loki_collapses_runs_and_prefixes_digits_only() {
        let cases = [
            ("weird key/1", "weird_key_1"),
            ("a..b", "a_b"),
            ("a__b", "a_b"),
            ("1st", "key_1st"),
            ("ünï", "_n_"),
            ("__x", "_x"),
            ("__x__", "__x__"),
            ("__a..b__", "__a_b__"),
            ("____", "_"),
        ];
        for (key, expected) in cases {
            assert_eq!(name(LOKI, key), expected, "{key}");
        }
    }
}
