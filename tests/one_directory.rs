//! One directory holds four stores: what a host may rely on.
#![cfg(test)]

use std::sync::Arc;
use std::time::Duration;

use quadra::labels::Matcher;
use quadra::model::{
    Function, KeyValue, Line, Location, LogEntry, Profile, ProfileSample, Resource, Span, SpanId,
    TraceId, ValueType,
};
use quadra::promql::Value;
use quadra::storage::fs::FaultyFileSystem;
use quadra::time::{Millis, Nanos, NanosRange};
use quadra::{Error, Quadra, labels};

const CPU: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";

fn nanoseconds() -> ValueType {
    ValueType { kind: "cpu".into(), unit: "nanoseconds".into() }
}

fn span() -> Span {
    let attributes = vec![KeyValue::new("service.name", "api")];
    Span {
        trace_id: TraceId(7_u128.to_be_bytes()),
        span_id: SpanId(9_u64.to_be_bytes()),
        name: "GET /".into(),
        start: Nanos(1_000_000_000),
        end: Nanos(3_000_000_000),
        resource: Arc::new(Resource { attributes, ..Resource::default() }),
        ..Span::default()
    }
}

fn profile() -> Profile {
    Profile {
        sample_types: vec![nanoseconds()],
        period_type: nanoseconds(),
        samples: vec![ProfileSample { stack: vec![0], values: vec![10], labels: vec![] }],
        locations: vec![Location {
            lines: vec![Line { function: Some(0), ..Line::default() }],
            ..Location::default()
        }],
        functions: vec![Function { name: 1, ..Function::default() }],
        strings: vec![String::new(), "main".into()],
        time: Nanos(2_000_000_000),
        ..Profile::default()
    }
}

/// Puts one item of each signal into a database.
fn fill(db: &Quadra) -> Result<(), Error> {
    let up = db.metrics().series(labels! { "__name__" => "up", "job" => "api" })?;
    up.append(2_000, 1.0)?;
    let entry = LogEntry::new(2_000_000_000, "hello")
        .with("trace_id", TraceId(7_u128.to_be_bytes()).to_string());
    db.logs().push_entry(labels! { "app" => "api" }, entry)?;
    db.traces().push(span())?;
    db.profiles().push("process_cpu", labels! { "service" => "api" }, &profile())
}

/// Asks every language for what `fill` put in.
fn assert_filled(db: &Quadra) {
    let Value::Vector(elements) = db.promql("up").run().unwrap().value else { panic!() };
    assert_eq!((elements.len(), elements[0].time), (1, Millis(2_000)));
    let streams = db.logql(r#"{app="api"} |= "hello""#).run().unwrap();
    assert_eq!(streams[0].entries[0].text(), "hello");
    let traces = db.traceql(r#"{ resource.service.name = "api" }"#).run().unwrap().traces;
    assert_eq!((traces.len(), traces[0].id), (1, span().trace_id));
    let tree = db.profiles().merge(CPU, "{}", NanosRange::ALL).unwrap();
    assert_eq!(tree.folded(), "main 10\n");
}

#[test]
fn four_signals_survive_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let db = Quadra::open(directory.path()).unwrap();
    fill(&db).unwrap();
    assert_filled(&db);
    db.close().unwrap();
    drop(db);
    let db = Quadra::open(directory.path()).unwrap();
    assert_filled(&db);
    db.flush().unwrap();
    db.compact().unwrap();
    assert_filled(&db);
    assert!(db.verify().unwrap().iter().all(|(_, report)| report.is_intact()));
    assert!(db.stats().iter().all(|(_, stats)| stats.recovery.was_clean()));
}

#[test]
fn a_second_writer_is_refused_and_told_why() {
    let directory = tempfile::tempdir().unwrap();
    let db = Quadra::open(directory.path()).unwrap();
    let refused = Quadra::open(directory.path()).unwrap_err();
    assert!(refused.to_string().contains("locked"), "{refused}");
    assert!(quadra::tsdb::Tsdb::open(directory.path().join("metrics")).is_err());
    drop(db);
    assert!(Quadra::open(directory.path()).is_ok());
}

/// Closing left the lock of the directory with whoever still had a handle.
#[test]
fn a_closed_directory_can_be_opened_while_old_handles_live() {
    let directory = tempfile::tempdir().unwrap();
    let db = Quadra::open(directory.path()).unwrap();
    let up = db.metrics().series(labels! { "__name__" => "up" }).unwrap();
    fill(&db).unwrap();
    db.close().unwrap();
    let again = Quadra::open(directory.path()).unwrap();
    assert_filled(&again);
    assert!(up.append(1, 1.0).is_err(), "the old handle is closed");
}

#[test]
fn a_reader_beside_the_writer_sees_what_it_refreshes() {
    let directory = tempfile::tempdir().unwrap();
    let db = Quadra::open(directory.path()).unwrap();
    let reader = Quadra::open_read_only(directory.path()).unwrap();
    fill(&db).unwrap();
    reader.refresh().unwrap();
    assert_filled(&reader);
    db.flush().unwrap();
    db.compact().unwrap();
    assert_filled(&reader);
    assert!(fill(&reader).is_err());
}

#[test]
fn a_backup_opens_like_any_database() {
    let directory = tempfile::tempdir().unwrap();
    let db = Quadra::open(directory.path().join("db")).unwrap();
    fill(&db).unwrap();
    db.flush().unwrap();
    db.backup(directory.path().join("copy")).unwrap();
    let restored = Quadra::restore(directory.path().join("copy"), directory.path().join("again"));
    assert_filled(&restored.unwrap());
    assert!(Quadra::restore(directory.path().join("copy"), directory.path().join("db")).is_err());
    assert_filled(&Quadra::open(directory.path().join("copy")).unwrap());
}

#[test]
fn what_lives_in_memory_is_whole_and_starts_empty() {
    let db = Quadra::in_memory().unwrap();
    assert!(db.promql("up").run().unwrap().value.is_empty());
    fill(&db).unwrap();
    assert_filled(&db);
    db.flush().unwrap();
    assert_filled(&db);
    assert!(Quadra::in_memory().unwrap().logql(r#"{app="api"}"#).run().unwrap().is_empty());
}

#[test]
fn a_killed_process_leaves_whole_commits_of_every_signal() {
    let files = FaultyFileSystem::new(3);
    let open = |files: &FaultyFileSystem| {
        Quadra::builder().manual_maintenance().file_system(Arc::new(files.clone())).open("/db")
    };
    let db = open(&files).unwrap();
    fill(&db).unwrap();
    let after = files.kill();
    assert_filled(&open(&after).unwrap());
}

#[test]
fn reading_needs_a_database_and_makes_none() {
    let directory = tempfile::tempdir().unwrap();
    assert!(Quadra::open_read_only(directory.path()).is_err());
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_directory_of_something_else_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("FORMAT"), "something else").unwrap();
    let error = Quadra::open(directory.path()).unwrap_err();
    assert!(error.to_string().contains("FORMAT"), "{error}");
    assert!(Quadra::open_read_only(directory.path()).is_err());
}

#[test]
fn deletes_reach_every_signal() {
    let db = Quadra::in_memory().unwrap();
    fill(&db).unwrap();
    db.metrics().delete(&[Matcher::equal("job", "api")], quadra::time::MillisRange::ALL).unwrap();
    db.logs().delete(r#"{app="api"}"#, NanosRange::ALL).unwrap();
    db.profiles().delete(vec![Matcher::equal("service", "api")], NanosRange::ALL).unwrap();
    assert!(db.promql("up").run().unwrap().value.is_empty());
    assert!(db.logql(r#"{app="api"}"#).run().unwrap().is_empty());
    assert!(db.profiles().merge(CPU, "{}", NanosRange::ALL).unwrap().is_empty());
}

#[test]
fn a_span_leads_to_its_lines_and_its_profile() {
    let db = Quadra::in_memory().unwrap();
    fill(&db).unwrap();
    let trace = db.traces().trace(span().trace_id).unwrap().unwrap();
    let around = db.around(&trace.spans[0]);
    let lines = around.logs(r#"{app="api"}"#).run().unwrap();
    assert_eq!(lines[0].entries[0].text(), "hello");
    assert_eq!(around.profile(CPU, "{}").unwrap().folded(), "main 10\n");
}

#[test]
fn a_deadline_and_a_token_stop_queries() {
    let db = Quadra::in_memory().unwrap();
    fill(&db).unwrap();
    assert!(db.promql("up").timeout(Duration::ZERO).run().is_err());
    let token = quadra::CancelToken::new();
    token.cancel();
    assert!(db.logql(r#"{app="api"}"#).cancel(&token).run().is_err());
    assert!(db.traceql("{ }").cancel(&token).run().is_err());
}

#[test]
fn a_stream_gives_every_line_in_order() {
    let db = Quadra::in_memory().unwrap();
    let mut batch = db.logs().batch();
    for number in 0..2_500_i64 {
        batch.push(&labels! { "app" => "api" }, &LogEntry::new(number / 2, number.to_string()));
    }
    batch.commit().unwrap();
    let query = db.logql(r#"{app="api"}"#).limit(usize::MAX);
    let lines: Vec<String> =
        query.stream().unwrap().map(|line| line.unwrap().text().into_owned()).collect();
    let expected: Vec<String> = (0..2_500).rev().map(|number| number.to_string()).collect();
    assert_eq!(lines.len(), 2_500);
    let times = |texts: &[String]| {
        texts.iter().map(|text| text.parse::<i64>().unwrap() / 2).collect::<Vec<_>>()
    };
    assert_eq!(times(&lines), times(&expected));
    assert!(db.logql("sum(rate({app=\"api\"}[1m]))").stream().unwrap().next().unwrap().is_err());
}
