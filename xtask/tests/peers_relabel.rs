//! Relabeling, against a real Prometheus, where `QUADRA_PEERS` names a directory that has one: the
//! same rules and label sets given to both.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use telemetry_core::labels::Labels;
use telemetry_core::time::{Millis, MillisRange};
use tsdb::Tsdb;
use wire::relabel::{Action, RelabelConfig, Relabeling};
use wire::scrape::{Scrape, ScrapeOptions};

mod peers;

use peers::{Server, binaries, held, now, serve, wait_for};

fn rule(action: Action, source: &[&str], target: &str) -> RelabelConfig {
    RelabelConfig {
        action,
        source_labels: source.iter().map(|name| (*name).to_owned()).collect(),
        target_label: target.to_owned(),
        ..RelabelConfig::default()
    }
}

/// `rule` with an expression and a replacement.
fn with(rule: RelabelConfig, regex: &str, replacement: &str) -> RelabelConfig {
    RelabelConfig { regex: regex.to_owned(), replacement: replacement.to_owned(), ..rule }
}

fn matching(rule: RelabelConfig, regex: &str) -> RelabelConfig {
    RelabelConfig { regex: regex.to_owned(), ..rule }
}

fn hashmod(source: &[&str], target: &str, modulus: u64) -> RelabelConfig {
    RelabelConfig { modulus, ..rule(Action::HashMod, source, target) }
}

/// Rules, a list a case: every action, and what is odd about it.
fn cases() -> Vec<Vec<RelabelConfig>> {
    use Action::{
        Drop, DropEqual, HashMod, Keep, KeepEqual, LabelDrop, LabelKeep, LabelMap, Lowercase,
        Replace, Uppercase,
    };
    let replace = |source: &[&str], target: &str, regex: &str, replacement: &str| {
        with(rule(Replace, source, target), regex, replacement)
    };
    let mut cases = vec![
        vec![rule(Replace, &["l_a"], "copy")],
        vec![replace(&["l_a", "l_b"], "joined", "(.+);(.+)", "$2-${1}x$0")],
        vec![RelabelConfig {
            separator: "::".into(),
            ..replace(&["l_a", "none", "l_b"], "joined", "(.*)", "<$1>")
        }],
        // A group that is not there, a dollar, a name of a group, a name that runs on.
        vec![replace(&["l_a"], "t", "(?P<first>.)(.*)", "$3|$$|${first}|$2_|${2}_")],
        // No match: nothing is written.
        vec![replace(&["l_a"], "l_b", "other", "x")],
        // An empty value removes the label.
        vec![replace(&["l_a"], "l_b", ".*", "")],
        // The target's name has groups filled in; one that is no name is not written.
        vec![replace(&["l_a"], "t_$1", "(.).*", "x")],
        vec![replace(&["l_uni"], "${1}", "(.*)", "x")],
        // The expression matches the whole value; a dot matches line ends.
        vec![replace(&["l_a"], "t", "lph", "x"), replace(&["l_line"], "u", "a.b", "x")],
        vec![replace(&["l_a"], "t", "(?i)ALPHA|x", "i"), replace(&["l_a"], "u", "x|alph", "x")],
        vec![matching(rule(Keep, &["l_a"], ""), "alpha|beta")],
        vec![matching(rule(Drop, &["l_a"], ""), "alpha|beta")],
        vec![matching(rule(Keep, &["l_a", "l_b"], ""), ".+;.+")],
        vec![rule(KeepEqual, &["l_a"], "l_same")],
        vec![rule(DropEqual, &["l_a"], "l_same")],
        vec![rule(KeepEqual, &["l_a"], "none"), rule(KeepEqual, &["l_a"], "l_same")],
        vec![matching(rule(LabelDrop, &[], ""), "l_.*")],
        vec![matching(rule(LabelDrop, &[], ""), "l_(a|b)")],
        vec![matching(rule(LabelKeep, &[], ""), "__.*|job|l_[ab]|case")],
        vec![with(rule(LabelMap, &[], ""), "l_(.+)", "mapped_$1")],
        vec![with(rule(LabelMap, &[], ""), "l_(a|b|same)", "one")],
        vec![with(rule(LabelMap, &[], ""), "l_(.)(.*)", "l_$2$1")],
        vec![rule(Lowercase, &["l_mixed"], "low"), rule(Uppercase, &["l_mixed"], "up")],
        vec![rule(Lowercase, &["l_a", "l_mixed"], "low"), rule(Uppercase, &["none"], "l_b")],
        // One rule sees what the one before it wrote.
        vec![
            replace(&["l_a"], "step", "(.*)", "${1}1"),
            replace(&["step"], "step", "(.*)1", "${1}2"),
            matching(rule(LabelDrop, &[], ""), "l_a"),
            matching(rule(Drop, &["step"], ""), "beta2"),
        ],
        vec![rule(Replace, &["l_a"], "__tmp"), rule(Replace, &["__tmp"], "kept")],
        vec![replace(&["l_a"], "instance", "(.*)", "at-$1")],
    ];
    for modulus in [1, 2, 8, 1_000, 1 << 32, u64::MAX] {
        cases.push(vec![
            hashmod(&["l_a"], "h", modulus),
            hashmod(&["l_a", "l_b", "l_uni"], "h3", modulus),
            RelabelConfig {
                separator: String::new(),
                ..hashmod(&["l_uni", "l_line"], "h2", modulus)
            },
            hashmod(&["none"], "h0", modulus),
            RelabelConfig { modulus, ..rule(HashMod, &[], "nothing") },
        ]);
    }
    cases
}

/// The label sets that the rules are tried on.
fn targets() -> Vec<BTreeMap<&'static str, &'static str>> {
    let target = |pairs: &[(&'static str, &'static str)]| pairs.iter().copied().collect();
    vec![
        target(&[
            ("l_a", "alpha"),
            ("l_b", "b"),
            ("l_same", "alpha"),
            ("l_mixed", "MiXeD Ünï ß ı"),
            ("l_uni", "grüße 😀"),
            ("l_line", "a\nb"),
        ]),
        target(&[("l_a", "beta"), ("l_same", "other"), ("l_uni", "plain_name")]),
        target(&[("l_b", "only b"), ("l_mixed", "ǅ ΑΣ ΑΣΑ ς İŉ ᾳᾈᾀᾯ ǰﬀ")]),
        target(&[("l_a", "gamma"), ("l_b", "gamma"), ("l_same", "gamma"), ("l_line", "\\n")]),
    ]
}

/// Rules as Prometheus' configuration has them: JSON is YAML.
fn yaml(rules: &[RelabelConfig]) -> serde_json::Value {
    let plain = RelabelConfig::default();
    let rule = |rule: &RelabelConfig| {
        let mut out = serde_json::Map::new();
        out.insert("action".into(), json!(rule.action.as_str()));
        let texts = [
            ("separator", &rule.separator, &plain.separator),
            ("regex", &rule.regex, &plain.regex),
            ("target_label", &rule.target_label, &plain.target_label),
            ("replacement", &rule.replacement, &plain.replacement),
        ];
        for (name, text, default) in texts {
            if text != default {
                out.insert(name.into(), json!(text));
            }
        }
        if !rule.source_labels.is_empty() {
            out.insert("source_labels".into(), json!(rule.source_labels));
        }
        if rule.modulus != 0 {
            out.insert("modulus".into(), json!(rule.modulus));
        }
        serde_json::Value::Object(out)
    };
    rules.iter().map(rule).collect()
}

fn labels(json: &serde_json::Value) -> Labels {
    let pairs = json.as_object().unwrap().iter();
    pairs.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
}

#[test]
fn targets_have_the_labels_that_they_have_there() {
    let Some(bin) = binaries() else { return };
    let cases = cases();
    let jobs = cases.iter().enumerate().map(|(case, rules)| {
        let targets = targets().into_iter().enumerate().map(
            |(at, labels)| json!({"targets": [format!("127.0.0.1:{}", 1 + at)], "labels": labels}),
        );
        json!({
            "job_name": format!("case-{case}"),
            "relabel_configs": yaml(rules),
            "static_configs": targets.collect::<Vec<_>>(),
            "scrape_interval": "1h",
        })
    });
    let config = json!({"scrape_configs": jobs.collect::<Vec<_>>()}).to_string();
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(&bin, data.path(), &config, &[]);
    let count = |json: &serde_json::Value| json.as_array().unwrap().len();
    let all = cases.len() * targets().len();
    // Two targets of a job that end up with the same labels are one.
    let found = wait_for("targets", || {
        let found = server.api("/api/v1/targets");
        let pools: BTreeSet<_> = found["activeTargets"]
            .as_array()
            .unwrap()
            .iter()
            .chain(found["droppedTargets"].as_array().unwrap())
            .map(|target| target["discoveredLabels"]["job"].to_string())
            .collect();
        (pools.len() == cases.len()).then_some(found)
    });
    assert!(count(&found["activeTargets"]) + count(&found["droppedTargets"]) <= all);
    let (mut kept, mut dropped) = (0, 0);
    let compiled: Vec<_> =
        cases.iter().map(|rules| Relabeling::new(rules.clone()).unwrap()).collect();
    let case_of = |discovered: &Labels| -> usize {
        discovered.get("job").unwrap().strip_prefix("case-").unwrap().parse().unwrap()
    };
    for target in found["activeTargets"].as_array().unwrap() {
        let discovered = labels(&target["discoveredLabels"]);
        let case = case_of(&discovered);
        let ours = compiled[case].apply(&discovered);
        let Some(ours) = ours else { panic!("{:?} drops {discovered}", cases[case]) };
        // What begins with two underscores goes; a target without an instance is its address.
        let mut ours: BTreeMap<_, _> =
            ours.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        if let Some(address) = ours.get("__address__").cloned() {
            ours.entry("instance".to_owned()).or_insert(address);
        }
        ours.retain(|name, _| !name.starts_with("__"));
        let ours: Labels = ours.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(ours, labels(&target["labels"]), "{:?} of {discovered}", cases[case]);
        kept += 1;
    }
    for target in found["droppedTargets"].as_array().unwrap() {
        let discovered = labels(&target["discoveredLabels"]);
        let case = case_of(&discovered);
        let ours = compiled[case].apply(&discovered);
        assert!(ours.is_none(), "{:?} keeps {discovered}", cases[case]);
        dropped += 1;
    }
    assert!(kept > 80 && dropped > 8, "{kept} kept, {dropped} dropped");
}

/// The label sets as series of a text.
fn exposed() -> String {
    let mut text = String::new();
    for (at, labels) in targets().into_iter().enumerate() {
        let pairs = labels.iter().map(|(name, value)| {
            let value = value.replace('\\', "\\\\").replace('\n', "\\n");
            format!("{name}=\"{value}\"")
        });
        text += &format!("r_{at}{{{}}} {at}\n", pairs.collect::<Vec<_>>().join(","));
    }
    text
}

#[test]
fn scraped_series_have_the_labels_that_they_have_there() {
    let Some(bin) = binaries() else { return };
    let mut cases = cases();
    // The metric's name is a label as any other.
    cases.push(vec![with(rule(Action::Replace, &["__name__"], "__name__"), "(.*)", "renamed_$1")]);
    cases.push(vec![matching(rule(Action::Drop, &["__name__"], ""), "r_[02]")]);
    let port = serve(move |_| Ok(("Content-Type: text/plain\r\n".to_owned(), exposed().into())));
    let target = format!("127.0.0.1:{port}");
    let jobs = cases.iter().enumerate().map(|(case, rules)| {
        json!({
            "job_name": "j",
            "metric_relabel_configs": yaml(rules),
            "static_configs": [{"targets": [target], "labels": {"case": case.to_string()}}],
            "scrape_interval": "300ms",
            "scrape_timeout": "300ms",
        })
        .as_object_mut()
        .map(|job| {
            // Names of jobs must differ; what the series have is `j`.
            job.insert("job_name".into(), json!(format!("case-{case}")));
            job.insert(
                "relabel_configs".into(),
                json!([{"target_label": "job", "replacement": "j"}]),
            );
            job.clone()
        })
    });
    let config = json!({"scrape_configs": jobs.collect::<Vec<_>>()}).to_string();
    let (data, begun) = (tempfile::tempdir().unwrap(), now());
    let server = Server::start(&bin, data.path(), &config, &[]);
    // Rules may take the mark of the case off, so all series are compared at once.
    let mut expected = BTreeSet::new();
    for (case, rules) in cases.iter().enumerate() {
        let db = Tsdb::in_memory().unwrap();
        let case = case.to_string();
        let pairs = [("case", case.as_str()), ("instance", target.as_str()), ("job", "j")];
        let mut options = ScrapeOptions::default();
        options.metric_relabeling = Relabeling::new(rules.clone()).unwrap();
        let mut scrape = Scrape::new(pairs.into_iter().collect(), options);
        let (took, mut sink) = (std::time::Duration::ZERO, db.sink());
        let done = scrape
            .ingest(exposed().as_bytes(), "text/plain", Millis(1_000), took, &mut sink)
            .unwrap();
        assert!(done.error.is_none(), "{:?}: {:?}", rules, done.error);
        expected.extend(held(&db, MillisRange::ALL).into_keys());
    }
    wait_for("every case is scraped", || {
        let there: BTreeSet<_> =
            server.everything(MillisRange::new(begun, now())).into_keys().collect();
        let missing: Vec<_> = expected.difference(&there).take(5).collect();
        let more: Vec<_> = there.difference(&expected).take(5).collect();
        assert!(more.is_empty(), "there alone: {more:?}\nours alone so far: {missing:?}");
        missing.is_empty().then_some(())
    });
}
