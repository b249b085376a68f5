//! What may be chosen about logs.

use telemetry_core::sink::SERVICE_NAME_LABELS;
use telemetry_core::time::Nanos;

/// Attributes of the resource that Loki makes labels of by default.
pub(super) const INDEX_ATTRIBUTES: [&str; 18] = [
    "service.name",
    "service.namespace",
    "service.instance.id",
    "deployment.environment",
    "deployment.environment.name",
    "cloud.region",
    "cloud.availability_zone",
    "k8s.cluster.name",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.container.name",
    "container.name",
    "k8s.replicaset.name",
    "k8s.deployment.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "k8s.cronjob.name",
    "k8s.job.name",
];

/// How log records become entries. The default is Loki's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogOptions {
    /// Names of resource attributes that become labels of the stream; all other attributes become
    /// structured metadata. At most 15 labels are taken by a store with Loki's limits.
    pub index_attributes: Vec<String>,
    /// Labels of which the first one present becomes `service_name` where the resource has no
    /// `service.name`; without any of them the service is `unknown_service`. Empty: no
    /// `service_name` is made up.
    pub service_name_labels: Vec<String>,
    /// The time of records that have neither a time nor an observed time. Without it they are
    /// refused.
    pub default_time: Option<Nanos>,
}

impl Default for LogOptions {
    fn default() -> Self {
        LogOptions {
            index_attributes: INDEX_ATTRIBUTES.map(str::to_owned).to_vec(),
            service_name_labels: SERVICE_NAME_LABELS.map(str::to_owned).to_vec(),
            default_time: None,
        }
    }
}
