//! `meta.json`: what a block says about itself. Written last.
//!
//! ~~~text
//! ulid · minTime · maxTime (behind the last sample) · version 1
//! stats       numSamples numFloatSamples numHistogramSamples numSeries numChunks numTombstones
//! compaction  level · sources · parents · hints
//! ~~~
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::fmt::Write;

use telemetry_core::storage::ulid::Ulid;
use telemetry_core::storage::{Damage, Damaged};
use telemetry_core::time::MillisRange;

use super::json::{self, Json};

/// The version that is read and written.
const VERSION: i64 = 1;

/// What a block says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockMeta {
    /// Its name.
    pub ulid: Ulid,
    /// The first millisecond.
    pub min_time: i64,
    /// The first millisecond behind it.
    pub max_time: i64,
    /// Samples, deleted ones included.
    pub samples: u64,
    /// Series.
    pub series: u64,
    /// Chunks.
    pub chunks: u64,
    /// How often it was compacted, from 1.
    pub level: i64,
    /// Hints about its making, such as `from-out-of-order`.
    pub hints: Vec<String>,
    /// Floats and histograms apart: of blocks that are written.
    pub(super) kinds: (u64, u64),
}

impl BlockMeta {
    /// Times that its samples may have, both ends included.
    pub fn range(&self) -> MillisRange {
        MillisRange::new(self.min_time, self.max_time.saturating_sub(1))
    }

    /// Whether the head may still have samples before the end of this block that are not in it.
    pub(super) fn is_out_of_order(&self) -> bool {
        let special = ["from-out-of-order", "from-stale-series", "from-selected-series"];
        self.hints.iter().any(|hint| special.contains(&hint.as_str()))
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// It is no such document, or of another version.
    pub(super) fn read(bytes: &[u8]) -> Result<BlockMeta, Damaged> {
        let json = json::read(bytes)?;
        let number = |json: Option<&Json>, name: &str| json?.get(name)?.number();
        let missing = |what| Damaged::at(0, Damage::Missing { what });
        let version = number(Some(&json), "version").ok_or_else(|| missing("version"))?;
        if version != VERSION {
            let found = version.cast_unsigned();
            return Err(Damaged::at(0, Damage::Unknown { what: "version of meta.json", found }));
        }
        let ulid = json.get("ulid").and_then(Json::text).and_then(Ulid::parse);
        let stats = |name| {
            let number = number(json.get("stats"), name).unwrap_or(0);
            u64::try_from(number).unwrap_or(0)
        };
        let compaction = json.get("compaction");
        let hints = compaction.and_then(|c| c.get("hints")).map_or(&[][..], Json::list);
        Ok(BlockMeta {
            ulid: ulid.ok_or_else(|| missing("ulid"))?,
            min_time: number(Some(&json), "minTime").ok_or_else(|| missing("minTime"))?,
            max_time: number(Some(&json), "maxTime").ok_or_else(|| missing("maxTime"))?,
            samples: stats("numSamples"),
            series: stats("numSeries"),
            chunks: stats("numChunks"),
            level: number(compaction, "level").unwrap_or(1),
            hints: hints.iter().filter_map(Json::text).map(str::to_owned).collect(),
            kinds: (stats("numFloatSamples"), stats("numHistogramSamples")),
        })
    }

    /// The file, as Prometheus spells it.
    pub(super) fn write(&self) -> String {
        let BlockMeta { ulid, min_time, max_time, samples, series, chunks, level, .. } = self;
        let (floats, histograms) = self.kinds;
        let mut out = String::new();
        let mut member = |depth: usize, name: &str, value: &dyn std::fmt::Display, end: &str| {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{}\"{name}\": {value}{end}", "\t".repeat(depth));
        };
        member(1, "ulid", &format_args!("\"{ulid}\""), ",");
        member(1, "minTime", min_time, ",");
        member(1, "maxTime", max_time, ",");
        member(1, "stats", &"{", "");
        member(2, "numSamples", samples, ",");
        member(2, "numFloatSamples", &floats, ",");
        member(2, "numHistogramSamples", &histograms, ",");
        member(2, "numSeries", series, ",");
        member(2, "numChunks", chunks, "\n\t},");
        member(1, "compaction", &"{", "");
        member(2, "level", level, ",");
        member(2, "sources", &format_args!("[\n\t\t\t\"{ulid}\"\n\t\t]"), "\n\t},");
        member(1, "version", &VERSION, "");
        format!("{{\n{out}}}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let meta = BlockMeta {
            ulid: Ulid::parse("01M8134ASB1XSMDRYZ8EMW940S").unwrap(),
            min_time: -5,
            max_time: 7,
            samples: 3,
            series: 1,
            chunks: 2,
            level: 1,
            hints: Vec::new(),
            kinds: (2, 1),
        };
        let text = meta.write();
        assert!(
            text.starts_with("{\n\t\"ulid\": \"01M8134ASB1XSMDRYZ8EMW940S\",\n\t\"minTime\": -5")
        );
        assert_eq!(BlockMeta::read(text.as_bytes()).unwrap(), meta);
    }

    #[test]
    fn other_versions_are_refused() {
        let error = BlockMeta::read(br#"{"version": 2}"#).unwrap_err();
        assert_eq!(error.damage, Damage::Unknown { what: "version of meta.json", found: 2 });
        assert!(BlockMeta::read(br#"{"version": 1}"#).is_err());
    }
}
