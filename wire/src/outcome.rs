//! What became of the items of an input.

use std::fmt::Write;

use telemetry_core::sink::{Committed, Refusal, RefusalReason};

/// How many reasons [`Outcome::message`] spells out.
const REASONS_IN_MESSAGE: usize = 5;

/// What was stored of an input and what was not. An item is what the format counts: a log record,
/// a span, a data point, a sample.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "items may have been refused"]
pub struct Outcome {
    /// Items found in the input.
    pub items: u64,
    /// The items that are not, or not wholly, stored: each once, by its index from 0 in the order
    /// of the input.
    pub refused: Vec<Refusal>,
    /// Samples that the translation adds beside the items (`target_info`) and that were refused.
    pub derived_refused: u64,
    /// Texts that were not UTF-8 and are stored with U+FFFD in the place of what is not.
    pub texts_replaced: u64,
}

impl Outcome {
    /// The outcome of a commit whose items are those of the input.
    pub(crate) fn of(committed: Committed, texts_replaced: u64) -> Self {
        let items = committed.stored + committed.refused.len() as u64;
        Outcome { items, refused: committed.refused, derived_refused: 0, texts_replaced }
    }

    /// Whether every item was stored.
    pub fn is_complete(&self) -> bool {
        self.refused.is_empty()
    }

    /// Items that were stored wholly.
    pub fn stored(&self) -> u64 {
        self.items - self.refused.len() as u64
    }

    /// A sentence per reason with the number of items and the first one, for the error message of
    /// OTLP's partial success. Empty where every item was stored.
    pub fn message(&self) -> String {
        let mut reasons: Vec<(&RefusalReason, u64, u64)> = Vec::new();
        let mut others = 0;
        for refusal in &self.refused {
            let kind = std::mem::discriminant(&refusal.reason);
            let is_known =
                |known: &&mut (&RefusalReason, _, _)| std::mem::discriminant(known.0) == kind;
            if let Some(known) = reasons.iter_mut().find(is_known) {
                known.1 += 1;
            } else if reasons.len() < REASONS_IN_MESSAGE {
                reasons.push((&refusal.reason, 1, refusal.index));
            } else {
                others += 1;
            }
        }
        let mut message = String::new();
        for (reason, count, first) in reasons {
            let separator = if message.is_empty() { "" } else { "; " };
            // Writing to a string does not fail.
            let _ = write!(message, "{separator}{count} refused, first item {first}: {reason}");
        }
        if others > 0 {
            let _ = write!(message, "; {others} refused for other reasons");
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_counts_by_reason() {
        let zero = RefusalReason::ZeroId { what: "trace id" };
        let late = RefusalReason::Duplicate { time: 7 };
        let reasons = [(1, zero.clone()), (3, late), (4, zero)];
        let refused = reasons.map(|(index, reason)| Refusal { index, reason }).to_vec();
        let outcome = Outcome { items: 5, refused, ..Outcome::default() };
        assert_eq!(
            outcome.message(),
            "2 refused, first item 1: the trace id is zero; \
             1 refused, first item 3: another value is stored at time 7"
        );
        assert_eq!(outcome.stored(), 2);
        assert_eq!(Outcome::default().message(), "");
    }
}
