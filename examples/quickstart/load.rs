//! Loads files: what a host would receive over the wire.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use quadra::model::LogEntry;
use quadra::sink::MetricSink;
use quadra::time::{Millis, Nanos};
use quadra::wire::otlp::{self, DeltaOptions, MetricOptions, MetricReceiver, Signal};
use quadra::wire::{pprof, prometheus};
use quadra::{Quadra, labels};

use super::arguments::Arguments;

/// Lines stored in one commit.
const LINES_PER_COMMIT: usize = 1_000;

type Outcome = Result<(), Box<dyn Error>>;

/// Loads every file that the command line names.
pub(crate) fn files(db: &Quadra, arguments: &Arguments) -> Outcome {
    each(&arguments.logs, |path| log_lines(db, path))?;
    each(&arguments.profiles, |path| profile(db, path))?;
    // One for all requests of metrics: it remembers series, and adds up deltas.
    let mut options = MetricOptions::default();
    options.deltas = Some(DeltaOptions::default());
    let mut metrics = MetricReceiver::new(db.metrics().sink(), options);
    each(&arguments.otlp, |path| otlp_request(db, &mut metrics, path))?;
    each(&arguments.prom, |path| exposition(db, path))
}

fn each(
    paths: &[PathBuf],
    mut load: impl FnMut(&Path) -> Result<String, Box<dyn Error>>,
) -> Outcome {
    for path in paths {
        let loaded = load(path).map_err(|error| format!("{}: {error}", path.display()))?;
        eprintln!("  {}: {loaded}", path.display());
    }
    Ok(())
}

fn modified(path: &Path) -> std::io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}

fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// A stream per file. Lines say their times in too many ways to guess here: they are taken as a
/// millisecond apart, the last one when the file was last written.
fn log_lines(db: &Quadra, path: &Path) -> Result<String, Box<dyn Error>> {
    let bytes = fs::read(path)?;
    let lines: Vec<&[u8]> = bytes
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
        .collect();
    let app = stem(path);
    let stream = labels! { "app" => &*app, "source" => "file" };
    let last = Nanos::from(modified(path)?).0;
    let first = last - 1_000_000 * (lines.len() as i64 - 1);
    let mut times = (0..).map(|number: i64| first + number * 1_000_000);
    let mut batch = db.logs().batch();
    let mut stored = 0;
    for part in lines.chunks(LINES_PER_COMMIT) {
        for (line, time) in part.iter().zip(&mut times) {
            batch.push(&stream, &LogEntry::new(time, line));
        }
        stored += batch.commit()?.stored;
    }
    Ok(format!("{stored} lines of the stream {stream}"))
}

fn profile(db: &Quadra, path: &Path) -> Result<String, Box<dyn Error>> {
    let mut profile = pprof::decode(&fs::read(path)?)?;
    if profile.time == Nanos(0) {
        profile.time = Nanos::from(modified(path)?);
    }
    let service = stem(path);
    // pprof does not carry this part of the type: it is what the period counts.
    let name = match profile.period_type.kind.as_str() {
        "" => "profile",
        "cpu" => "process_cpu",
        "space" => "memory",
        kind => kind,
    }
    .to_owned();
    db.profiles().push(&name, labels! { "service" => &*service }, &profile)?;
    let kinds: Vec<&str> = profile.sample_types.iter().map(|kind| &*kind.kind).collect();
    Ok(format!("{} samples of {}", profile.samples.len(), kinds.join(", ")))
}

fn otlp_request(
    db: &Quadra,
    metrics: &mut MetricReceiver<impl MetricSink>,
    path: &Path,
) -> Result<String, Box<dyn Error>> {
    let bytes = fs::read(path)?;
    let (signal, encoding) =
        otlp::guess(&bytes).ok_or("this is no OTLP request, or an empty one")?;
    let (outcome, items) = match signal {
        Signal::Traces => {
            (otlp::decode_traces(&bytes, encoding, &mut db.traces().sink())?, "spans")
        }
        Signal::Logs => {
            let options = otlp::LogOptions::default();
            (otlp::decode_logs(&bytes, encoding, &options, &mut db.logs().sink())?, "log lines")
        }
        Signal::Metrics => (metrics.receive(&bytes, encoding)?, "data points"),
    };
    let refused = match outcome.refused.len() {
        0 => "0 refused".to_owned(),
        count => format!("{count} refused: {}", outcome.message()),
    };
    Ok(format!("{} {items}, {refused}", outcome.stored()))
}

fn exposition(db: &Quadra, path: &Path) -> Result<String, Box<dyn Error>> {
    let time = Millis::from(modified(path)?);
    let instance = stem(path);
    let target = [("job", "file"), ("instance", &*instance)];
    let bytes = fs::read(path)?;
    let outcome = prometheus::decode_text(&bytes, time, &target, &mut db.metrics().sink())?;
    Ok(format!("{} samples, {} refused", outcome.stored(), outcome.refused.len()))
}
