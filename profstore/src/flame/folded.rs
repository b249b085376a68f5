//! Folded stacks: one line per stack, the outermost caller first, then the value.

use super::CallTree;

impl CallTree {
    /// The stacks with a value above zero as `a;b;c 10`, lines sorted. A `;` in a name becomes
    /// `:` and a line break a space, since the format has no escapes.
    pub fn folded(&self) -> String {
        let mut lines = Vec::new();
        self.stacks(|stack, value| {
            if value > 0 && !stack.is_empty() {
                let names: Vec<String> =
                    stack.iter().map(|name| clean(&self.names()[*name as usize])).collect();
                lines.push(format!("{} {value}\n", names.join(";")));
            }
        });
        lines.sort();
        lines.concat()
    }
}

fn clean(name: &str) -> String {
    name.replace(';', ":").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_lines_in_order() {
        let mut tree = CallTree::new();
        tree.insert(["main", "b"], 2);
        tree.insert(["main", "a;x"], 1);
        tree.insert(["main"], 0);
        assert_eq!(tree.folded(), "main;a:x 1\nmain;b 2\n");
    }
}
