//! Traces of a block that deletes hide a part of: from columns, since most blocks have none.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::sync::Arc;

use telemetry_core::labels::Matcher;
use telemetry_core::source::span::RowBits;
use telemetry_core::storage::Result;
use telemetry_core::storage::tombstone::Tombstone;

use super::group::{Group, kind_of, status_of};
use super::reader::Block;
use crate::delete::{self, selects_resource};

impl Block {
    /// Ordinals of the traces of a group of which the tombstones hide a span, ascending.
    ///
    /// # Errors
    ///
    /// A page cannot be read or is damaged.
    pub(crate) fn deleted(&self, at: usize, tombstones: &[Arc<Tombstone>]) -> Result<Vec<u32>> {
        let Some(group) = self.group(at) else { return Ok(Vec::new()) };
        let entry = group.entry();
        let mut hidden = RowBits::none(group.spans());
        for tombstone in tombstones {
            if tombstone.overlaps(entry.first_start, entry.reach) {
                hidden.or(&group.hidden_by(tombstone)?);
            }
        }
        if hidden.is_empty() {
            return Ok(Vec::new());
        }
        let traces = group.traces()?;
        let touched = (0_u32..).zip(0..traces.len()).filter(|(_, trace)| {
            let rows = traces.rows(*trace);
            hidden.any_in(rows.start, rows.end)
        });
        let first = self.first_trace(at);
        Ok(touched.map(|(trace, _)| first.saturating_add(trace)).collect())
    }
}

impl Group<'_> {
    /// Rows that a tombstone hides; the same that [`delete::hides`] says of their spans.
    fn hidden_by(&self, tombstone: &Tombstone) -> Result<RowBits> {
        let starts = self.starts()?;
        let mut hidden = RowBits::from_fn(self.spans(), |row| {
            starts.get(row).is_some_and(|start| tombstone.covers(*start))
        });
        for matcher in &tombstone.matchers {
            if hidden.is_empty() {
                break;
            }
            hidden.and(&self.selected_by(matcher)?);
        }
        Ok(hidden)
    }

    fn selected_by(&self, matcher: &Matcher) -> Result<RowBits> {
        let spans = self.spans();
        Ok(match matcher.name() {
            delete::TRACE_ID => {
                let traces = self.traces()?;
                let mut bits = RowBits::none(spans);
                for trace in 0..traces.len() {
                    if matcher.matches(&traces.id(trace).to_string()) {
                        traces.rows(trace).for_each(|row| bits.set(row));
                    }
                }
                bits
            }
            delete::SPAN_ID => {
                let ids = self.span_ids()?;
                RowBits::from_fn(spans, |row| {
                    ids.get(row).is_some_and(|id| matcher.matches(&id.to_string()))
                })
            }
            delete::NAME => {
                let names = self.names()?;
                let answers: Vec<bool> = names.dictionary().map(|n| matcher.matches(n)).collect();
                RowBits::from_fn(spans, |row| {
                    names.ids().get(row).is_some_and(|id| answers.get(*id as usize) == Some(&true))
                })
            }
            name @ (delete::KIND | delete::STATUS) => {
                let outcomes = self.outcomes()?;
                RowBits::from_fn(spans, |row| {
                    let outcome = outcomes.get(row).copied().unwrap_or_default();
                    matcher.matches(if name == delete::KIND {
                        kind_of(outcome).as_str()
                    } else {
                        status_of(outcome).as_str()
                    })
                })
            }
            _ => {
                let (ids, resources) = (self.resource_ids()?, self.block.resources()?);
                let answers: Vec<bool> =
                    resources.iter().map(|r| selects_resource(matcher, r)).collect();
                RowBits::from_fn(spans, |row| {
                    ids.get(row).is_some_and(|id| answers.get(*id as usize) == Some(&true))
                })
            }
        })
    }
}
