//! Calls beside queries: what there is to ask for.
//!
//! | file | calls |
//! |---|---|
//! | `labels` | names, values, series, labels with how many values they have |
//! | `volume` | bytes by stream or label, in all or per step; counts of everything |
//! | `fields` | the fields that lines turn out to have when they are parsed |
//! | `patterns` | the shapes that lines have, and how often each comes |
//! | `tail` | the lines that came since one last looked |
//!
//! All of them are methods of [`Engine`](crate::Engine) or take one, run under a
//! [`QueryContext`](telemetry_core::query::QueryContext), and read any source. Windows include their
//! start, not their end.

mod drain;
mod fields;
mod labels;
mod patterns;
mod tail;
mod volume;

pub use fields::{DetectedField, FieldKind, FieldOptions, FieldParser};
pub use labels::DetectedLabel;
pub use patterns::{LinePattern, PatternOptions};
pub use tail::Tail;
pub use volume::{SourceCounts, Volume, VolumeBy, VolumeOptions, VolumeSeries};

use telemetry_core::labels::Matcher;
use telemetry_core::source::LabelRequest;
use telemetry_core::time::{Millis, MillisRange, NanosRange};

/// The request for the streams of a window. It goes by milliseconds, so a stream whose lines lie
/// outside by less than one may come too.
fn label_request(matchers: &[Matcher], window: NanosRange) -> LabelRequest {
    const NANOS: i64 = 1_000_000;
    let start = window.start.0.div_euclid(NANOS);
    let end = window.end.0.saturating_sub(1).div_euclid(NANOS);
    let window = match window == NanosRange::ALL {
        true => MillisRange::ALL,
        false => MillisRange::new(Millis(start), Millis(end)),
    };
    LabelRequest { matchers: matchers.to_vec(), window, limit: usize::MAX }
}
