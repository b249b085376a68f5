//! A file that is followed: every line once and in order, whatever happens to the file and to whoever
//! follows it.
#![cfg(test)]

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

use telemetry_core::labels;
use telemetry_core::sink::{Committed, LogRecord, LogSink, RawLabels, RefusalReason, SinkError};
use wire::lines::{Follower, Importer, LineOptions, Position};

/// What a store would have: equal lines of one time once.
#[derive(Clone, Default)]
struct Stored(Rc<RefCell<Vec<(i64, String)>>>);

impl Stored {
    fn lines(&self) -> Vec<String> {
        self.0.borrow().iter().map(|line| line.1.clone()).collect()
    }
}

impl LogSink for Stored {
    fn push(&mut self, _: &RawLabels<'_>, record: LogRecord<'_>) {
        let line = (record.time, String::from_utf8(record.line.to_vec()).unwrap());
        let mut lines = self.0.borrow_mut();
        if !lines.contains(&line) {
            lines.push(line);
        }
    }

    fn refuse(&mut self, _: RefusalReason) {}

    fn commit(&mut self) -> Result<Committed, SinkError> {
        Ok(Committed::default())
    }
}

struct Folder {
    directory: tempfile::TempDir,
    stored: Stored,
}

impl Folder {
    fn new() -> Self {
        Folder { directory: tempfile::tempdir().unwrap(), stored: Stored::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn importer(&self) -> Importer<Stored> {
        Importer::new(self.stored.clone(), LineOptions::new(labels! { "file" => "app" }))
    }

    fn follow(&self) -> Follower<Stored> {
        Follower::new(self.path("app.log"), self.importer())
    }

    fn resume(&self, position: &str) -> Follower<Stored> {
        let position: Position = position.parse().unwrap();
        Follower::resume(self.path("app.log"), self.importer(), &position).unwrap()
    }
}

/// Lines of the first minutes of a day, by number.
fn line(number: usize) -> String {
    format!("2026-11-25T00:{:02}:{:02}Z line {number}", number / 60, number % 60)
}

fn text(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| line(number) + "\n").collect()
}

fn lines(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(line).collect()
}

#[test]
fn a_line_is_stored_when_its_end_has_come() {
    let folder = Folder::new();
    let mut follower = folder.follow();
    assert_eq!(follower.read().unwrap(), 0, "there is no file yet");
    folder.append("app.log", &text(0..3));
    folder.append("app.log", &line(3)[..25]);
    assert_eq!(follower.read().unwrap(), 3);
    folder.append("app.log", &line(3)[25..]);
    assert_eq!(follower.read().unwrap(), 0);
    folder.append("app.log", "\n");
    folder.append("app.log", &line(4));
    assert_eq!(follower.read().unwrap(), 1);
    follower.finish().unwrap();
    assert_eq!(folder.stored.lines(), lines(0..5));
}

#[test]
fn a_renamed_file_is_read_to_its_end_before_the_new_one() {
    let folder = Folder::new();
    let mut follower = folder.follow();
    folder.append("app.log", &text(0..5));
    follower.read().unwrap();
    folder.append("app.log", &text(5..8));
    folder.append("app.log", &line(8));
    fs::rename(folder.path("app.log"), folder.path("app.log.1")).unwrap();
    follower.read().unwrap();
    // The new file is longer than what was read of the old one.
    folder.append("app.log", &text(9..40));
    follower.read().unwrap();
    assert_eq!(folder.stored.lines(), lines(0..40));
    assert_eq!(follower.rotations(), 1);
}

#[test]
fn a_new_file_that_begins_like_the_old_one_is_read() {
    let folder = Folder::new();
    let mut follower = folder.follow();
    let mut expected = Vec::new();
    // Nothing at all, and a line that every file begins with.
    for (round, head) in ["", "# version 1\n"].into_iter().enumerate() {
        folder.append("app.log", head);
        follower.read().unwrap();
        fs::rename(folder.path("app.log"), folder.path("app.log.1")).unwrap();
        folder.append("app.log", head);
        folder.append("app.log", &text(round..round + 1));
        follower.read().unwrap();
        expected.push(line(round));
        fs::remove_file(folder.path("app.log")).unwrap();
    }
    let mut stored = folder.stored.lines();
    stored.retain(|line| !line.starts_with('#'));
    assert_eq!(stored, expected);
}

#[test]
fn a_file_that_was_cut_is_read_from_its_start() {
    let folder = Folder::new();
    let mut follower = folder.follow();
    folder.append("app.log", &text(0..5));
    follower.read().unwrap();
    File::create(folder.path("app.log")).unwrap();
    follower.read().unwrap();
    folder.append("app.log", &text(5..7));
    follower.read().unwrap();
    // Cut and grown again between two looks, past where the old one ended.
    File::create(folder.path("app.log")).unwrap();
    folder.append("app.log", &text(7..20));
    follower.read().unwrap();
    assert_eq!(folder.stored.lines(), lines(0..20));
}

#[test]
fn who_begins_again_goes_on_where_it_was() {
    let folder = Folder::new();
    let mut follower = folder.follow();
    folder.append("app.log", &text(0..5));
    folder.append("app.log", &line(5)[..10]);
    follower.read().unwrap();
    let position = follower.position().to_string();
    drop(follower);
    folder.append("app.log", &line(5)[10..]);
    folder.append("app.log", "\n");
    folder.append("app.log", &text(6..9));
    let mut follower = folder.resume(&position);
    assert_eq!(follower.read().unwrap(), 4, "nothing is read twice");
    assert_eq!(folder.stored.lines(), lines(0..9));

    // The position was kept before more lines were stored: they come again, and are there once.
    let position = follower.position().to_string();
    let same_time = "2026-11-25T00:00:09Z same\n";
    folder.append("app.log", &same_time.repeat(3));
    follower.read().unwrap();
    drop(follower);
    let mut follower = folder.resume(&position);
    assert_eq!(follower.read().unwrap(), 3);
    assert_eq!(folder.stored.lines().len(), 9 + 3);
}

#[test]
fn a_file_that_was_rotated_meanwhile_is_found_beside_the_new_one() {
    let folder = Folder::new();
    let mut follower = folder.follow();
    folder.append("app.log", &text(0..5));
    follower.read().unwrap();
    let position = follower.position().to_string();
    drop(follower);
    folder.append("app.log", &text(5..7));
    fs::rename(folder.path("app.log"), folder.path("app.log.1")).unwrap();
    folder.append("app.log.gz", "something else");
    folder.append("app.log", &text(7..30));
    let mut follower = folder.resume(&position);
    follower.read().unwrap();
    assert_eq!(folder.stored.lines(), lines(0..30));
    // A file that is gone for good: the new one is read from its start.
    fs::remove_file(folder.path("app.log.1")).unwrap();
    fs::remove_file(folder.path("app.log")).unwrap();
    folder.append("app.log", &text(30..33));
    folder.resume(&position).read().unwrap();
    assert_eq!(folder.stored.lines(), lines(0..33));
}

#[test]
fn a_position_is_a_line_of_text() {
    let folder = Folder::new();
    folder.append("app.log", &text(0..2));
    let mut follower = folder.follow();
    follower.read().unwrap();
    let position = follower.position();
    assert_eq!(position.to_string().parse(), Ok(position));
    for right in ["2 - 1 00000000000000ff 0 0 0", "2 3:4 1 00000000000000ff 0 0 0"] {
        assert_eq!(right.parse::<Position>().unwrap().to_string(), right);
    }
    let wrong = ["", "1 - 1 ff 0 0 0", "2 - 1 ff 0 0", "2 - 1 ff 0 0 0 0", "2 - 9999 ff 0 0 0"];
    for wrong in wrong.into_iter().chain(["2 - -1 x", "2 3 1 ff 0 0 0", "2 3:x 1 ff 0 0 0"]) {
        assert!(wrong.parse::<Position>().is_err(), "{wrong}");
    }
}

#[test]
#[cfg(unix)]
fn a_new_file_that_begins_with_all_that_was_read_loses_nothing() {
    // Equal lines of one time are stored a nanosecond apart.
    let head = line(0) + "\n";
    let folder = Folder::new();
    let mut follower = folder.follow();
    folder.append("app.log", &head);
    follower.read().unwrap();
    let position = follower.position().to_string();
    fs::rename(folder.path("app.log"), folder.path("app.log.1")).unwrap();
    folder.append("app.log.1", &text(1..2));
    folder.append("app.log", &head);
    folder.append("app.log", &text(2..3));
    assert_eq!(follower.read().unwrap(), 3);
    assert_eq!(follower.rotations(), 1);
    assert_eq!(folder.stored.lines(), [line(0), line(1), line(0), line(2)]);

    // A later process finds the old file by its inode and takes the rest of it first.
    let mut follower = folder.resume(&position);
    assert_eq!(follower.read().unwrap(), 3);
    // Where the old file is gone, the new one is not taken for it.
    fs::remove_file(folder.path("app.log.1")).unwrap();
    let mut follower = folder.resume(&position);
    assert_eq!(follower.read().unwrap(), 2);
}

#[test]
fn a_copy_of_a_file_is_gone_on_with_from_where_it_was_read() {
    let folder = Folder::new();
    let mut follower = folder.follow();
    folder.append("app.log", &text(0..60));
    follower.read().unwrap();
    let position = follower.position().to_string();
    drop(follower);
    folder.append("app.log", &text(60..63));
    fs::copy(folder.path("app.log"), folder.path("restored")).unwrap();
    fs::rename(folder.path("restored"), folder.path("app.log")).unwrap();
    assert_eq!(folder.resume(&position).read().unwrap(), 3);
    // The copy was rotated meanwhile.
    fs::rename(folder.path("app.log"), folder.path("app.log.1")).unwrap();
    folder.append("app.log", &text(63..64));
    assert_eq!(folder.resume(&position).read().unwrap(), 3 + 1);
    assert_eq!(folder.stored.lines(), lines(0..64));
}
