//! A whole file at once.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;

use flate2::bufread::MultiGzDecoder;
use telemetry_core::sink::LogSink;

use super::importer::Importer;
use super::options::Imported;
use super::pieces::for_each_piece;
use crate::error::Error;
use crate::gzip::is_gzip;

/// Bytes of a packed file that are unpacked at once.
const UNPACKED_BYTES: usize = 256 << 10;

/// Feeds all of `input` to an importer; what is packed with gzip is unpacked. `progress` is told how
/// far it is after each piece, and may stop it: what was read until then is stored. Memory stays
/// within the buffer of `input`, [`batch_bytes`](super::LineOptions::batch_bytes) and the longest line.
///
/// # Errors
///
/// Where the input cannot be read or unpacked, an export of the journal in it is damaged, or the sink
/// cannot store anything. What was read before is stored all the same, unless the sink cannot; the last
/// line of it may be cut.
pub fn import<S: LogSink>(
    input: &mut dyn BufRead,
    mut importer: Importer<S>,
    mut progress: impl FnMut(&Imported) -> ControlFlow<()>,
) -> Result<Imported, Error> {
    let head = input.fill_buf().map_err(|source| Error::Read { source })?;
    if !is_gzip(head) {
        let read = for_each_piece(input, |piece| {
            importer.feed(piece)?;
            Ok(progress(&importer.imported()))
        });
        return finished(importer, read);
    }
    let taken = Cell::new(0);
    let unpacked = MultiGzDecoder::new(Counted { input, bytes: &taken });
    let mut unpacked = BufReader::with_capacity(UNPACKED_BYTES, unpacked);
    let read = for_each_piece(&mut unpacked, |piece| {
        importer.feed(piece)?;
        importer.set_file_bytes(taken.get());
        Ok(progress(&importer.imported()))
    });
    importer.set_file_bytes(taken.get());
    let read = read.map_err(|error| match error {
        Error::Read { source } => Error::Gzip { source },
        other => other,
    });
    finished(importer, read)
}

/// Stores what was fed, whether all of the input was or not.
fn finished<S: LogSink>(
    mut importer: Importer<S>,
    read: Result<(), Error>,
) -> Result<Imported, Error> {
    match read {
        Ok(()) => importer.finish(),
        Err(error @ Error::Sink(_)) => Err(error),
        Err(error @ (Error::Read { .. } | Error::Gzip { .. })) => {
            importer.finish()?;
            Err(error)
        }
        // The form is damaged: there is no last record.
        Err(error) => {
            importer.commit()?;
            Err(error)
        }
    }
}

/// Counts what is taken of an input.
struct Counted<'i> {
    input: &'i mut dyn BufRead,
    bytes: &'i Cell<u64>,
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.input.read(into)?;
        self.bytes.set(self.bytes.get() + bytes as u64);
        Ok(bytes)
    }
}

impl BufRead for Counted<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.set(self.bytes.get() + amount as u64);
        self.input.consume(amount);
    }
}
