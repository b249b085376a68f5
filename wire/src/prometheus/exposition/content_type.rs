//! The formats by their content types, and what a scraper asks for.

/// A format of an exposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus' text format, 0.0.4, or 1.0.0 with names of any UTF-8 text.
    Text,
    /// OpenMetrics 1.0 and 0.0.1.
    OpenMetrics,
    /// Length-delimited `io.prometheus.client.MetricFamily` messages.
    Protobuf,
}

/// What [`Format::Protobuf`] is called.
const MESSAGE: &str = "io.prometheus.client.MetricFamily";

impl Format {
    /// The format that a `Content-Type` names; none where it names another or none at all.
    ///
    /// ```
    /// use wire::prometheus::Format;
    /// let format = Format::of_content_type("text/plain; version=0.0.4; charset=utf-8");
    /// assert_eq!(format, Some(Format::Text));
    /// ```
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let mut parts = content_type.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        match media.as_str() {
            "text/plain" => Some(Format::Text),
            "application/openmetrics-text" => Some(Format::OpenMetrics),
            "application/vnd.google.protobuf" => {
                let is_right = |(name, value): (&str, &str)| {
                    !name.trim().eq_ignore_ascii_case("proto")
                        || value.trim().trim_matches('"') == MESSAGE
                };
                parts
                    .filter_map(|part| part.split_once('='))
                    .all(is_right)
                    .then_some(Format::Protobuf)
            }
            _ => None,
        }
    }

    /// The content type of what is written in this format.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            Format::OpenMetrics => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
            }
            Format::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }
}

/// The `Accept` header of a scraper that wants these formats, the first most, names in any UTF-8
/// text.
///
/// ```
/// use wire::prometheus::{Format, accept};
/// assert_eq!(
///     accept(&[Format::Text]),
///     "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
/// );
/// ```
pub fn accept(formats: &[Format]) -> String {
    let types: Vec<&str> = formats
        .iter()
        .flat_map(|format| match format {
            Format::Text => {
                &["text/plain;version=1.0.0;escaping=allow-utf-8", "text/plain;version=0.0.4"][..]
            }
            Format::OpenMetrics => &[
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
                "application/openmetrics-text;version=0.0.1",
            ],
            Format::Protobuf => &[
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
            ],
        })
        .copied()
        .collect();
    // Qualities have one digit.
    let quality = |at: usize| (types.len() + 1).saturating_sub(at).clamp(1, 9);
    let mut header = String::new();
    for (at, media) in types.iter().chain(&["*/*"]).enumerate() {
        let separator = if at == 0 { "" } else { "," };
        header += &format!("{separator}{media};q=0.{}", quality(at));
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_name_formats() {
        for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
            assert_eq!(Format::of_content_type(format.content_type()), Some(format));
        }
        assert_eq!(Format::of_content_type("TEXT/Plain"), Some(Format::Text));
        let other = "application/vnd.google.protobuf; proto=other.Message";
        for none in ["", "text/html", "application/json", other] {
            assert_eq!(Format::of_content_type(none), None, "{none}");
        }
    }
}
