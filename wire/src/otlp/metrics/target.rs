//! Which target the metrics of a resource come from, in Prometheus' terms.

use crate::error::Fault;
use crate::otlp::resource::Producer;
use crate::otlp::texts::Texts;
use crate::otlp::value::Any;

const SERVICE_NAME: &str = "service.name";
const SERVICE_NAMESPACE: &str = "service.namespace";
const SERVICE_INSTANCE: &str = "service.instance.id";

/// Attributes that make `job` and `instance` and are left out of `target_info`.
pub(super) const IDENTIFYING: [&str; 3] = [SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_INSTANCE];

/// `job` and `instance`; empty where the resource does not say.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    pub(super) job: String,
    pub(super) instance: String,
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
        Ok(Target { job, instance })
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
