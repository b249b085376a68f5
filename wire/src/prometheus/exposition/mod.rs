//! Expositions: what an application shows when it is scraped.
//!
//! ~~~text
//! # HELP http_requests_total Requests by code.      \\ and \n in the help text
//! # TYPE http_requests_total counter                counter gauge histogram summary untyped
//! http_requests_total{code="200",} 1027 1395066363000
//! {"http.requests", "k8s.pod"="a"} 3
//! ~~~
//!
//! 1. `cursor` reads tokens of a text and knows line and byte.
//! 2. `text`, `openmetrics` (with `created`) and `message` (with `histogram` and `series`) read one
//!    format each and hand on entries: metadata and samples; `message` to whoever can `visit`, which
//!    may know the series of a metric.
//! 3. `convert` makes native histograms with custom buckets of classic ones, where that is wanted.
//! 4. `decode` applies the target's labels and hands samples to a sink, `receiver` does so for body
//!    after body of one target.
//! 5. `content_type` tells formats by content types, `escape` spells names for those who know only the
//!    classic ones, `write` and `write_message` go the other way.

mod bound;
mod content_type;
mod convert;
mod created;
mod cursor;
mod decode;
mod entry;
mod escape;
mod histogram;
mod message;
mod openmetrics;
mod receiver;
mod series;
mod text;
mod visit;
mod write;
mod write_message;

pub use content_type::{Format, accept};
pub(crate) use decode::Families;
pub use decode::{decode_exposition, decode_text};
pub use entry::{Entry, Exposed, ExposedExemplar, ExposedValue, Label};
pub use escape::{Escaping, escape_name, unescape_name};
pub use receiver::ExpositionReceiver;
pub use write::{ExpositionWriter, NativeInText};

use convert::Converter;

use crate::error::Error;

/// What of an exposition is read. The default is everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Whether `_created` lines of OpenMetrics are samples, instead of the start timestamps of
    /// their metrics.
    pub created_series: bool,
    /// Whether native histograms of protobuf are left out. Their classic form is always read then.
    pub ignore_native: bool,
    /// Whether the classic form of a histogram that is also native, or becomes so, is left out.
    pub native_alone: bool,
    /// Whether classic histograms become native ones with custom buckets, which come when the
    /// histogram has ended. What cannot be converted is left out, as in Prometheus.
    pub convert_classic: bool,
}

/// Hands the entries of an exposition to `visit`, in the order of the input.
///
/// Of OpenMetrics, the samples of a family come when the family has ended, because their start
/// timestamps may follow them.
///
/// # Errors
///
/// Where the input is not in the format. The entries in front of the error have been visited.
pub fn read_exposition(
    input: &[u8],
    format: Format,
    options: ReadOptions,
    mut visit: impl FnMut(Entry<'_>),
) -> Result<(), Error> {
    read(input, format, options, &mut visit)
}

pub(crate) fn read(
    input: &[u8],
    format: Format,
    options: ReadOptions,
    visit: &mut impl FnMut(Entry<'_>),
) -> Result<(), Error> {
    if !options.convert_classic {
        return read_unconverted(input, format, options, visit);
    }
    let mut converter = Converter::new(!options.native_alone);
    read_unconverted(input, format, options, &mut |entry| converter.take(entry, visit))?;
    converter.finish(visit);
    Ok(())
}

fn read_unconverted(
    input: &[u8],
    format: Format,
    options: ReadOptions,
    visit: &mut impl FnMut(Entry<'_>),
) -> Result<(), Error> {
    match format {
        Format::Text => text::read(input, visit),
        Format::OpenMetrics => openmetrics::read(input, options, visit),
        Format::Protobuf => message::read(input, options, &mut visit::Entries(visit)),
    }
}
