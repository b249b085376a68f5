//! Constants.

use std::fmt::{self, Display, Formatter};

use telemetry_core::source::span::SpanValue;
use telemetry_core::syntax::number::G;
use telemetry_core::syntax::string::write_quoted;
use telemetry_core::time::duration::Go;

/// A constant of a field expression or a hint.
pub(crate) struct Literal<'a>(pub(crate) &'a SpanValue);

impl Display for Literal<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            SpanValue::Int(i64::MIN) => f.write_str("minInt"),
            SpanValue::Float(value) => float(*value, f),
            SpanValue::Duration(nanos) => Go(*nanos).fmt(f),
            SpanValue::String(text) if text.contains(['`', '\r']) => write_quoted(f, text),
            SpanValue::String(text) => write!(f, "`{text}`"),
            // Nothing else can stand in a query: it prints as people read it.
            other => other.fmt(f),
        }
    }
}

/// A constant outside of braces, where `minInt` is no word.
pub(super) struct Outer<'a>(pub(super) &'a SpanValue);

impl Display for Outer<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            SpanValue::Int(i64::MIN) => write!(f, "({} - 1)", i64::MIN + 1),
            other => Literal(other).fmt(f),
        }
    }
}

/// With a point or an exponent, so that it is read back as a float. What has no spelling is a division.
pub(super) fn float(value: f64, f: &mut Formatter<'_>) -> fmt::Result {
    if value.is_nan() {
        return f.write_str("(0.0 / 0.0)");
    }
    if value.is_infinite() {
        return f.write_str(if value > 0.0 { "(1.0 / 0.0)" } else { "(-1.0 / 0.0)" });
    }
    let text = G(value).to_string();
    f.write_str(&text)?;
    if text.contains(['.', 'e']) { Ok(()) } else { f.write_str(".0") }
}
