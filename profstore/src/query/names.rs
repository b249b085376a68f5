//! What the store holds: label sets, profile types, and queries by text.

use std::collections::BTreeSet;

use telemetry_core::labels::{Labels, Matcher, parse_selector};
use telemetry_core::query::QueryContext;
use telemetry_core::source::ProfileRequest;
use telemetry_core::time::NanosRange;

use super::source::{matches, overlaps};
use super::{merge, merge_during, merge_spans};
use crate::Error;
use crate::engine::is_deleted;
use crate::flame::CallTree;
use crate::profile_type::ProfileType;
use crate::split::PROFILE_TYPE;
use crate::store::ProfStore;

impl ProfStore {
    /// The call tree of the profiles of one type (`name:sample_type:sample_unit:period_type:
    /// period_unit`) whose labels the selector selects (`{service="api"}`; `{}` for all).
    ///
    /// # Errors
    ///
    /// Where type or selector cannot be read, the store fails, or the query is stopped.
    pub fn merge(
        &self,
        profile_type: &str,
        selector: &str,
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<CallTree, Error> {
        merge(self, &request(profile_type, selector, window)?, context)
    }

    /// The call tree of the profiles that cover some of the window, whenever they began.
    ///
    /// # Errors
    ///
    /// As [`merge`](Self::merge).
    pub fn merge_during(
        &self,
        profile_type: &str,
        selector: &str,
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<CallTree, Error> {
        merge_during(self, &request(profile_type, selector, window)?, context)
    }

    /// The call tree of the samples that were taken inside one of `spans`.
    ///
    /// # Errors
    ///
    /// As [`merge`](Self::merge).
    pub fn merge_spans(
        &self,
        profile_type: &str,
        selector: &str,
        spans: &[u64],
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<CallTree, Error> {
        merge_spans(self, &request(profile_type, selector, window)?, spans, context)
    }

    /// The label sets of the series that satisfy every matcher and have profiles in the window,
    /// sorted.
    ///
    /// # Errors
    ///
    /// Where the store fails or the query is stopped.
    pub fn series_labels(
        &self,
        matchers: &[Matcher],
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<Labels>, Error> {
        let mut found = BTreeSet::new();
        let snapshot = self.store.snapshot();
        for (head, tombstones) in snapshot.heads() {
            context.check()?;
            let set = head.snapshot();
            for (labels, rows) in set.series.iter().filter(|(labels, _)| matches(matchers, labels))
            {
                let is_there =
                    |time| window.contains(time) && !is_deleted(&tombstones, labels, time.0);
                if rows.iter().any(|row| is_there(row.time.into())) {
                    found.insert(labels.clone());
                }
            }
        }
        for block in snapshot.blocks() {
            context.check()?;
            let entry = block.entry();
            if !overlaps(window, entry.min_time, entry.max_time) {
                continue;
            }
            let tombstones = snapshot.tombstones_of(block);
            let opened = block.open()?;
            for series in opened.series.iter().filter(|series| matches(matchers, &series.labels)) {
                let pages = series.pages.iter().filter(|p| overlaps(window, p.first, p.last));
                for page in pages {
                    let rows = opened.rows(*page)?;
                    let mut times = rows.iter().map(|row| row.time);
                    if times.any(|time| {
                        window.contains(time.into())
                            && !is_deleted(&tombstones, &series.labels, time)
                    }) {
                        found.insert(series.labels.clone());
                        break;
                    }
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// The types of the profiles in the window, sorted.
    ///
    /// # Errors
    ///
    /// As [`series_labels`](Self::series_labels).
    pub fn profile_types(
        &self,
        window: NanosRange,
        context: &QueryContext,
    ) -> Result<Vec<ProfileType>, Error> {
        let series = self.series_labels(&[], window, context)?;
        let types: BTreeSet<ProfileType> =
            series.iter().filter_map(|labels| labels.get(PROFILE_TYPE)?.parse().ok()).collect();
        Ok(types.into_iter().collect())
    }
}

/// The request for one profile type and a selector.
fn request(
    profile_type: &str,
    selector: &str,
    window: NanosRange,
) -> Result<ProfileRequest, Error> {
    let profile_type: ProfileType = profile_type.parse()?;
    let mut matchers = parse_selector(selector)
        .map_err(|source| Error::Selector { selector: selector.to_owned(), source })?;
    matchers.push(Matcher::equal(PROFILE_TYPE, profile_type.to_string()));
    Ok(ProfileRequest { matchers, window })
}
