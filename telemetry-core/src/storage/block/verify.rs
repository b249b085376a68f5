//! The full check of a block: every byte of every file.

use super::reader::BlockReader;
use crate::storage::error::{Damage, Damaged, Result};
use crate::storage::fs::Volume;

/// Checks every file of a block and that their sizes are what the manifest says.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify_block(volume: &Volume, block: &BlockReader) -> Result<()> {
    let mut bytes = 0;
    for entry in volume.list(block.directory())? {
        let path = block.directory().join(&entry.name);
        if entry.is_dir {
            return Err(Damaged::field(0, "a directory in a block").in_file(&path, 0));
        }
        bytes += volume.metadata(&path)?.bytes;
        block.file(&entry.name)?.verify()?;
    }
    if bytes == block.entry().bytes {
        return Ok(());
    }
    let damage = Damage::Truncated { needed: block.entry().bytes, available: bytes };
    Err(Damaged::at(0, damage).in_file(block.directory(), 0))
}
