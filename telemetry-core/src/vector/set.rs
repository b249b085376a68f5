//! The set operators `and`, `unless` and `or`, over whole rows.
//!
//! Each takes values away from rows at the steps where the other side says so; no value is
//! computed. Rows that have none left are for the language to drop.

use super::matching::Matches;
use super::presence::Presence;

/// A row of a language: one value per step, present or not.
pub trait Stepped {
    /// At which steps there is a value.
    fn presence(&self) -> &Presence;

    /// The same, to take steps out.
    fn presence_mut(&mut self) -> &mut Presence;
}

/// `left and right`: keeps a left value where any right row of its match group has one.
pub fn intersect<R: Stepped>(matches: &Matches, left: &mut [R], right: &[R]) {
    let held = held(matches, right, |group| matches.right(group));
    for (row, group) in left.iter_mut().zip(matches.groups_of_left()) {
        match held.get(*group as usize).and_then(Option::as_ref) {
            Some(held) => row.presence_mut().intersect(held),
            None => clear(row),
        }
    }
}

/// `left unless right`: keeps a left value where no right row of its match group has one.
pub fn subtract<R: Stepped>(matches: &Matches, left: &mut [R], right: &[R]) {
    let held = held(matches, right, |group| matches.right(group));
    for (row, group) in left.iter_mut().zip(matches.groups_of_left()) {
        if let Some(held) = held.get(*group as usize).and_then(Option::as_ref) {
            row.presence_mut().subtract(held);
        }
    }
}

/// `left or right`: keeps all of the left, and a right value where no left row of its match group
/// has one.
pub fn union<R: Stepped>(matches: &Matches, left: &[R], right: &mut [R]) {
    let held = held(matches, left, |group| matches.left(group));
    for (row, group) in right.iter_mut().zip(matches.groups_of_right()) {
        if let Some(held) = held.get(*group as usize).and_then(Option::as_ref) {
            row.presence_mut().subtract(held);
        }
    }
}

/// Per match group the steps at which any of its rows has a value.
fn held<'a, R: Stepped>(
    matches: &Matches,
    rows: &[R],
    rows_of: impl Fn(u32) -> &'a [u32],
) -> Vec<Option<Presence>> {
    let groups = u32::try_from(matches.len()).unwrap_or(u32::MAX);
    let union = |group| {
        let mut presences = rows_of(group).iter().map(|row| rows[*row as usize].presence());
        let mut all = presences.next()?.clone();
        presences.for_each(|presence| all.unite(presence));
        Some(all)
    };
    (0..groups).map(union).collect()
}

fn clear<R: Stepped>(row: &mut R) {
    let steps = row.presence().steps();
    row.presence_mut().reset(steps);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels;
    use crate::vector::Grouping;

    struct Row(Presence);

    impl Stepped for Row {
        fn presence(&self) -> &Presence {
            &self.0
        }

        fn presence_mut(&mut self) -> &mut Presence {
            &mut self.0
        }
    }

    fn rows(texts: &[&str]) -> Vec<Row> {
        let row = |text: &&str| {
            let mut presence = Presence::none(text.len());
            for (step, _) in text.bytes().enumerate().filter(|(_, byte)| *byte == b'x') {
                presence.insert(step);
            }
            Row(presence)
        };
        texts.iter().map(row).collect()
    }

    fn texts(rows: &[Row]) -> Vec<String> {
        let text = |row: &Row| {
            let steps = 0..row.0.steps();
            steps.map(|step| if row.0.contains(step) { 'x' } else { '.' }).collect()
        };
        rows.iter().map(text).collect()
    }

    fn matches() -> Matches {
        let left = [labels! { "a" => "1" }, labels! { "a" => "2" }];
        let right = [labels! { "a" => "1" }, labels! { "a" => "1" }, labels! { "a" => "3" }];
        Matches::new(Grouping::By(vec!["a".into()]), &left, &right)
    }

    #[test]
    fn and_keeps_what_the_other_side_has() {
        let (mut left, right) = (rows(&["xxxx", "xxxx"]), rows(&["x...", ".x..", "xxxx"]));
        intersect(&matches(), &mut left, &right);
        assert_eq!(texts(&left), ["xx..", "...."]);
    }

    #[test]
    fn unless_keeps_the_rest() {
        let (mut left, right) = (rows(&["xxxx", "xxxx"]), rows(&["x...", ".x..", "xxxx"]));
        subtract(&matches(), &mut left, &right);
        assert_eq!(texts(&left), ["..xx", "xxxx"]);
    }

    #[test]
    fn or_adds_what_the_left_lacks() {
        let (left, mut right) = (rows(&["x...", "xxxx"]), rows(&["xx..", "x..x", "xxxx"]));
        union(&matches(), &left, &mut right);
        assert_eq!(texts(&right), [".x..", "...x", "xxxx"]);
    }
}
