//! Series as an `ExportMetricsServiceRequest`: the way back of `decode`.
//!
//! ~~~text
//! job, instance      service.namespace, service.name, service.instance.id of the resource
//! target_info        its labels are the resource's other attributes
//! name               the metric's name, as it is: unit and `_total` stay in it
//! other labels       attributes of the point
//! counter            monotonic sum            x_bucket x_sum x_count      histogram, explicit bounds
//! gauge, unknown     gauge                    x{quantile} x_sum x_count   summary
//! native histogram   exponential histogram, or explicit bounds where its buckets are custom
//! staleness marker   the flag that there is no value
//! ~~~
//!
//! 1. `series` remembers labels and samples, refusing what OTLP cannot say.
//! 2. `family` joins samples of classic histograms and summaries into points; what does not fit
//!    together goes sample by sample.
//! 3. `point` writes points, `request` puts metrics and resources around them.

mod family;
mod point;
mod request;
mod series;

pub use series::MetricEncoder;
