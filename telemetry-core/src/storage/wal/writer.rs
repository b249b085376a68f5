//! Appending to the log.
//!
//! The path of a commit allocates nothing once the buffer has grown: the body is encoded behind
//! the room for its frame's head, the head is filled in, and one write hands both to the system.

use super::format::{BODY_BYTES_MAX, FRAME_BYTES, HEADER_BYTES, Header, RecordKind, seal_frame};
use super::segment::{segment_name, segments};
use super::sync::LogSync;
use crate::storage::error::{Error, Result};
use crate::storage::fs::{OpenFile, Volume};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A buffer that grew beyond this for one large commit is given back.
const BUFFER_BYTES_KEPT: usize = 4 << 20;

/// How a log is cut.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions {
    /// The kind of store: in every segment's header.
    pub engine: [u8; 4],
    /// A segment this long is left for a new one.
    pub segment_bytes_max: u64,
    /// Chance for the salt of the segments' checksums.
    pub salt: u32,
}

/// The one writer of a log. See the [module](super) for what it keeps up.
#[derive(Debug)]
pub struct LogWriter {
    volume: Volume,
    directory: PathBuf,
    options: LogOptions,
    segment: Option<OpenSegment>,
    /// Log offset behind the last frame.
    end: u64,
    frame: Vec<u8>,
    sync: Arc<LogSync>,
}

#[derive(Debug)]
struct OpenSegment {
    file: OpenFile,
    base: u64,
    /// A write failed: what is behind the last frame is not known.
    broken: bool,
}

impl LogWriter {
    /// Goes on at `end`, where a [`super::replay()`] stopped. Everything before is durable from
    /// now on: the segment that a crash left is synced. No segment is begun before the first
    /// record.
    ///
    /// # Errors
    /// The file system's; a failed sync.
    pub fn open(
        volume: &Volume,
        directory: &Path,
        options: LogOptions,
        end: u64,
    ) -> Result<LogWriter> {
        volume.create_dir_all(directory)?;
        // Earlier segments became durable before this one was begun.
        if let Some(last) = segments(volume, directory)?.pop()
            && last.base < end
        {
            volume
                .file_system()
                .append(&last.path)
                .map_err(|source| Error::io(crate::storage::Action::Open, &last.path, source))?
                .sync()
                .map_err(|source| Error::io(crate::storage::Action::Sync, &last.path, source))?;
            volume.sync_dir(directory)?;
        }
        Ok(LogWriter {
            volume: volume.clone(),
            directory: directory.to_path_buf(),
            options,
            segment: None,
            end,
            frame: Vec::new(),
            sync: Arc::new(LogSync::new(end)),
        })
    }

    /// Log offset behind the last record.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// What others need to wait for and to make durable.
    pub fn sync(&self) -> &Arc<LogSync> {
        &self.sync
    }

    /// Appends a record; gives the log offset behind it. When this returns the record outlives the
    /// process; [`LogSync::wait`] on the offset makes it outlive power loss.
    ///
    /// # Errors
    /// [`Error::RecordTooLarge`]; the file system's, after which the next record goes to a new
    /// segment; [`Error::Poisoned`] after a failed sync.
    pub fn append(&mut self, kind: RecordKind, body: &[u8]) -> Result<u64> {
        self.append_with(kind, &mut |out| out.extend_from_slice(body))
    }

    /// [`LogWriter::append`] of a body that `encode` appends to the buffer it is given. It must
    /// leave alone what is in the buffer before.
    ///
    /// # Errors
    /// As [`LogWriter::append`].
    pub fn append_with(
        &mut self,
        kind: RecordKind,
        encode: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<u64> {
        self.frame.clear();
        self.frame.resize(FRAME_BYTES, 0);
        encode(&mut self.frame);
        let body = self.frame.len().saturating_sub(FRAME_BYTES);
        if body > BODY_BYTES_MAX {
            self.shrink();
            return Err(Error::RecordTooLarge { bytes: body as u64, limit: BODY_BYTES_MAX as u64 });
        }
        self.begin_segment_if_needed(self.frame.len() as u64)?;
        let Some(segment) = &mut self.segment else { return Err(Error::Closed) };
        seal_frame(&mut self.frame, kind, self.sync.durable(), self.options.salt);
        if let Err(error) = segment.file.append(&self.frame) {
            segment.broken = true;
            self.shrink();
            return Err(error);
        }
        self.end += self.frame.len() as u64;
        self.sync.publish(self.end);
        self.shrink();
        Ok(self.end)
    }

    fn shrink(&mut self) {
        if self.frame.capacity() > BUFFER_BYTES_KEPT {
            self.frame = Vec::new();
        }
    }

    /// Leaves the current segment; the next record begins another. Gives the log offset at which a
    /// replay may begin that is to see only records appended from now on. All before is durable.
    ///
    /// # Errors
    /// [`Error::Poisoned`] where the sync fails.
    pub fn rotate(&mut self) -> Result<u64> {
        if let Some(segment) = &self.segment {
            if let Err(error) = segment.file.sync() {
                return Err(self.sync.fail(error));
            }
            self.segment = None;
            self.sync.begin_segment(None, self.end);
        }
        match self.sync.failure() {
            Some(cause) => Err(Error::Poisoned { cause }),
            None => Ok(self.end),
        }
    }

    fn begin_segment_if_needed(&mut self, frame_bytes: u64) -> Result<()> {
        if let Some(segment) = &self.segment {
            let used = self.end - segment.base;
            let full = used > HEADER_BYTES && used + frame_bytes > self.options.segment_bytes_max;
            if !segment.broken && !full {
                return Ok(());
            }
            self.rotate()?;
        } else if let Some(cause) = self.sync.failure() {
            return Err(Error::Poisoned { cause });
        }
        let base = self.end;
        let header = Header { engine: self.options.engine, base, salt: self.options.salt };
        let file = self.volume.create(&self.directory.join(segment_name(base)))?;
        file.append(&header.encode())?;
        let durable = file.sync().and_then(|()| self.volume.sync_dir(&self.directory));
        if let Err(error) = durable {
            return Err(self.sync.fail(error));
        }
        self.end = base + HEADER_BYTES;
        self.sync.begin_segment(Some(file.clone()), self.end);
        self.segment = Some(OpenSegment { file, base, broken: false });
        Ok(())
    }

    /// Ends the log on purpose: all is durable and the mark of a clean close is the last record.
    /// Nothing is written where nothing was since the log was opened.
    ///
    /// # Errors
    /// The file system's, or [`Error::Poisoned`].
    pub fn close(&mut self) -> Result<()> {
        if self.segment.is_none() {
            return self.rotate().map(drop);
        }
        self.sync.sync()?;
        self.append(RecordKind::Close, &[])?;
        self.rotate().map(drop)
    }

    /// The segments that hold nothing at or behind `offset`, and so are needed no more by a replay
    /// from there.
    ///
    /// # Errors
    /// The file system's.
    pub fn segments_before(&self, offset: u64) -> Result<Vec<PathBuf>> {
        let mut files = segments(&self.volume, &self.directory)?;
        let open = self.segment.as_ref().map(|segment| segment.base);
        files.retain(|segment| segment.base < offset && Some(segment.base) != open);
        Ok(files.into_iter().map(|segment| segment.path).collect())
    }
}
