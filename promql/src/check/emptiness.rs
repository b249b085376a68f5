//! Does a regular expression match the empty text? Most that queries hold are lists of words with a
//! dot here and there, and are judged without being compiled, which takes ten times as long as
//! parsing the query.

/// Whether `pattern`, anchored at both ends, matches the empty text; `None` where it takes more than
/// a look to say, or to say that it is a regular expression at all.
pub(super) fn of_plain(pattern: &str) -> Option<bool> {
    let mut rest = pattern.as_bytes();
    // Whether any alternative so far, and the present one, matches the empty text.
    let mut any = false;
    let mut this = true;
    while let [byte, behind @ ..] = rest {
        rest = behind;
        match byte {
            b'|' => {
                any |= this;
                this = true;
                continue;
            }
            b'.' => match rest {
                [b'*', behind @ ..] => rest = behind,
                [b'+', behind @ ..] => {
                    rest = behind;
                    this = false;
                }
                _ => this = false,
            },
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'/' | b':' | b',' | b' ' => {
                this = false;
            }
            _ => return None,
        }
        if let [b'*' | b'+' | b'?' | b'{', ..] = rest {
            return None;
        }
    }
    Some(any | this)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use telemetry_core::labels::{MatchOp, Matcher};

    #[test]
    fn lists_of_words_need_no_compiler() {
        for (pattern, empty) in [
            ("", true),
            ("a|b", false),
            ("a|", true),
            (".*", true),
            (".+|x.*", false),
            ("5..", false),
        ] {
            assert_eq!(of_plain(pattern), Some(empty), "{pattern}");
        }
        for pattern in ["a*", "(a)", "[a]", "a{2}", ".*?", "\\d", "^a$", "é"] {
            assert_eq!(of_plain(pattern), None, "{pattern}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: proptest::test_runner::RngSeed::Fixed(7),
            ..ProptestConfig::default()
        })]

        #[test]
        fn the_look_agrees_with_the_compiler(pattern in "[ab.*+?|{}()^$\\\\1,-]{0,8}") {
            if let Some(empty) = of_plain(&pattern) {
                let matcher = Matcher::new(MatchOp::Regex, "a", pattern.as_str()).unwrap();
                prop_assert_eq!(matcher.matches_empty(), empty, "{}", pattern);
            }
        }
    }
}
