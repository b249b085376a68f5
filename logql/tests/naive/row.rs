//! A line on its way through stages.

use std::collections::BTreeMap;

/// Labels by name.
pub(crate) type Set = BTreeMap<String, String>;

/// A line on its way.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) text: String,
    pub(crate) labels: Set,
    pub(crate) stream: Set,
    /// Names of labels that are metadata still.
    pub(crate) metadata: Vec<String>,
    pub(crate) extracted: Vec<String>,
}

impl Row {
    pub(crate) fn value(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.metadata.retain(|known| known != name);
        self.labels.insert(name.into(), value.into());
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.metadata.retain(|known| known != name);
        self.labels.remove(name);
    }

    pub(crate) fn keep(&mut self, keep: impl Fn(&str, &str) -> bool) {
        self.labels.retain(|name, value| name == "__error__" || keep(name, value));
        let labels = &self.labels;
        self.metadata.retain(|name| labels.contains_key(name));
    }

    /// Whether a parser may not use a name.
    pub(crate) fn clashes(&self, name: &str) -> bool {
        self.stream.contains_key(name) || self.metadata.iter().any(|known| known == name)
    }

    /// Keeps the line by the value of a label; one that cannot be read marks it.
    pub(crate) fn compare(
        mut self,
        name: &str,
        holds: impl Fn(&str) -> Option<bool>,
    ) -> Option<Row> {
        match holds(self.labels.get(name)?) {
            Some(holds) => holds.then_some(self),
            None => {
                self.fail("LabelFilterErr");
                Some(self)
            }
        }
    }

    pub(crate) fn unpack(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let Ok(serde_json::Value::Object(members)) = serde_json::from_str(&self.text) else {
            self.labels.insert("__error__".into(), "JSONParserErr".into());
            return;
        };
        let Some(serde_json::Value::String(line)) = members.get("_entry") else { return };
        for (name, value) in members.iter().filter(|(name, _)| *name != "_entry") {
            self.extract(name, value.as_str().unwrap_or_default());
        }
        self.text = line.clone();
    }

    pub(crate) fn fail(&mut self, error: &str) {
        self.labels.entry("__error__".into()).or_insert_with(|| error.into());
    }

    pub(crate) fn extract(&mut self, name: &str, value: &str) {
        let mut name = name.to_string();
        if self.extracted.contains(&name) {
            return;
        }
        if self.clashes(&name) {
            name += "_extracted";
            if self.extracted.contains(&name) {
                return;
            }
        }
        self.set(&name, value);
        self.extracted.push(name);
    }

    /// A field that was asked for: always a label, if only an empty one.
    pub(crate) fn set_field(&mut self, label: &str, value: Option<&str>) {
        match value {
            Some(value) if self.clashes(label) => self.set(&format!("{label}_extracted"), value),
            Some(value) => self.set(label, value),
            None => {}
        }
        self.labels.entry(label.into()).or_default();
    }

    pub(crate) fn json_field(&mut self, label: &str, field: &str) {
        if self.text.is_empty() {
            return;
        }
        if !self.text.starts_with(['{', '[', '"']) {
            self.labels.insert("__error__".into(), "JSONParserErr".into());
            return;
        }
        let members: serde_json::Value = serde_json::from_str(&self.text).unwrap_or_default();
        match members[field].as_str() {
            // One that is found under another name is not set to nothing besides.
            Some(value) if self.clashes(label) => self.set(&format!("{label}_extracted"), value),
            value => self.set_field(label, value),
        }
    }

    pub(crate) fn logfmt_field(&mut self, label: &str, field: &str) {
        let text = self.text.clone();
        let found = text.split_whitespace().find_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name == field && !value.contains(['=', '"'])).then_some(value)
        });
        self.set_field(label, found);
    }

    /// Lines of the test are whole objects, or nothing like one.
    pub(crate) fn json(&mut self) {
        let Ok(serde_json::Value::Object(members)) = serde_json::from_str(&self.text) else {
            // A later failure overwrites an earlier one here.
            self.labels.insert("__error__".into(), "JSONParserErr".into());
            return;
        };
        for (name, value) in members {
            match value {
                serde_json::Value::String(text) => self.extract(&name, &text),
                serde_json::Value::Number(number) => self.extract(&name, &number.to_string()),
                _ => {}
            }
        }
    }

    pub(crate) fn logfmt(&mut self, strict: bool, keep_empty: bool) {
        let text = self.text.clone();
        for pair in text.split_whitespace() {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if name.is_empty() || name.contains('"') || value.contains(['=', '"']) {
                if strict {
                    self.labels.insert("__error__".into(), "LogfmtParserErr".into());
                    return;
                }
                continue;
            }
            if value.is_empty() && !keep_empty {
                continue;
            }
            let name: String = name
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' })
                .collect();
            let digit = name.starts_with(|c: char| c.is_ascii_digit());
            self.extract(&if digit { format!("_{name}") } else { name }, value);
        }
    }
}
