//! What functions take and give: one row per function of Prometheus 3.14, sorted by name.
//!
//! The bodies are attached to these rows in the registry, [`functions`](crate::functions).

use crate::ast::ValueType::{self, Matrix, Scalar, String, Vector};

/// What a function takes and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The function's name.
    pub name: &'static str,
    /// The types of the arguments that must be there.
    pub takes: &'static [ValueType],
    /// Arguments that may follow.
    pub then: Optional,
    /// The type of the result.
    pub gives: ValueType,
    /// Whether it may be used with experimental functions switched on only.
    pub experimental: bool,
}

/// Arguments that may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Optional {
    /// How many there may be.
    pub at_most: usize,
    /// The type of each.
    pub each: ValueType,
}

/// No bound to the number of arguments.
const MANY: usize = usize::MAX;

/// Every function, sorted by name.
pub const SIGNATURES: &[Signature] = &[
    stable("abs", &[Vector], Vector),
    stable("absent", &[Vector], Vector),
    stable("absent_over_time", &[Matrix], Vector),
    stable("acos", &[Vector], Vector),
    stable("acosh", &[Vector], Vector),
    stable("asin", &[Vector], Vector),
    stable("asinh", &[Vector], Vector),
    stable("atan", &[Vector], Vector),
    stable("atanh", &[Vector], Vector),
    stable("avg_over_time", &[Matrix], Vector),
    stable("ceil", &[Vector], Vector),
    stable("changes", &[Matrix], Vector),
    stable("clamp", &[Vector, Scalar, Scalar], Vector),
    stable("clamp_max", &[Vector, Scalar], Vector),
    stable("clamp_min", &[Vector, Scalar], Vector),
    stable("cos", &[Vector], Vector),
    stable("cosh", &[Vector], Vector),
    stable("count_over_time", &[Matrix], Vector),
    stable("day_of_month", &[], Vector).and_up_to(1, Vector),
    stable("day_of_week", &[], Vector).and_up_to(1, Vector),
    stable("day_of_year", &[], Vector).and_up_to(1, Vector),
    stable("days_in_month", &[], Vector).and_up_to(1, Vector),
    stable("deg", &[Vector], Vector),
    stable("delta", &[Matrix], Vector),
    stable("deriv", &[Matrix], Vector),
    experimental("double_exponential_smoothing", &[Matrix, Scalar, Scalar], Vector),
    experimental("end", &[], Scalar),
    stable("exp", &[Vector], Vector),
    stable("first_over_time", &[Matrix], Vector),
    stable("floor", &[Vector], Vector),
    stable("histogram_avg", &[Vector], Vector),
    stable("histogram_count", &[Vector], Vector),
    stable("histogram_fraction", &[Scalar, Scalar, Vector], Vector),
    stable("histogram_quantile", &[Scalar, Vector], Vector),
    experimental("histogram_quantiles", &[Vector, String, Scalar], Vector).and_up_to(9, Scalar),
    stable("histogram_stddev", &[Vector], Vector),
    stable("histogram_stdvar", &[Vector], Vector),
    stable("histogram_sum", &[Vector], Vector),
    stable("hour", &[], Vector).and_up_to(1, Vector),
    stable("idelta", &[Matrix], Vector),
    stable("increase", &[Matrix], Vector),
    experimental("info", &[Vector], Vector).and_up_to(1, Vector),
    stable("irate", &[Matrix], Vector),
    stable("label_join", &[Vector, String, String], Vector).and_up_to(MANY, String),
    stable("label_replace", &[Vector, String, String, String, String], Vector),
    stable("last_over_time", &[Matrix], Vector),
    stable("ln", &[Vector], Vector),
    stable("log10", &[Vector], Vector),
    stable("log2", &[Vector], Vector),
    experimental("mad_over_time", &[Matrix], Vector),
    experimental("max_of", &[Scalar, Scalar], Scalar),
    stable("max_over_time", &[Matrix], Vector),
    experimental("min_of", &[Scalar, Scalar], Scalar),
    stable("min_over_time", &[Matrix], Vector),
    stable("minute", &[], Vector).and_up_to(1, Vector),
    stable("month", &[], Vector).and_up_to(1, Vector),
    stable("pi", &[], Scalar),
    stable("predict_linear", &[Matrix, Scalar], Vector),
    stable("present_over_time", &[Matrix], Vector),
    stable("quantile_over_time", &[Scalar, Matrix], Vector),
    stable("rad", &[Vector], Vector),
    experimental("range", &[], Scalar),
    stable("rate", &[Matrix], Vector),
    stable("resets", &[Matrix], Vector),
    stable("round", &[Vector], Vector).and_up_to(1, Scalar),
    stable("scalar", &[Vector], Scalar),
    stable("sgn", &[Vector], Vector),
    stable("sin", &[Vector], Vector),
    stable("sinh", &[Vector], Vector),
    stable("sort", &[Vector], Vector),
    experimental("sort_by_label", &[Vector], Vector).and_up_to(MANY, String),
    experimental("sort_by_label_desc", &[Vector], Vector).and_up_to(MANY, String),
    stable("sort_desc", &[Vector], Vector),
    stable("sqrt", &[Vector], Vector),
    experimental("start", &[], Scalar),
    experimental("start_timestamp", &[Vector], Vector),
    stable("stddev_over_time", &[Matrix], Vector),
    stable("stdvar_over_time", &[Matrix], Vector),
    experimental("step", &[], Scalar),
    stable("sum_over_time", &[Matrix], Vector),
    stable("tan", &[Vector], Vector),
    stable("tanh", &[Vector], Vector),
    stable("time", &[], Scalar),
    stable("timestamp", &[Vector], Vector),
    experimental("ts_of_first_over_time", &[Matrix], Vector),
    experimental("ts_of_last_over_time", &[Matrix], Vector),
    experimental("ts_of_max_over_time", &[Matrix], Vector),
    experimental("ts_of_min_over_time", &[Matrix], Vector),
    stable("vector", &[Scalar], Vector),
    stable("year", &[], Vector).and_up_to(1, Vector),
];

/// The signature of `name`, whose letter case matters.
pub fn signature(name: &str) -> Option<&'static Signature> {
    let at = SIGNATURES.binary_search_by(|row| row.name.cmp(name)).ok()?;
    SIGNATURES.get(at)
}

impl Signature {
    /// The type of the argument at `index`; `None` past the last possible one.
    pub fn argument(&self, index: usize) -> Option<ValueType> {
        match self.takes.get(index) {
            Some(kind) => Some(*kind),
            None if index - self.takes.len() < self.then.at_most => Some(self.then.each),
            None => None,
        }
    }

    const fn and_up_to(mut self, at_most: usize, each: ValueType) -> Self {
        self.then = Optional { at_most, each };
        self
    }
}

const fn stable(name: &'static str, takes: &'static [ValueType], gives: ValueType) -> Signature {
    let then = Optional { at_most: 0, each: gives };
    Signature { name, takes, then, gives, experimental: false }
}

const fn experimental(
    name: &'static str,
    takes: &'static [ValueType],
    gives: ValueType,
) -> Signature {
    let then = Optional { at_most: 0, each: gives };
    Signature { name, takes, then, gives, experimental: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_found_by_its_name() {
        assert_eq!(SIGNATURES.len(), 90);
        for row in SIGNATURES {
            assert_eq!(signature(row.name), Some(row), "the table is sorted");
        }
        assert_eq!(signature("Rate"), None);
    }

    #[test]
    fn optional_arguments_come_last() {
        let round = signature("round").unwrap();
        let types: Vec<_> = (0..3).map(|at| round.argument(at)).collect();
        assert_eq!(types, [Some(Vector), Some(Scalar), None]);
        assert_eq!(signature("label_join").unwrap().argument(1000), Some(String));
    }
}
