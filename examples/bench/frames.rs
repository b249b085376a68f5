//! The frames of a workload's file.
//!
//! ~~~text
//! .rw .push .otlp   length u32 LE · shard u32 LE · body
//! .pprofs           n u32 LE · m u32 LE · n bytes of JSON · m bytes of pprof
//! ~~~

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// A frame; the reader's memory is used again for the next one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) shard: u32,
    /// What says more about the body; empty but for profiles.
    pub(crate) head: &'a [u8],
    pub(crate) body: &'a [u8],
}

/// Reads the frames of some shards of a file.
#[derive(Debug)]
pub(crate) struct Frames {
    file: BufReader<File>,
    has_heads: bool,
    /// Frames whose shard has this rest.
    part: u32,
    parts: u32,
    next: u32,
    memory: Vec<u8>,
}

impl Frames {
    /// The frames of the shards `part`, `part + parts`, …. Frames with a head have no shard: their
    /// number stands for it.
    pub(crate) fn open(path: &Path, has_heads: bool, part: u32, parts: u32) -> io::Result<Self> {
        let file = BufReader::with_capacity(1 << 16, File::open(path)?);
        Ok(Frames { file, has_heads, part, parts, next: 0, memory: Vec::new() })
    }

    /// The next frame; none at the end of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<Frame<'_>>> {
        loop {
            let mut lengths = [0; 8];
            match self.file.read_exact(&mut lengths) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) => return Err(error),
            }
            let ([first, second], _) = lengths.as_chunks::<4>() else { return Ok(None) };
            let [first, second] = [first, second].map(|bytes| u32::from_le_bytes(*bytes));
            let number = self.next;
            self.next = number.wrapping_add(1);
            let (head, body, shard) =
                if self.has_heads { (first, second, number) } else { (0, first, second) };
            let bytes = head as usize + body as usize;
            if shard % self.parts != self.part {
                self.file.seek_relative(i64::try_from(bytes).unwrap_or(i64::MAX))?;
                continue;
            }
            self.memory.resize(bytes, 0);
            self.file.read_exact(&mut self.memory)?;
            let (head, body) = self.memory.split_at(head as usize);
            return Ok(Some(Frame { shard, head, body }));
        }
    }
}
