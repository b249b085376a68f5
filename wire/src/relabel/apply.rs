//! Runs rules over a label set.

use telemetry_core::labels::{Labels, LabelsBuilder, Regex};
use telemetry_core::syntax::case::{to_lower, to_upper};

use super::action::Action;
use super::config::{RelabelConfig, RelabelError};
use super::md5::md5;

/// Rules that are applied one after the other.
///
/// ```
/// use telemetry_core::labels;
/// use wire::relabel::{RelabelConfig, Relabeling};
/// let rules = Relabeling::new([RelabelConfig {
///     source_labels: vec!["__address__".to_owned()],
///     regex: r"([^:]+):\d+".to_owned(),
///     target_label: "host".to_owned(),
///     ..RelabelConfig::default()
/// }])?;
/// let set = labels! { "__address__" => "db-1:9100" };
/// assert_eq!(rules.apply(&set).unwrap().get("host"), Some("db-1"));
/// # Ok::<(), wire::relabel::RelabelError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Relabeling {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    config: RelabelConfig,
    regex: Regex,
}

impl Relabeling {
    /// Checks the rules and compiles their expressions.
    ///
    /// # Errors
    ///
    /// The first rule that cannot be used.
    pub fn new(rules: impl IntoIterator<Item = RelabelConfig>) -> Result<Self, RelabelError> {
        let rule = |(at, config): (usize, RelabelConfig)| {
            config.check(at).map(|regex| Rule { config, regex })
        };
        Ok(Relabeling { rules: rules.into_iter().enumerate().map(rule).collect::<Result<_, _>>()? })
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules as they are written, in order.
    pub fn configs(&self) -> impl Iterator<Item = &RelabelConfig> {
        self.rules.iter().map(|rule| &rule.config)
    }

    /// The label set as the rules change it; none where they drop it.
    pub fn apply(&self, labels: &Labels) -> Option<Labels> {
        if self.is_empty() {
            return Some(labels.clone());
        }
        let mut builder = LabelsBuilder::from(labels);
        self.apply_to(&mut builder).then(|| builder.build())
    }

    /// Changes the labels of `builder`; false where the rules drop them.
    pub fn apply_to(&self, builder: &mut LabelsBuilder) -> bool {
        self.rules.iter().all(|rule| rule.apply(builder))
    }
}

impl Rule {
    fn apply(&self, builder: &mut LabelsBuilder) -> bool {
        let config = &self.config;
        let mut value = String::new();
        for (at, name) in config.source_labels.iter().enumerate() {
            if at > 0 {
                value.push_str(&config.separator);
            }
            value.push_str(builder.get(name).unwrap_or_default());
        }
        let target = &config.target_label;
        let is_equal = || builder.get(target).unwrap_or_default() == value;
        match config.action {
            Action::Drop => return !self.regex.is_match_str(&value),
            Action::Keep => return self.regex.is_match_str(&value),
            Action::DropEqual => return !is_equal(),
            Action::KeepEqual => return is_equal(),
            Action::Replace => self.replace(&value, builder),
            Action::Lowercase => drop(builder.set(target, &to_lower(&value))),
            Action::Uppercase => drop(builder.set(target, &to_upper(&value))),
            Action::HashMod => {
                let digest = md5(value.as_bytes());
                // The last eight bytes.
                let hash = digest.last_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
                let rest = hash.checked_rem(config.modulus).unwrap_or_default();
                builder.set(target, &rest.to_string());
            }
            Action::LabelMap => {
                for (name, value) in &builder.build() {
                    let mapped = self.regex.replace_all(name, &config.replacement);
                    if self.regex.is_match_str(name) && !mapped.is_empty() {
                        builder.set(&mapped, value);
                    }
                }
            }
            Action::LabelDrop => self.retain(builder, |matches| !matches),
            Action::LabelKeep => self.retain(builder, |matches| matches),
        }
        true
    }

    fn replace(&self, value: &str, builder: &mut LabelsBuilder) {
        let RelabelConfig { target_label, replacement, .. } = &self.config;
        if self.config.is_constant() {
            builder.set(target_label, replacement);
            return;
        }
        let Some(captures) = self.regex.captures(value.as_bytes()) else { return };
        let expand = |template: &str| {
            let mut out = String::new();
            self.regex.expand(template, value, &captures, &mut out);
            out
        };
        let name = expand(target_label);
        if !name.is_empty() {
            // An empty value takes the label away.
            builder.set(&name, &expand(replacement));
        }
    }

    fn retain(&self, builder: &mut LabelsBuilder, keep: impl Fn(bool) -> bool) {
        for (name, _) in &builder.build() {
            if !keep(self.regex.is_match_str(name)) {
                builder.remove(name);
            }
        }
    }
}
