//! Which rows of the two sides of an operator meet.
//!
//! Rows meet when the labels that the operator matches by are equal: then they are in the same
//! *match group*. On a side that may have only one row per group, two rows of a group may still
//! take turns: they collide only at a step where both have a value.

use super::group::{Grouping, Groups};
use super::presence::Presence;
use crate::labels::{Labels, LabelsBuilder};

/// The rows of both sides, match group by match group.
#[derive(Clone, Debug)]
pub struct Matches {
    groups: Groups,
    left: Side,
    right: Side,
}

/// The rows of one side: which group each belongs to, and the rows of each group.
#[derive(Clone, Debug, Default)]
struct Side {
    group_of: Vec<u32>,
    /// Rows sorted by group, in their own order within a group.
    rows: Vec<u32>,
    /// Where the rows of each group start; one more than there are groups.
    starts: Vec<u32>,
}

/// Two rows that have a value at the same step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The step.
    pub step: usize,
    /// The row that comes first.
    pub first: u32,
    /// The other one.
    pub second: u32,
}

impl Matches {
    /// Groups the rows of both sides by their labels.
    pub fn new<'a>(
        grouping: Grouping,
        left: impl IntoIterator<Item = &'a Labels>,
        right: impl IntoIterator<Item = &'a Labels>,
    ) -> Self {
        let mut groups = Groups::new(grouping);
        let left: Vec<u32> = left.into_iter().map(|labels| groups.assign(labels)).collect();
        let right: Vec<u32> = right.into_iter().map(|labels| groups.assign(labels)).collect();
        let (left, right) = (Side::new(left, groups.len()), Side::new(right, groups.len()));
        Matches { groups, left, right }
    }

    /// How many match groups there are, on either side.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The labels of a match group.
    pub fn labels(&self, group: u32) -> &Labels {
        self.groups.labels(group)
    }

    /// The left rows of a match group, in their order.
    pub fn left(&self, group: u32) -> &[u32] {
        self.left.rows(group)
    }

    /// The right rows of a match group, in their order.
    pub fn right(&self, group: u32) -> &[u32] {
        self.right.rows(group)
    }

    /// The match group of each left row.
    pub fn groups_of_left(&self) -> &[u32] {
        &self.left.group_of
    }

    /// The match group of each right row.
    pub fn groups_of_right(&self) -> &[u32] {
        &self.right.group_of
    }

    /// The same with the sides exchanged.
    #[must_use]
    pub fn swapped(self) -> Self {
        Matches { groups: self.groups, left: self.right, right: self.left }
    }
}

impl Side {
    fn new(group_of: Vec<u32>, groups: usize) -> Self {
        let mut starts = vec![0_u32; groups + 1];
        for group in &group_of {
            starts[*group as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; group_of.len()];
        for (row, group) in (0_u32..).zip(&group_of) {
            let at = &mut next[*group as usize];
            rows[*at as usize] = row;
            *at += 1;
        }
        Side { group_of, rows, starts }
    }

    fn rows(&self, group: u32) -> &[u32] {
        let group = group as usize;
        match (self.starts.get(group), self.starts.get(group + 1)) {
            (Some(start), Some(end)) => &self.rows[*start as usize..*end as usize],
            _ => &[],
        }
    }
}

/// The earliest step at which two of `rows` have a value, looking only at the steps in `within`.
pub fn first_collision<'a>(
    rows: &[u32],
    presence: impl Fn(u32) -> &'a Presence,
    within: Option<&Presence>,
) -> Option<Collision> {
    if rows.len() < 2 {
        return None;
    }
    let steps = rows.iter().map(|row| presence(*row).steps()).max().unwrap_or(0);
    let mut seen = Presence::none(steps);
    let mut earliest: Option<Collision> = None;
    for row in rows {
        let mut mine = presence(*row).clone();
        if let Some(within) = within {
            mine.intersect(within);
        }
        if let Some(step) = seen.first_common(&mine)
            && earliest.is_none_or(|found| step < found.step)
        {
            let first = rows.iter().find(|other| presence(**other).contains(step));
            earliest = first.map(|first| Collision { step, first: *first, second: *row });
        }
        seen.unite(&mine);
    }
    earliest
}

/// The labels of the result where a row of the many meets the one: those of the many, reduced to
/// the labels matched by where it is one to one, with `include` taken from the one.
///
/// A label that the one lacks is taken away.
pub fn result_labels(
    many: &Labels,
    one: &Labels,
    grouping: &Grouping,
    one_to_one: bool,
    include: &[Box<str>],
) -> Labels {
    let base = if one_to_one { grouping.labels(many) } else { many.clone() };
    if include.is_empty() {
        return base;
    }
    let mut builder = LabelsBuilder::from(&base);
    for name in include {
        builder.set(name, one.get(name).unwrap_or_default());
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels;

    fn presence(text: &str) -> Presence {
        let mut presence = Presence::none(text.len());
        text.bytes()
            .enumerate()
            .filter(|(_, b)| *b == b'x')
            .for_each(|(at, _)| presence.insert(at));
        presence
    }

    #[test]
    fn rows_of_a_group_keep_their_order() {
        let left = [labels! { "a" => "1", "b" => "x" }, labels! { "a" => "2" }];
        let right = [labels! { "a" => "2" }, labels! { "a" => "1" }, labels! { "a" => "2" }];
        let matches = Matches::new(Grouping::By(vec!["a".into()]), &left, &right);
        assert_eq!(matches.len(), 2);
        assert_eq!((matches.left(0), matches.right(0)), (&[0][..], &[1][..]));
        assert_eq!((matches.left(1), matches.right(1)), (&[1][..], &[0, 2][..]));
        assert_eq!(matches.labels(1), &labels! { "a" => "2" });
        assert_eq!(matches.swapped().left(1), &[0, 2]);
    }

    #[test]
    fn rows_that_take_turns_do_not_collide() {
        let rows = [presence("xx..."), presence("..x.x"), presence("...xx")];
        let at = |row: u32| &rows[row as usize];
        assert_eq!(first_collision(&[0, 1], at, None), None);
        let collision = Collision { step: 4, first: 1, second: 2 };
        assert_eq!(first_collision(&[0, 1, 2], at, None), Some(collision));
        assert_eq!(first_collision(&[0, 1, 2], at, Some(&presence("xxxx."))), None);
    }

    #[test]
    fn the_labels_of_the_result_follow_the_many() {
        let many = labels! { "a" => "1", "b" => "x", "c" => "y" };
        let one = labels! { "a" => "1", "d" => "z" };
        let on = Grouping::By(vec!["a".into()]);
        assert_eq!(result_labels(&many, &one, &on, true, &[]), labels! { "a" => "1" });
        let include = ["d".into(), "c".into()];
        assert_eq!(
            result_labels(&many, &one, &on, false, &include),
            labels! { "a" => "1", "b" => "x", "d" => "z" }
        );
    }
}
