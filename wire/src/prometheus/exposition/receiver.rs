//! [`ExpositionReceiver`]: the bodies of one target in, commits out.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::labels::Labels;
use telemetry_core::sink::MetricSink;
use telemetry_core::time::Millis;

use super::decode::{Families, hand_over, with_labels};
use super::entry::Entry;
use super::visit::{Sampled, Visit};
use super::{Format, ReadOptions, message, read};
use crate::error::Error;
use crate::known::Known;
use crate::outcome::Outcome;
use crate::pending::{Items, Pending};

/// Takes the expositions of one target and hands them to a sink, as
/// [`decode_exposition`](super::decode_exposition) does.
///
/// Of protobuf it remembers the series of metrics, up to about a million at 8 bytes each and 32 per
/// metric, so that of a metric that has been there before only the values are read. Texts are read
/// anew every time. What it does not do is all that a scrape is besides its samples, such as
/// staleness: for that there is [`Scrape`](crate::scrape::Scrape).
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
/// use telemetry_core::time::Millis;
/// use wire::prometheus::{ExpositionReceiver, Format};
///
/// let target = labels! { "job" => "api", "instance" => "10.0.0.1:9090" };
/// let mut receiver = ExpositionReceiver::new(sink, target);
/// for time in [1_700_000_000_000, 1_700_000_015_000] {
///     let outcome = receiver.receive(b"up 1\n", Format::Text, Millis(time))?;
///     assert_eq!((outcome.items, outcome.is_complete()), (1, true));
/// }
/// # Ok::<(), wire::Error>(())
/// ```
#[derive(Debug)]
pub struct ExpositionReceiver<S> {
    sink: S,
    target: Labels,
    known: Known,
    items: Items,
}

impl<S: MetricSink> ExpositionReceiver<S> {
    /// A receiver that writes to `sink`. Every series gets the labels of the target.
    pub fn new(sink: S, target: Labels) -> Self {
        ExpositionReceiver { sink, target, known: Known::default(), items: Items::default() }
    }

    /// Hands the samples of an exposition to the sink and commits them. Items and refusals are
    /// those of [`decode_exposition`](super::decode_exposition).
    ///
    /// # Errors
    ///
    /// As there. Nothing is stored then, and the receiver can go on.
    pub fn receive(
        &mut self,
        body: &[u8],
        format: Format,
        default_time: Millis,
    ) -> Result<Outcome, Error> {
        // What a damaged body left behind.
        self.known.forget();
        let target: Vec<_> = self.target.iter().collect();
        let mut gather = Gather {
            sink: Pending::new(&mut self.sink, &mut self.items),
            known: &mut self.known,
            families: Families::default(),
            target: &target,
            default_time: default_time.0,
        };
        let options = ReadOptions::default();
        match format {
            Format::Protobuf => message::read(body, options, &mut gather)?,
            text => read(body, text, options, &mut |entry| gather.entry(entry))?,
        }
        gather.families.finish(&mut gather.sink);
        Ok(Outcome::of(gather.sink.commit()?, 0))
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

/// What is read goes to the pending items of `sink`.
struct Gather<'x, S> {
    sink: Pending<'x, S>,
    known: &'x mut Known,
    families: Families,
    target: &'x [(&'x str, &'x str)],
    default_time: i64,
}

impl<S: MetricSink> Visit for Gather<'_, S> {
    const REMEMBERS: bool = true;

    fn entry(&mut self, entry: Entry<'_>) {
        let Some(sample) = self.families.take(entry) else { return };
        let series = with_labels(sample.name, sample.labels, self.target, &mut self.sink);
        self.known.note(series.as_ref().ok().copied());
        hand_over(Sampled::from(&sample), series, self.default_time, &mut self.sink);
    }

    fn begin(&mut self, key: Option<u128>) -> bool {
        key.is_some_and(|key| self.known.begin(key, |series| self.sink.is_live(series)))
    }

    #[inline]
    fn known(&mut self, sample: Sampled<'_>) {
        // As many are known as the metric has.
        if let Some(series) = self.known.next() {
            hand_over(sample, Ok(series), self.default_time, &mut self.sink);
        }
    }

    fn finish(&mut self) {
        self.known.finish();
    }
}
