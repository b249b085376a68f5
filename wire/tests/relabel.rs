//! Relabeling, rule by rule.
#![cfg(test)]

use telemetry_core::labels::{Labels, parse_selector};
use wire::relabel::{Action, RelabelConfig, RelabelError, Relabeling};

/// A label set as it prints.
fn set(text: &str) -> Labels {
    let matchers = parse_selector(text).unwrap();
    matchers.iter().map(|matcher| (matcher.name().to_owned(), matcher.value().to_owned())).collect()
}

/// A rule from `field: value` pairs, as YAML has them.
fn rule(fields: &[(&str, &str)]) -> RelabelConfig {
    let mut rule = RelabelConfig::default();
    for (field, value) in fields {
        let text = (*value).to_owned();
        match *field {
            "source_labels" => rule.source_labels = value.split(',').map(str::to_owned).collect(),
            "separator" => rule.separator = text,
            "regex" => rule.regex = text,
            "modulus" => rule.modulus = text.parse().unwrap(),
            "target_label" => rule.target_label = text,
            "replacement" => rule.replacement = text,
            "action" => rule.action = text.parse().unwrap(),
            other => panic!("{other}"),
        }
    }
    rule
}

fn apply(input: &str, rules: &[&[(&str, &str)]]) -> Option<String> {
    let rules = Relabeling::new(rules.iter().map(|fields| rule(fields))).unwrap();
    rules.apply(&set(input)).map(|labels| labels.to_string())
}

const INPUT: &str = r#"{a="foo", b="bar", c="baz"}"#;

#[test]
fn replace_fills_in_groups() {
    let cases: [(&[(&str, &str)], &str); 10] = [
        (
            &[
                ("source_labels", "a"),
                ("regex", "f(.*)"),
                ("target_label", "d"),
                ("replacement", "ch${1}-ch${1}"),
            ],
            r#"{a="foo", b="bar", c="baz", d="choo-choo"}"#,
        ),
        (
            &[("source_labels", "a,b"), ("target_label", "d")],
            r#"{a="foo", b="bar", c="baz", d="foo;bar"}"#,
        ),
        (
            &[
                ("source_labels", "a,b"),
                ("separator", ""),
                ("regex", "f(?P<x>o+)b(.*)"),
                ("target_label", "${2}_$x"),
                ("replacement", "$x"),
            ],
            r#"{a="foo", ar_oo="oo", b="bar", c="baz"}"#,
        ),
        // No match, no change: the whole value must match.
        (
            &[("source_labels", "a"), ("regex", "o+"), ("target_label", "a"), ("replacement", "x")],
            INPUT,
        ),
        // An empty value takes the label away, and a missing label is an empty one.
        (&[("source_labels", "none"), ("target_label", "a")], r#"{b="bar", c="baz"}"#),
        (
            &[("target_label", "d"), ("replacement", "set")],
            r#"{a="foo", b="bar", c="baz", d="set"}"#,
        ),
        (
            &[("source_labels", "none"), ("target_label", "b"), ("replacement", "")],
            r#"{a="foo", c="baz"}"#,
        ),
        // `$1x` names another group.
        (
            &[("source_labels", "a"), ("target_label", "a"), ("replacement", "$1x")],
            r#"{b="bar", c="baz"}"#,
        ),
        (
            &[("source_labels", "a"), ("target_label", "x.y")],
            r#"{a="foo", b="bar", c="baz", "x.y"="foo"}"#,
        ),
        // A target that comes out empty is none.
        (&[("source_labels", "a"), ("target_label", "$9")], INPUT),
    ];
    for (fields, expected) in cases {
        assert_eq!(apply(INPUT, &[fields]).as_deref(), Some(expected), "{fields:?}");
    }
}

#[test]
fn keep_and_drop_look_at_the_joined_value() {
    let keep =
        |regex| apply(INPUT, &[&[("source_labels", "a,b"), ("regex", regex), ("action", "keep")]]);
    assert!(keep("foo;bar").is_some() && keep("fo.*").is_some() && keep("foo").is_none());
    let drop = |regex| {
        apply(INPUT, &[&[("source_labels", "c,none"), ("regex", regex), ("action", "Drop")]])
    };
    assert!(drop("baz;").is_none() && drop("baz").is_some());
    let equal = |action| {
        apply(INPUT, &[&[("source_labels", "a"), ("target_label", "b"), ("action", action)]])
    };
    assert!(equal("keepequal").is_none() && equal("dropequal").is_some());
    let missing = &[("source_labels", "x"), ("target_label", "y"), ("action", "dropequal")];
    assert_eq!(apply(INPUT, &[missing]), None);
}

#[test]
fn names_are_mapped_and_dropped() {
    let input = r#"{__meta_a="1", __meta_b="2", a="old", job="x"}"#;
    assert_eq!(
        apply(input, &[&[("regex", "__meta_(.+)"), ("action", "labelmap")]]).unwrap(),
        r#"{__meta_a="1", __meta_b="2", a="1", b="2", job="x"}"#
    );
    assert_eq!(
        apply(input, &[&[("regex", "__meta_.*"), ("action", "labeldrop")]]).unwrap(),
        r#"{a="old", job="x"}"#
    );
    assert_eq!(
        apply(input, &[&[("regex", "job"), ("action", "labelkeep")]]).unwrap(),
        r#"{job="x"}"#
    );
}

/// The numbers come from Python's `hashlib`: the last eight bytes of the digest, big-endian.
#[test]
fn hashmod_is_that_of_prometheus() {
    let cases =
        [("a", "1000", "696"), ("a,b", "1000", "750"), ("none", "7", "1"), ("a,b", "7", "6")];
    for (source, modulus, expected) in cases {
        let fields = [
            ("source_labels", source),
            ("modulus", modulus),
            ("target_label", "d"),
            ("action", "hashmod"),
        ];
        let expected = format!(r#"{{a="foo", b="bar", c="baz", d="{expected}"}}"#);
        assert_eq!(apply(INPUT, &[&fields]), Some(expected));
    }
}

#[test]
fn case_is_changed_for_every_letter() {
    let change = |action| {
        let fields = [
            ("source_labels", "a,b"),
            ("separator", "-"),
            ("target_label", "a"),
            ("action", action),
        ];
        apply(r#"{a="Äx", b="Yz"}"#, &[&fields]).unwrap()
    };
    assert_eq!(change("lowercase"), r#"{a="äx-yz", b="Yz"}"#);
    assert_eq!(change("uppercase"), r#"{a="ÄX-YZ", b="Yz"}"#);
}

#[test]
fn rules_follow_each_other() {
    let rules: &[&[(&str, &str)]] = &[
        &[("source_labels", "a"), ("target_label", "d")],
        &[("source_labels", "d"), ("regex", "foo"), ("action", "keep")],
        &[("regex", "[abc]"), ("action", "labeldrop")],
    ];
    assert_eq!(apply(INPUT, rules).as_deref(), Some(r#"{d="foo"}"#));
    assert_eq!(Relabeling::default().apply(&set(INPUT)), Some(set(INPUT)));
}

#[test]
fn rules_that_cannot_work_are_refused() {
    let error = |fields: &[(&str, &str)]| Relabeling::new([rule(fields)]).unwrap_err();
    let needs_target = |action: &str| {
        let expected = RelabelError::NoTarget { rule: 0, action: action.parse().unwrap() };
        assert_eq!(error(&[("action", action), ("modulus", "3")]), expected);
    };
    for action in ["replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal"] {
        needs_target(action);
    }
    assert_eq!(
        error(&[("action", "hashmod"), ("target_label", "x")]),
        RelabelError::NoModulus { rule: 0 }
    );
    assert!(matches!(
        error(&[("target_label", "x"), ("regex", "(")]),
        RelabelError::Regex { rule: 0, .. }
    ));
    let unused = [
        ("labeldrop", "source_labels", "a"),
        ("labelkeep", "replacement", "x"),
        ("labeldrop", "modulus", "2"),
        ("labelkeep", "separator", ","),
    ];
    for (action, field, value) in unused {
        let action = action.parse::<Action>().unwrap();
        let found = error(&[("action", action.as_str()), (field, value)]);
        assert_eq!(found, RelabelError::Unused { rule: 0, action, field });
    }
    let found = error(&[("action", "keepequal"), ("target_label", "a"), ("regex", "x")]);
    assert_eq!(found.to_string(), "relabel rule 0: keepequal does not take the field regex");
    assert!("keepp".parse::<Action>().is_err());
}
