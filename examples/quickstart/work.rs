//! Something to observe: jobs that read the machine's own files and count what they find.

use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use tracing::{debug_span, error, info, info_span, warn};

/// Files read by one job at the most.
const FILES_MAX: usize = 20;
/// Bytes read of one file at the most.
const FILE_BYTES_MAX: usize = 64 << 10;

/// What one job did.
pub(crate) struct Done {
    pub(crate) kind: &'static str,
    pub(crate) failed: bool,
    pub(crate) bytes: usize,
}

/// Jobs, one after the other, over the files below a directory.
pub(crate) struct Work {
    files: Vec<PathBuf>,
    next: usize,
    number: usize,
}

impl Work {
    /// Work on the files below `root`.
    pub(crate) fn new(root: &Path) -> Self {
        let mut files = Vec::new();
        let mut open = vec![root.to_path_buf()];
        while let Some(directory) = open.pop() {
            let Ok(entries) = fs::read_dir(&directory) else { continue };
            for entry in entries.flatten() {
                // What was built or is hidden is no reading matter.
                let name = entry.file_name();
                if name == "target" || name.to_string_lossy().starts_with('.') {
                    continue;
                }
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && open.len() < 1_000 => open.push(entry.path()),
                    Ok(kind) if kind.is_file() => files.push(entry.path()),
                    _ => {}
                }
            }
            if files.len() > 10_000 {
                break;
            }
        }
        files.sort();
        Work { files, next: 0, number: 0 }
    }

    /// Does the next job: counts words, takes checksums, or looks for a file that is not there.
    pub(crate) fn job(&mut self) -> Done {
        self.number += 1;
        let kind = match self.number % 7 {
            0 => "lookup",
            odd if odd % 2 == 1 => "count-words",
            _ => "checksum",
        };
        let span = info_span!("job", kind, number = self.number, bytes = tracing::field::Empty);
        let _entered = span.enter();
        let files: Vec<PathBuf> =
            self.files.iter().cycle().skip(self.next).take(FILES_MAX).cloned().collect();
        self.next = (self.next + FILES_MAX) % self.files.len().max(1);
        let bytes = match kind {
            "lookup" => return lookup(self.number),
            "checksum" => checksum(&files),
            _ => count_words(&files),
        };
        span.record("bytes", bytes);
        info!(kind, bytes, files = files.len(), "job done");
        Done { kind, failed: false, bytes }
    }
}

fn lookup(number: usize) -> Done {
    let path = std::env::temp_dir().join(format!("quadra-quickstart-missing-{number}"));
    match fs::metadata(&path) {
        Ok(_) => Done { kind: "lookup", failed: false, bytes: 0 },
        Err(cause) => {
            error!(kind = "lookup", cause = %cause, "job failed");
            Done { kind: "lookup", failed: true, bytes: 0 }
        }
    }
}

fn read(path: &Path) -> Vec<u8> {
    let _span = debug_span!("read", file = %path.display()).entered();
    let mut bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(cause) => {
            warn!(cause = %cause, "file left out");
            return Vec::new();
        }
    };
    bytes.truncate(FILE_BYTES_MAX);
    bytes
}

fn checksum(files: &[PathBuf]) -> usize {
    let mut total = 0;
    let mut hasher = DefaultHasher::new();
    for file in files {
        let bytes = read(file);
        let _span = debug_span!("hash", bytes = bytes.len()).entered();
        bytes.hash(&mut hasher);
        total += bytes.len();
    }
    std::hint::black_box(hasher.finish());
    total
}

fn count_words(files: &[PathBuf]) -> usize {
    let mut total = 0;
    let mut words: HashMap<Vec<u8>, u64> = HashMap::new();
    for file in files {
        let bytes = read(file);
        let _span = debug_span!("split", bytes = bytes.len()).entered();
        for word in bytes.split(|byte| !byte.is_ascii_alphanumeric()) {
            *words.entry(word.to_vec()).or_default() += 1;
        }
        total += bytes.len();
    }
    std::hint::black_box(words.len());
    total
}
