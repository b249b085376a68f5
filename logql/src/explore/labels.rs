//! Names and values of the labels of streams.

use super::label_request;
use crate::engine::Engine;
use crate::error::Error;
use std::collections::{BTreeMap, BTreeSet};
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::query::{QueryContext, Resource};
use telemetry_core::syntax::number::parse_float;
use telemetry_core::time::NanosRange;

/// Labels that are told of even where every value looks like an id.
const ALWAYS_TOLD: [&str; 4] = ["cluster", "namespace", "instance", "pod"];

/// A label and how many values it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectedLabel {
    /// Its name.
    pub name: String,
    /// How many values the streams have for it.
    pub cardinality: usize,
}

impl Engine<'_> {
    /// The label sets of the streams with lines in `window` that satisfy every matcher of one of
    /// the `selectors`; of all streams where there is no selector. Sorted, each once.
    ///
    /// # Errors
    ///
    /// Where the query is stopped or the source fails.
    ///
    /// ```
    /// use logql::Engine;
    /// use telemetry_core::labels;
    /// use telemetry_core::model::LogEntry;
    /// use telemetry_core::query::QueryContext;
    /// use telemetry_core::source::MemoryLogs;
    /// use telemetry_core::time::NanosRange;
    ///
    /// let mut logs = MemoryLogs::new();
    /// logs.insert(&labels! { "app" => "shop", "env" => "dev" }, LogEntry::new(1, "a"));
    /// let (engine, context) = (Engine::new(&logs), QueryContext::new());
    /// assert_eq!(engine.series(&[], NanosRange::ALL, &context)?.len(), 1);
    /// assert_eq!(engine.label_names(&[], NanosRange::ALL, &context)?, ["app", "env"]);
    /// assert_eq!(engine.label_values("app", &[], NanosRange::ALL, &context)?, ["shop"]);
    /// # Ok::<(), logql::Error>(())
    /// ```
    pub fn series(
        &self,
        selectors: &[Vec<Matcher>],
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<Labels>, Error> {
        let every = [Vec::new()];
        let selectors = if selectors.is_empty() { &every[..] } else { selectors };
        let mut found = BTreeSet::new();
        for selector in selectors {
            let request = label_request(selector, window);
            found.extend(self.source().streams(&request, context)?);
            context.bound(Resource::Series, found.len() as u64)?;
        }
        Ok(found.into_iter().collect())
    }

    /// The names of the labels of streams, sorted.
    ///
    /// # Errors
    ///
    /// As [`series`](Self::series).
    pub fn label_names(
        &self,
        matchers: &[Matcher],
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<String>, Error> {
        Ok(self.values(matchers, window, context)?.into_keys().collect())
    }

    /// The values that streams have for the label `name`, sorted.
    ///
    /// # Errors
    ///
    /// As [`series`](Self::series).
    pub fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<String>, Error> {
        let streams = self.source().streams(&label_request(matchers, window), context)?;
        let values: BTreeSet<&str> = streams.iter().filter_map(|labels| labels.get(name)).collect();
        Ok(values.into_iter().map(str::to_owned).collect())
    }

    /// The labels that are of use to choose by, sorted by name: labels whose every value is a
    /// number or a UUID are left out, but for those that name a place of a cluster.
    ///
    /// # Errors
    ///
    /// As [`series`](Self::series).
    pub fn detected_labels(
        &self,
        matchers: &[Matcher],
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<DetectedLabel>, Error> {
        let all = self.values(matchers, window, context)?;
        let useful = all.into_iter().filter(|(name, values)| {
            ALWAYS_TOLD.contains(&name.as_str()) || !values.iter().all(|value| is_id(value))
        });
        let label = |(name, values): (String, BTreeSet<String>)| DetectedLabel {
            name,
            cardinality: values.len(),
        };
        Ok(useful.map(label).collect())
    }

    fn values(
        &self,
        matchers: &[Matcher],
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
        let streams = self.source().streams(&label_request(matchers, window), context)?;
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, value) in streams.iter().flat_map(Labels::iter) {
            match all.get_mut(name) {
                Some(values) if values.contains(value) => {}
                Some(values) => drop(values.insert(value.to_owned())),
                None => drop(all.insert(name.to_owned(), BTreeSet::from([value.to_owned()]))),
            }
        }
        Ok(all)
    }
}

/// Whether a value is a number or a UUID.
fn is_id(value: &str) -> bool {
    let is_uuid = value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    is_uuid || parse_float(value).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;
    use telemetry_core::model::LogEntry;
    use telemetry_core::source::MemoryLogs;

    #[test]
    fn labels_of_ids_are_no_choice() {
        let mut logs = MemoryLogs::new();
        for (number, time) in [("1", 5_i64), ("2", 50)] {
            let labels = labels! { "app" => "a", "n" => number, "pod" => number };
            logs.insert(&labels, LogEntry::new(time * 1_000_000, "x"));
        }
        let (engine, context) = (Engine::new(&logs), QueryContext::new());
        let all = engine.detected_labels(&[], NanosRange::ALL, &context).unwrap();
        let names: Vec<(&str, usize)> =
            all.iter().map(|label| (label.name.as_str(), label.cardinality)).collect();
        assert_eq!(names, [("app", 1), ("pod", 2)]);
        let early = NanosRange::new(0, 10_000_000);
        assert_eq!(engine.label_values("n", &[], early, &context).unwrap(), ["1"]);
        let selectors =
            [vec![Matcher::equal("n", "1")], vec![Matcher::equal("n", "2")], Vec::new()];
        assert_eq!(engine.series(&selectors, NanosRange::ALL, &context).unwrap().len(), 2);
        assert!(is_id("123e4567-e89b-12d3-a456-426614174000") && !is_id("api"));
    }
}
