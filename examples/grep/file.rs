//! The first bytes of a file, whatever it is packed with, and how far it has been read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use flate2::read::MultiGzDecoder;

/// Bytes looked at to recognise a form.
const HEAD_BYTES: u64 = 64 << 10;
/// A file is long from here on, and its progress is shown.
const LONG_BYTES: u64 = 64 << 20;
/// Bytes between two words on progress.
const REPORT_EVERY_BYTES: u64 = 16 << 20;

/// The first bytes of the file at `path`; gzip is unpacked.
pub(crate) fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut packed = BufReader::new(File::open(path)?);
    let mut head = Vec::new();
    if packed.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(packed).take(HEAD_BYTES).read_to_end(&mut head)?;
    } else {
        packed.take(HEAD_BYTES).read_to_end(&mut head)?;
    }
    Ok(head)
}

/// How much of a file has been read, told on a terminal while it goes on.
pub(crate) struct Progress {
    path: PathBuf,
    bytes: u64,
    told: u64,
    is_shown: bool,
    began: Instant,
}

impl Progress {
    pub(crate) fn new(path: &Path, bytes: u64) -> Self {
        let is_shown = bytes >= LONG_BYTES && io::stderr().is_terminal();
        Progress { path: path.to_owned(), bytes, told: 0, is_shown, began: Instant::now() }
    }

    /// Tells it where enough has happened since it was told last.
    pub(crate) fn tell(&mut self, done: u64) {
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
