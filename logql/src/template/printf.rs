//! `print`, `println` and `printf` as Go's package `fmt` has them.

use super::exec::OUTPUT_BYTES_MAX;
use super::value::Value;
use std::fmt::Write as _;
use telemetry_core::syntax::number::write_g;
use telemetry_core::syntax::string::quote;

/// Operands side by side; a blank between two of which neither is a text.
pub(super) fn print(values: &[Value]) -> String {
    let mut out = String::new();
    let mut before: Option<&Value> = None;
    for value in values {
        let text = |value: &Value| matches!(value, Value::Text(_));
        if before.is_some_and(|before| !text(before) && !text(value)) {
            out.push(' ');
        }
        value.print_plain(&mut out);
        before = Some(value);
    }
    out
}

/// Operands with blanks between, and a line end.
pub(super) fn print_line(values: &[Value]) -> String {
    let texts: Vec<String> = values.iter().map(Value::to_text).collect();
    texts.join(" ") + "\n"
}

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    minus: bool,
    plus: bool,
    sharp: bool,
    blank: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// A text with verbs, filled.
pub(super) fn printf(format: &str, values: &[Value]) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = format;
    let mut arguments = values.iter();
    while let Some((before, verb)) = rest.split_once('%') {
        out.push_str(before);
        let (flags, tail) = flags(verb, &mut arguments);
        if out.len() + flags.width.unwrap_or(0) + flags.precision.unwrap_or(0) > OUTPUT_BYTES_MAX {
            return Err("the text would become too long".into());
        }
        let Some(verb) = tail.chars().next() else {
            out.push_str("%!(NOVERB)");
            rest = "";
            break;
        };
        rest = tail.get(verb.len_utf8()..).unwrap_or_default();
        if verb == '%' {
            out.push('%');
            continue;
        }
        match arguments.next() {
            None => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%!{verb}(MISSING)");
            }
            Some(value) => one(&mut out, verb, flags, value),
        }
    }
    out.push_str(rest);
    let extra: Vec<String> =
        arguments.map(|value| format!("{}={}", value.kind(), value.to_text())).collect();
    if !extra.is_empty() {
        let _ = write!(out, "%!(EXTRA {})", extra.join(", "));
    }
    Ok(out)
}

fn flags<'f, 'v>(
    text: &'f str,
    arguments: &mut impl Iterator<Item = &'v Value>,
) -> (Flags, &'f str) {
    let mut flags = Flags::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '-' => flags.minus = true,
            '+' => flags.plus = true,
            '#' => flags.sharp = true,
            ' ' => flags.blank = true,
            '0' => flags.zero = true,
            _ => break,
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    (flags.width, rest) = number(rest, arguments);
    if let Some(tail) = rest.strip_prefix('.') {
        let (precision, tail) = number(tail, arguments);
        flags.precision = Some(precision.unwrap_or(0));
        rest = tail;
    }
    (flags, rest)
}

fn number<'f, 'v>(
    text: &'f str,
    arguments: &mut impl Iterator<Item = &'v Value>,
) -> (Option<usize>, &'f str) {
    if let Some(rest) = text.strip_prefix('*') {
        let width = match arguments.next() {
            Some(Value::Int(width)) => usize::try_from(*width).ok(),
            _ => None,
        };
        return (width, rest);
    }
    let len = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(len);
    (digits.parse().ok(), rest)
}

fn one(out: &mut String, verb: char, flags: Flags, value: &Value) {
    let shown = match (verb, value) {
        ('v', value) => Some(value.to_text()),
        ('T', value) => Some(value.kind().to_string()),
        ('t', Value::Bool(value)) => Some(value.to_string()),
        ('d', Value::Int(value)) => Some(signed(flags, value.to_string())),
        ('b', Value::Int(value)) => {
            Some(radix(flags, *value, format!("{:b}", value.unsigned_abs())))
        }
        ('o', Value::Int(value)) => {
            Some(radix(flags, *value, format!("{:o}", value.unsigned_abs())))
        }
        ('x', Value::Int(value)) => {
            Some(radix(flags, *value, format!("{:x}", value.unsigned_abs())))
        }
        ('X', Value::Int(value)) => {
            Some(radix(flags, *value, format!("{:X}", value.unsigned_abs())))
        }
        ('c', Value::Int(value)) => Some(character(*value).to_string()),
        ('U', Value::Int(value)) => Some(format!("U+{value:04X}")),
        ('q', Value::Int(value)) => Some(format!("{:?}", character(*value))),
        ('e' | 'E' | 'f' | 'F' | 'g' | 'G', Value::Float(value)) => {
            Some(signed(flags, float(verb, flags.precision, *value)))
        }
        ('s', Value::Text(text)) => Some(cut(text, flags.precision)),
        ('q', Value::Text(text)) => Some(quote(&cut(text, flags.precision))),
        ('x', Value::Text(text)) => Some(hex(text, false)),
        ('X', Value::Text(text)) => Some(hex(text, true)),
        ('s', value @ (Value::Time(_) | Value::List(_) | Value::Map(_))) => Some(value.to_text()),
        _ => None,
    };
    let numeric = matches!(value, Value::Int(_) | Value::Float(_));
    match shown {
        Some(text) => pad(out, flags, &text, numeric),
        None => {
            let text = match value {
                Value::Nil => "<nil>".to_string(),
                value => format!("{}={}", value.kind(), value.to_text()),
            };
            // Writing to a String cannot fail.
            let _ = write!(out, "%!{verb}({text})");
        }
    }
}

fn character(value: i64) -> char {
    u32::try_from(value).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn cut(text: &str, precision: Option<usize>) -> String {
    match precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text.into(),
    }
}

fn signed(flags: Flags, text: String) -> String {
    match text.starts_with(['-', '+']) {
        false if flags.plus => format!("+{text}"),
        false if flags.blank => format!(" {text}"),
        _ => text,
    }
}

fn radix(flags: Flags, value: i64, digits: String) -> String {
    signed(flags, if value < 0 { format!("-{digits}") } else { digits })
}

fn hex(text: &str, upper: bool) -> String {
    let byte = |byte: u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
    text.bytes().map(byte).collect()
}

fn float(verb: char, precision: Option<usize>, value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.into();
    }
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = match (verb, precision) {
        ('f' | 'F', precision) => write!(out, "{value:.*}", precision.unwrap_or(6)),
        ('e' | 'E', precision) => {
            out.push_str(&exponent(value, precision.unwrap_or(6)));
            Ok(())
        }
        (_, None) => write_g(&mut out, value),
        (_, Some(precision)) => {
            out.push_str(&general(value, precision.max(1)));
            Ok(())
        }
    };
    if verb.is_uppercase() { out.to_uppercase() } else { out }
}

fn exponent(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// `%g` with a precision: significant digits, zeros at the end gone.
fn general(value: f64, precision: usize) -> String {
    let scientific = exponent(value, precision - 1);
    let power: i64 =
        scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or_default();
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text.to_string(),
    };
    let digits = i64::try_from(precision).unwrap_or(i64::MAX);
    if power < -4 || power >= digits {
        let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, ""));
        return format!("{}e{power}", trimmed(digits));
    }
    let places = usize::try_from(digits - 1 - power).unwrap_or_default();
    trimmed(&format!("{value:.places$}"))
}

fn pad(out: &mut String, flags: Flags, text: &str, numeric: bool) {
    let missing = flags.width.unwrap_or(0).saturating_sub(text.chars().count());
    if missing == 0 {
        return out.push_str(text);
    }
    if flags.minus {
        out.push_str(text);
        out.extend(std::iter::repeat_n(' ', missing));
    } else if flags.zero {
        let (sign, digits) = match text.strip_prefix(['-', '+']) {
            Some(digits) if numeric => (text.get(..1).unwrap_or_default(), digits),
            _ => ("", text),
        };
        out.push_str(sign);
        out.extend(std::iter::repeat_n('0', missing));
        out.push_str(digits);
    } else {
        out.extend(std::iter::repeat_n(' ', missing));
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(format: &str, values: &[Value]) -> String {
        printf(format, values).unwrap()
    }

    #[test]
    fn verbs() {
        let text = Value::from("hi");
        assert_eq!(
            show(
                "%s %q %5s|%-5s|%05d %+d %x",
                &[
                    text.clone(),
                    text.clone(),
                    text.clone(),
                    text.clone(),
                    Value::Int(42),
                    Value::Int(7),
                    Value::Int(255),
                ]
            ),
            "hi \"hi\"    hi|hi   |00042 +7 ff"
        );
        assert_eq!(
            show(
                "%.2f %8.3f %e %g %.3g",
                &[
                    Value::Float(1.0),
                    Value::Float(1.5),
                    Value::Float(1234.5),
                    Value::Float(1e6),
                    Value::Float(123456.0),
                ]
            ),
            "1.00    1.500 1.234500e+03 1e+06 1.23e+05"
        );
    }

    #[test]
    fn what_does_not_fit_says_so() {
        assert_eq!(show("%d", &[Value::from("x")]), "%!d(string=x)");
        assert_eq!(show("%d", &[]), "%!d(MISSING)");
        assert_eq!(show("a", &[Value::Int(1)]), "a%!(EXTRA int=1)");
        assert_eq!(show("100%", &[]), "100%!(NOVERB)");
        assert_eq!(show("%%", &[]), "%");
        assert!(printf("%99999999d", &[Value::Int(1)]).is_err());
    }
}
