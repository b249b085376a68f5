//! What a correct engine answers.

use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::ask::Answer;

/// Sums may differ by this share: engines add in different orders.
const SHARE_MAX: f64 = 1e-6;

/// Rows, points and sums by workload and query. What is not there was not measured.
#[derive(Debug)]
pub(crate) struct Expected {
    workloads: Value,
}

impl Expected {
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let mut file: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
        Ok(Expected { workloads: file["workloads"].take() })
    }

    /// Compares an answer.
    pub(crate) fn check(
        &self,
        workload: &str,
        query: &str,
        answer: &Answer,
    ) -> Result<(), Box<dyn Error>> {
        let expected = &self.workloads[workload][query];
        let points = answer.points.unwrap_or_default();
        for (name, found) in [("rows", answer.rows), ("points", points)] {
            if let Some(right) = expected[name].as_u64()
                && right != found
            {
                return Err(format!("{found} {name}, expected {right}").into());
            }
        }
        if let Some(right) = expected["sum"].as_f64()
            && (right - answer.sum).abs() > right.abs() * SHARE_MAX
        {
            return Err(format!("sum {}, expected {right}", answer.sum).into());
        }
        Ok(())
    }
}
