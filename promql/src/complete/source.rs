//! What a source adds: names and values that are there.

use telemetry_core::labels::METRIC_NAME;
use telemetry_core::query::QueryContext;
use telemetry_core::source::{LabelRequest, MetricSource, SourceError};
use telemetry_core::syntax::string::quote;
use telemetry_core::time::MillisRange;

use super::{Ask, Completion};
use crate::lexer::{is_bare_label, is_bare_metric_name};

impl Completion {
    /// Names and values of `source` that begin with what is typed, sorted, at most `limit`, as they
    /// are written in a query: in quotes where they need them. `window` bounds the series looked at.
    ///
    /// ```
    /// use promql::{ParseOptions, complete::complete};
    /// use telemetry_core::labels;
    /// use telemetry_core::query::QueryContext;
    /// use telemetry_core::source::MemoryMetrics;
    /// use telemetry_core::time::MillisRange;
    ///
    /// let mut metrics = MemoryMetrics::new();
    /// metrics.insert(&labels! { "__name__" => "up", "job" => "api" }, 0, 1.0);
    /// metrics.insert(&labels! { "__name__" => "up", "job" => "batch" }, 0, 1.0);
    ///
    /// let completion = complete(r#"up{job="ap"#, 10, &ParseOptions::default());
    /// let window = MillisRange::new(0, 0);
    /// let answers = completion.answers(&metrics, window, 100, &QueryContext::new())?;
    /// assert_eq!(answers, [r#""api""#]);
    /// # Ok::<(), telemetry_core::source::SourceError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the source.
    pub fn answers(
        &self,
        source: &dyn MetricSource,
        window: MillisRange,
        limit: usize,
        context: &QueryContext,
    ) -> Result<Vec<String>, SourceError> {
        let Some(ask) = &self.ask else { return Ok(Vec::new()) };
        // What does not begin as it should is left out afterwards, so the source may not stop early.
        let request = |matchers: &[_]| LabelRequest {
            matchers: matchers.to_vec(),
            window,
            limit: usize::MAX,
        };
        let found = match ask {
            Ask::MetricNames { matchers, .. } => {
                source.label_values(METRIC_NAME, &request(matchers), context)?
            }
            Ask::LabelNames { matchers } => {
                let mut names = source.label_names(&request(matchers), context)?;
                names.retain(|name| name != METRIC_NAME);
                names
            }
            Ask::LabelValues { label, matchers } => {
                source.label_values(label, &request(matchers), context)?
            }
        };
        let typed = found.iter().filter(|text| text.starts_with(&*self.typed)).take(limit);
        Ok(typed.map(|text| ask.written(text)).collect())
    }
}

impl Ask {
    fn written(&self, text: &str) -> String {
        match self {
            Ask::MetricNames { braces, .. } => match (is_bare_metric_name(text), braces) {
                (true, true) => text.to_owned(),
                (false, true) => format!("{{{}}}", quote(text)),
                (_, false) => quote(text),
            },
            Ask::LabelNames { .. } if is_bare_label(text) => text.to_owned(),
            Ask::LabelNames { .. } | Ask::LabelValues { .. } => quote(text),
        }
    }
}
