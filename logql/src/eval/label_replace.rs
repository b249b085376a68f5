//! `label_replace`: a label from what a regular expression finds in another.

use super::row::Row;
use crate::plan::LabelReplacePlan;
use telemetry_core::labels::regex::Captures;

/// Rewrites the labels of every row. Rows may end up with equal labels; both stay.
pub(super) fn run(plan: &LabelReplacePlan, mut rows: Vec<Row>) -> Vec<Row> {
    let mut captures = Captures::default();
    let mut text = String::new();
    for row in &mut rows {
        let value = row.labels.get(&plan.source).unwrap_or_default().to_string();
        if !plan.regex.captures_into(value.as_bytes(), &mut captures) {
            continue;
        }
        text.clear();
        plan.regex.expand(&plan.replacement, &value, &captures, &mut text);
        row.labels = row.labels.with(&plan.destination, &text);
    }
    rows
}
