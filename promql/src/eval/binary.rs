//! Operators between two vectors.
//!
//! Labels decide which rows meet, once for the whole range; what remains per step are presence
//! bitmaps. Errors about two rows of one match group are raised only where both have a value at the
//! same step, so series that take turns (a pod that was replaced) are no error.

use hashbrown::HashMap;
use telemetry_core::labels::{Labels, METRIC_NAME};
use telemetry_core::vector::{Collision, Matches, Presence, first_collision, result_labels};

use super::arithmetic::RowOperator;
use super::{Collected, EvaluationError, Evaluator, Grid, Identity, Row, RowSet, merge};
use crate::ast::Side;
use crate::plan::{Binary, METADATA_LABELS};

/// The two sides by their role: many rows may meet one.
struct Sides<'r> {
    node: &'r Binary,
    many: &'r [Collected],
    one: &'r [Collected],
    matches: Matches,
    /// Whether the many stand on the left.
    many_left: bool,
    fill_many: Option<f64>,
    fill_one: Option<f64>,
    steps: usize,
}

impl<'a> Evaluator<'a> {
    pub(super) fn binary(
        &'a self,
        node: &'a Binary,
        grid: Grid,
    ) -> Result<RowSet<'a>, EvaluationError> {
        let left = self.collect(&node.left, grid)?;
        let right = self.collect(&node.right, grid)?;
        let many_left = !matches!(node.group, Some((Side::Right, _)));
        let (many, one) = if many_left { (&left, &right) } else { (&right, &left) };
        // With `group_right` Prometheus exchanges the sides, but not what they are filled with.
        let (fill_many, fill_one) = (node.fill.left, node.fill.right);
        let labels = |rows: &'_ [Collected]| -> Vec<Labels> {
            rows.iter().map(|row| row.identity.labels.clone()).collect()
        };
        let (many_labels, one_labels) = (labels(many), labels(one));
        let matches = Matches::new(node.grouping.clone(), &many_labels, &one_labels);
        let steps = grid.count;
        let sides = Sides { node, many, one, matches, many_left, fill_many, fill_one, steps };
        sides.check_one_side()?;
        let rows = sides.compute(self)?;
        merge::join_equal(self.context, rows, node.span).map(RowSet::Ready)
    }
}

impl Sides<'_> {
    fn groups(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.matches.len()).unwrap_or(u32::MAX)
    }

    /// The one side has one row per match group and step, wherever the other side has any row.
    fn check_one_side(&self) -> Result<(), EvaluationError> {
        let fills = self.fill_many.is_some() || self.fill_one.is_some();
        let many = (!fills).then(|| {
            let mut any = Presence::none(self.steps);
            self.many.iter().for_each(|row| any.unite(&row.row.presence));
            any
        });
        let collision = |group: u32| {
            let rows = self.matches.right(group);
            let presence = |row: u32| &self.one[row as usize].row.presence;
            first_collision(rows, presence, many.as_ref()).map(|found| (found, group))
        };
        let earliest = self.groups().filter_map(collision).min_by_key(|(found, _)| found.step);
        let Some((Collision { first, second, .. }, group)) = earliest else { return Ok(()) };
        Err(EvaluationError::DuplicateOnOneSide {
            group: self.matches.labels(group).clone(),
            side: if self.many_left { "right" } else { "left" },
            first: self.one[second as usize].identity.labels.clone(),
            second: self.one[first as usize].identity.labels.clone(),
            span: self.node.span,
        })
    }

    fn compute(&self, evaluator: &Evaluator<'_>) -> Result<Vec<Collected>, EvaluationError> {
        let operator = RowOperator {
            op: self.node.op,
            return_bool: self.node.return_bool,
            keep_right: false,
            span: self.node.span,
        };
        // In the order of the many, then of those that only the one side has.
        let mut by_many: Vec<Vec<Collected>> = Vec::new();
        by_many.resize_with(self.many.len(), Vec::new);
        let mut filled = Vec::new();
        for group in self.groups() {
            evaluator.context.check()?;
            self.join_group(evaluator, &operator, group, &mut by_many, &mut filled)?;
            self.check_results(group, &by_many)?;
        }
        Ok(by_many.into_iter().flatten().chain(filled).collect())
    }

    fn join_group(
        &self,
        evaluator: &Evaluator<'_>,
        operator: &RowOperator,
        group: u32,
        by_many: &mut [Vec<Collected>],
        filled: &mut Vec<Collected>,
    ) -> Result<(), EvaluationError> {
        let (many, one) = (self.matches.left(group), self.matches.right(group));
        self.check_one_to_one(many, one)?;
        let none = Identity::new(self.matches.labels(group).clone());
        for row in many {
            let results = &mut by_many[*row as usize];
            let row = &self.many[*row as usize];
            for other in one {
                let other = &self.one[*other as usize];
                evaluator.context.check()?;
                self.join(
                    evaluator,
                    operator,
                    (&row.identity, &row.row),
                    (&other.identity, &other.row),
                    results,
                )?;
            }
            if let Some(fill) = self.fill_one {
                let mut missing = constant(fill, self.steps);
                one.iter().for_each(|at| missing.presence.subtract(self.presence_of_one(*at)));
                self.join(
                    evaluator,
                    operator,
                    (&row.identity, &row.row),
                    (&none, &missing),
                    results,
                )?;
            }
        }
        if let Some(fill) = self.fill_many {
            let mut missing = constant(fill, self.steps);
            for at in many {
                missing.presence.subtract(&self.many[*at as usize].row.presence);
            }
            for other in one {
                let other = &self.one[*other as usize];
                self.join(
                    evaluator,
                    operator,
                    (&none, &missing),
                    (&other.identity, &other.row),
                    filled,
                )?;
            }
        }
        Ok(())
    }

    fn presence_of_one(&self, row: u32) -> &Presence {
        &self.one[row as usize].row.presence
    }

    fn join(
        &self,
        evaluator: &Evaluator<'_>,
        operator: &RowOperator,
        many: (&Identity, &Row),
        one: (&Identity, &Row),
        results: &mut Vec<Collected>,
    ) -> Result<(), EvaluationError> {
        if many.1.presence.first_common(&one.1.presence).is_none() {
            return Ok(());
        }
        let (left, right) = if self.many_left { (many.1, one.1) } else { (one.1, many.1) };
        let mut row = Row::default();
        evaluator.context.charge_bytes(Row::bytes(self.steps))?;
        operator.apply(evaluator, left, right, &mut row);
        if !row.presence.is_none() {
            results.push(Collected::new(self.identity(evaluator, many.0, one.0), row));
        }
        Ok(())
    }

    fn identity(&self, evaluator: &Evaluator<'_>, many: &Identity, one: &Identity) -> Identity {
        let (one_to_one, include) = match &self.node.group {
            None => (true, &[][..]),
            Some((_, include)) => (false, include.as_slice()),
        };
        let filters = !self.node.op.is_arithmetic();
        let base =
            if filters { many.labels.clone() } else { many.labels.without(&METADATA_LABELS) };
        // Matching by all labels but some leaves the metric name where it is.
        let labels = match (&self.node.grouping, one_to_one) {
            (telemetry_core::vector::Grouping::Without(names), true) => {
                // The list holds the metric name anyhow; written out it is there twice.
                let listed = |name: &str| names.iter().filter(|one| ***one == *name).count();
                let kept =
                    |name: &str| listed(name) == 0 || (name == METRIC_NAME && listed(name) < 2);
                Labels::from_pairs(base.iter().filter(|(name, _)| kept(name)))
            }
            _ => result_labels(&base, &one.labels, &self.node.grouping, one_to_one, include),
        };
        let drops = self.node.return_bool;
        match (evaluator.settings.delayed_name_removal, drops) {
            (true, drops) => Identity::dropping(labels, drops || (filters && many.drop_name)),
            (false, true) => Identity::new(labels.without(&METADATA_LABELS)),
            (false, false) => Identity::new(labels),
        }
    }

    /// Where nothing is grouped, the many are one per step too: also those that a filter would take
    /// out.
    fn check_one_to_one(&self, many: &[u32], one: &[u32]) -> Result<(), EvaluationError> {
        if self.node.group.is_some() || many.len() < 2 {
            return Ok(());
        }
        let mut met = Presence::none(self.steps);
        match self.fill_one {
            Some(_) => met.fill(),
            None => one.iter().for_each(|row| met.unite(self.presence_of_one(*row))),
        }
        let presence = |row: u32| &self.many[row as usize].row.presence;
        match first_collision(many, presence, Some(&met)) {
            Some(_) => Err(EvaluationError::ManyToOne { span: self.node.span }),
            None => Ok(()),
        }
    }

    /// Results of one match group with the same labels take turns.
    fn check_results(&self, group: u32, by_many: &[Vec<Collected>]) -> Result<(), EvaluationError> {
        let rows = self.matches.left(group);
        let results: Vec<&Collected> =
            rows.iter().flat_map(|row| &by_many[*row as usize]).collect();
        if self.node.group.is_none() || results.len() < 2 {
            return Ok(());
        }
        let mut seen: HashMap<&Labels, Presence> = HashMap::new();
        for result in results {
            let presence = &result.row.presence;
            let seen =
                seen.entry(&result.identity.labels).or_insert_with(|| Presence::none(self.steps));
            if seen.first_common(presence).is_some() {
                return Err(EvaluationError::GroupingNotUnique { span: self.node.span });
            }
            seen.unite(presence);
        }
        Ok(())
    }
}

fn constant(value: f64, steps: usize) -> Row {
    Row::of_floats(vec![value; steps])
}
