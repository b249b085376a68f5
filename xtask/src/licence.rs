//! Licence expressions: whether a package may be linked under a list of allowed licences.
//!
//! The grammar is the part of SPDX that manifests use, weakest first: `OR`, `AND`, then
//! `identifier [WITH exception]` or a group in parentheses. `/` is the old spelling of `OR`.

/// Whether `expression` leaves a choice that `allowed` covers. An empty or malformed expression
/// does not: what nobody stated, nobody allowed.
pub fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = Words { rest: spaced.split_whitespace().collect(), allowed };
    words.rest.reverse();
    words.any_of() == Some(true) && words.rest.is_empty()
}

/// The words still to be read, last first.
struct Words<'a> {
    rest: Vec<&'a str>,
    allowed: &'a [String],
}

impl Words<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.rest.last() == Some(&word);
        if found {
            self.rest.pop();
        }
        found
    }

    fn any_of(&mut self) -> Option<bool> {
        let mut fits = self.all_of()?;
        while self.take("OR") {
            fits |= self.all_of()?;
        }
        Some(fits)
    }

    fn all_of(&mut self) -> Option<bool> {
        let mut fits = self.one()?;
        while self.take("AND") {
            fits &= self.one()?;
        }
        Some(fits)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let fits = self.any_of()?;
            return self.take(")").then_some(fits);
        }
        let mut name = self.rest.pop()?.to_owned();
        if self.take("WITH") {
            name = format!("{name} WITH {}", self.rest.pop()?);
        }
        Some(self.allowed.contains(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(expression: &str) -> bool {
        let allowed = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        is_allowed(expression, &allowed)
    }

    #[test]
    fn one_allowed_side_of_or_is_enough() {
        assert!(fits("MIT OR GPL-3.0"));
        assert!(fits("GPL-3.0 OR MIT"));
        assert!(fits("GPL-3.0/MIT"));
        assert!(!fits("GPL-3.0 OR AGPL-3.0"));
    }

    #[test]
    fn and_needs_both_sides_and_binds_closer() {
        assert!(fits("MIT AND Zlib"));
        assert!(!fits("MIT AND GPL-3.0"));
        assert!(fits("MIT OR Zlib AND GPL-3.0"));
        assert!(!fits("(MIT OR Zlib) AND GPL-3.0"));
    }

    #[test]
    fn an_exception_is_part_of_the_name() {
        assert!(fits("Apache-2.0 WITH LLVM-exception"));
        assert!(!fits("Apache-2.0"));
        assert!(!fits("MIT WITH Something-exception"));
    }

    #[test]
    fn silence_and_nonsense_allow_nothing() {
        for expression in ["", "OR", "MIT OR", "(MIT", "MIT)", "MIT Zlib"] {
            assert!(!fits(expression), "{expression:?}");
        }
    }
}
