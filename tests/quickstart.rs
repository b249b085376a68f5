//! The example that the README names does what it says, on this machine and on files.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The example, which `cargo test` builds beside this test.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().and_then(Path::parent).unwrap();
    target.join("examples").join(format!("quickstart{}", std::env::consts::EXE_SUFFIX))
}

/// Runs it and answers standard output and standard error.
fn run(data: &Path, arguments: &[&str]) -> (String, String) {
    let output = Command::new(example()).arg("--data").arg(data).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    (out, err)
}

#[test]
fn it_observes_this_machine_and_goes_on_with_its_directory() {
    let data = tempfile::tempdir().unwrap();
    for round in 0..2 {
        let (out, err) = run(data.path(), &["--seconds", "2"]);
        for head in ["PromQL  ", "LogQL  ", "TraceQL  ", "Across signals  "] {
            assert!(out.contains(head), "round {round}: no {head}\n{out}\n{err}");
        }
        assert!(out.contains("host_memory_used_bytes"), "{out}");
        assert!(err.contains("metrics   "), "{err}");
    }
    #[cfg(unix)]
    assert!(data.path().join("flame.svg").exists());
}

#[test]
fn it_loads_files() {
    let data = tempfile::tempdir().unwrap();
    let log = data.path().join("service.log");
    std::fs::write(&log, "level=info msg=up\nlevel=error msg=\"it failed\"\n").unwrap();
    let prom = data.path().join("target.prom");
    std::fs::write(&prom, "# TYPE up gauge\nup{zone=\"a\"} 1\n").unwrap();
    let (log, prom) = (log.to_str().unwrap(), prom.to_str().unwrap());
    let (out, err) = run(&data.path().join("db"), &["--logs", log, "--prom", prom]);
    assert!(err.contains("2 lines of the stream"), "{err}");
    assert!(err.contains("1 samples, 0 refused"), "{err}");
    assert!(
        out.contains("it failed") && out.contains("LogQL  ") && out.contains("PromQL  "),
        "{out}"
    );
}

#[test]
fn it_loads_real_profiles_and_otlp_where_they_are_at_hand() {
    let Some(shared) = std::env::var_os("QUADRA_SHARED") else {
        println!("skipped: QUADRA_SHARED is not set");
        return;
    };
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join(shared).join("data");
    let file = |name: &str| shared.join(name).to_str().unwrap().to_owned();
    let data = tempfile::tempdir().unwrap();
    let (profile, trace) = (file("profiles/go-cpu-30s.pb.gz"), file("otlp/trace.json"));
    let (logs, metrics) = (file("otlp/logs.pb"), file("otlp/metrics.json"));
    let (out, err) = run(data.path(), &["--profile", &profile, "--otlp", &trace, &logs, &metrics]);
    assert!(out.contains("Flame graph  "), "{out}\n{err}");
    for loaded in [" spans, 0 refused", " log lines, 0 refused", " data points"] {
        assert!(err.contains(loaded), "{err}");
    }
}
