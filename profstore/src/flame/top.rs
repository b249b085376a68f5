//! The top table: how much a function takes itself, and together with what it calls.

use super::CallTree;

/// A function of the top table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopRow {
    /// The function, or an address.
    pub name: String,
    /// Value of the stacks that end in it.
    pub self_value: i64,
    /// Value of the stacks that pass it, each stack counted once however often it recurs.
    pub total: i64,
}

impl CallTree {
    /// Every function with a value, by name.
    pub fn functions(&self) -> Vec<TopRow> {
        let mut rows = vec![(0_i64, 0_i64); self.names().len()];
        let mut seen_in = vec![u64::MAX; self.names().len()];
        let mut stack_number = 0_u64;
        self.stacks(|stack, value| {
            stack_number += 1;
            if let Some(leaf) = stack.last() {
                let row = &mut rows[*leaf as usize];
                row.0 = row.0.saturating_add(value);
            }
            for name in stack {
                let name = *name as usize;
                if seen_in[name] != stack_number {
                    seen_in[name] = stack_number;
                    rows[name].1 = rows[name].1.saturating_add(value);
                }
            }
        });
        let mut table: Vec<TopRow> = rows
            .iter()
            .zip(self.names())
            .filter(|((own, total), _)| *own != 0 || *total != 0)
            .map(|((own, total), name)| TopRow {
                name: name.to_string(),
                self_value: *own,
                total: *total,
            })
            .collect();
        table.sort_by(|a, b| a.name.cmp(&b.name));
        table
    }

    /// The `limit` functions that take most themselves, then by name.
    pub fn top_self(&self, limit: usize) -> Vec<TopRow> {
        let mut rows = self.functions();
        rows.retain(|row| row.self_value != 0);
        rows.sort_by(|a, b| b.self_value.cmp(&a.self_value).then_with(|| a.name.cmp(&b.name)));
        rows.truncate(limit);
        rows
    }

    /// The `limit` functions that take most together with what they call, then by name.
    pub fn top_total(&self, limit: usize) -> Vec<TopRow> {
        let mut rows = self.functions();
        rows.retain(|row| row.total != 0);
        rows.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.name.cmp(&b.name)));
        rows.truncate(limit);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recursion_counts_once_per_stack() {
        let mut tree = CallTree::new();
        tree.insert(["a", "b", "a"], 5);
        tree.insert(["a"], 2);
        assert_eq!(
            tree.functions(),
            [
                TopRow { name: "a".into(), self_value: 7, total: 7 },
                TopRow { name: "b".into(), self_value: 0, total: 5 },
            ]
        );
        assert_eq!(tree.top_self(10).len(), 1);
        assert_eq!(tree.top_total(1)[0].name, "a");
    }
}
