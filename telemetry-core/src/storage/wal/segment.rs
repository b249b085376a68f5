//! Segment files: their names, and reading them through a window.

use super::format::{
    FRAME_BYTES, FrameHead, HEADER_BYTES, Header, HeaderError, RecordKind, frame_crc,
};
use crate::storage::error::{Damage, Error, Result};
use crate::storage::fs::{OpenFile, Volume};
use std::path::{Path, PathBuf};

const SUFFIX: &str = ".wal";
/// Bytes read at once.
const WINDOW_BYTES: usize = 1 << 20;

/// A segment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The file.
    pub path: PathBuf,
    /// Log offset of its first byte, as its name says.
    pub base: u64,
}

/// The name of the segment that begins at `base`.
pub(super) fn segment_name(base: u64) -> String {
    format!("{base:016x}{SUFFIX}")
}

/// The segments in a directory, by rising offset; none where there is no directory.
///
/// # Errors
/// The file system's.
pub fn segments(volume: &Volume, directory: &Path) -> Result<Vec<Segment>> {
    let mut found = Vec::new();
    for entry in volume.list_if_there(directory)? {
        let digits = entry.name.strip_suffix(SUFFIX).filter(|digits| digits.len() == 16);
        if let Some(Ok(base)) = digits.map(|digits| u64::from_str_radix(digits, 16)) {
            found.push(Segment { path: directory.join(&entry.name), base });
        }
    }
    found.sort_by_key(|segment| segment.base);
    Ok(found)
}

/// A segment that is being read. Its size is taken once, so that a writer beside it may go on.
pub(super) struct SegmentReader {
    file: OpenFile,
    pub(super) base: u64,
    pub(super) size: u64,
    salt: u32,
    window: Vec<u8>,
    window_at: u64,
}

/// A frame, or why there is none.
pub(super) enum Found<'a> {
    Intact { head: FrameHead, body: &'a [u8] },
    Damaged(Damage),
}

impl SegmentReader {
    pub(super) fn open(volume: &Volume, segment: &Segment) -> Result<Self> {
        let file = volume.open(&segment.path)?;
        let size = file.size()?;
        let base = segment.base;
        Ok(SegmentReader { file, base, size, salt: 0, window: Vec::new(), window_at: 0 })
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Reads the header and checks it against the name and the engine; [`Err`] within is damage.
    pub(super) fn read_header(&mut self, engine: [u8; 4]) -> Result<Result<(), Damage>> {
        let count = self.size.min(HEADER_BYTES) as usize;
        let bytes = self.slice(0, count)?.unwrap_or_default();
        let header = match Header::decode(bytes) {
            Ok(header) => header,
            Err(HeaderError::Damaged(damaged)) => return Ok(Err(damaged.damage)),
            Err(HeaderError::Format { version, revision }) => {
                return Err(Error::Format {
                    path: self.path().to_path_buf(),
                    found_version: version,
                    found_revision: revision,
                    version: super::format::FORMAT_VERSION,
                    revision: super::format::FORMAT_REVISION,
                });
            }
        };
        if header.base != self.base {
            return Ok(Err(Damage::Field { what: "the offset in the header" }));
        }
        if header.engine != engine {
            return Err(Error::WrongEngine {
                path: self.path().to_path_buf(),
                found: String::from_utf8_lossy(&header.engine).into_owned(),
                expected: String::from_utf8_lossy(&engine).into_owned(),
            });
        }
        self.salt = header.salt;
        Ok(Ok(()))
    }

    /// `count` bytes at `at`, or nothing where the segment ends before.
    fn slice(&mut self, at: u64, count: usize) -> Result<Option<&[u8]>> {
        if at.saturating_add(count as u64) > self.size {
            return Ok(None);
        }
        let inside =
            at >= self.window_at && at + count as u64 <= self.window_at + self.window.len() as u64;
        if !inside {
            let left = usize::try_from(self.size - at).unwrap_or(usize::MAX);
            let wanted = count.max(WINDOW_BYTES).min(left);
            self.window.resize(wanted, 0);
            self.window_at = at;
            if let Err(error) = self.file.read_exact_at(&mut self.window, at) {
                self.window.clear();
                return Err(error);
            }
        }
        let start = (at - self.window_at) as usize;
        Ok(self.window.get(start..start + count))
    }

    /// The frame at `at`, a position in the file.
    pub(super) fn frame(&mut self, at: u64) -> Result<Found<'_>> {
        let left = self.size.saturating_sub(at);
        let truncated = |needed: usize| {
            Ok(Found::Damaged(Damage::Truncated { needed: needed as u64, available: left }))
        };
        let Some(bytes) = self.slice(at, FRAME_BYTES)? else { return truncated(FRAME_BYTES) };
        let head = match FrameHead::decode(bytes) {
            Ok(head) => head,
            Err(damaged) => return Ok(Found::Damaged(damaged.damage)),
        };
        let salt = self.salt;
        let Some(frame) = self.slice(at, head.frame_len())? else {
            return truncated(head.frame_len());
        };
        let found = frame_crc(frame, salt);
        if found != head.crc {
            return Ok(Found::Damaged(Damage::Checksum { found, expected: head.crc }));
        }
        Ok(Found::Intact { head, body: frame.get(FRAME_BYTES..).unwrap_or_default() })
    }

    /// Whether a frame behind the file position `after` is intact and proves that the log was
    /// durable beyond `after`.
    ///
    /// Every byte may begin a frame, since the length of the damaged one is not trusted. Only heads
    /// whose `durable` is possible cost a checksum; hostile bytes that make many of them possible
    /// run into a bound, and then the damage counts as corruption, which loses nothing.
    pub(super) fn proves_durable_beyond(&mut self, after: u64) -> Result<bool> {
        let damage = self.base + after;
        let mut checksum_bytes_left = self.size.saturating_mul(4).saturating_add(1 << 20);
        let mut at = after + 1;
        while at + FRAME_BYTES as u64 <= self.size {
            let offset = self.base + at;
            let Some(bytes) = self.slice(at, FRAME_BYTES)? else { break };
            if let Ok(head) = FrameHead::decode(bytes)
                && head.durable > damage
                && head.durable <= offset
                && head.frame_len() as u64 <= self.size - at
            {
                checksum_bytes_left = checksum_bytes_left.saturating_sub(head.frame_len() as u64);
                if checksum_bytes_left == 0 || matches!(self.frame(at)?, Found::Intact { .. }) {
                    return Ok(true);
                }
            }
            at += 1;
        }
        Ok(false)
    }
}

/// Whether a frame ends the log on purpose.
pub(super) fn is_close(kind: RecordKind) -> bool {
    kind == RecordKind::Close
}
