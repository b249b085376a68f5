//! The export format of the systemd journal.
//!
//! ~~~text
//! __REALTIME_TIMESTAMP=1795588497000000 \n
//! _HOSTNAME=web \n
//! MESSAGE=text \n                           a field whose value is one line of text
//! MESSAGE \n  u64 LE length  bytes  \n      any other value
//! \n                                        the end of the record
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use memchr::memchr;

use super::Record;
use crate::error::Error;

/// Bytes past which a field is refused.
const FIELD_BYTES_MAX: usize = 16 << 20;
/// Bytes of a length.
const LENGTH_BYTES: usize = 8;
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

/// The record whose fields are read.
#[derive(Debug, Default)]
pub(in crate::lines) struct Journal {
    record: Record<'static>,
    has_message: bool,
}

/// A field at the head of some bytes.
enum Field<'f> {
    /// Name and value.
    Pair(&'f [u8], &'f [u8]),
    /// The end of the record.
    End,
}

/// The field that `bytes` begin with, and how many of them it takes; none if its end has not come.
fn field(bytes: &[u8]) -> Result<Option<(Field<'_>, usize)>, Error> {
    let Some(end) = memchr(b'\n', bytes) else {
        let is_endless = bytes.len() > FIELD_BYTES_MAX;
        return if is_endless { Err(Error::TooLarge { limit: FIELD_BYTES_MAX }) } else { Ok(None) };
    };
    let (line, behind) = bytes.split_at_checked(end).unwrap_or((bytes, b""));
    if line.is_empty() {
        return Ok(Some((Field::End, 1)));
    }
    if let Some(at) = memchr(b'=', line) {
        let (name, value) = line.split_at_checked(at).unwrap_or((line, b""));
        return Ok(Some((Field::Pair(name, value.get(1..).unwrap_or_default()), end + 1)));
    }
    let behind = behind.get(1..).unwrap_or_default();
    let Some((length, behind)) = behind.split_first_chunk::<LENGTH_BYTES>() else {
        return Ok(None);
    };
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > FIELD_BYTES_MAX {
        return Err(Error::TooLarge { limit: FIELD_BYTES_MAX });
    }
    match (behind.get(..length), behind.get(length)) {
        (Some(value), Some(b'\n')) => {
            Ok(Some((Field::Pair(line, value), end + 1 + LENGTH_BYTES + length + 1)))
        }
        (Some(_), Some(_)) => Err(Error::JournalField { position: end + 1 }),
        _ => Ok(None),
    }
}

impl Journal {
    /// Reads whole fields off the head of `bytes` until a record with a message is complete. Gives it
    /// and how many bytes were read.
    ///
    /// # Errors
    ///
    /// A field is too long, or its length is not that of its value.
    pub(in crate::lines) fn read(
        &mut self,
        bytes: &[u8],
    ) -> Result<(Option<Record<'static>>, usize), Error> {
        let mut used = 0;
        while let Some((field, length)) = field(bytes.get(used..).unwrap_or_default())? {
            used += length;
            match field {
                Field::End => {
                    let record = self.finish();
                    if record.is_some() {
                        return Ok((record, used));
                    }
                }
                Field::Pair(name, value) => self.put(name, value),
            }
        }
        Ok((None, used))
    }

    /// What was read of the record, if it has a message; the next one begins.
    pub(in crate::lines) fn finish(&mut self) -> Option<Record<'static>> {
        let record = std::mem::take(&mut self.record);
        std::mem::take(&mut self.has_message).then_some(record)
    }

    fn put(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"MESSAGE" => {
                self.record.line = value.to_vec().into();
                self.has_message = true;
            }
            b"__REALTIME_TIMESTAMP" => {
                let micros = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                self.record.time = micros.and_then(|micros: i64| micros.checked_mul(1_000));
            }
            name => {
                let metadata = &mut self.record.metadata;
                // A field may come several times: the first counts, as a name stands for one value.
                if let Some((_, name)) = FIELDS.iter().find(|(field, _)| *field == name)
                    && !metadata.iter().any(|(known, _)| known == name)
                {
                    metadata.push((name, String::from_utf8_lossy(value).into_owned().into()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Vec<u8> {
        let mut file = b"__REALTIME_TIMESTAMP=5\n_HOSTNAME=web\nMESSAGE=one\n\n\n".to_vec();
        file.extend_from_slice(
            b"_PID=1\n\nMESSAGE\n\x07\0\0\0\0\0\0\0two\n\x00..\n\nMESSAGE=end\n",
        );
        file
    }

    #[test]
    fn values_are_lines_or_have_a_length() {
        let (file, mut journal) = (file(), Journal::default());
        let (first, used) = journal.read(&file).unwrap();
        let first = first.unwrap();
        assert_eq!((first.time, &*first.line), (Some(5_000), &b"one"[..]));
        assert_eq!(first.metadata, [("host", "web".into())]);
        let (second, more) = journal.read(&file[used..]).unwrap();
        let second = second.unwrap();
        assert_eq!(&*second.line, b"two\n\x00..");
        assert!(second.metadata.is_empty(), "a record without a message is no record");
        let (none, rest) = journal.read(&file[used + more..]).unwrap();
        assert_eq!((none, used + more + rest), (None, file.len()));
        assert_eq!(&*journal.finish().unwrap().line, b"end");
        assert_eq!(journal.finish(), None);
    }

    #[test]
    fn of_a_field_that_comes_again_the_first_counts() {
        let (record, _) = Journal::default().read(b"_PID=1\n_PID=2\nMESSAGE=a\n\n").unwrap();
        assert_eq!(record.unwrap().metadata, [("pid", "1".into())]);
    }

    #[test]
    fn a_wrong_length_is_an_error() {
        let too_large = Journal::default().read(b"MESSAGE\n\0\0\0\0\xff\0\0\0short");
        assert!(matches!(too_large, Err(Error::TooLarge { .. })));
        let wrong = Journal::default().read(b"MESSAGE\n\x01\0\0\0\0\0\0\0two\n");
        assert!(matches!(wrong, Err(Error::JournalField { position: 8 })));
        let cut = Journal::default().read(b"MESSAGE\n\x01\0\0\0\0\0\0\0t").unwrap();
        assert_eq!(cut, (None, 0));
    }
}
