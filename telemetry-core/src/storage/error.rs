//! What can go wrong in the kernel: one enum, typed fields, no prose.
//!
//! Decoders do not know which file their bytes came from. They give [`Damaged`]; whoever read the
//! file adds path and base offset and makes an [`Error::Corrupt`] of it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The result of a kernel call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the storage kernel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system refused.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: Action,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes on disk are not what was written.
    #[error("{path}: damaged at byte {offset}: {damage}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        offset: u64,
        /// What is wrong there.
        damage: Damage,
    },
    /// Another handle or process has the directory open for writing, or readers could not be let
    /// in.
    #[error("{path} is locked: the directory is open elsewhere")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// There is no store in the directory.
    #[error("{path} does not exist: there is no store here")]
    NoStore {
        /// The manifest that was looked for.
        path: PathBuf,
    },
    /// There is data, but not the manifest that says what it is.
    #[error("{path} is missing, but there is data beside it")]
    ManifestMissing {
        /// The manifest that was looked for.
        path: PathBuf,
    },
    /// The file was written by another build whose format this one does not read.
    #[error(
        "{path} has format version {found_version} revision {found_revision}; this build reads \
         version {version} revision {revision}"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        found_version: u16,
        /// Revision in the file.
        found_revision: u32,
        /// Version of this build.
        version: u16,
        /// Revision of this build.
        revision: u32,
    },
    /// The directory belongs to another kind of store.
    #[error("{path} belongs to a store of kind {found:?}, not {expected:?}")]
    WrongEngine {
        /// The manifest.
        path: PathBuf,
        /// The kind in the file.
        found: String,
        /// The kind that was opened.
        expected: String,
    },
    /// An earlier failure left it unknown what is on disk: writing has stopped, reading goes on.
    #[error("the store takes no more writes after an earlier failure: {cause}")]
    Poisoned {
        /// The failure.
        cause: Arc<Error>,
    },
    /// Something failed beside the callers' calls: a flush, a compaction. This call did nothing.
    #[error("an earlier task of the store failed: {cause}")]
    Background {
        /// The failure.
        cause: Arc<Error>,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The store was opened for reading.
    #[error("the store is open for reading only")]
    ReadOnly,
    /// One commit is larger than a log record may be.
    #[error("a commit of {bytes} bytes does not fit a log record of at most {limit}")]
    RecordTooLarge {
        /// Its size.
        bytes: u64,
        /// The bound.
        limit: u64,
    },
    /// The target of a backup or a restore is not empty.
    #[error("{path} exists and is not empty")]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A thread of the engine panicked; what it was writing is not trusted.
    #[error("a panic stopped {during}")]
    Panicked {
        /// What it was doing.
        during: Action,
    },
    /// More ids than a posting list can hold.
    #[error("no more than {limit} ids fit one index")]
    TooManyIds {
        /// The bound.
        limit: u64,
    },
    /// The engine's own error.
    #[error("{source}")]
    Engine {
        /// The error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Wraps an engine's own error.
    pub fn engine(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Error::Engine { source: Box::new(source) }
    }

    pub(crate) fn io(action: Action, path: &Path, source: io::Error) -> Self {
        Error::Io { action, path: path.to_path_buf(), source }
    }

    /// Whether the disk or a quota is full, so that trying later can help.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Error::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Error::Poisoned { cause } | Error::Background { cause } => cause.is_disk_full(),
            _ => false,
        }
    }

    /// Whether bytes on disk are damaged.
    pub fn is_corruption(&self) -> bool {
        matches!(self, Error::Corrupt { .. })
    }
}

/// What the kernel was doing with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Opening for reading.
    Open,
    /// Creating or emptying.
    Create,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Making the content survive power loss.
    Sync,
    /// Giving another name.
    Rename,
    /// Deleting.
    Remove,
    /// Creating a directory.
    CreateDirectory,
    /// Listing a directory.
    List,
    /// Making the names of a directory survive power loss.
    SyncDirectory,
    /// Giving a second name.
    Link,
    /// Asking for the size.
    Inspect,
    /// Locking.
    Lock,
    /// Taking a commit into memory.
    Commit,
    /// Writing the head as blocks.
    Flush,
    /// Merging blocks.
    Compact,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::Open => "open",
            Action::Create => "create",
            Action::Read => "read",
            Action::Write => "write",
            Action::Sync => "sync",
            Action::Rename => "rename",
            Action::Remove => "remove",
            Action::CreateDirectory => "create the directory",
            Action::List => "list the directory",
            Action::SyncDirectory => "sync the directory",
            Action::Link => "link",
            Action::Inspect => "inspect",
            Action::Lock => "lock",
            Action::Commit => "commit",
            Action::Flush => "flush",
            Action::Compact => "compact",
        })
    }
}

/// What is wrong with bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The checksum does not fit the bytes.
    #[error("checksum {found:#010x}, expected {expected:#010x}")]
    Checksum {
        /// Computed from the bytes.
        found: u32,
        /// Stored beside them.
        expected: u32,
    },
    /// The file does not begin or end as its kind does.
    #[error("not a {what}: the magic bytes differ")]
    Magic {
        /// The kind of file.
        what: &'static str,
    },
    /// Fewer bytes than the structure needs.
    #[error("{needed} bytes needed, {available} there")]
    Truncated {
        /// Bytes needed.
        needed: u64,
        /// Bytes there.
        available: u64,
    },
    /// A number with more digits than its type has room for.
    #[error("a number does not fit its type")]
    Varint,
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    Utf8,
    /// A kind, tag or encoding that no version wrote.
    #[error("unknown {what} {found}")]
    Unknown {
        /// What it should be.
        what: &'static str,
        /// The number found.
        found: u64,
    },
    /// A value that breaks a rule of the format.
    #[error("{what} breaks the format")]
    Field {
        /// The field.
        what: &'static str,
    },
    /// Something that must be there is not.
    #[error("{what} is missing")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// Bytes behind the end of the structure.
    #[error("{count} bytes too many")]
    Trailing {
        /// How many.
        count: u64,
    },
}

/// Damage at a position of a byte slice whose file is not known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged at byte {offset}: {damage}")]
pub struct Damaged {
    /// Offset in the slice.
    pub offset: u64,
    /// What is wrong there.
    pub damage: Damage,
}

impl Damaged {
    /// Damage at `offset` of the slice.
    pub fn at(offset: usize, damage: Damage) -> Self {
        Damaged { offset: offset as u64, damage }
    }

    /// A field that breaks a rule.
    pub fn field(offset: usize, what: &'static str) -> Self {
        Damaged::at(offset, Damage::Field { what })
    }

    /// The same, in the file whose bytes from `base` on the slice was.
    pub fn in_file(self, path: &Path, base: u64) -> Error {
        Error::Corrupt {
            path: path.to_path_buf(),
            offset: base.saturating_add(self.offset),
            damage: self.damage,
        }
    }
}

/// A decoder's damage without a file: the engine's record of a commit, say. The path is empty;
/// [`Damaged::in_file`] is better wherever the file is known.
impl From<Damaged> for Error {
    fn from(damaged: Damaged) -> Self {
        damaged.in_file(Path::new(""), 0)
    }
}
