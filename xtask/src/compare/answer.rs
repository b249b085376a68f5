//! What an answer comes to: enough to see whether two systems agree.

use serde_json::Value;

/// Rows, points and the sum of all finite values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) rows: f64,
    pub(super) points: f64,
    pub(super) sum: f64,
}

/// Sums may differ by this share: engines add in different orders.
const SHARE_MAX: f64 = 1e-6;

impl Answer {
    /// The answer in a body of the HTTP interface of Prometheus.
    pub(super) fn read(body: &[u8]) -> super::Result<Self> {
        let body: Value = serde_json::from_slice(body)?;
        let data = &body["data"];
        let rows = match data["resultType"].as_str() {
            Some("scalar") => return Ok(Answer::of(&[&data["result"]])),
            Some(_) => data["result"].as_array(),
            // Values of labels, or label sets.
            None => data.as_array(),
        };
        let rows = rows.ok_or("an answer without a result")?;
        let points: Vec<&Value> = rows
            .iter()
            .flat_map(|row| {
                let many = row["values"].as_array().into_iter().flatten();
                many.chain(row.get("value"))
            })
            .collect();
        Ok(Answer { rows: rows.len() as f64, ..Answer::of(&points) })
    }

    /// Pairs of time and value, of one row.
    fn of(points: &[&Value]) -> Self {
        let values = points.iter().filter_map(|point| point[1].as_str()?.parse::<f64>().ok());
        let sum = values.filter(|value| value.is_finite()).sum();
        Answer { rows: 1.0, points: points.len() as f64, sum }
    }

    /// Whether two systems gave the same answer, as far as this tells.
    pub(super) fn agrees(&self, other: &Answer) -> bool {
        let scale = self.sum.abs().max(other.sum.abs());
        self.rows == other.rows && (self.sum - other.sum).abs() <= scale * SHARE_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_answer_is_read() {
        let cases = [
            (r#"{"data":{"resultType":"scalar","result":[1,"2.5"]}}"#, 1.0, 1.0, 2.5),
            (
                r#"{"data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]},{"value":[1,"NaN"]}]}}"#,
                2.0,
                2.0,
                2.0,
            ),
            (
                r#"{"data":{"resultType":"matrix","result":[{"values":[[1,"2"],[2,"+Inf"],[3,"4"]]}]}}"#,
                1.0,
                3.0,
                6.0,
            ),
            (r#"{"data":["a","b"]}"#, 2.0, 0.0, 0.0),
        ];
        for (body, rows, points, sum) in cases {
            assert_eq!(
                Answer::read(body.as_bytes()).unwrap(),
                Answer { rows, points, sum },
                "{body}"
            );
        }
        assert!(Answer::read(br#"{"status":"error"}"#).is_err());
    }

    #[test]
    fn sums_may_differ_in_the_last_digits() {
        let answer = Answer { rows: 1.0, points: 1.0, sum: 1e9 };
        assert!(answer.agrees(&Answer { sum: 1e9 + 1.0, ..answer }));
        assert!(!answer.agrees(&Answer { sum: 1e9 + 1e4, ..answer }));
        assert!(!answer.agrees(&Answer { rows: 2.0, ..answer }));
    }
}
