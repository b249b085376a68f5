//! Tests on single spans, and what they mean.
//!
//! A value holds a comparison if it and the operand can be compared and the comparison is true:
//!
//! * numbers (integer, float, duration in nanoseconds) compare by value, whatever their types;
//!   two integers or durations exactly;
//! * text compares by bytes, with every operator;
//! * booleans, statuses and kinds have `=` and `!=` only;
//! * everything else is not comparable and does not hold, `!=` included; so nothing that is absent
//!   holds any test.
//!
//! An array holds `!=` and the negated regular expression if *all* its elements do, and every other
//! test if *any* does. Of a field with several values (events, links) it is enough that one holds.

use std::cmp::Ordering;

use super::field::SpanField;
use super::value::SpanValue;
use crate::labels::regex::Regex;

/// A test on one field.
#[derive(Clone, Debug)]
pub struct SpanCondition {
    /// What is tested.
    pub field: SpanField,
    /// How.
    pub test: SpanTest,
}

/// A test on a value.
#[derive(Clone, Debug)]
pub enum SpanTest {
    /// There is a value.
    Exists,
    /// The value stands in this relation to the operand: value, operator, operand.
    Compare(Comparison, SpanValue),
    /// A text that the anchored expression matches.
    Regex(Regex),
    /// A text that it does not match.
    NotRegex(Regex),
}

/// How two values may stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

impl Comparison {
    /// The comparison that holds for `b, a` where this one holds for `a, b`.
    #[must_use]
    pub fn flipped(self) -> Self {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::LessEqual => Comparison::GreaterEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterEqual => Comparison::LessEqual,
            same => same,
        }
    }

    /// Whether two items ordered like this hold it.
    pub fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Comparison::Equal => ordering.is_eq(),
            Comparison::NotEqual => ordering.is_ne(),
            Comparison::Less => ordering.is_lt(),
            Comparison::LessEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterEqual => ordering.is_ge(),
        }
    }

    /// Whether two floats hold it; NaN holds only `!=`.
    pub fn accepts_f64(self, a: f64, b: f64) -> bool {
        match a.partial_cmp(&b) {
            Some(ordering) => self.accepts(ordering),
            None => self == Comparison::NotEqual,
        }
    }

    /// Whether two values that are not arrays hold it, as the module says.
    pub fn holds(self, a: &SpanValue, b: &SpanValue) -> bool {
        use SpanValue as V;
        let unordered = matches!(self, Comparison::Equal | Comparison::NotEqual);
        match (a, b) {
            (V::Int(a) | V::Duration(a), V::Int(b) | V::Duration(b)) => self.accepts(a.cmp(b)),
            (V::String(a), V::String(b)) => self.accepts(a.as_bytes().cmp(b.as_bytes())),
            (V::Bool(a), V::Bool(b)) => unordered && self.accepts(a.cmp(b)),
            (V::Status(a), V::Status(b)) => unordered && self.accepts(a.cmp(b)),
            (V::Kind(a), V::Kind(b)) => unordered && self.accepts(a.cmp(b)),
            _ => match (a.as_f64(), b.as_f64()) {
                (Some(a), Some(b)) => self.accepts_f64(a, b),
                _ => false,
            },
        }
    }
}

impl SpanTest {
    /// Whether one value (of an event, a link or a span) holds the test.
    pub fn holds(&self, value: &SpanValue) -> bool {
        if value.is_nil() {
            return false;
        }
        if matches!(self, SpanTest::Exists) || value.array_len().is_none() {
            return self.holds_element(value);
        }
        let (mut any, mut all) = (false, true);
        value.for_each_element(|element| {
            let holds = self.holds_element(&element);
            any |= holds;
            all &= holds;
        });
        if self.is_negative() { all } else { any }
    }

    /// Whether an array needs all its elements to hold.
    pub fn is_negative(&self) -> bool {
        matches!(self, SpanTest::NotRegex(_) | SpanTest::Compare(Comparison::NotEqual, _))
    }

    fn holds_element(&self, value: &SpanValue) -> bool {
        match self {
            SpanTest::Exists => true,
            SpanTest::Compare(comparison, operand) => comparison.holds(value, operand),
            SpanTest::Regex(regex) => value.as_str().is_some_and(|text| regex.is_match_str(text)),
            SpanTest::NotRegex(regex) => {
                value.as_str().is_some_and(|text| !regex.is_match_str(text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn holds(value: SpanValue, comparison: Comparison, operand: SpanValue) -> bool {
        SpanTest::Compare(comparison, operand).holds(&value)
    }

    #[test]
    fn numbers_compare_across_types() {
        assert!(holds(SpanValue::Int(5), Comparison::Greater, SpanValue::Float(4.5)));
        assert!(holds(SpanValue::Float(5.0), Comparison::Equal, SpanValue::Int(5)));
        assert!(holds(SpanValue::Duration(10), Comparison::LessEqual, SpanValue::Int(10)));
        let big = SpanValue::Int(9_007_199_254_740_993);
        assert!(!holds(big, Comparison::Equal, SpanValue::Int(9_007_199_254_740_992)));
    }

    #[test]
    fn what_cannot_be_compared_holds_nothing() {
        for comparison in [Comparison::Equal, Comparison::NotEqual, Comparison::Less] {
            assert!(!holds(SpanValue::Nil, comparison, SpanValue::Int(1)));
            assert!(!holds("1".into(), comparison, SpanValue::Int(1)));
            assert!(!holds(SpanValue::Bool(true), comparison, SpanValue::Int(1)));
        }
        assert!(!holds(SpanValue::Bool(false), Comparison::Less, SpanValue::Bool(true)));
    }

    #[test]
    fn arrays_hold_by_any_and_negations_by_all() {
        let array = SpanValue::Ints(Arc::from([1, 3]));
        assert!(holds(array.clone(), Comparison::Equal, SpanValue::Int(3)));
        assert!(holds(array.clone(), Comparison::Less, SpanValue::Int(2)));
        assert!(!holds(array.clone(), Comparison::NotEqual, SpanValue::Int(3)));
        assert!(holds(array, Comparison::NotEqual, SpanValue::Int(2)));
    }
}
