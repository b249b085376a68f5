//! Which names need quotes, and which come first.
//!
//! Any UTF-8 text can name a label or a metric. The classic names, those Prometheus has always
//! known, are written bare; all others stand in quotes.

/// Whether `name` is a classic label name: `[a-zA-Z_][a-zA-Z0-9_]*`.
pub fn is_classic_name(name: &str) -> bool {
    is_classic(name, false)
}

/// Whether `name` is a classic metric name: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
pub fn is_classic_metric_name(name: &str) -> bool {
    is_classic(name, true)
}

fn is_classic(name: &str, colon: bool) -> bool {
    let ok = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || (colon && byte == b':');
    match name.as_bytes() {
        [] => false,
        [first, rest @ ..] => {
            ok(*first) && !first.is_ascii_digit() && rest.iter().all(|byte| ok(*byte))
        }
    }
}

/// `a < b`. Most names differ in the first byte.
#[inline]
pub(crate) fn is_below(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    match (a.first(), b.first()) {
        (Some(a), Some(b)) if a != b => a < b,
        _ => a < b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_metric_names_may_have_colons() {
        assert!(is_classic_metric_name("job:up:sum"));
        assert!(!is_classic_name("job:up"));
    }

    #[test]
    fn digits_do_not_come_first() {
        assert!(is_classic_name("_1a"));
        for name in ["", "1a", "a.b", "a-b", "é"] {
            assert!(!is_classic_name(name), "{name}");
            assert!(!is_classic_metric_name(name), "{name}");
        }
    }
}
