//! The labels of a target, of what discovery found: Prometheus' `relabel_configs`.

use telemetry_core::labels::{Labels, LabelsBuilder};

use crate::relabel::Relabeling;

const ADDRESS: &str = "__address__";
const INSTANCE: &str = "instance";

/// Labels that begin so are for the rules, and are no labels of the target.
const RESERVED: &str = "__";

/// What a target gets where discovery does not say otherwise, and the rules that decide.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TargetOptions {
    /// The label `job`.
    pub job_name: String,
    /// The label `__scheme__`: `http` by default.
    pub scheme: String,
    /// The label `__metrics_path__`: `/metrics` by default.
    pub metrics_path: String,
    /// Parameters of the address, each the label `__param_…`.
    pub params: Vec<(String, String)>,
    /// Rules for what discovery found. They see all labels, and may drop the target.
    pub relabeling: Relabeling,
}

impl TargetOptions {
    /// The defaults for a job.
    pub fn new(job_name: impl Into<String>) -> Self {
        TargetOptions {
            job_name: job_name.into(),
            scheme: "http".to_owned(),
            metrics_path: "/metrics".to_owned(),
            params: Vec::new(),
            relabeling: Relabeling::default(),
        }
    }
}

/// A target to scrape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its labels, for [`Scrape::new`](super::Scrape::new). `instance` is the address unless something else was said.
    pub labels: Labels,
    /// Where to fetch from: scheme, address, path and parameters.
    pub url: String,
}

/// A target that cannot be scraped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// No `__address__` after relabeling.
    #[error("the target has no address")]
    NoAddress,
    /// An `__address__` that is more than host and port.
    #[error("{address:?} is not the address of a host")]
    Address {
        /// The address.
        address: String,
    },
}

impl Target {
    /// The target that discovery found with these labels, `__address__` among them; none where the
    /// rules drop it.
    ///
    /// ```
    /// use telemetry_core::labels;
    /// use wire::scrape::{Target, TargetOptions};
    /// let found = labels! { "__address__" => "db-1:9100", "__meta_zone" => "a" };
    /// let target = Target::discovered(&found, &TargetOptions::new("node"))?.unwrap();
    /// assert_eq!(target.labels, labels! { "instance" => "db-1:9100", "job" => "node" });
    /// assert_eq!(target.url, "http://db-1:9100/metrics");
    /// # Ok::<(), wire::scrape::TargetError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where it has no address, or one with a path.
    pub fn discovered(
        found: &Labels,
        options: &TargetOptions,
    ) -> Result<Option<Self>, TargetError> {
        let mut builder = LabelsBuilder::from(found);
        let defaults = [
            ("job", &options.job_name),
            ("__scheme__", &options.scheme),
            ("__metrics_path__", &options.metrics_path),
        ];
        for (name, value) in defaults {
            if builder.get(name).is_none() {
                builder.set(name, value);
            }
        }
        for (name, value) in &options.params {
            let name = format!("{PARAM}{name}");
            if builder.get(&name).is_none() {
                builder.set(&name, value);
            }
        }
        if !options.relabeling.apply_to(&mut builder) {
            return Ok(None);
        }
        let address = builder.get(ADDRESS).unwrap_or_default().to_owned();
        if address.is_empty() {
            return Err(TargetError::NoAddress);
        }
        if address.contains('/') {
            return Err(TargetError::Address { address });
        }
        if builder.get(INSTANCE).is_none() {
            builder.set(INSTANCE, &address);
        }
        let all = builder.build();
        let url = url(&all, &address);
        let labels = all.iter().filter(|(name, _)| !name.starts_with(RESERVED)).collect();
        Ok(Some(Target { labels, url }))
    }
}

const PARAM: &str = "__param_";

fn url(labels: &Labels, address: &str) -> String {
    let label = |name| labels.get(name).unwrap_or_default();
    let (scheme, path) = (label("__scheme__"), label("__metrics_path__"));
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut url = format!("{scheme}://{address}{slash}{path}");
    let mut separator = if path.contains('?') { '&' } else { '?' };
    for (name, value) in labels {
        if let Some(name) = name.strip_prefix(PARAM) {
            url.push(std::mem::replace(&mut separator, '&'));
            escape(name, &mut url);
            url.push('=');
            escape(value, &mut url);
        }
    }
    url
}

/// Appends a text as a part of a query.
fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use telemetry_core::labels;

    use super::*;
    use crate::relabel::{Action, RelabelConfig};

    #[test]
    fn rules_see_what_discovery_found_and_the_defaults() {
        let mut options = TargetOptions::new("node");
        options.params = vec![("module".to_owned(), "a b".to_owned())];
        let rule = |source: &str, target: &str| RelabelConfig {
            source_labels: vec![source.to_owned()],
            target_label: target.to_owned(),
            ..RelabelConfig::default()
        };
        let drop = RelabelConfig {
            source_labels: vec!["__meta_zone".to_owned()],
            regex: "b".to_owned(),
            action: Action::Drop,
            ..RelabelConfig::default()
        };
        let rules = [drop, rule("__meta_zone", "zone"), rule("__metrics_path__", "path")];
        options.relabeling = Relabeling::new(rules).unwrap();
        let found = |zone: &str| {
            labels! { "__address__" => "[::1]:80", "__meta_zone" => zone, "job" => "own", "instance" => "i" }
        };
        assert_eq!(Target::discovered(&found("b"), &options), Ok(None));
        let target = Target::discovered(&found("a"), &options).unwrap().unwrap();
        let expected =
            labels! { "instance" => "i", "job" => "own", "path" => "/metrics", "zone" => "a" };
        assert_eq!(target.labels, expected);
        assert_eq!(target.url, "http://[::1]:80/metrics?module=a+b");
        let none = Target::discovered(&Labels::empty(), &options);
        assert_eq!(none, Err(TargetError::NoAddress));
        let path = Target::discovered(&labels! { "__address__" => "a/b" }, &options);
        assert_eq!(path.unwrap_err().to_string(), "\"a/b\" is not the address of a host");
    }
}
