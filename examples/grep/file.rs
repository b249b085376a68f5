//! A file as bytes, whatever it is packed with, and how far it has been read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use flate2::read::MultiGzDecoder;

/// Bytes looked at to recognise a form.
const BUFFER_BYTES: usize = 256 << 10;
/// A file is long from here on, and its progress is shown.
const LONG_BYTES: u64 = 64 << 20;
/// Bytes between two words on progress.
const REPORT_EVERY_BYTES: u64 = 16 << 20;

/// Opens `path`; gzip is unpacked.
pub(crate) fn open(path: &Path) -> io::Result<(BufReader<Box<dyn Read>>, Progress)> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let done = Arc::new(AtomicU64::new(0));
    let counted = Counted { inner: file, done: done.clone() };
    let mut packed = BufReader::with_capacity(BUFFER_BYTES, counted);
    let is_gzip = packed.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let plain: Box<dyn Read> =
        if is_gzip { Box::new(MultiGzDecoder::new(packed)) } else { Box::new(packed) };
    let is_shown = bytes >= LONG_BYTES && io::stderr().is_terminal();
    let progress =
        Progress { path: path.to_owned(), bytes, done, told: 0, is_shown, began: Instant::now() };
    Ok((BufReader::with_capacity(BUFFER_BYTES, plain), progress))
}

/// Counts the bytes that were taken from the file itself.
struct Counted {
    inner: File,
    done: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(into)?;
        self.done.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

/// How much of a file has been read, told on a terminal while it goes on.
pub(crate) struct Progress {
    path: PathBuf,
    bytes: u64,
    done: Arc<AtomicU64>,
    told: u64,
    is_shown: bool,
    began: Instant,
}

impl Progress {
    /// Tells it where enough has happened since it was told last.
    pub(crate) fn tell(&mut self) {
        let done = self.done.load(Ordering::Relaxed);
        if !self.is_shown || done < self.told + REPORT_EVERY_BYTES {
            return;
        }
        self.told = done;
        let percent = done.saturating_mul(100) / self.bytes.max(1);
        let speed = done as f64 / 1e6 / self.began.elapsed().as_secs_f64().max(1e-3);
        // What cannot be told is no reason to stop.
        let _ = write!(io::stderr(), "\r{}: {percent} %, {speed:.0} MB/s  ", self.path.display());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.told > 0 {
            let _ = writeln!(io::stderr(), "\r{}: done            ", self.path.display());
        }
    }
}
