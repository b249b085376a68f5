//! Label sets and matchers against naive references.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use telemetry_core::labels;
use telemetry_core::labels::{Labels, LabelsBuilder, MatchOp, Matcher, hash_pairs, parse_selector};

type Model = BTreeMap<String, String>;

fn model_of(pairs: &[(String, String)]) -> Model {
    let mut model = Model::new();
    for (name, value) in pairs {
        if value.is_empty() {
            model.remove(name);
        } else {
            model.insert(name.clone(), value.clone());
        }
    }
    model
}

fn pairs_of(labels: &Labels) -> Vec<(&str, &str)> {
    labels.iter().collect()
}

fn assert_same(labels: &Labels, model: &Model) {
    let expected: Vec<_> = model.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(pairs_of(labels), expected);
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-c]{1,2}",
        1 => "[A-Za-z_é.]{0,70}",
        1 => Just("__name__".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-b]{0,2}", 1 => ".{0,70}", 1 => "x{60,70}", 1 => "y{4090,4100}"]
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((name(), value()), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_set_is_a_sorted_map(pairs in pairs()) {
        let (labels, model) = (Labels::from_pairs(pairs.clone()), model_of(&pairs));
        assert_same(&labels, &model);
        prop_assert_eq!(labels.len(), model.len());
        prop_assert_eq!(labels.is_empty(), model.is_empty());
        for (name, _) in &pairs {
            prop_assert_eq!(labels.get(name), model.get(name).map(String::as_str));
        }
        prop_assert_eq!(labels.get("not there"), None);
        prop_assert_eq!(labels.name(), model.get("__name__").map(String::as_str));
    }

    #[test]
    fn sets_compare_hash_and_sort_as_their_pairs(a in pairs(), b in pairs()) {
        let (x, y) = (Labels::from_pairs(a), Labels::from_pairs(b));
        prop_assert_eq!(x == y, pairs_of(&x) == pairs_of(&y));
        prop_assert_eq!(x.cmp(&y), pairs_of(&x).cmp(&pairs_of(&y)));
        prop_assert_eq!(x.hash64() == y.hash64(), x == y);
        prop_assert_eq!(&x, &x.clone());
        prop_assert_eq!(hash_pairs(x.iter()), x.hash64());
        prop_assert_eq!(&Labels::from_iter(x.iter()), &x);
    }

    #[test]
    fn choosing_labels_is_filtering(pairs in pairs(), names in prop::collection::vec(name(), 0..5)) {
        let labels = Labels::from_pairs(pairs.clone());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let chosen = |keep: bool| {
            let mut model = model_of(&pairs);
            model.retain(|name, _| names.contains(&&**name) == keep);
            model
        };
        assert_same(&labels.only(&names), &chosen(true));
        assert_same(&labels.without(&names), &chosen(false));
        prop_assert_eq!(labels.hash_for(&names), labels.only(&names).hash64());
        prop_assert_eq!(labels.hash_without(&names), labels.without(&names).hash64());
        prop_assert!(labels.equal_for(&labels.only(&names), &names));
        prop_assert!(labels.equal_without(&labels.without(&names), &names));
        assert_same(LabelsBuilder::from(&labels).only(&names).build_ref(), &chosen(true));
    }

    #[test]
    fn a_builder_follows_a_map(steps in prop::collection::vec((0..4, name(), value()), 0..20)) {
        let (mut builder, mut model) = (LabelsBuilder::new(), Model::new());
        for (kind, name, value) in steps {
            match kind {
                0 => {
                    builder.remove(&name);
                    model.remove(&name);
                }
                1 => assert_same(&builder.build(), &model),
                _ => {
                    builder.set(&name, &value);
                    model.insert(name.clone(), value);
                    model.retain(|_, value| !value.is_empty());
                }
            }
            prop_assert_eq!(builder.get(&name), model.get(&name).map(String::as_str));
        }
        assert_same(&builder.build(), &model);
    }

    #[test]
    fn a_printed_set_is_a_selector_for_it(pairs in pairs()) {
        let labels = Labels::from_pairs(pairs);
        let matchers = parse_selector(&labels.to_string()).unwrap();
        let read: Labels = matchers.iter().map(|m| (m.name(), m.value())).collect();
        prop_assert!(matchers.iter().all(|m| m.op() == MatchOp::Equal && m.matches_labels(&labels)));
        prop_assert_eq!(read, labels);
    }

    #[test]
    fn any_text_is_a_selector_or_an_error(text in "[a{}=~!\",'`\\\\ é0-9.*(\\[]{0,20}") {
        if let Err(error) = parse_selector(&text) {
            prop_assert!(error.span.start <= text.len() && error.span.end <= text.len());
        }
    }

    #[test]
    fn finite_values_are_all_that_match(
        texts in prop::collection::vec("[ab]{0,3}", 1..20),
        others in prop::collection::vec("[ab]{0,3}", 0..20),
    ) {
        let texts: BTreeSet<String> = texts.into_iter().collect();
        let pattern = texts.iter().map(String::as_str).collect::<Vec<_>>().join("|");
        let positive = Matcher::new(MatchOp::Regex, "l", pattern.as_str()).unwrap();
        let negative = positive.inverse();
        let values: Vec<&str> = positive.values().unwrap().collect();
        prop_assert_eq!(values, texts.iter().map(String::as_str).collect::<Vec<_>>());
        for other in texts.iter().chain(&others) {
            prop_assert_eq!(positive.matches(other), texts.contains(other));
            prop_assert_eq!(negative.matches(other), !texts.contains(other));
        }
    }
}

/// For use inside a chain of calls.
trait BuildRef {
    fn build_ref(&mut self) -> &'static Labels;
}

impl BuildRef for LabelsBuilder {
    fn build_ref(&mut self) -> &'static Labels {
        Box::leak(Box::new(self.build()))
    }
}

#[test]
fn the_hash_is_stable() {
    // These numbers may reach disks: they must never change.
    assert_eq!(Labels::empty().hash64(), 0x2d06_8005_38d3_94c2);
    let set = labels! { "__name__" => "up", "job" => "api" };
    assert_eq!(set.hash64(), 4_998_605_568_324_668_916);
    let long = labels! { "a" => "x".repeat(1000) };
    assert_eq!(long.hash64(), hash_pairs([("a", "x".repeat(1000))]));
}

#[test]
fn a_handle_is_three_words() {
    assert_eq!(size_of::<Labels>(), 3 * size_of::<usize>());
    assert_eq!(Labels::empty().heap_bytes(), 0);
}

#[test]
fn sets_sort_as_in_prometheus() {
    // A label that is missing at the end comes first; names count before values.
    let mut sets = [
        labels! { "b" => "1" },
        labels! { "a" => "2" },
        labels! { "a" => "1", "b" => "1" },
        labels! { "a" => "1" },
        labels! {},
    ];
    sets.sort();
    let printed: Vec<String> = sets.iter().map(ToString::to_string).collect();
    assert_eq!(printed, ["{}", r#"{a="1"}"#, r#"{a="1", b="1"}"#, r#"{a="2"}"#, r#"{b="1"}"#]);
}

#[test]
fn sets_print_as_in_prometheus() {
    let set = labels! { "__name__" => "up", "a.b" => "c\"\n", "é" => "\u{1}é" };
    assert_eq!(set.to_string(), r#"{__name__="up", "a.b"="c\"\n", "é"="\x01é"}"#);
}

#[test]
fn matchers_are_shared_between_threads() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    check::<Matcher>();
    check::<Labels>();
}
