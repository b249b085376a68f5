//! The frames of a workload: `length u32 LE · shard u32 LE · body`.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use super::Result;

/// Calls `then` with the body of every frame.
pub(super) fn each(path: &Path, mut then: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let mut body = Vec::new();
    loop {
        let mut head = [0; 8];
        match file.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let [a, b, c, d, ..] = head;
        body.resize(u32::from_le_bytes([a, b, c, d]) as usize, 0);
        file.read_exact(&mut body)?;
        then(&body)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_come_in_order() {
        let folder = std::env::temp_dir().join(format!("quadra-frames-{}", std::process::id()));
        std::fs::write(&folder, b"\x03\0\0\0\x07\0\0\0one\0\0\0\0\0\0\0\0").unwrap();
        let mut bodies = Vec::new();
        each(&folder, |body| {
            bodies.push(body.to_vec());
            Ok(())
        })
        .unwrap();
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(bodies, [b"one".to_vec(), Vec::new()]);
    }
}
