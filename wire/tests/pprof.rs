//! pprof: round trips, the reference's types, and real profiles with their oracles, read in place.
#![cfg(test)]

mod support;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use serde_json::Value;
use support::{pprof as reference, shared};
use telemetry_core::model::{
    Function, Line, Location, Mapping, Profile, ProfileSample, SampleLabel, SampleLabelValue,
    ValueType,
};
use telemetry_core::time::Nanos;
use wire::pprof::{decode, decode_within, encode, encode_gzip};
use wire::{Error, PprofErrorKind};

fn profiles() -> impl Strategy<Value = Profile> {
    const TEXTS: u32 = 8;
    const ENTRIES: u32 = 4;
    let text = 0..TEXTS;
    let kinds = vec(("[a-z]{0,3}", "[a-z]{0,3}"), 1..3);
    let mapping = (any::<[u64; 3]>(), text.clone(), text.clone(), any::<[bool; 4]>());
    let mapping = mapping.prop_map(|(numbers, filename, build_id, has)| Mapping {
        memory_start: numbers[0],
        memory_limit: numbers[1],
        file_offset: numbers[2],
        filename,
        build_id,
        has_functions: has[0],
        has_filenames: has[1],
        has_line_numbers: has[2],
        has_inline_frames: has[3],
    });
    let function = (text.clone(), text.clone(), text.clone(), any::<i64>());
    let function = function.prop_map(|(name, system_name, filename, start_line)| Function {
        name,
        system_name,
        filename,
        start_line,
    });
    let line = (proptest::option::of(0..ENTRIES), any::<i64>(), 0_i64..3);
    let line = line.prop_map(|(function, line, column)| Line { function, line, column });
    let location = (proptest::option::of(0..ENTRIES), any::<u64>(), vec(line, 0..3), any::<bool>());
    let location = location.prop_map(|(mapping, address, lines, is_folded)| Location {
        mapping,
        address,
        lines,
        is_folded,
    });
    let value = prop_oneof![
        (1..TEXTS).prop_map(SampleLabelValue::Text),
        (any::<i64>(), text.clone())
            .prop_map(|(value, unit)| SampleLabelValue::Number { value, unit }),
    ];
    let label = (text.clone(), value).prop_map(|(key, value)| SampleLabel { key, value });
    let sample = (vec(0..ENTRIES, 0..5), any::<[i64; 3]>(), vec(label, 0..3));
    let tables = (
        vec(mapping, ENTRIES as usize),
        vec(location, ENTRIES as usize),
        vec(function, ENTRIES as usize),
        vec(".{0,5}", TEXTS as usize - 1),
    );
    let numbers = (any::<[i64; 3]>(), text.clone(), vec(text.clone(), 0..3), text.clone(), text);
    (kinds, vec(sample, 0..6), tables, numbers).prop_map(|(kinds, samples, tables, numbers)| {
        let kinds: Vec<_> =
            kinds.into_iter().map(|(kind, unit)| ValueType { kind, unit }).collect();
        let samples = samples.into_iter().map(|(stack, values, labels)| ProfileSample {
            stack,
            values: values[..kinds.len()].to_vec(),
            labels,
        });
        // Texts of value types are in the table already, so nothing is added to it.
        let mut strings = vec![String::new()];
        strings.extend(tables.3);
        strings.extend(kinds.iter().flat_map(|kind| [kind.kind.clone(), kind.unit.clone()]));
        Profile {
            samples: samples.collect(),
            mappings: tables.0,
            locations: tables.1,
            functions: tables.2,
            strings,
            time: Nanos(numbers.0[0]),
            duration_nanos: numbers.0[1],
            period: numbers.0[2],
            period_type: kinds[0].clone(),
            sample_types: kinds,
            default_sample_type: numbers.1,
            comments: numbers.2,
            drop_frames: numbers.3,
            keep_frames: numbers.4,
        }
    })
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(profile in profiles()) {
        prop_assert_eq!(profile.validate(), Ok(()));
        prop_assert_eq!(&decode(&encode(&profile)).unwrap(), &profile);
        prop_assert_eq!(&decode(&encode_gzip(&profile)).unwrap(), &profile);
    }

    #[test]
    fn the_reference_reads_what_is_encoded(profile in profiles()) {
        let found = reference::Profile::decode(&*encode(&profile)).unwrap();
        prop_assert_eq!(found.sample.len(), profile.samples.len());
        for (found, sample) in found.sample.iter().zip(&profile.samples) {
            let stack: Vec<_> = sample.stack.iter().map(|at| u64::from(*at) + 1).collect();
            prop_assert_eq!(&found.location_id, &stack);
            prop_assert_eq!(&found.value, &sample.values);
        }
        let texts: Vec<_> = profile.strings.iter().map(|text| text.as_bytes().to_vec()).collect();
        prop_assert_eq!(found.string_table, texts);
        prop_assert_eq!(found.time_nanos, profile.time.0);
    }
}

/// A profile of one sample type in the reference's types.
fn small() -> reference::Profile {
    let function = |id| reference::Function { id, name: 1 };
    let location = |id, function_id| {
        let line = vec![reference::Line { function_id, line: 1 }];
        reference::Location { id, mapping_id: 0, address: 0, line }
    };
    let sample = reference::Sample { location_id: vec![70], value: vec![1], label: vec![] };
    reference::Profile {
        sample_type: vec![reference::ValueType { kind: 1, unit: 1 }],
        sample: vec![sample],
        location: vec![location(70, 900), location(7, 0)],
        function: vec![function(900), function(9)],
        string_table: vec![vec![], b"main".to_vec()],
        ..reference::Profile::default()
    }
}

fn kind(profile: &reference::Profile) -> PprofErrorKind {
    match decode(&profile.encode_to_vec()) {
        Err(Error::Pprof { kind, .. }) => kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn ids_of_any_kind_are_resolved() {
    let profile = decode(&small().encode_to_vec()).unwrap();
    assert_eq!(profile.validate(), Ok(()));
    assert_eq!(profile.samples[0].stack, [0]);
    assert_eq!(profile.locations[0].lines[0].function, Some(0));
    assert_eq!(profile.locations[1].lines[0].function, None);
}

#[test]
fn references_that_lead_nowhere_are_refused() {
    use PprofErrorKind as Kind;
    let broken = |change: fn(&mut reference::Profile)| {
        let mut profile = small();
        change(&mut profile);
        kind(&profile)
    };
    assert_eq!(
        broken(|profile| profile.sample[0].location_id[0] = 71),
        Kind::NoSuchId { table: "location", id: 71 }
    );
    assert_eq!(
        broken(|profile| profile.sample[0].location_id[0] = 0),
        Kind::NoSuchId { table: "location", id: 0 }
    );
    assert_eq!(
        broken(|profile| profile.location[0].line[0].function_id = 5),
        Kind::NoSuchId { table: "function", id: 5 }
    );
    assert_eq!(
        broken(|profile| profile.location[0].mapping_id = 1),
        Kind::NoSuchId { table: "mapping", id: 1 }
    );
    assert_eq!(broken(|profile| profile.location[1].id = 0), Kind::ZeroId { table: "location" });
    assert_eq!(
        broken(|profile| profile.function[1].id = 900),
        Kind::DuplicateId { table: "function", id: 900 }
    );
    assert_eq!(broken(|profile| profile.function[1].name = 2), Kind::NoString { index: 2, len: 2 });
    assert_eq!(
        broken(|profile| profile.function[1].name = -1),
        Kind::NoString { index: -1, len: 2 }
    );
    assert_eq!(
        broken(|profile| profile.sample[0].value.push(2)),
        Kind::Values { found: 2, expected: 1 }
    );
    assert_eq!(broken(|profile| profile.sample_type.clear()), Kind::NoSampleType);
    assert_eq!(broken(|profile| profile.string_table[0].push(b'x')), Kind::FirstString);
}

#[test]
fn text_that_is_not_utf_8_is_replaced() {
    let mut profile = small();
    profile.string_table[1] = b"ma\xffin".to_vec();
    let profile = decode(&profile.encode_to_vec()).unwrap();
    assert_eq!(profile.strings[1], "ma\u{fffd}in");
}

#[test]
fn a_bomb_is_refused() {
    let mut profile = small();
    profile.string_table[1] = vec![b'a'; 1 << 20];
    let decoded = decode(&profile.encode_to_vec()).unwrap();
    let bomb = encode_gzip(&decoded);
    assert!(bomb.len() < 4096);
    assert!(matches!(decode_within(&bomb, 1 << 20), Err(Error::TooLarge { .. })));
    assert_eq!(decode_within(&bomb, 1 << 21).unwrap(), decoded);
}

/// Profiles that have an oracle.
fn real() -> Vec<PathBuf> {
    let Some(folder) = shared("data/profiles") else { return Vec::new() };
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_profile = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.ends_with(".pb") || name.ends_with(".pb.gz")
    };
    let mut paths: Vec<_> = paths.filter(is_profile).collect();
    paths.sort();
    assert!(paths.len() > 30, "{} profiles", paths.len());
    paths
}

fn oracle(path: &Path) -> Value {
    let path = PathBuf::from(format!("{}.expected.json", path.display()));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn real_profiles_have_the_counts_and_totals_of_their_oracles() {
    for path in real() {
        let oracle = oracle(&path);
        let profile = decode(&fs::read(&path).unwrap());
        let profile = profile.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(profile.validate(), Ok(()), "{}", path.display());
        let counts = [
            ("samples", profile.samples.len()),
            ("locations", profile.locations.len()),
            ("functions", profile.functions.len()),
            ("mappings", profile.mappings.len()),
            ("strings", profile.strings.len()),
        ];
        for (name, count) in counts {
            if let Some(expected) = oracle["counts"].get(name).or_else(|| oracle.get(name)) {
                assert_eq!(Some(count as u64), expected.as_u64(), "{}: {name}", path.display());
            }
        }
        let types = oracle["types"].as_array().unwrap();
        assert_eq!(types.len(), profile.sample_types.len(), "{}", path.display());
        for (at, expected) in types.iter().enumerate() {
            let total: i64 = profile.samples.iter().map(|sample| sample.values[at]).sum();
            assert_eq!(Some(total), expected["total"].as_i64(), "{}", path.display());
        }
        let names: HashSet<_> = profile.functions.iter().map(|f| profile.string(f.name)).collect();
        for top in types.iter().flat_map(|kind| kind["top_flat"].as_array().unwrap()) {
            let name = top["function"].as_str().unwrap();
            assert!(name.starts_with("0x") || names.contains(name), "{}: {name}", path.display());
        }
        // Once more around; only what is not kept is lost.
        assert_eq!(decode(&encode_gzip(&profile)).unwrap(), profile, "{}", path.display());
    }
}

#[test]
fn the_reference_finds_the_same_samples_in_real_profiles() {
    for path in real() {
        let bytes = fs::read(&path).unwrap();
        let profile = decode(&bytes).unwrap();
        let plain =
            if wire::is_gzip(&bytes) { wire::gunzip(&bytes, 1 << 28).unwrap() } else { bytes };
        let reference = reference::Profile::decode(&*plain).unwrap();
        assert_eq!(reference.sample.len(), profile.samples.len());
        for (found, expected) in profile.samples.iter().zip(&reference.sample) {
            assert_eq!(found.values, expected.value);
            assert_eq!(found.stack.len(), expected.location_id.len());
            assert_eq!(found.labels.len(), expected.label.len());
        }
    }
}

#[test]
fn compressed_and_plain_are_the_same_profile() {
    let Some(folder) = shared("data/profiles") else { return };
    let read = |name: &str| decode(&fs::read(folder.join(name)).unwrap()).unwrap();
    assert_eq!(read("go-cpu-30s.pb.gz"), read("go-cpu-30s-uncompressed.pb"));
}

#[test]
fn bad_and_old_profiles_do_no_harm() {
    let Some(folder) = shared("data/profiles") else { return };
    for entry in fs::read_dir(folder.join("bad")).unwrap() {
        // An error and a tolerant result are both right.
        let _ = decode(&fs::read(entry.unwrap().path()).unwrap());
    }
    for entry in fs::read_dir(folder.join("legacy")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "string") {
            continue;
        }
        let error = decode(&fs::read(&path).unwrap()).unwrap_err();
        let is_legacy = matches!(error, Error::Pprof { kind: PprofErrorKind::Legacy { .. }, .. });
        assert!(is_legacy, "{}: {error}", path.display());
    }
}
