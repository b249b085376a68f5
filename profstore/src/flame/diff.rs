//! Two call trees side by side, by function.

use std::collections::BTreeMap;

use super::{CallTree, TopRow};

/// A function in both trees; what one of them lacks is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffRow {
    /// The function, or an address.
    pub name: String,
    /// Own value in the left tree.
    pub left_self: i64,
    /// Own value in the right tree.
    pub right_self: i64,
    /// Total in the left tree.
    pub left_total: i64,
    /// Total in the right tree.
    pub right_total: i64,
}

/// Every function of either tree, by how much its share of the whole changed, most first; equal
/// changes by name.
pub fn diff(left: &CallTree, right: &CallTree) -> Vec<DiffRow> {
    let mut rows: BTreeMap<String, DiffRow> = BTreeMap::new();
    let mut row = |name: &str, set: &dyn Fn(&mut DiffRow)| {
        set(rows.entry(name.to_owned()).or_insert_with(|| DiffRow {
            name: name.to_owned(),
            left_self: 0,
            right_self: 0,
            left_total: 0,
            right_total: 0,
        }));
    };
    for TopRow { name, self_value, total } in left.functions() {
        row(&name, &|row| (row.left_self, row.left_total) = (self_value, total));
    }
    for TopRow { name, self_value, total } in right.functions() {
        row(&name, &|row| (row.right_self, row.right_total) = (self_value, total));
    }
    let share = |value: i64, total: i64| if total == 0 { 0.0 } else { value as f64 / total as f64 };
    let (left_total, right_total) = (left.total(), right.total());
    let change = |row: &DiffRow| {
        (share(row.right_total, right_total) - share(row.left_total, left_total)).abs()
    };
    let mut rows: Vec<DiffRow> = rows.into_values().collect();
    rows.sort_by(|a, b| change(b).total_cmp(&change(a)).then_with(|| a.name.cmp(&b.name)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_change_of_share_comes_first() {
        let (mut left, mut right) = (CallTree::new(), CallTree::new());
        left.insert(["a"], 50);
        left.insert(["b"], 50);
        right.insert(["a"], 9);
        right.insert(["c"], 1);
        let rows = diff(&left, &right);
        let names: Vec<&str> = rows.iter().map(|row| &*row.name).collect();
        // b: 50 % → 0, a: 50 % → 90 %, c: 0 → 10 %.
        assert_eq!(names, ["b", "a", "c"]);
        assert_eq!((rows[1].left_total, rows[1].right_total), (50, 9));
    }
}
