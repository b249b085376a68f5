//! Which target the metrics of a resource come from, in Prometheus' terms.

use super::labels::PointLabels;
use super::options::MetricOptions;
use crate::error::Fault;
use crate::otlp::resource::Producer;
use crate::otlp::texts::Texts;
use crate::otlp::value::{Any, Attribute};
use crate::protobuf::Bytes;

const SERVICE_NAME: &str = "service.name";
const SERVICE_NAMESPACE: &str = "service.namespace";
const SERVICE_INSTANCE: &str = "service.instance.id";

/// In front of the labels that tell about the scope.
const SCOPE_PREFIX: &str = "otel_scope_";

/// Attributes that make `job` and `instance` and are left out of `target_info`.
pub(super) const IDENTIFYING: [&str; 3] = [SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_INSTANCE];

/// `job` and `instance`; empty where the resource does not say.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    pub(super) job: String,
    pub(super) instance: String,
    /// Attributes of the resource that every series has.
    pub(super) promoted: Vec<(String, String)>,
    /// What is said about the scope, where that is wanted.
    pub(super) scope: Vec<(String, String)>,
}

impl Target {
    pub(super) fn of(resource: &Producer<'_>, texts: &mut Texts) -> Result<Self, Fault> {
        let mut job = String::new();
        if let Some(name) = find(resource, SERVICE_NAME) {
            if let Some(namespace) = find(resource, SERVICE_NAMESPACE) {
                namespace.write_text(&mut job, texts)?;
                job.push('/');
            }
            name.write_text(&mut job, texts)?;
        }
        let mut instance = String::new();
        if let Some(value) = find(resource, SERVICE_INSTANCE) {
            value.write_text(&mut instance, texts)?;
        }
        Ok(Target { job, instance, ..Target::default() })
    }

    /// Adds the attributes of the resource that are wanted on every series.
    pub(super) fn promote(
        &mut self,
        resource: &Producer<'_>,
        options: &MetricOptions,
    ) -> Result<(), Fault> {
        if options.promotion.is_none() {
            return Ok(());
        }
        let takes = |attribute: &&Attribute<'_>| options.promotion.takes(attribute.key.bytes);
        for attribute in resource.attributes.iter().filter(takes) {
            // One that cannot be a label costs itself only: no series asked for it.
            let mut labels = PointLabels::new(options.translation);
            if labels.set(std::slice::from_ref(attribute), &[])?.is_ok() {
                labels.append_to(&mut self.promoted);
            }
        }
        self.promoted.sort();
        self.promoted.dedup_by(|later, earlier| later.0 == earlier.0);
        Ok(())
    }

    /// Replaces what is said about the scope.
    pub(super) fn set_scope(
        &mut self,
        scope: &Producer<'_>,
        options: &MetricOptions,
    ) -> Result<(), Fault> {
        self.scope.clear();
        if !options.promote_scope_metadata || scope.name.bytes.is_empty() {
            return Ok(());
        }
        for attribute in &scope.attributes {
            let key = format!("{SCOPE_PREFIX}{}", attribute.key.text());
            let key = Bytes { bytes: key.as_bytes(), at: attribute.key.at };
            let mut labels = PointLabels::new(options.translation);
            if labels.set(&[Attribute { key, ..*attribute }], &[])?.is_ok() {
                labels.append_to(&mut self.scope);
            }
        }
        // Of attributes that get one name, the last one counts.
        self.scope.reverse();
        self.scope.sort_by(|a, b| a.0.cmp(&b.0));
        self.scope.dedup_by(|later, earlier| later.0 == earlier.0);
        let known =
            [("name", scope.name), ("version", scope.version), ("schema_url", scope.schema_url)];
        for (name, value) in known {
            let name = format!("{SCOPE_PREFIX}{name}");
            self.scope.retain(|label| label.0 != name);
            self.scope.push((name, value.text().into_owned()));
        }
        Ok(())
    }

    /// Labels beside `job` and `instance`.
    pub(super) fn len(&self) -> usize {
        self.promoted.len() + self.scope.len()
    }

    /// The labels, which may be empty.
    pub(super) fn labels(&self) -> [(&str, &str); 2] {
        [("job", &self.job), ("instance", &self.instance)]
    }

    /// Whether the resource says who it is.
    pub(super) fn is_known(&self) -> bool {
        !self.job.is_empty() || !self.instance.is_empty()
    }
}

fn find<'a>(resource: &Producer<'a>, key: &str) -> Option<Any<'a>> {
    let mut attributes = resource.attributes.iter();
    attributes.find(|attribute| attribute.key.bytes == key.as_bytes()).map(|found| found.value)
}
