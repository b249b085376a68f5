//! The stages: one a file, its options and what it does side by side.
//!
//! Options are public fields with Loki's names and defaults. [`Run`] is a stage that was made of
//! them.

mod container;
mod decolorize;
mod drop;
mod eventlogmessage;
mod geoip;
mod json;
mod labels;
mod limit;
mod logfmt;
mod luhn;
mod matches;
mod metadata;
mod metrics;
mod multiline;
mod output;
mod pack;
mod regex;
mod replace;
mod sampling;
mod split_json;
mod template;
mod timestamp;
mod truncate;
mod windowsevent;

pub use container::{Cri, Docker};
pub use decolorize::Decolorize;
pub use drop::Drop;
pub use eventlogmessage::EventLogMessage;
pub use geoip::GeoIp;
pub use json::Json;
pub use labels::{LabelDrop, LabelKeep, LabelSource, Labels, StaticLabels, Tenant};
pub use limit::Limit;
pub use logfmt::Logfmt;
pub use luhn::Luhn;
pub use matches::{Match, MatchAction};
pub use metadata::{StructuredMetadata, StructuredMetadataDrop};
pub use metrics::{Counter, CounterAction, Gauge, GaugeAction, Histogram, Metric, Metrics};
pub use multiline::Multiline;
pub use output::Output;
pub use pack::Pack;
pub use regex::{Pattern, Regex};
pub use replace::Replace;
pub use sampling::Sampling;
pub use split_json::SplitJson;
pub use template::Template;
pub use timestamp::{OnFailure, Timestamp};
pub use truncate::{Truncate, TruncateRule, TruncateSource};
pub use windowsevent::WindowsEvent;

use std::fmt::Debug;

use telemetry_core::labels::{Regex as Expression, is_classic_name};
use telemetry_core::sink::MetricSink;

use super::entry::Entry;
use super::error::StageSetupError;
use super::pipeline::Context;

/// A stage that was made: what it keeps from line to line is its own.
pub(super) trait Run: Debug + Send {
    /// Takes an entry; what goes on is appended to `out`.
    fn run(&mut self, entry: Entry, context: &mut Context, out: &mut Vec<Entry>);

    /// Hands out entries that wait: all of them, or those that waited too long.
    fn release(&mut self, all: bool, context: &mut Context, out: &mut Vec<Entry>) {
        let _ = (all, context, out);
    }

    /// Gives the metrics that the stage keeps to a sink.
    fn write_metrics(&mut self, now: i64, sink: &mut dyn MetricSink) {
        let _ = (now, sink);
    }
}

/// A stage that changes entries one by one and drops none.
struct Each<F>(F);

impl<F> Debug for Each<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Each")
    }
}

impl<F: FnMut(&mut Entry, &Context) + Send> Run for Each<F> {
    fn run(&mut self, mut entry: Entry, context: &mut Context, out: &mut Vec<Entry>) {
        (self.0)(&mut entry, context);
        out.push(entry);
    }
}

fn each(change: impl FnMut(&mut Entry, &Context) + Send + 'static) -> Box<dyn Run> {
    Box::new(Each(change))
}

/// A stage that keeps some entries and drops the others, counted by reason.
struct Keep<F>(F);

impl<F> Debug for Keep<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keep")
    }
}

impl<F: FnMut(&mut Entry, &mut Context) -> bool + Send> Run for Keep<F> {
    fn run(&mut self, mut entry: Entry, context: &mut Context, out: &mut Vec<Entry>) {
        if (self.0)(&mut entry, context) {
            out.push(entry);
        }
    }
}

/// A stage of entries for which `keep` is true; the reason is counted where it is not.
fn some(
    reason: String,
    mut keep: impl FnMut(&mut Entry, &Context) -> bool + Send + 'static,
) -> Box<dyn Run> {
    Box::new(Keep(move |entry: &mut Entry, context: &mut Context| {
        let keeps = keep(entry, context);
        if !keeps {
            context.drops.count(&reason);
        }
        keeps
    }))
}

macro_rules! stages {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A stage with its options.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum Stage {
            $($(#[$doc])* $name($name),)*
        }

        impl Stage {
            /// Makes the stage; so many more may be nested in it.
            pub(super) fn make(&self, nested: usize) -> Result<Box<dyn Run>, StageSetupError> {
                match self {
                    $(Stage::$name(stage) => stage.make(nested),)*
                }
            }
        }

        $(impl From<$name> for Stage {
            fn from(stage: $name) -> Self {
                Stage::$name(stage)
            }
        })*
    };
}

stages! {
    /// `stage.cri`
    Cri,
    /// `stage.decolorize`
    Decolorize,
    /// `stage.docker`
    Docker,
    /// `stage.drop`
    Drop,
    /// `stage.eventlogmessage`
    EventLogMessage,
    /// `stage.geoip`
    GeoIp,
    /// `stage.json`
    Json,
    /// `stage.label_drop`
    LabelDrop,
    /// `stage.label_keep`
    LabelKeep,
    /// `stage.labels`
    Labels,
    /// `stage.limit`
    Limit,
    /// `stage.logfmt`
    Logfmt,
    /// `stage.luhn`
    Luhn,
    /// `stage.match`
    Match,
    /// `stage.metrics`
    Metrics,
    /// `stage.multiline`
    Multiline,
    /// `stage.output`
    Output,
    /// `stage.pack`
    Pack,
    /// `stage.pattern`
    Pattern,
    /// `stage.regex`
    Regex,
    /// `stage.replace`
    Replace,
    /// `stage.sampling`
    Sampling,
    /// `stage.split_json`
    SplitJson,
    /// `stage.static_labels`
    StaticLabels,
    /// `stage.structured_metadata`
    StructuredMetadata,
    /// `stage.structured_metadata_drop`
    StructuredMetadataDrop,
    /// `stage.template`
    Template,
    /// `stage.tenant`
    Tenant,
    /// `stage.timestamp`
    Timestamp,
    /// `stage.truncate`
    Truncate,
    /// `stage.windowsevent`
    WindowsEvent,
}

/// Names and what they are looked up by; an empty text is the name itself.
pub(super) type Mapping = Vec<(String, String)>;

fn mapping<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Mapping {
    pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// The other name of a pair, or the first where it is empty.
fn other((name, value): &(String, String)) -> &str {
    if value.is_empty() { name } else { value }
}

fn compile(stage: &'static str, text: &str) -> Result<Expression, StageSetupError> {
    Expression::new(text)
        .map_err(|source| StageSetupError::Regex { stage, source: Box::new(source) })
}

/// A regular expression that may be left out.
fn optional(stage: &'static str, text: &str) -> Result<Option<Expression>, StageSetupError> {
    if text.is_empty() { Ok(None) } else { compile(stage, text).map(Some) }
}

fn label_names<'n>(
    stage: &'static str,
    names: impl IntoIterator<Item = &'n str>,
) -> Result<(), StageSetupError> {
    match names.into_iter().find(|name| !is_classic_name(name)) {
        Some(name) => Err(StageSetupError::LabelName { stage, name: name.to_owned() }),
        None => Ok(()),
    }
}

fn required(
    stage: &'static str,
    option: &'static str,
    is_there: bool,
) -> Result<(), StageSetupError> {
    if is_there { Ok(()) } else { Err(StageSetupError::Missing { stage, option }) }
}
