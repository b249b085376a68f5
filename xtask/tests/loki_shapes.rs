//! Every answer of a real Loki fits its type, and is spelt the same again.
#![cfg(test)]

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wire::loki::response::*;
use xtask::cargo;

/// What is spelt again is what was read.
fn round<T: DeserializeOwned + Serialize>(body: &Value, name: &str) {
    let read: T = serde_json::from_value(body.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(serde_json::to_value(&read).unwrap(), *body, "{name}");
}

fn fits(endpoint: &str, body: &Value) -> bool {
    match endpoint {
        "labels" => round::<Answer<Vec<String>>>(body, endpoint),
        "series" => round::<Answer<Vec<LabelMap>>>(body, endpoint),
        "format_query" => round::<Answer<String>>(body, endpoint),
        "patterns" => round::<Answer<Vec<Pattern>>>(body, endpoint),
        "index/stats" => round::<IndexStats>(body, endpoint),
        "detected_fields" => round::<DetectedFields>(body, endpoint),
        "detected_labels" => round::<DetectedLabels>(body, endpoint),
        "query" | "query_range" | "index/volume" | "index/volume_range" => {
            round::<Answer<QueryData>>(body, endpoint);
        }
        path if path.starts_with("label/") => round::<Answer<Vec<String>>>(body, path),
        path if path.starts_with("detected_field/") => round::<FieldValues>(body, path),
        _ => return false,
    }
    true
}

#[test]
fn answers_of_a_real_loki_fit() {
    let Some(shared) = std::env::var_os("QUADRA_SHARED") else {
        println!("skipped: QUADRA_SHARED is not set");
        return;
    };
    let path = cargo::workspace_root().join(shared).join("conformance/logql/oracle/api.json");
    if !path.exists() {
        println!("skipped: no {}", path.display());
        return;
    }
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = document.as_array().or_else(|| document["cases"].as_array()).unwrap();
    let good = cases.iter().filter(|case| case["status"] == 200 && case["body"].is_object());
    let fitting = good.filter(|case| fits(case["endpoint"].as_str().unwrap(), &case["body"]));
    assert!(fitting.count() > 10);
}

#[test]
fn entries_and_points_are_lists() {
    let categories = Categories {
        structured_metadata: [("a".into(), "b".into())].into(),
        ..Categories::default()
    };
    let entry = Entry { time: 7, line: "x".into(), categories: Some(categories) };
    let spelt = json!(["7", "x", { "structuredMetadata": { "a": "b" } }]);
    assert_eq!(serde_json::to_value(&entry).unwrap(), spelt);
    round::<Entry>(&json!(["-7", "x"]), "entry");
    for wrong in [json!([]), json!(["x", "y"]), json!([7, "y"]), json!(["7"])] {
        assert!(serde_json::from_value::<Entry>(wrong.clone()).is_err(), "{wrong}");
    }
    let point = |nanos| serde_json::to_value(Point::at(nanos, 0.5)).unwrap();
    assert_eq!(point(2_000_000_000), json!([2, "0.5"]));
    assert_eq!(point(2_500_000_000), json!([2.5, "0.5"]));
    let frame =
        json!({ "streams": [{ "stream": {}, "values": [["1", "x"]] }], "dropped_entries": null });
    round::<TailFrame>(&frame, "frame");
}
