//! The root directory: which stores lie where, and which format they have.
//!
//! ~~~text
//! <root>/LOCK READERS FORMAT   metrics/ logs/ traces/ profiles/     (telemetry_core::storage::lock)
//!
//! FORMAT   "QUADRA" │ version u16 LE
//! ~~~
//!
//! Version 0 lasts until release 0.1. What a version 0 store holds is told apart by the revisions
//! in the stores' own files.

use std::path::Path;

use telemetry_core::storage::fs::Volume;
use telemetry_core::storage::lock::FORMAT_FILE;

use crate::Error;

const MAGIC: &[u8; 6] = b"QUADRA";
const VERSION: u16 = 0;

/// Longer than any version's file.
const BYTES_MAX: u64 = 64;

fn content() -> Vec<u8> {
    [&MAGIC[..], &VERSION.to_le_bytes()].concat()
}

/// Makes `root` a root directory, or checks that it is one of this version.
pub(crate) fn prepare(volume: &Volume, root: &Path) -> Result<(), Error> {
    volume.create_dir_all(root)?;
    let file = root.join(FORMAT_FILE);
    if volume.exists(&file)? {
        return check(volume, root);
    }
    volume.replace(&file, &content())?;
    Ok(())
}

/// Checks that `root` is a root directory of this version.
pub(crate) fn check(volume: &Volume, root: &Path) -> Result<(), Error> {
    let path = root.join(FORMAT_FILE);
    let found = volume.read(&path, BYTES_MAX)?;
    if found == content() { Ok(()) } else { Err(Error::Format { path, expected: VERSION }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use telemetry_core::storage::fs::MemoryFileSystem;

    #[test]
    fn golden_format_file_and_no_other() {
        let volume = Volume::new(Arc::new(MemoryFileSystem::new()));
        let root = Path::new("/db");
        prepare(&volume, root).unwrap();
        assert_eq!(volume.read(&root.join(FORMAT_FILE), 64).unwrap(), b"QUADRA\0\0");
        assert!(prepare(&volume, root).is_ok());
        volume.replace(&root.join(FORMAT_FILE), b"QUADRA\x01\0").unwrap();
        assert!(matches!(prepare(&volume, root), Err(Error::Format { .. })));
    }
}
