//! `count_values`: how many rows of a group have the same value; the value becomes a label.

use hashbrown::HashMap;
use telemetry_core::labels::Labels;
use telemetry_core::model::SampleValue;
use telemetry_core::syntax::number::format_f;
use telemetry_core::vector::Grouping;

use super::super::{Collected, EvaluationError, Evaluator, Grid, Identity, Pace, Row};
use crate::native;
use crate::plan::Aggregate;

impl<'a> Evaluator<'a> {
    pub(super) fn count_values(
        &'a self,
        node: &'a Aggregate,
        grid: Grid,
    ) -> Result<Vec<Collected>, EvaluationError> {
        let rows = self.collect(&node.input, grid)?;
        let grouping = with_label(&node.grouping, &node.label);
        let mut places: HashMap<Labels, usize> = HashMap::new();
        let mut results: Vec<Collected> = Vec::new();
        let mut pace = Pace::new(self.context);
        for row in &rows {
            pace.spend(grid.count * 32)?;
            // Values repeat from step to step: their labels are made once.
            let mut known: HashMap<String, usize> = HashMap::new();
            for step in &row.row.presence {
                let Some(value) = row.row.get(step) else { continue };
                let text = text(&value);
                let at = match known.get(&text) {
                    Some(at) => *at,
                    None => {
                        let labels = grouping.labels(&row.identity.labels.with(&node.label, &text));
                        let at = *places.entry(labels.clone()).or_insert_with(|| {
                            let identity = Identity::new(labels);
                            results.push(Collected::new(identity, Row::absent(grid.count)));
                            results.len() - 1
                        });
                        self.context.charge_bytes(Row::bytes(grid.count))?;
                        known.insert(text, at);
                        at
                    }
                };
                let counted = &mut results[at];
                let before = if counted.row.presence.contains(step) {
                    counted.row.floats[step]
                } else {
                    0.0
                };
                counted.row.set_float(step, before + 1.0);
                counted.identity.drop_name |= row.identity.drop_name;
            }
        }
        Ok(results)
    }
}

fn text(value: &SampleValue) -> String {
    match value {
        SampleValue::Float(value) => format_f(*value),
        SampleValue::Histogram(histogram) => native::print(histogram),
    }
}

/// A grouping that takes the label of the value too, unless it is one that is left out.
fn with_label(grouping: &Grouping, label: &str) -> Grouping {
    match grouping {
        Grouping::By(names) => {
            Grouping::By(names.iter().cloned().chain([Box::from(label)]).collect())
        }
        without @ Grouping::Without(_) => without.clone(),
    }
}
