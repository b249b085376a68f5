//! Writes expositions, entry by entry.
//!
//! What was read in one format can be written in another: counters of OpenMetrics get `_total` and
//! their families lose it, start timestamps become `_created` lines behind their metric, samples
//! of a histogram or summary are joined into one protobuf message.

use std::fmt::Write as _;

use telemetry_core::labels::{is_classic_metric_name, is_classic_name};
use telemetry_core::model::MetricKind;
use telemetry_core::syntax::number::write_g;

use super::content_type::Format;
use super::entry::{Entry, Exposed, ExposedExemplar, ExposedValue, Label};
use super::escape::{Escaping, escape_name};
use super::write_message::Messages;

/// A native histogram, which only protobuf can expose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a native histogram can only be exposed in protobuf")]
pub struct NativeInText;

/// Writes an exposition.
///
/// ```
/// use wire::prometheus::{ExpositionWriter, Format, ReadOptions, read_exposition};
/// let text = b"# TYPE a counter\na_total{b=\"c\"} 1\n";
/// let mut writer = ExpositionWriter::new(Format::OpenMetrics);
/// read_exposition(text, Format::Text, ReadOptions::default(), |entry| {
///     writer.write(entry).unwrap();
/// })?;
/// assert_eq!(writer.finish(), b"# TYPE a counter\na_total{b=\"c\"} 1.0\n# EOF\n");
/// # Ok::<(), wire::Error>(())
/// ```
#[derive(Debug)]
pub struct ExpositionWriter {
    format: Format,
    escaping: Escaping,
    text: String,
    messages: Messages,
    /// The present family in OpenMetrics, and its type.
    family: String,
    kind: MetricKind,
    /// The `_created` line of the present metric, without its value, and that value.
    created: Option<(String, i64)>,
}

impl ExpositionWriter {
    /// A writer of this format that writes names as they are.
    pub fn new(format: Format) -> Self {
        ExpositionWriter {
            format,
            escaping: Escaping::None,
            text: String::new(),
            messages: Messages::default(),
            family: String::new(),
            kind: MetricKind::Unknown,
            created: None,
        }
    }

    /// Spells names in another way.
    #[must_use]
    pub fn escaping(self, escaping: Escaping) -> Self {
        ExpositionWriter { escaping, ..self }
    }

    /// Writes an entry. Metadata must stand before the samples of its family.
    ///
    /// # Errors
    ///
    /// For a native histogram where the format is a text. Nothing is written then.
    pub fn write(&mut self, entry: Entry<'_>) -> Result<(), NativeInText> {
        if self.format == Format::Protobuf {
            self.messages.add(entry, self.escaping);
            return Ok(());
        }
        match entry {
            Entry::Help { family, text } => {
                let text = escaped(text, self.format == Format::OpenMetrics);
                self.metadata("HELP", family, &text);
            }
            Entry::Type { family, kind } => {
                self.kind = kind;
                self.metadata("TYPE", family, kind_text(self.format, kind));
            }
            // The text format has no units.
            Entry::Unit { .. } if self.format == Format::Text => {}
            Entry::Unit { family, unit } => self.metadata("UNIT", family, unit),
            Entry::Sample(sample) => match sample.value {
                ExposedValue::Float(value) => self.sample(&sample, value),
                ExposedValue::Histogram(_) => return Err(NativeInText),
            },
        }
        Ok(())
    }

    /// The exposition.
    pub fn finish(mut self) -> Vec<u8> {
        match self.format {
            Format::Protobuf => self.messages.finish(),
            Format::OpenMetrics => {
                self.flush_created();
                self.text.push_str("# EOF\n");
                self.text.into_bytes()
            }
            Format::Text => self.text.into_bytes(),
        }
    }

    fn metadata(&mut self, keyword: &str, family: &str, text: &str) {
        self.flush_created();
        let name = escape_name(family, self.escaping);
        // Entries of one family may come before their type: the suffix cannot wait for it.
        let stem = match self.format {
            Format::OpenMetrics => name.strip_suffix("_total").unwrap_or(&name),
            _ => &name,
        };
        stem.clone_into(&mut self.family);
        let quoted = if is_classic_metric_name(stem) {
            stem.to_owned()
        } else {
            format!("\"{}\"", escaped(stem, true))
        };
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "# {keyword} {quoted} {text}");
    }

    fn sample(&mut self, sample: &Exposed<'_>, value: f64) {
        let is_open = self.format == Format::OpenMetrics;
        let mut name = escape_name(sample.name, self.escaping);
        if is_open && sample.kind == MetricKind::Counter && name == self.family.as_str() {
            name.to_mut().push_str("_total");
        }
        if is_open {
            self.start(sample);
        }
        self.series(&name, sample.labels.iter());
        self.text.push(' ');
        self.number(value);
        if let Some(time) = sample.time {
            self.text.push(' ');
            self.time(time);
        }
        if let Some(exemplar) = sample.exemplars.first().filter(|_| is_open) {
            self.exemplar(exemplar);
        }
        self.text.push('\n');
    }

    /// Keeps the `_created` line of the sample's metric, and writes the one before.
    fn start(&mut self, sample: &Exposed<'_>) {
        let bound = match sample.kind {
            MetricKind::Counter => "",
            MetricKind::Summary => "quantile",
            MetricKind::Histogram => "le",
            _ => return self.flush_created(),
        };
        let text = std::mem::take(&mut self.text);
        let name = format!("{}_created", self.family);
        self.series(&name, sample.labels.iter().filter(|(name, _)| name != bound));
        let series = std::mem::replace(&mut self.text, text);
        if self.created.as_ref().is_some_and(|created| created.0 != series) {
            self.flush_created();
        }
        if sample.start != 0 {
            self.created = Some((series, sample.start));
        }
    }

    fn flush_created(&mut self) {
        if let Some((series, start)) = self.created.take() {
            self.text.push_str(&series);
            self.text.push(' ');
            self.time(start);
            self.text.push('\n');
        }
    }

    fn series<'e>(&mut self, name: &str, labels: impl Iterator<Item = &'e Label<'e>>) {
        let is_classic = is_classic_metric_name(name);
        let mut separator = "{";
        if is_classic {
            self.text.push_str(name);
        } else {
            let _ = write!(self.text, "{{\"{}\"", escaped(name, true));
            separator = ",";
        }
        for (label, value) in labels {
            let label = escape_name(label, self.escaping);
            if is_classic_name(&label) {
                let _ = write!(self.text, "{separator}{label}=\"{}\"", escaped(value, true));
            } else {
                let (label, value) = (escaped(&label, true), escaped(value, true));
                let _ = write!(self.text, "{separator}\"{label}\"=\"{value}\"");
            }
            separator = ",";
        }
        if separator == "," {
            self.text.push('}');
        }
    }

    fn exemplar(&mut self, exemplar: &ExposedExemplar) {
        self.text.push_str(" # {");
        for (at, (name, value)) in exemplar.labels.iter().enumerate() {
            let separator = if at == 0 { "" } else { "," };
            let value = escaped(value, true);
            if is_classic_name(name) {
                let _ = write!(self.text, "{separator}{name}=\"{value}\"");
            } else {
                let _ = write!(self.text, "{separator}\"{}\"=\"{value}\"", escaped(name, true));
            }
        }
        self.text.push_str("} ");
        self.number(exemplar.value);
        if let Some(time) = exemplar.time {
            self.text.push(' ');
            self.time(time);
        }
    }

    fn number(&mut self, value: f64) {
        match self.format {
            Format::OpenMetrics => self.text.push_str(&super::bound::float_text(value)),
            _ => drop(write_g(&mut self.text, value)),
        }
    }

    /// Milliseconds, or seconds in OpenMetrics.
    fn time(&mut self, time: i64) {
        if self.format == Format::Text {
            let _ = write!(self.text, "{time}");
            return;
        }
        let (sign, time) = (if time < 0 { "-" } else { "" }, time.unsigned_abs());
        let _ = write!(self.text, "{sign}{}.{:03}", time / 1_000, time % 1_000);
    }
}

/// The type as the format names it: the text format has fewer.
fn kind_text(format: Format, kind: MetricKind) -> &'static str {
    match (format, kind) {
        (Format::OpenMetrics, kind) => kind.as_str(),
        (_, MetricKind::Unknown) => "untyped",
        (_, MetricKind::Info | MetricKind::StateSet) => "gauge",
        (_, MetricKind::GaugeHistogram) => "histogram",
        (_, kind) => kind.as_str(),
    }
}

fn escaped(text: &str, quotes: bool) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    if quotes { text.replace('"', "\\\"") } else { text }
}
