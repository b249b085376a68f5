//! What the tests of this folder share: a store to open, profiles to push, and the plainest model.
#![cfg(test)]
#![allow(dead_code, reason = "every test file uses a part")]

pub(crate) mod subject;

use std::sync::Arc;

use profstore::{Error, ProfStore};
use telemetry_core::labels;
use telemetry_core::labels::{Labels, Matcher};
use telemetry_core::model::{Function, Line, Location, Profile, ProfileSample, ValueType};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{NO_STACK, ProfileRequest, ProfileSource, SourceError};
use telemetry_core::storage::fs::FileSystem;
use telemetry_core::storage::maintenance::Maintenance;
use telemetry_core::storage::store::{Durability, StoreOptions};
use telemetry_core::time::NanosRange;

/// A profile as the tests compare it: series number, time, folded stack with its value.
pub(crate) type Sample = (u8, i64, String);

pub(crate) fn options(durability: Durability) -> StoreOptions {
    let mut options = StoreOptions::default();
    options.durability = durability;
    options.maintenance = Some(Maintenance::manual());
    options.head_bytes_kept_on_close = 0;
    options
}

pub(crate) fn open(files: Arc<dyn FileSystem>, durability: Durability) -> Result<ProfStore, Error> {
    ProfStore::builder().file_system(files).storage(options(durability)).open("/data/profiles")
}

fn series(number: u8) -> Labels {
    labels! { "service" => "api", "series" => &*number.to_string() }
}

/// A profile of one sample: the stack `a;b;c 10`.
fn profile(time: i64, folded: &str) -> Profile {
    let (stack, value) = folded.rsplit_once(' ').unwrap();
    let names: Vec<&str> = stack.split(';').collect();
    let count = names.len() as u32;
    let mut strings = vec![String::new()];
    strings.extend(names.iter().map(|name| (*name).to_owned()));
    let line = |at| Line { function: Some(at), ..Line::default() };
    Profile {
        sample_types: vec![ValueType { kind: "cpu".into(), unit: "nanoseconds".into() }],
        samples: vec![ProfileSample {
            stack: (0..count).rev().collect(),
            values: vec![value.parse().unwrap()],
            labels: vec![],
        }],
        locations: (0..count)
            .map(|at| Location { lines: vec![line(at)], ..Location::default() })
            .collect(),
        functions: (1..=count).map(|name| Function { name, ..Function::default() }).collect(),
        strings,
        time: time.into(),
        ..Profile::default()
    }
}

/// Stores profiles as one commit.
pub(crate) fn commit(store: &ProfStore, samples: &[Sample]) -> Result<u64, Error> {
    let mut batch = store.batch();
    for (number, time, folded) in samples {
        batch.push("process_cpu", &series(*number), &profile(*time, folded));
    }
    Ok(batch.commit()?.stored)
}

pub(crate) fn delete(store: &ProfStore, number: u8, window: NanosRange) -> Result<(), Error> {
    store.delete(vec![Matcher::equal("series", number.to_string())], window)
}

/// Everything stored, by series and time.
pub(crate) fn contents(store: &ProfStore) -> Result<Vec<Sample>, SourceError> {
    let request = ProfileRequest { matchers: vec![], window: NanosRange::ALL };
    let groups = store.select(&request, &QueryContext::new())?;
    let mut found = Vec::new();
    for index in 0..groups.len() {
        let group = groups.group(index)?.unwrap();
        for at in 0..group.len() {
            let row = group.row(at).unwrap();
            let number: u8 = row.labels.get("series").unwrap().parse().unwrap();
            for (stack, value) in row.stacks.iter().zip(row.values) {
                let mut names = Vec::new();
                let mut node = *stack;
                while node != NO_STACK {
                    group.frames(node, &mut |name| names.push(name.to_owned()));
                    node = group.parents()[node as usize];
                }
                names.reverse();
                found.push((number, row.time, format!("{} {value}", names.join(";"))));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The plainest profile store there is: profiles of one time are kept side by side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model(Vec<Sample>);

impl Model {
    pub(crate) fn insert(&mut self, sample: &Sample) {
        self.0.push(sample.clone());
    }

    pub(crate) fn delete(&mut self, number: u8, window: NanosRange) {
        self.0.retain(|(series, time, _)| *series != number || !window.contains((*time).into()));
    }

    pub(crate) fn contents(&self) -> Vec<Sample> {
        let mut samples = self.0.clone();
        samples.sort();
        samples
    }
}
