//! Follows a log file into a database, and asks it questions while the file grows.
//!
//! ```console
//! $ cargo run --release --example logs                     # writes a file of its own, and follows it
//! $ cargo run --release --example logs -- app.log          # stores the file, then asks
//! $ cargo run --release --example logs -- app.log --follow '{file="app.log"} |= "error"'
//! ```
//!
//! 1. A `Follower` reads what was appended to the file since it looked last. A file that has become
//!    shorter was rotated: it begins anew.
//! 2. An `Importer` cuts the bytes into lines and reads their times.
//! 3. A `Pipeline` of ingest stages makes a label of the level and drops what nobody will read.
//! 4. The store takes what comes out; LogQL reads it at once.
#![expect(clippy::print_stdout, reason = "an example shows its answers")]

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use quadra::logql::Instant;
use quadra::logql::process::{Drop, Labels, Logfmt, Pipeline, Processor};
use quadra::logstore::Batch;
use quadra::wire::lines::{Importer, LineOptions};
use quadra::{Quadra, labels};

type Failure = Box<dyn Error>;

/// How often a file that is followed is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut words = arguments.iter().filter(|word| !word.starts_with("--"));
    let Some(path) = words.next().map(PathBuf::from) else { return demonstrate() };
    let db = Quadra::in_memory()?;
    let mut follower = Follower::open(&db, &path)?;
    let everything = format!("{{file={:?}}}", name_of(&path));
    let query = words.next().unwrap_or(&everything);
    let mut shown = 0;
    let follows = arguments.iter().any(|word| word == "--follow");
    loop {
        follower.read()?;
        if !follows {
            // Nothing will end the last line.
            follower.importer.finish()?;
        }
        // What is new since the last look.
        for stream in db.logql(query).between(shown..i64::MAX).limit(1_000).run()? {
            for line in &stream.entries {
                shown = shown.max(line.time.0 + 1);
                println!("{}", line.text());
            }
        }
        if !follows {
            return Ok(());
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// An application writes a file; the database follows it and always knows what is in it.
fn demonstrate() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("shop.log");
    let db = Quadra::open(folder.path().join("telemetry"))?;
    let mut log = File::create(&path)?;
    let mut follower = Follower::open(&db, &path)?;

    for minute in 0..5 {
        // The application writes, and the last line is not yet finished when we look.
        for second in 0..60 {
            let level = if second % 20 == 0 { "error" } else { "info" };
            let time = format!("2026-11-25T12:{minute:02}:{second:02}Z");
            writeln!(log, "{time} level={level} took={second}ms msg=\"order placed\"")?;
            writeln!(log, "{time} level=debug msg=\"cache looked up\"")?;
        }
        write!(log, "2026-11-25T12:{minute:02}:59.5Z level=info msg=\"half a ")?;
        follower.read()?;

        let query = r#"sum(count_over_time({file="shop.log", level="error"}[1h]))"#;
        let Instant::Vector(errors) = db.logql(query).instant(nanos(minute, 59))? else {
            return Err("not a vector".into());
        };
        let errors = errors.first().map_or(0.0, |sample| sample.value);
        println!("minute {minute}: {errors} errors so far");
        assert_eq!(errors, f64::from(3 * (minute + 1)));
        writeln!(log, "line\"")?;
    }

    // The log is rotated: the old file moves away, a new one begins.
    fs::rename(&path, folder.path().join("shop.log.1"))?;
    let mut log = OpenOptions::new().create(true).append(true).open(&path)?;
    writeln!(log, "2026-11-25T12:05:00Z level=warn msg=\"after the rotation\"")?;
    follower.read()?;

    let newest =
        db.logql(r#"{file="shop.log"} | logfmt | msg != "order placed""#).limit(1).run()?;
    let newest = newest[0].entries[0].text().into_owned();
    println!("newest: {newest}");
    assert!(newest.ends_with("msg=\"after the rotation\""));

    let slow = r#"max by (level) (max_over_time({file="shop.log"} | logfmt | unwrap duration(took) [1h]))"#;
    let Instant::Vector(slow) = db.logql(slow).instant(nanos(5, 0))? else {
        return Err("not a vector".into());
    };
    for sample in &slow {
        println!("slowest {}: {} s", sample.labels, sample.value);
    }
    assert_eq!(slow.len(), 2);
    println!("dropped: {:?}", follower.dropped());
    assert_eq!(follower.dropped(), [("debug".to_owned(), 300)]);
    db.close()?;
    Ok(())
}

/// A moment of that hour in nanoseconds.
fn nanos(minute: i32, second: i32) -> i64 {
    const NOON: i64 = 1_795_608_000;
    (NOON + i64::from(minute * 60 + second)) * 1_000_000_000
}

/// Reads what is appended to a file.
struct Follower {
    path: PathBuf,
    file: File,
    /// How much of the file has been read.
    position: u64,
    importer: Importer<Processor<Batch>>,
}

impl Follower {
    fn open(db: &Quadra, path: &Path) -> Result<Self, Failure> {
        let importer = Importer::new(stages()?.processor(db.logs().batch()), options(path));
        Ok(Follower { path: path.to_owned(), file: File::open(path)?, position: 0, importer })
    }

    /// Stores every whole line that was appended since the last time.
    fn read(&mut self) -> Result<(), Failure> {
        self.read_on()?;
        // A path that names another file now, or a shorter one, was rotated; what was left in the
        // old one has just been read.
        let bytes = fs::metadata(&self.path)?.len();
        if bytes < self.position {
            self.importer.finish()?;
            self.file = File::open(&self.path)?;
            self.position = 0;
            self.read_on()?;
        }
        self.importer.commit()?;
        Ok(())
    }

    fn read_on(&mut self) -> Result<(), Failure> {
        let mut piece = vec![0; 64 << 10];
        self.file.seek(SeekFrom::Start(self.position))?;
        loop {
            let len = self.file.read(&mut piece)?;
            if len == 0 {
                return Ok(());
            }
            self.position += len as u64;
            self.importer.feed(&piece[..len])?;
        }
    }

    /// What the stages dropped, by reason.
    fn dropped(&self) -> Vec<(String, u64)> {
        let drops = self.importer.sink().drops().iter();
        drops.map(|(reason, count)| (reason.to_owned(), count)).collect()
    }
}

/// A label of the level, and no debug lines.
fn stages() -> Result<Pipeline, Failure> {
    let pipeline = Pipeline::builder()
        .stage(Logfmt::of([("level", "")]))
        .stage(Drop {
            source: vec!["level".into()],
            value: "debug".into(),
            drop_counter_reason: "debug".into(),
            ..Drop::default()
        })
        .stage(Labels::of([("level", "")]))
        .build()?;
    Ok(pipeline)
}

fn options(path: &Path) -> LineOptions {
    LineOptions::new(labels! { "file" => name_of(path) })
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
