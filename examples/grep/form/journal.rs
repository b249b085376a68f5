//! The export format of the systemd journal.
//!
//! ~~~text
//! __REALTIME_TIMESTAMP=1795588497000000 \n
//! _HOSTNAME=web \n
//! MESSAGE=text \n                           a field whose value is one line of text
//! MESSAGE \n  u64 LE length  bytes  \n      any other value
//! \n                                        the end of the record
//! ~~~

use std::io::{self, BufRead, Read};

use crate::record::Record;

/// Bytes past which a value is refused.
const VALUE_BYTES_MAX: u64 = 16 << 20;
/// Fields that become metadata, and their names there.
const FIELDS: [(&[u8], &str); 5] = [
    (b"_HOSTNAME", "host"),
    (b"_SYSTEMD_UNIT", "unit"),
    (b"SYSLOG_IDENTIFIER", "app"),
    (b"_PID", "pid"),
    (b"PRIORITY", "priority"),
];

/// Whether a file that begins with `head` is an export of the journal.
pub(super) fn begins(head: &[u8]) -> bool {
    head.starts_with(b"__CURSOR=") || head.starts_with(b"__REALTIME_TIMESTAMP=")
}

/// The next record that has a message; none at the end.
pub(super) fn read(input: &mut dyn BufRead, buffer: &mut Vec<u8>) -> io::Result<Option<Record>> {
    let mut record = Record::default();
    let mut has_message = false;
    loop {
        buffer.clear();
        let bytes = io::Read::take(&mut *input, VALUE_BYTES_MAX).read_until(b'\n', buffer)?;
        buffer.pop_if(|byte| *byte == b'\n');
        if buffer.is_empty() {
            if has_message {
                return Ok(Some(record));
            }
            if bytes == 0 {
                return Ok(None);
            }
            record = Record::default();
            continue;
        }
        let (name, value) = match buffer.iter().position(|byte| *byte == b'=') {
            Some(at) => (buffer[..at].to_vec(), buffer[at + 1..].to_vec()),
            None => (buffer.clone(), binary(input)?),
        };
        match &*name {
            b"MESSAGE" => {
                record.line = value;
                has_message = true;
            }
            b"__REALTIME_TIMESTAMP" => {
                let micros: Option<i64> = String::from_utf8_lossy(&value).parse().ok();
                record.time = micros.and_then(|micros| micros.checked_mul(1_000));
            }
            name => {
                let field = FIELDS.iter().find(|(field, _)| *field == name);
                let text = || String::from_utf8_lossy(&value).into_owned();
                record.metadata.extend(field.map(|(_, name)| (*name, text())));
            }
        }
    }
}

fn binary(input: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > VALUE_BYTES_MAX {
        let text = format!("a field of the journal says it has {length} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let mut value = Vec::new();
    let read = io::Read::take(&mut *input, length).read_to_end(&mut value)?;
    let mut end = [0; 1];
    input.read_exact(&mut end)?;
    if read as u64 != length || end != [b'\n'] {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a field of the journal is cut"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_lines_or_have_a_length() {
        let mut file = b"__REALTIME_TIMESTAMP=5\n_HOSTNAME=web\nMESSAGE=one\n\n".to_vec();
        file.extend_from_slice(b"MESSAGE\n\x07\0\0\0\0\0\0\0two\n\x00..\n\n");
        let mut input = &*file;
        let mut buffer = Vec::new();
        let first = read(&mut input, &mut buffer).unwrap().unwrap();
        assert_eq!((first.time, &*first.line), (Some(5_000), &b"one"[..]));
        assert_eq!(first.metadata, [("host", "web".to_owned())]);
        let second = read(&mut input, &mut buffer).unwrap().unwrap();
        assert_eq!(second.line, b"two\n\x00..");
        assert_eq!(read(&mut input, &mut buffer).unwrap(), None);
    }

    #[test]
    fn a_length_past_the_end_is_an_error() {
        let mut input = &b"MESSAGE\n\xff\0\0\0\0\0\0\0short"[..];
        assert!(read(&mut input, &mut Vec::new()).is_err());
    }
}
