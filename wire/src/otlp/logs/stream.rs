//! The stream of a resource: some of its attributes as labels.

use std::collections::BTreeMap;

use telemetry_core::sink::RefusalReason;

use super::metadata::Pairs;
use super::names::Names;
use super::options::LogOptions;
use crate::error::Fault;
use crate::otlp::resource::Producer;
use crate::otlp::texts::Texts;

const SERVICE_NAME: &str = "service_name";
const UNKNOWN_SERVICE: &str = "unknown_service";

/// Labels of the stream, or why there is none; what is not a label is added to `metadata`.
pub(super) fn labels<'a>(
    resource: &Producer<'a>,
    options: &LogOptions,
    metadata: &mut Pairs<'a>,
    names: &mut Names<'a>,
    texts: &mut Texts,
) -> Result<Result<BTreeMap<String, String>, RefusalReason>, Fault> {
    let mut indexed = Pairs::default();
    for attribute in &resource.attributes {
        let is_label =
            options.index_attributes.iter().any(|name| name.as_bytes() == attribute.key.bytes);
        let target = if is_label { &mut indexed } else { &mut *metadata };
        target.attribute(attribute, names, texts)?;
    }
    if let Some(reason) = indexed.fault() {
        return Ok(Err(reason));
    }
    let mut labels: BTreeMap<String, String> =
        indexed.iter(names).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if !options.service_name_labels.is_empty() && !labels.contains_key(SERVICE_NAME) {
        let found = options.service_name_labels.iter().find_map(|name| labels.get(name));
        let service = found.map_or(UNKNOWN_SERVICE, String::as_str).to_owned();
        labels.insert(SERVICE_NAME.to_owned(), service);
    }
    Ok(Ok(labels))
}
