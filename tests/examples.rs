//! Every example that needs nothing but itself runs, and asserts what it shows.
#![cfg(test)]

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// Runs the example `name`, which `cargo test` builds beside this test.
fn run(name: &str, arguments: &[&str]) -> String {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().and_then(Path::parent).unwrap();
    let example = target.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(example).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{name}: {out}\n{err}");
    out
}

#[test]
fn promql_runs_over_a_source_of_the_users_own() {
    let out = run("promql_eval", &[]);
    assert!(out.contains(r#"{floor="2"}"#), "{out}");
    let out = run("promql_eval", &["count(temperature_celsius > 20)"]);
    assert!(out.contains(" 2.00"), "{out}");
}

#[test]
fn grep_shows_lines_and_joins_what_belongs_together() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("app.log");
    let text = "2026-11-25 06:34:57 ERROR request failed\n\tat Router.find\n\
                2026-11-25 06:34:58 INFO next\n2026-11-25 06:34:58 INFO next\n\
                2026-11-25 06:34:57 WARN late\n2026-11-25 06:34:58 INFO next\n";
    std::fs::write(&plain, text).unwrap();
    let plain = plain.to_str().unwrap();
    let out = run("grep", &["--color", "always", "Router", plain]);
    let expected = "\u{1b}[2m2026-11-25T06:34:57\u{1b}[0m 2026-11-25 06:34:57 ERROR request failed\n\
                    \tat \u{1b}[1;31mRouter\u{1b}[0m.find\n";
    assert_eq!(out, expected);
    let out = run("grep", &["--limit", "0", "|= \"INFO\"", plain]);
    assert_eq!(out.lines().count(), 3, "equal lines are lines each: {out}");
}

#[test]
fn grep_reads_gzip_and_json_and_answers_metric_queries() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.json.gz");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for second in 0..120 {
        let status = if second % 10 == 0 { 500 } else { 200 };
        let time = 1_795_588_497 + second;
        writeln!(packed, r#"{{"ts":{time},"status":{status}}}"#).unwrap();
    }
    std::fs::write(&path, packed.finish().unwrap()).unwrap();
    let path = path.to_str().unwrap();
    let out = run("grep", &["--newest", "--limit", "1", "| json | status >= 500", path]);
    assert_eq!(out, "2026-11-25T06:36:47 {\"ts\":1795588607,\"status\":500}\n");
    let query = r#"sum by (status) (count_over_time({form="json"} | json [1m]))"#;
    let out = run("grep", &["--step", "1m", query, path]);
    assert!(out.contains(r#"{status="200"}"#) && out.contains('█'), "{out}");
}

#[test]
fn scrapes_are_stored_and_what_disappears_is_gone() {
    let out = run("scrape_file", &[]);
    assert!(out.contains("3 samples, 2 kept, 0 series new, 1 stale"), "{out}");
    assert!(out.contains(r#"code="500", instance="10.0.0.1:9090", job="api"} 5"#), "{out}");
}

#[test]
fn an_application_keeps_its_own_metrics() {
    let out = run("metrics", &[]);
    assert!(out.contains("2.0 requests a second, 100 % of them failed"), "{out}");
    assert!(out.contains("17280 samples in "), "{out}");
}

#[test]
fn blocks_of_a_prometheus_are_listed_asked_and_copied() {
    let out = run("prometheus_blocks", &[]);
    assert!(out.contains("2 blocks, 1440 samples"), "{out}");
    let folder = tempfile::tempdir().unwrap();
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
    let mut metrics = quadra::source::MemoryMetrics::new();
    let labels = |i: i64| quadra::labels! { "__name__" => "up", "i" => i.to_string() };
    for at in 0..300 {
        metrics.insert(&labels(at % 3), at * 60_000, at as f64);
    }
    let options = quadra::tsdb::prometheus::ExportOptions::default();
    quadra::tsdb::prometheus::export(&metrics, &data, &options, &mut |_| ()).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let out = run("prometheus_blocks", &[&text(&data), "sum(up)", "--export", &text(&copy)]);
    assert!(out.contains("{} 894\n"), "the newest of each: {out}");
    assert!(out.contains("3 blocks, 300 samples"), "{out}");
    let again = run("prometheus_blocks", &[&text(&copy), "sum(up)"]);
    assert!(again.contains("{} 894\n"), "{again}");
}

#[test]
fn a_log_file_is_followed_while_it_grows() {
    let out = run("logs", &[]);
    assert!(out.contains("minute 4: 15 errors so far"), "{out}");
    assert!(out.contains("slowest {level=\"info\"}: 0.059 s"), "{out}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    std::fs::write(&path, "2026-11-25T12:00:00Z level=warn slow\nlevel=debug x\nend").unwrap();
    let query = r#"{file="app.log", level="warn"}"#;
    let out = run("logs", &[path.to_str().unwrap(), query]);
    assert_eq!(out, "2026-11-25T12:00:00Z level=warn slow\n");
}
