//! `stage.limit`: lines per second.

use std::collections::HashMap;

use super::{Run, StageSetupError, required, some};

const STAGE: &str = "limit";
const REASON: &str = "ratelimit_drop_stage";
const NANOS_PER_SECOND: f64 = 1e9;

/// Drops lines that come too fast: each takes a token from a bucket that fills with time.
#[derive(Clone, Debug)]
pub struct Limit {
    /// Lines per second in the long run.
    pub rate: f64,
    /// Lines at once after a pause.
    pub burst: u32,
    /// Has to be true: lines beyond the limit are dropped, since nothing here can wait.
    pub drop: bool,
    /// A label each value of which has a bucket of its own; lines without it are not limited. Empty:
    /// one bucket for all lines.
    pub by_label_name: String,
    /// Values whose buckets are kept. Beyond, those that were not used for longest begin anew.
    pub max_distinct_labels: usize,
}

impl Default for Limit {
    fn default() -> Self {
        Limit {
            rate: 0.0,
            burst: 0,
            drop: false,
            by_label_name: String::new(),
            max_distinct_labels: 10_000,
        }
    }
}

impl Limit {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        required(STAGE, "rate", self.rate > 0.0 && self.rate.is_finite())?;
        required(STAGE, "burst", self.burst > 0)?;
        if !self.drop {
            let rule = "true: a line cannot be made to wait";
            return Err(StageSetupError::Option { stage: STAGE, option: "drop", rule });
        }
        let Limit { rate, burst, by_label_name, max_distinct_labels, .. } = self.clone();
        let full = Bucket { tokens: burst.into(), at: None };
        if by_label_name.is_empty() {
            let mut bucket = full;
            let take = move |now| bucket.take(rate, burst.into(), now);
            let mut take = take;
            return Ok(some(REASON.to_owned(), move |_, context| take(context.now)));
        }
        let mut buckets = Buckets { young: HashMap::new(), old: HashMap::new() };
        let young_max = max_distinct_labels.max(1);
        Ok(some(REASON.to_owned(), move |entry, context| {
            let Some(value) = entry.labels.get(&by_label_name) else { return true };
            let bucket = buckets.bucket(value, young_max, full);
            bucket.take(rate, burst.into(), context.now)
        }))
    }
}

/// Lines that may still come, and when that was true.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Option<i64>,
}

impl Bucket {
    fn take(&mut self, rate: f64, burst: f64, now: i64) -> bool {
        let passed = now.saturating_sub(self.at.unwrap_or(now)).max(0) as f64 / NANOS_PER_SECOND;
        self.tokens = (self.tokens + passed * rate).min(burst);
        self.at = self.at.max(Some(now));
        let is_there = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(is_there));
        is_there
    }
}

/// Buckets of two generations: those used since the younger one began, and those before. When it
/// has as many as may be kept, it becomes the older one.
struct Buckets {
    young: HashMap<String, Bucket>,
    old: HashMap<String, Bucket>,
}

impl Buckets {
    fn bucket(&mut self, value: &str, young_max: usize, new: Bucket) -> &mut Bucket {
        if !self.young.contains_key(value) {
            if self.young.len() >= young_max {
                self.old = std::mem::take(&mut self.young);
            }
            let known = self.old.remove(value).unwrap_or(new);
            self.young.insert(value.to_owned(), known);
        }
        self.young.entry(value.to_owned()).or_insert(new)
    }
}
