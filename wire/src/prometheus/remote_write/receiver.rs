//! [`Receiver`]: bodies in, commits out.

use telemetry_core::sink::MetricSink;

use super::known::Known;
use super::{BODY_BYTES_MAX_DEFAULT, decode as messages, decode_v2 as messages_v2};
use crate::error::Error;
use crate::outcome::Outcome;
use crate::pending::Items;
use crate::snappy;

/// The version of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// 1.0: `prometheus.WriteRequest`.
    #[default]
    V1,
    /// 2.0: `io.prometheus.write.v2.Request`.
    V2,
}

impl Version {
    /// The version that a content type names; none where it names neither.
    ///
    /// ```
    /// use wire::prometheus::remote_write::Version;
    /// let v2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
    /// assert_eq!(Version::of_content_type(v2), Some(Version::V2));
    /// assert_eq!(Version::of_content_type("application/x-protobuf"), Some(Version::V1));
    /// assert_eq!(Version::of_content_type("text/plain"), None);
    /// ```
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let mut parts = content_type.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("application/x-protobuf") {
            return None;
        }
        let message = parts.find_map(|part| part.strip_prefix("proto="));
        match message.map(|message| message.trim_matches('"')) {
            None | Some("prometheus.WriteRequest") => Some(Version::V1),
            Some("io.prometheus.write.v2.Request") => Some(Version::V2),
            Some(_) => None,
        }
    }
}

/// What became of a body.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "items may have been refused"]
pub struct Received {
    /// Items are samples: floats and histograms.
    pub outcome: Outcome,
    /// Floats that were stored.
    pub samples: u64,
    /// Histograms that were stored.
    pub histograms: u64,
    /// Exemplars that were handed to the sink.
    pub exemplars: u64,
}

/// Takes the bodies of one sender, or of one of its shards, and hands them to a sink.
///
/// It remembers the sender's series, up to about a million of them at 40 bytes each. One for each
/// connection is best: of a sender that keeps its order nothing has to be looked up.
///
/// ```
/// # use telemetry_core::model::{Exemplar, Metadata, SampleValue};
/// # use telemetry_core::sink::*;
/// # #[derive(Default)]
/// # struct Sink(u64);
/// # impl MetricSink for Sink {
/// #     fn resolve(&mut self, _: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason> { Ok(SeriesRef(0)) }
/// #     fn append(&mut self, _: SeriesRef, _: i64, _: SampleValue, _: i64) { self.0 += 1; }
/// #     fn refuse(&mut self, _: RefusalReason) {}
/// #     fn exemplar(&mut self, _: SeriesRef, _: Exemplar) {}
/// #     fn metadata(&mut self, _: &str, _: &Metadata) {}
/// #     fn commit(&mut self) -> Result<Committed, SinkError> {
/// #         Ok(Committed { stored: std::mem::take(&mut self.0), refused: Vec::new() })
/// #     }
/// # }
/// # let sink = Sink::default();
/// use telemetry_core::labels;
/// use wire::prometheus::remote_write::{Encoder, Receiver};
///
/// let mut encoder = Encoder::new();
/// let up = labels! { "__name__" => "up", "job" => "api" };
/// encoder.series(&up, |series| series.sample(1_700_000_000_000, 1.0));
/// let body = encoder.finish()?;
///
/// let mut receiver = Receiver::new(sink);
/// let received = receiver.receive(&body)?;
/// assert_eq!((received.samples, received.outcome.is_complete()), (1, true));
/// # Ok::<(), wire::Error>(())
/// ```
#[derive(Debug)]
pub struct Receiver<S> {
    sink: S,
    body_bytes_max: usize,
    memory: Memory,
}

/// What is kept from body to body.
#[derive(Debug, Default)]
struct Memory {
    known: Known,
    items: Items,
    body: Vec<u8>,
}

impl<S: MetricSink> Receiver<S> {
    /// A receiver that writes to `sink`.
    pub fn new(sink: S) -> Self {
        Receiver { sink, body_bytes_max: BODY_BYTES_MAX_DEFAULT, memory: Memory::default() }
    }

    /// Bytes that a body may have when decompressed; [`BODY_BYTES_MAX_DEFAULT`] by default.
    #[must_use]
    pub fn body_bytes_max(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }

    /// Hands the samples of a body of version 1.0 to the sink and commits them.
    ///
    /// Samples of a series whose labels have no metric name, repeat a name or are not UTF-8 are
    /// refused, as Prometheus does; so is what the sink does not take.
    ///
    /// # Errors
    ///
    /// Where the body is not one block of snappy with a write request in it, is too large, or the
    /// sink cannot store anything. Nothing is stored then, and the receiver can go on.
    pub fn receive(&mut self, body: &[u8]) -> Result<Received, Error> {
        self.receive_as(Version::V1, body)
    }

    /// As [`receive`](Self::receive), of a body of any version.
    ///
    /// # Errors
    ///
    /// As there. A symbol of version 2.0 that is not in the table refuses the samples of its
    /// series.
    pub fn receive_as(&mut self, version: Version, body: &[u8]) -> Result<Received, Error> {
        self.memory.receive(version, body, self.body_bytes_max, &mut self.sink)
    }

    /// The sink.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// The sink, for good.
    pub fn into_sink(self) -> S {
        self.sink
    }
}

impl Memory {
    fn receive<S: MetricSink + ?Sized>(
        &mut self,
        version: Version,
        body: &[u8],
        body_bytes_max: usize,
        sink: &mut S,
    ) -> Result<Received, Error> {
        let body = snappy::decompress(body, body_bytes_max, &mut self.body)?;
        // What a damaged body left behind.
        self.items.clear();
        match version {
            Version::V1 => messages::request(body, &mut self.known, sink, &mut self.items)?,
            Version::V2 => messages_v2::request(body, &mut self.known, sink, &mut self.items)?,
        }
        let handed_over = self.items.hand_over(sink);
        let outcome = Outcome::of(sink.commit()?, 0);
        let is_stored = |item: &&u64| {
            outcome.refused.binary_search_by_key(*item, |refusal| refusal.index).is_err()
        };
        let histograms = handed_over.histograms.iter().filter(is_stored).count() as u64;
        let samples = outcome.stored() - histograms;
        Ok(Received { samples, histograms, exemplars: handed_over.exemplars, outcome })
    }
}

/// Hands the samples of one body to `sink` and commits them: [`Receiver::receive_as`] for one body,
/// of at most [`BODY_BYTES_MAX_DEFAULT`].
///
/// # Errors
///
/// As there.
pub fn decode(version: Version, body: &[u8], sink: &mut dyn MetricSink) -> Result<Received, Error> {
    Memory::default().receive(version, body, BODY_BYTES_MAX_DEFAULT, sink)
}
