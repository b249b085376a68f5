//! How fast lines may come in: buckets that fill with time and that lines take from.

use hashbrown::HashMap;
use parking_lot::Mutex;
use telemetry_core::labels::Labels;
use telemetry_core::sink::RefusalReason;

use crate::Limits;
use crate::limits::Rate;

const NANOS_PER_SECOND: f64 = 1e9;

/// Streams whose buckets are kept. Past this many those that are full again are forgotten: a
/// bucket that is full tells nothing.
const STREAMS_MAX: usize = 100_000;

/// What was taken of the rates of a store.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    store: Option<Bucket>,
    streams: HashMap<u64, Bucket>,
}

/// Bytes that may still come, and when that was true.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    bytes: f64,
    at: i64,
}

impl Bucket {
    fn full(rate: Rate, now: i64) -> Self {
        Bucket { bytes: rate.burst_bytes as f64, at: now }
    }

    /// What has flowed in since. A clock that goes back brings nothing.
    fn fill(&mut self, rate: Rate, now: i64) {
        let seconds = now.saturating_sub(self.at).max(0) as f64 / NANOS_PER_SECOND;
        let bytes = self.bytes + seconds * rate.bytes_per_second as f64;
        *self = Bucket { bytes: bytes.min(rate.burst_bytes as f64), at: now.max(self.at) };
    }
}

impl Taken {
    /// Takes the bytes of a line, or says what is used up; then nothing is taken.
    pub(crate) fn take(
        &self,
        limits: &Limits,
        stream: &Labels,
        bytes: usize,
        now: i64,
    ) -> Result<(), RefusalReason> {
        if limits.rate.is_none() && limits.stream_rate.is_none() {
            return Ok(());
        }
        let mut buckets = self.buckets.lock();
        let Buckets { store, streams } = &mut *buckets;
        let bytes = bytes as f64;
        let mut of_store = limits.rate.map(|rate| {
            let bucket = store.get_or_insert_with(|| Bucket::full(rate, now));
            bucket.fill(rate, now);
            (bucket, rate)
        });
        let mut of_stream = limits.stream_rate.map(|rate| {
            if streams.len() >= STREAMS_MAX {
                streams.retain(|_, bucket| {
                    bucket.fill(rate, now);
                    bucket.bytes < rate.burst_bytes as f64
                });
            }
            let bucket = streams.entry(stream.hash64()).or_insert_with(|| Bucket::full(rate, now));
            bucket.fill(rate, now);
            (bucket, rate)
        });
        let named = [("the store", &mut of_store), ("a stream", &mut of_stream)];
        for (what, bucket) in &named {
            if let Some((bucket, rate)) = bucket
                && bucket.bytes < bytes
            {
                return Err(RefusalReason::TooFast { what, limit: rate.bytes_per_second });
            }
        }
        for (_, bucket) in named {
            if let Some((bucket, _)) = bucket {
                bucket.bytes -= bytes;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels;

    #[test]
    fn bytes_come_back_with_time() {
        let rate = |bytes_per_second, burst_bytes| Some(Rate { bytes_per_second, burst_bytes });
        let limits = Limits { rate: rate(10, 30), stream_rate: rate(5, 20), ..Limits::default() };
        let (a, b) = (labels! { "a" => "1" }, labels! { "b" => "1" });
        let taken = Taken::default();
        let take = |stream, bytes, seconds: i64| {
            taken.take(&limits, stream, bytes, seconds * 1_000_000_000).map_err(|e| e.to_string())
        };
        assert!(take(&a, 20, 0).is_ok());
        assert_eq!(take(&a, 1, 0).unwrap_err(), "a stream takes at most 5 bytes per second");
        assert_eq!(take(&b, 11, 0).unwrap_err(), "the store takes at most 10 bytes per second");
        assert!(take(&b, 10, 0).is_ok());
        assert!(take(&a, 5, 1).is_ok());
        // Of the ten of that second five are left.
        assert!(take(&b, 6, 1).is_err());
        assert!(take(&b, 5, 1).is_ok());
        // However long it waits, no more than a burst; and the clock may go back.
        assert!(take(&a, 21, 1_000).is_err());
        assert!(take(&a, 20, 1_000).is_ok());
        assert!(take(&a, 1, 0).is_err());
    }
}
