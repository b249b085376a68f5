//! How long lines are kept, stream by stream.
//!
//! Of the rules whose selector a stream satisfies the one of highest priority counts, of equal
//! priority the one that keeps for the shortest time, as in Loki; streams that satisfy none are kept
//! for the default. Age counts from the newest stored time.
//!
//! A rule becomes deletes by matchers and time, so what is too old is gone for readers at once and
//! from disk with the next compaction:
//!
//! 1. The streams of a rule are those of its selector and of none that goes before it. "Not all of
//!    these matchers" is spelt out: one of them inverted, for each.
//! 2. A delete reaches from where the last one ended, so that only blocks with lines that have just
//!    become too old are written again; or from the oldest line that came since, since a stream may
//!    be behind all others. Where the last one ended is remembered in the manifest:
//!
//! ~~~text
//! version   u8 = 2
//! rules     u64 LE   FNV-1a of the rules; other rules begin anew
//! marks     per rule: zigzag   end of its last delete, not in it
//!                     varint   number of the last commit that the delete saw
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::cmp::Reverse;
use std::time::Duration;

use telemetry_core::labels::Matcher;
use telemetry_core::storage::cursor::Cursor;
use telemetry_core::storage::tombstone::Tombstone;
use telemetry_core::storage::varint;

use crate::Error;

const VERSION: u8 = 2;

/// Deletes that one rule may become. Each rule that goes before it multiplies them by its matchers.
const DELETES_PER_RULE_MAX: usize = 256;

/// A rule is applied again once this part of its period has passed: a delete ends the head, and
/// heads should not be small.
const STEPS_PER_PERIOD: i64 = 24;

/// How long the lines of some streams are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionRule {
    /// What the labels of a stream must satisfy, all of it.
    pub selector: Vec<Matcher>,
    /// Of several rules for a stream the one with the highest number counts.
    pub priority: u32,
    /// How long lines are kept.
    pub period: Duration,
}

/// How long lines are kept, stream by stream. Nothing is removed by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamRetention {
    /// Rules for some streams.
    pub rules: Vec<RetentionRule>,
    /// How long the lines of all other streams are kept; [`None`]: for ever.
    pub default_period: Option<Duration>,
}

/// The rules as deletes.
#[derive(Debug, Default)]
pub(crate) struct Retention {
    rules: Vec<Rule>,
    hash: u64,
}

#[derive(Debug)]
struct Rule {
    period: i64,
    /// Matchers of the deletes that it becomes.
    deletes: Vec<Vec<Matcher>>,
}

/// How far a rule has been applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    /// Older lines have been deleted ...
    end: i64,
    /// ... of all commits up to this one.
    commit: u64,
}

impl Retention {
    pub(crate) fn new(retention: &StreamRetention) -> Result<Self, Error> {
        let mut rules: Vec<&RetentionRule> = retention.rules.iter().collect();
        // Which one goes before which: by priority, then by period.
        rules.sort_by_key(|rule| (Reverse(rule.priority), rule.period));
        let every = RetentionRule {
            selector: Vec::new(),
            priority: 0,
            period: retention.default_period.unwrap_or_default(),
        };
        if retention.default_period.is_some() {
            rules.push(&every);
        }
        let mut made = Vec::with_capacity(rules.len());
        for (at, rule) in rules.iter().enumerate() {
            let before = rules.get(..at).unwrap_or_default();
            let deletes = deletes(rule, before)
                .ok_or(Error::RetentionRules { rules: rules.len(), limit: DELETES_PER_RULE_MAX })?;
            let period = i64::try_from(rule.period.as_nanos()).unwrap_or(i64::MAX);
            made.push(Rule { period, deletes });
        }
        let hash = fnv(format!("{retention:?}").as_bytes());
        Ok(Retention { rules: made, hash })
    }

    /// How far time moves on before the rules are worth applying again; none without rules.
    pub(crate) fn step(&self) -> Option<i64> {
        self.rules.iter().map(|rule| (rule.period / STEPS_PER_PERIOD).max(1)).min()
    }

    /// What to delete now that `newest` is the newest time and `commit` the last commit, and what to
    /// remember then. `memory` is what was remembered; `oldest_since` gives the time of the oldest
    /// line that came after a commit.
    pub(crate) fn due(
        &self,
        newest: i64,
        commit: u64,
        oldest_since: impl Fn(u64) -> Option<i64>,
        memory: &[u8],
    ) -> Option<(Vec<Tombstone>, Vec<u8>)> {
        let known = read(memory, self.hash, self.rules.len()).unwrap_or_default();
        let mut marks = Vec::with_capacity(self.rules.len());
        let mut tombstones = Vec::new();
        for (at, rule) in self.rules.iter().enumerate() {
            let before = known.get(at).copied().unwrap_or(Mark { end: i64::MIN, commit: 0 });
            let end = newest.saturating_sub(rule.period);
            if end <= before.end.saturating_add(rule.period / STEPS_PER_PERIOD) {
                marks.push(before);
                continue;
            }
            marks.push(Mark { end, commit });
            let late = oldest_since(before.commit).unwrap_or(i64::MAX);
            // Lines at `end` itself are as old as may be.
            let (start, last) = (before.end.min(late), end.saturating_sub(1));
            let delete = |matchers: &Vec<Matcher>| Tombstone::new(matchers.clone(), start, last);
            tombstones.extend(rule.deletes.iter().map(delete));
        }
        (!tombstones.is_empty()).then(|| (tombstones, write(self.hash, &marks)))
    }
}

/// Matchers that together select what `rule` selects and none of `before` does; none where they are
/// too many.
fn deletes(rule: &RetentionRule, before: &[&RetentionRule]) -> Option<Vec<Vec<Matcher>>> {
    let mut all = vec![rule.selector.clone()];
    for other in before {
        if all.len().saturating_mul(other.selector.len()) > DELETES_PER_RULE_MAX {
            return None;
        }
        let with = |matchers: &Vec<Matcher>, one: &Matcher| {
            let mut matchers = matchers.clone();
            matchers.push(one.inverse());
            matchers
        };
        let spelt = all
            .iter()
            .flat_map(|matchers| other.selector.iter().map(move |one| with(matchers, one)));
        all = spelt.collect();
    }
    Some(all)
}

fn fnv(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

fn write(hash: u64, marks: &[Mark]) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend_from_slice(&hash.to_le_bytes());
    for mark in marks {
        varint::put_i64(&mut out, mark.end);
        varint::put_u64(&mut out, mark.commit);
    }
    out
}

/// What was remembered, if it was for the same rules.
fn read(memory: &[u8], hash: u64, rules: usize) -> Option<Vec<Mark>> {
    let mut cursor =
        Cursor::new(memory.strip_prefix(&[VERSION])?.strip_prefix(&hash.to_le_bytes())?);
    let mut mark =
        || Some(Mark { end: cursor.varint_i64().ok()?, commit: cursor.varint_u64().ok()? });
    let marks = (0..rules).map(|_| mark()).collect::<Option<Vec<Mark>>>()?;
    cursor.finish().is_ok().then_some(marks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use telemetry_core::labels::Labels;

    fn rule(selector: &[(&str, &str)], priority: u32, nanos: u64) -> RetentionRule {
        let selector = selector.iter().map(|(name, value)| Matcher::equal(*name, *value));
        let period = Duration::from_nanos(nanos);
        RetentionRule { selector: selector.collect(), priority, period }
    }

    #[test]
    fn golden_memory() {
        let marks = [Mark { end: -1, commit: 0 }, Mark { end: 2, commit: 300 }];
        let bytes = write(0x0102, &marks);
        assert_eq!(bytes, [2, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 4, 0xac, 2]);
        assert_eq!(read(&bytes, 0x0102, 2), Some(marks.to_vec()));
        assert_eq!(read(&bytes, 0x0103, 2), None);
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut], 0x0102, 2), None);
        }
    }

    #[test]
    fn a_delete_begins_where_the_last_one_ended() {
        let retention =
            StreamRetention { rules: vec![rule(&[("a", "1")], 0, 240)], ..Default::default() };
        let retention = Retention::new(&retention).unwrap();
        let late = |since: u64| (since == 3).then_some(900);
        let (first, memory) = retention.due(1_000, 3, late, &[]).unwrap();
        assert_eq!((first[0].start, first[0].end), (i64::MIN, 759));
        assert!(retention.due(1_010, 4, late, &memory).is_none());
        let (second, memory) = retention.due(1_011, 4, late, &memory).unwrap();
        assert_eq!((second[0].start, second[0].end), (760, 770));
        let late = |since: u64| (since == 4).then_some(12);
        let (third, _) = retention.due(1_100, 5, late, &memory).unwrap();
        assert_eq!((third[0].start, third[0].end), (12, 859));
    }

    #[test]
    fn rules_that_would_become_too_many_deletes_are_refused() {
        let pairs: Vec<(String, String)> = (0..9).map(|n| (format!("l{n}"), "x".into())).collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(a, b)| (&**a, &**b)).collect();
        let rules = (0..4).map(|priority| rule(&pairs, priority, 5)).collect();
        let retention = StreamRetention { rules, default_period: None };
        assert!(matches!(Retention::new(&retention), Err(Error::RetentionRules { rules: 4, .. })));
    }

    proptest! {
        #[test]
        fn every_stream_has_the_period_of_the_rule_that_counts(
            rules in prop::collection::vec(
                (prop::collection::vec((0..3_usize, 0..3_usize), 1..3), 0..3_u32, 1..9_u64), 0..4,
            ),
            stream in prop::collection::vec(0..3_usize, 3),
            default in prop::option::of(1..9_u64),
        ) {
            let (names, values) = (["a", "b", "c"], ["", "1", "2"]);
            let rules = rules.into_iter().map(|(selector, priority, period)| {
                let pairs: Vec<_> = selector.iter().map(|(n, v)| (names[*n], values[*v])).collect();
                rule(&pairs, priority, period)
            });
            let default_period = default.map(Duration::from_nanos);
            let retention = StreamRetention { rules: rules.collect(), default_period };
            let labels: Labels =
                names.iter().zip(&stream).map(|(name, value)| (*name, values[*value])).collect();
            let matches = |rule: &&RetentionRule| {
                rule.selector.iter().all(|matcher| matcher.matches_labels(&labels))
            };
            let counts = retention.rules.iter().filter(matches);
            let counts = counts.min_by_key(|rule| (Reverse(rule.priority), rule.period));
            let period = counts.map(|rule| rule.period).or(default_period);
            let made = Retention::new(&retention).unwrap();
            let due = made.due(1_000, 1, |_| None, &[]).map(|due| due.0).unwrap_or_default();
            let deleted = due.iter().filter(|tombstone| tombstone.selects(&labels));
            let newest = deleted.map(|tombstone| tombstone.end).max();
            let expected = period.map(|period| 999 - i64::try_from(period.as_nanos()).unwrap());
            prop_assert_eq!(newest, expected);
        }
    }
}
