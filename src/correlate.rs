//! From one signal to another: a span's log lines, a span's profile.

use telemetry_core::model::Span;
use telemetry_core::time::NanosRange;

#[cfg(feature = "profiles")]
use crate::Error;
use crate::Quadra;

/// How far around a span its log lines are looked for: clocks of one machine agree, writers lag.
const SLACK_NANOS: i64 = 1_000_000_000;

/// What other signals know about a span.
#[derive(Clone, Debug)]
pub struct Around {
    db: Quadra,
    span: Span,
}

impl Quadra {
    /// What other signals know about `span`.
    pub fn around(&self, span: &Span) -> Around {
        Around { db: self.clone(), span: span.clone() }
    }
}

impl Around {
    /// The time of the span and a second on either side.
    pub fn window(&self) -> NanosRange {
        let start = self.span.start.0.saturating_sub(SLACK_NANOS);
        NanosRange::new(start, self.span.end.0.max(self.span.start.0).saturating_add(SLACK_NANOS))
    }

    /// Lines of the streams that `selector` selects whose structured metadata names the span's
    /// trace (`trace_id`), at the time of the span.
    #[cfg(feature = "logs")]
    pub fn logs(&self, selector: &str) -> crate::logs::LogQuery {
        let query = format!("{selector} | trace_id=`{}`", self.span.trace_id);
        self.db.logql(query).between(self.window())
    }

    /// The profile of the span: of samples that name it, or, where none does, of the whole
    /// process during the span.
    ///
    /// # Errors
    ///
    /// Where type or selector cannot be read, or the store fails.
    #[cfg(feature = "profiles")]
    pub fn profile(
        &self,
        profile_type: &str,
        selector: &str,
    ) -> Result<profstore::flame::CallTree, Error> {
        let context = crate::Bounds::default().context(&self.db);
        let store = &self.db.stores().profiles;
        let span = u64::from_be_bytes(self.span.span_id.0);
        let own = store.merge_spans(profile_type, selector, &[span], NanosRange::ALL, &context)?;
        if !own.is_empty() {
            return Ok(own);
        }
        let during = NanosRange::new(self.span.start, self.span.end.max(self.span.start));
        Ok(store.merge_during(profile_type, selector, during, &context)?)
    }
}
