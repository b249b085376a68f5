//! Rules and scrapes as Prometheus' configuration spells them.
#![cfg(all(test, feature = "serde"))]

use std::time::Duration;

use serde_json::{from_str, from_value, json, to_value};
use telemetry_core::labels;
use wire::prometheus::Format;
use wire::relabel::{Action, RelabelConfig, Relabeling};
use wire::scrape::ScrapeConfig;

#[test]
fn a_rule_has_the_fields_and_defaults_of_prometheus() {
    let empty: RelabelConfig = from_str("{}").unwrap();
    assert_eq!(empty, RelabelConfig::default());
    assert_eq!(to_value(&empty).unwrap(), json!({}));
    let spelt = json!({
        "source_labels": ["a", "b"], "separator": "", "regex": "(x)", "modulus": 8,
        "target_label": "c", "replacement": "", "action": "hashmod",
    });
    let rule: RelabelConfig = from_value(spelt.clone()).unwrap();
    let expected = RelabelConfig {
        source_labels: vec!["a".to_owned(), "b".to_owned()],
        separator: String::new(),
        regex: "(x)".to_owned(),
        modulus: 8,
        target_label: "c".to_owned(),
        replacement: String::new(),
        action: Action::HashMod,
    };
    assert_eq!(rule, expected);
    assert_eq!(to_value(&rule).unwrap(), spelt);
    let upper: RelabelConfig = from_str(r#"{"action": "LabelMap"}"#).unwrap();
    assert_eq!(upper.action, Action::LabelMap);
}

#[test]
fn rules_are_checked_where_they_are_read() {
    let rules = json!([
        {"source_labels": ["a"], "target_label": "b"},
        {"regex": "a", "action": "labeldrop"},
    ]);
    let read: Relabeling = from_value(rules.clone()).unwrap();
    assert_eq!(read.apply(&labels! { "a" => "x" }).unwrap().to_string(), r#"{b="x"}"#);
    assert_eq!(to_value(&read).unwrap(), rules);
    let error = |text: &str| from_str::<Relabeling>(text).unwrap_err().to_string();
    assert!(error(r#"[{"target": "b"}]"#).contains("unknown field `target`"));
    assert!(error(r#"[{"action": "jump"}]"#).contains("no relabel action is called \"jump\""));
    assert!(error(r#"[{"action": "keep", "regex": "("}]"#).contains("relabel rule 0"));
    assert!(error(r#"[{"action": "hashmod"}]"#).contains("needs a modulus"));
}

#[test]
fn a_job_has_targets_and_options() {
    let config: ScrapeConfig = from_value(json!({
        "job_name": "node",
        "honor_labels": true,
        "honor_timestamps": false,
        "scrape_interval": "1m",
        "scrape_timeout": "1m30s",
        "metrics_path": "/probe",
        "scheme": "https",
        "params": {"module": ["http", "tcp"], "none": []},
        "fallback_scrape_protocol": "OpenMetricsText1.0.0",
        "convert_classic_histograms_to_nhcb": true,
        "native_histogram_bucket_limit": 160,
        "metric_name_validation_scheme": "legacy",
        "body_size_limit": "1KiB",
        "sample_limit": 7,
        "static_configs": [{"targets": ["a:1", "b:1"], "labels": {"zone": "z"}}, {"targets": []}],
        "relabel_configs": [{"source_labels": ["__address__"], "regex": "a.*", "action": "keep"}],
        "metric_relabel_configs": [{"regex": "x", "action": "labeldrop"}],
    }))
    .unwrap();
    let [target] = &config.targets().unwrap()[..] else { panic!("{config:?}") };
    assert_eq!(target.labels, labels! { "instance" => "a:1", "job" => "node", "zone" => "z" });
    assert_eq!(target.url, "https://a:1/probe?module=http");
    let scrape = &config.scrape;
    assert!(scrape.honor_labels && !scrape.honor_timestamps && scrape.legacy_names);
    assert!(scrape.convert_classic_histograms_to_nhcb && !scrape.metric_relabeling.is_empty());
    assert_eq!((scrape.body_size_limit, scrape.sample_limit), (1_024, 7));
    assert_eq!(scrape.fallback_format, Some(Format::OpenMetrics));
    assert_eq!(scrape.scrape_timeout_seconds, 90.0);
    assert_eq!(config.scrape_interval, Some(Duration::from_secs(60)));
    assert_eq!(scrape.native_histogram_bucket_limit, 160);
}

#[test]
fn a_job_that_cannot_be_is_an_error() {
    let error = |fields: &str| {
        let text = format!(r#"{{"job_name": "j", {fields}}}"#);
        from_str::<ScrapeConfig>(&text).unwrap_err().to_string()
    };
    assert!(error(r#""sample_limt": 1"#).contains("unknown field `sample_limt`"));
    assert!(error(r#""scrape_timeout": "soon""#).contains("expected a duration"));
    assert!(error(r#""body_size_limit": "10 MB""#).contains("expected a number of bytes"));
    assert!(error(r#""body_size_limit": "99999999EB""#).contains("expected a number of bytes"));
    assert!(error(r#""fallback_scrape_protocol": "http""#).contains("expected a scrape protocol"));
    let config: ScrapeConfig = from_str(r#"{"job_name": "j", "body_size_limit": 12}"#).unwrap();
    assert_eq!(config.scrape.body_size_limit, 12);
    assert!(config.targets().unwrap().is_empty());
}
