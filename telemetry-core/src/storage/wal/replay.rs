//! Reading the log from an offset to its end, and judging how it ends.

use super::format::{HEADER_BYTES, RecordKind};
use super::segment::{Found, Segment, SegmentReader, is_close, segments};
use crate::storage::error::{Damage, Error, Result};
use crate::storage::fs::Volume;
use std::path::{Path, PathBuf};

/// A record of the log.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// What it holds.
    pub kind: RecordKind,
    /// Log offset of its frame.
    pub offset: u64,
    /// Log offset behind its frame.
    pub end: u64,
    /// The content.
    pub body: &'a [u8],
    /// The file, for errors.
    pub path: &'a Path,
    /// Where in the file the content begins.
    pub at: u64,
}

/// What a replay found.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Log offset behind the last intact record.
    pub end: u64,
    /// Intact records.
    pub records: u64,
    /// How the log ends there.
    pub ending: Ending,
}

/// How a log ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// The last thing in it is the mark of a clean close.
    Closed,
    /// With the last byte of an intact record, or it is empty: nobody closed it.
    Open,
    /// A write was cut off: bytes that were not known durable are dropped.
    Torn {
        /// The segment.
        path: PathBuf,
        /// Where in the file.
        at: u64,
        /// Bytes dropped.
        bytes: u64,
    },
    /// Bytes that were durable are not what they were.
    Corrupt {
        /// The segment.
        path: PathBuf,
        /// Where in the file.
        at: u64,
        /// What is wrong there.
        damage: Damage,
        /// Bytes of the log that can be read no more, from there to its end.
        bytes: u64,
    },
}

impl Ending {
    /// The error of a log whose end is not acceptable.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for [`Ending::Corrupt`].
    pub fn check(&self) -> Result<()> {
        match self {
            Ending::Corrupt { path, at, damage, .. } => {
                Err(Error::Corrupt { path: path.clone(), offset: *at, damage: damage.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// Reads the log in `directory` of a store of kind `engine` from the log offset `from`, which is
/// the start or the end of a segment, and hands every intact record to `take`, in order. Nothing
/// is written.
///
/// # Errors
/// The file system's, `take`'s, a segment of another format or engine. Damage is no error:
/// see [`Replay::ending`].
pub fn replay(
    volume: &Volume,
    directory: &Path,
    engine: [u8; 4],
    from: u64,
    take: &mut dyn FnMut(Record<'_>) -> Result<()>,
) -> Result<Replay> {
    let mut files = segments(volume, directory)?;
    // What is before was written into blocks, and waits to be deleted.
    files.retain(|segment| segment.base >= from);
    let mut replay = Replay { end: from, records: 0, ending: Ending::Open };
    for (i, segment) in files.iter().enumerate() {
        let next = files.get(i + 1);
        if segment.base != replay.end {
            let damage = Damage::Missing { what: "a segment of the log before this one" };
            replay.ending = corrupt(volume, &segment.path, 0, damage, &files, i);
            return Ok(replay);
        }
        let ended = read_segment(volume, segment, next, engine, &mut replay, take)?;
        if let Some((at, damage, torn)) = ended {
            replay.ending = if torn {
                let size = volume.metadata(&segment.path)?.bytes;
                Ending::Torn { path: segment.path.clone(), at, bytes: size.saturating_sub(at) }
            } else {
                corrupt(volume, &segment.path, at, damage, &files, i)
            };
            return Ok(replay);
        }
    }
    Ok(replay)
}

/// Reads one segment. Gives where damage ends it, and whether that is a torn tail.
fn read_segment(
    volume: &Volume,
    segment: &Segment,
    next: Option<&Segment>,
    engine: [u8; 4],
    replay: &mut Replay,
    take: &mut dyn FnMut(Record<'_>) -> Result<()>,
) -> Result<Option<(u64, Damage, bool)>> {
    let mut reader = SegmentReader::open(volume, segment)?;
    if let Err(damage) = reader.read_header(engine)? {
        // The header is durable before the first frame is written: with a frame behind it, it was
        // whole once. The salt is not known, so any frame-sized rest counts as one.
        let torn = next.is_none() && reader.size <= HEADER_BYTES;
        return Ok(Some((0, damage, torn)));
    }
    // Behind the start of the next segment lies a tail that was dropped before.
    let stop = next.map_or(reader.size, |next| next.base.saturating_sub(segment.base));
    let mut at = HEADER_BYTES;
    replay.end = segment.base + at;
    while at < stop {
        let offset = segment.base + at;
        let damage = match reader.frame(at)? {
            Found::Intact { head, body } if at + head.frame_len() as u64 <= stop => {
                at += head.frame_len() as u64;
                let end = segment.base + at;
                replay.end = end;
                replay.records += 1;
                replay.ending = if is_close(head.kind) { Ending::Closed } else { Ending::Open };
                let body_at = at - body.len() as u64;
                let path = &segment.path;
                take(Record { kind: head.kind, offset, end, body, path, at: body_at })?;
                continue;
            }
            Found::Intact { .. } => Damage::Field { what: "the end of the frame" },
            Found::Damaged(damage) => damage,
        };
        let torn = next.is_none() && !reader.proves_durable_beyond(at)?;
        return Ok(Some((at, damage, torn)));
    }
    if at > stop {
        let damage = Damage::Field { what: "the offset of the next segment" };
        return Ok(Some((at.min(reader.size), damage, false)));
    }
    Ok(None)
}

/// Damage in file `i` of `files`, and how much of the log lies behind it.
fn corrupt(
    volume: &Volume,
    path: &Path,
    at: u64,
    damage: Damage,
    files: &[Segment],
    i: usize,
) -> Ending {
    let rest = files.get(i..).unwrap_or_default();
    let sizes = rest.iter().map(|segment| volume.metadata(&segment.path).map_or(0, |m| m.bytes));
    let bytes = sizes.sum::<u64>().saturating_sub(at);
    Ending::Corrupt { path: path.to_path_buf(), at, damage, bytes }
}
