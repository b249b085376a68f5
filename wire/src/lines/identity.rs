//! What a file keeps when it is renamed: the only place of this crate that knows one system from
//! another. It is not with the file system of the storage kernel, which this crate does not link.

use std::fs::File;
use std::io;

/// While a file is open no other one has its identity; afterwards it may be given away again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileIdentity {
    /// The number of its device, which may be another one after the machine was started again.
    pub(super) device: u64,
    /// Its number on the device.
    pub(super) inode: u64,
}

#[cfg(unix)]
pub(super) fn identity(file: &File) -> io::Result<Option<FileIdentity>> {
    use std::os::unix::fs::MetadataExt as _;

    let metadata = file.metadata()?;
    Ok(Some(FileIdentity { device: metadata.dev(), inode: metadata.ino() }))
}

#[cfg(not(unix))]
pub(super) fn identity(_: &File) -> io::Result<Option<FileIdentity>> {
    Ok(None)
}
