//! The order in which people sort names: runs of digits count as numbers.

use std::cmp::Ordering;

/// Compares two texts by their runs of digits and of other characters, one by one. A run of digits
/// is a number; two runs of the same number are ordered by their length, then a run of digits goes
/// before one of other characters.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        let ((run_a, rest_a), (run_b, rest_b)) = (run(a), run(b));
        let order = match (run_a.first(), run_b.first()) {
            (None, None) => return Ordering::Equal,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                compare_numbers(run_a, run_b)
            }
            _ => run_a.cmp(run_b),
        };
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

fn run(text: &[u8]) -> (&[u8], &[u8]) {
    let digits = text.first().is_some_and(u8::is_ascii_digit);
    let end = text.iter().position(|byte| byte.is_ascii_digit() != digits);
    text.split_at(end.unwrap_or(text.len()))
}

fn compare_numbers(a: &[u8], b: &[u8]) -> Ordering {
    let significant = |digits: &[u8]| {
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.len() - zeros
    };
    let (long_a, long_b) = (significant(a), significant(b));
    let tail = |digits: &[u8], len: usize| digits[digits.len() - len..].to_vec();
    long_a
        .cmp(&long_b)
        .then_with(|| tail(a, long_a).cmp(&tail(b, long_b)))
        .then_with(|| a.len().cmp(&b.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_inside_names_count_as_numbers() {
        let mut names = ["cpu10", "cpu2", "cpu1", "cpu", "disk1", "10", "9", "a", ""];
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(names, ["", "9", "10", "a", "cpu", "cpu1", "cpu2", "cpu10", "disk1"]);
    }

    #[test]
    fn long_numbers_do_not_overflow() {
        let (a, b) = ("9".repeat(400), format!("1{}", "0".repeat(400)));
        assert_eq!(compare(&a, &b), Ordering::Less);
        assert_eq!(compare("007", "7"), Ordering::Greater);
    }
}
