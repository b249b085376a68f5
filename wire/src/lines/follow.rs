//! A file that grows, is rotated, or is cut, read as it does.
//!
//! ~~~text
//! look 1    ▒▒▒▒▒▒▒▒▒▒▒░░░            ▒ stored   ░ a line whose end has not come
//! look 2    ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
//! renamed   ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒   the rest of the old file first, then the new one from its start
//! ~~~
//!
//! A file is known by its device and inode where the platform has them, and by its first bytes
//! ([`HEAD_BYTES_MAX`]), which an appended file keeps: where the path names another file, one that
//! begins otherwise, or one that is shorter than what was read of it, the file was rotated or cut.
//! Where there are no inodes, a new file that begins with all that was read of the old one is read from
//! behind that on.
//!
//! A [`Position`] is kept by the host and lets a later process go on where this one was; if the file
//! was renamed in between, its rest is found beside it (`app.log.1`).
//!
//! Lines that were stored after the position was kept are read again. Their times come out as before,
//! so a store that keeps equal entries once, as Loki does, has them once.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use telemetry_core::sink::LogSink;
use xxhash_rust::xxh64::xxh64;

use super::identity::{FileIdentity, identity};
use super::importer::{Importer, Stand};
use crate::error::Error;

/// First bytes by which a file is known.
pub const HEAD_BYTES_MAX: usize = 1024;

/// Bytes that are read at once.
const PIECE_BYTES: usize = 64 << 10;

/// Reads what is appended to a file.
#[derive(Debug)]
pub struct Follower<S> {
    path: PathBuf,
    /// The file that is read; none while there is none.
    file: Option<File>,
    identity: Option<FileIdentity>,
    /// Its first bytes.
    head: Vec<u8>,
    /// How much of it was read.
    read: u64,
    importer: Importer<S>,
    /// Bytes of earlier files that were fed to the importer.
    fed_before: u64,
    rotations: u64,
}

/// How far a file was stored. Its text (`Display`, `FromStr`) is one line for the host to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// What the file was known by, where the platform has it.
    identity: Option<FileIdentity>,
    /// First bytes that were hashed.
    head_bytes: usize,
    /// The hash of the file's first bytes.
    head: u64,
    /// Bytes from the start of the file whose lines are stored.
    offset: u64,
    /// The time of the last line, as it was written and as it was stored.
    last: (i64, i64),
}

/// A text that is no [`Position`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no position in a log file")]
pub struct NoPosition;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { identity, head_bytes, head, offset, last } = self;
        match identity {
            Some(FileIdentity { device, inode }) => write!(f, "2 {device}:{inode}")?,
            None => f.write_str("2 -")?,
        }
        write!(f, " {head_bytes} {head:016x} {offset} {} {}", last.0, last.1)
    }
}

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let mut words = text.split_ascii_whitespace();
        let mut word = || words.next().ok_or(NoPosition);
        fn number<N: FromStr>(text: &str) -> Result<N, NoPosition> {
            text.parse().map_err(|_| NoPosition)
        }
        if word()? != "2" {
            return Err(NoPosition);
        }
        let identity = match word()? {
            "-" => None,
            numbers => {
                let (device, inode) = numbers.split_once(':').ok_or(NoPosition)?;
                Some(FileIdentity { device: number(device)?, inode: number(inode)? })
            }
        };
        let head_bytes = number(word()?)?;
        let head = u64::from_str_radix(word()?, 16).map_err(|_| NoPosition)?;
        let offset = number(word()?)?;
        let last = (number(word()?)?, number(word()?)?);
        match words.next() {
            None if head_bytes <= HEAD_BYTES_MAX => {
                Ok(Position { identity, head_bytes, head, offset, last })
            }
            _ => Err(NoPosition),
        }
    }
}

impl<S: LogSink> Follower<S> {
    /// Follows the file at `path` from its start. It need not be there yet.
    pub fn new(path: impl Into<PathBuf>, importer: Importer<S>) -> Self {
        Follower {
            path: path.into(),
            file: None,
            identity: None,
            head: Vec::new(),
            read: 0,
            importer,
            fed_before: 0,
            rotations: 0,
        }
    }

    /// Follows the file from where another follower was. Where neither the path nor a file beside it
    /// whose name begins with that of the path is the file of then, it is followed from its start.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read.
    pub fn resume(
        path: impl Into<PathBuf>,
        importer: Importer<S>,
        position: &Position,
    ) -> Result<Self, Error> {
        let mut follower = Follower::new(path, importer);
        let found = follower.find(position).map_err(|source| Error::Read { source })?;
        if let Some((file, head)) = found {
            follower.identity = identity(&file).map_err(|source| Error::Read { source })?;
            follower.file = Some(file);
            follower.head = head;
            follower.read = position.offset;
            follower.importer.set_last(position.last);
        }
        Ok(follower)
    }

    /// The file that the position is of, and its first bytes.
    fn find(&self, position: &Position) -> io::Result<Option<(File, Vec<u8>)>> {
        let mut paths = vec![self.path.clone()];
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Ok(entries) = fs::read_dir(directory.unwrap_or(Path::new("."))) {
            let beside = entries.filter_map(Result::ok).filter(|entry| {
                let other = entry.file_name();
                let other = other.to_string_lossy();
                other.starts_with(&name) && other != name.as_str()
            });
            let mut beside: Vec<PathBuf> = beside.map(|entry| entry.path()).collect();
            beside.sort();
            paths.extend(beside);
        }
        let mut alike = None;
        for path in paths {
            let Some(mut file) = opened(&path)? else { continue };
            let head = head_of(&mut file, HEAD_BYTES_MAX)?;
            let known = head.get(..position.head_bytes);
            let begins_alike = known.is_some_and(|known| xxh64(known, 0) == position.head);
            if !begins_alike || file.metadata()?.len() < position.offset {
                continue;
            }
            if may_be_same(identity(&file)?, position.identity) {
                return Ok(Some((file, head)));
            }
            // A copy, or a file on a device that has another number now. A new file may begin with the
            // little that was read of the old one: it is read from its start.
            let is_new = path == self.path && position.head_bytes < HEAD_BYTES_MAX;
            if !is_new && alike.is_none() {
                alike = Some((file, head));
            }
        }
        Ok(alike)
    }

    /// Stores every whole line that was appended since the last time, of the file that it was and of
    /// the one that has taken its place, and commits. Gives how many records were handed to the sink.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read, or the sink cannot store anything.
    pub fn read(&mut self) -> Result<u64, Error> {
        let before = self.importer.imported().lines;
        // What is behind the old end of a file that was cut and has grown again belongs to new lines.
        if self.is_as_before().map_err(|source| Error::Read { source })? {
            self.read_on()?;
        }
        if let Some(mut file) = opened(&self.path).map_err(|source| Error::Read { source })? {
            let failed = |source| Error::Read { source };
            let identity = identity(&file).map_err(failed)?;
            let goes_on = self.file.is_some()
                && may_be_same(identity, self.identity)
                && goes_on(&mut file, self.read, &self.head).map_err(failed)?;
            if !goes_on {
                self.begin_anew()?;
            }
            // Without inodes it may be another file all the same, which began with the same line.
            self.file = Some(file);
            self.identity = identity;
            self.read_on()?;
        }
        self.importer.commit()?;
        Ok(self.importer.imported().lines - before)
    }

    /// The file that was read, if there was one, is followed by another one.
    fn begin_anew(&mut self) -> Result<(), Error> {
        // Nothing will end the last line of the old file.
        if self.file.is_some() {
            self.importer.finish()?;
            self.rotations += 1;
        }
        self.fed_before = self.importer.imported().bytes;
        self.head.clear();
        self.read = 0;
        Ok(())
    }

    /// Whether what was read of the file is still in it.
    fn is_as_before(&mut self) -> io::Result<bool> {
        let Some(file) = &mut self.file else { return Ok(false) };
        goes_on(file, self.read, &self.head)
    }

    fn read_on(&mut self) -> Result<(), Error> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let failed = |source| Error::Read { source };
        file.seek(SeekFrom::Start(self.read)).map_err(failed)?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let len = match file.read(&mut piece) {
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(Error::Read { source }),
            };
            if len == 0 {
                return Ok(());
            }
            let piece = piece.get(..len).unwrap_or_default();
            if self.read == self.head.len() as u64 {
                let room = HEAD_BYTES_MAX.saturating_sub(self.head.len());
                self.head.extend(piece.iter().take(room));
            }
            self.read += len as u64;
            self.importer.feed(piece)?;
        }
    }

    /// Stores the last line as well, which may have no end: for the end of following.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn finish(&mut self) -> Result<(), Error> {
        self.read()?;
        self.importer.finish()?;
        Ok(())
    }

    /// How far the file is stored, for [`resume`](Self::resume). To be kept after
    /// [`read`](Self::read), when what it says is in the sink.
    pub fn position(&self) -> Position {
        let Stand { bytes, last } = self.importer.stand();
        // What was fed of this file, and of that the part that is not handed on.
        let fed = self.importer.imported().bytes - self.fed_before;
        let open = fed.min(self.importer.imported().bytes.saturating_sub(bytes));
        let head = xxh64(&self.head, 0);
        let (identity, offset) = (self.identity, self.read - open);
        Position { identity, head_bytes: self.head.len(), head, offset, last }
    }

    /// How often another file has taken the place of the one that was read.
    pub fn rotations(&self) -> u64 {
        self.rotations
    }

    /// What reads the lines.
    pub fn importer(&self) -> &Importer<S> {
        &self.importer
    }
}

/// The file at a path, if there is one.
fn opened(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) if file.metadata()?.is_file() => Ok(Some(file)),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether nothing is known that tells two files apart.
fn may_be_same(one: Option<FileIdentity>, other: Option<FileIdentity>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

/// Whether a file has these first bytes and is at least so long.
fn goes_on(file: &mut File, read: u64, head: &[u8]) -> io::Result<bool> {
    Ok(file.metadata()?.len() >= read && head_of(file, head.len())? == head)
}

/// The first bytes of a file, at most so many.
fn head_of(file: &mut File, bytes_max: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    Read::take(file, bytes_max as u64).read_to_end(&mut head)?;
    Ok(head)
}
