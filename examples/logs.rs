//! Follows a log file into a database, and asks it questions while the file grows.
//!
//! ```console
//! $ cargo run --release --example logs                     # writes a file of its own, and follows it
//! $ cargo run --release --example logs -- app.log          # stores the file, then asks
//! $ cargo run --release --example logs -- app.log --follow '{file="app.log"} |= "error"'
//! $ cargo run --release --example logs -- app.log --db telemetry   # goes on where it was
//! ```
//!
//! 1. A `Follower` reads what was appended to the file since it looked last, whether or not the file
//!    was rotated or cut meanwhile; its position lets the next run go on where this one was.
//! 2. An `Importer` cuts the bytes into lines and reads their times, in whichever form they are.
//! 3. A `Pipeline` of ingest stages makes a label of the level and drops what nobody will read.
//! 4. The store takes what comes out; LogQL reads it at once.
#![expect(clippy::print_stdout, reason = "an example shows its answers")]

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use quadra::logql::Instant;
use quadra::logql::process::{Drop, Labels, Logfmt, Pipeline, Processor};
use quadra::logstore::Batch;
use quadra::source::Direction;
use quadra::wire::lines::{Follower, Importer, LineOptions};
use quadra::{Quadra, labels};

type Failure = Box<dyn Error>;

/// How often a file that is followed is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long after a commit nothing of it can be lost any more: twice the database's interval.
const KEPT_AFTER: Duration = Duration::from_secs(2);

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse()?;
    let Some(path) = &arguments.path else { return demonstrate() };
    let db = match &arguments.database {
        Some(directory) => Quadra::open(directory)?,
        None => Quadra::in_memory()?,
    };
    let place = arguments.database.as_ref().map(|directory| directory.join("position"));
    let mut follower = follow(&db, path, place.as_deref())?;
    let everything = format!("{{file={:?}}}", name_of(path));
    let query = arguments.query.as_ref().unwrap_or(&everything);
    let mut shown = 0;
    // Positions that may be kept once what they stand for cannot be lost.
    let mut positions = Vec::new();
    loop {
        follower.read()?;
        if !arguments.follows && place.is_none() {
            // Nobody will come back for the last line, which may have no end.
            follower.finish()?;
        }
        // What is new since the last look.
        let new = db.logql(query).between(shown..i64::MAX).direction(Direction::Forward);
        for stream in new.limit(1_000).run()? {
            for line in &stream.entries {
                shown = shown.max(line.time.0 + 1);
                println!("{}", line.text());
            }
        }
        if let Some(place) = &place {
            positions.push((std::time::Instant::now(), follower.position()));
            let is_safe = |(at, _): &(std::time::Instant, _)| at.elapsed() >= KEPT_AFTER;
            if let Some(last) = positions.iter().rposition(is_safe) {
                fs::write(place, positions[last].1.to_string())?;
                positions.drain(..=last);
            }
        }
        if !arguments.follows {
            break;
        }
        thread::sleep(LOOK_EVERY);
    }
    // Once the database is closed nothing of it can be lost.
    db.close()?;
    if let Some(place) = &place {
        fs::write(place, follower.position().to_string())?;
    }
    Ok(())
}

/// The command line.
#[derive(Default)]
struct Arguments {
    path: Option<PathBuf>,
    query: Option<String>,
    follows: bool,
    database: Option<PathBuf>,
}

impl Arguments {
    fn parse() -> Result<Self, Failure> {
        let mut arguments = Arguments::default();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match &*word {
                "--follow" => arguments.follows = true,
                "--db" => {
                    let directory = words.next().ok_or("--db: a directory is missing")?;
                    arguments.database = Some(directory.into());
                }
                _ if arguments.path.is_none() => arguments.path = Some(word.into()),
                _ => arguments.query = Some(word),
            }
        }
        Ok(arguments)
    }
}

/// An application writes a file; the database follows it and always knows what is in it.
fn demonstrate() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("shop.log");
    let db = Quadra::open(folder.path().join("telemetry"))?;
    let mut log = File::create(&path)?;
    let mut follower = follow(&db, &path, None)?;

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
    let drops = follower.importer().sink().drops();
    println!("dropped: {:?}", drops.iter().collect::<Vec<_>>());
    assert_eq!(drops.of("debug"), 300);
    assert_eq!(follower.rotations(), 1);

    // The process ends. The next one goes on where it was, in a file that has been rotated again.
    let place = folder.path().join("position");
    db.close()?;
    fs::write(&place, follower.position().to_string())?;
    drop((follower, db));
    writeln!(log, "2026-11-25T12:06:00Z level=warn msg=\"while nobody looked\"")?;
    fs::rename(&path, folder.path().join("shop.log.2"))?;
    fs::write(&path, "2026-11-25T12:07:00Z level=warn msg=\"back\"\n")?;
    let db = Quadra::open(folder.path().join("telemetry"))?;
    let mut follower = follow(&db, &path, Some(&place))?;
    assert_eq!(follower.read()?, 2);
    let warnings = db.logql(r#"{file="shop.log", level="warn"}"#).run()?;
    let warnings: Vec<_> = warnings[0].entries.iter().map(|line| line.text()).collect();
    println!("warnings: {warnings:#?}");
    assert_eq!(warnings.len(), 3);
    db.close()?;
    Ok(())
}

/// A moment of that hour in nanoseconds.
fn nanos(minute: i32, second: i32) -> i64 {
    const NOON: i64 = 1_795_608_000;
    (NOON + i64::from(minute * 60 + second)) * 1_000_000_000
}

/// Follows a file through the stages into a database, from the position that was kept in `place`.
fn follow(
    db: &Quadra,
    path: &Path,
    place: Option<&Path>,
) -> Result<Follower<Processor<Batch>>, Failure> {
    let importer = Importer::new(stages()?.processor(db.logs().batch()), options(path));
    match place.map(fs::read_to_string) {
        Some(Ok(position)) => Ok(Follower::resume(path, importer, &position.trim().parse()?)?),
        _ => Ok(Follower::new(path, importer)),
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
