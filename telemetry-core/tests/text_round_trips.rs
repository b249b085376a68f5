//! Literals, numbers, durations and times: what is printed is read back, and nothing panics.

use proptest::prelude::*;
use telemetry_core::syntax::number::{
    format_e, format_f, format_g, format_json, parse_float, parse_integer, parse_number,
};
use telemetry_core::syntax::string::{quote, read, read_bytes, unquote, unquote_go};
use telemetry_core::time::calendar::{Civil, parse_rfc3339};
use telemetry_core::time::duration::{format_go, format_prometheus, parse_go, parse_prometheus};
use telemetry_core::time::{Millis, MillisRange, Nanos, NanosRange};

fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        (any::<i32>(), -12..12i32).prop_map(|(m, e)| f64::from(m) * 10f64.powi(e)),
    ]
}

/// Go's `'g', -1`, from its definition.
fn naive_g(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".into() } else { "-Inf".into() };
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:0>2}", exponent.abs())
}

/// Hexadecimal float with a 53-bit significand.
fn hex(value: f64) -> String {
    let bits = value.to_bits();
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let (exponent, fraction) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
    match exponent {
        0 => format!("{sign}0x0.{fraction:013x}p-1022"),
        _ => format!("{sign}0x1.{fraction:013x}p{:+}", exponent as i64 - 1023),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn quoted_text_is_read_back(text in any::<String>(), tail in ".{0,5}") {
        let quoted = quote(&text);
        prop_assert_eq!(unquote(&quoted).unwrap(), text.as_str());
        prop_assert_eq!(unquote_go(&quoted).unwrap(), text.as_str());
        let literal_and_more = format!("{quoted}{tail}");
        let literal = read(&literal_and_more).unwrap();
        prop_assert_eq!((literal.value.as_ref(), literal.len), (text.as_str(), quoted.len()));
        prop_assert!(!quoted.contains('\n'));
    }

    #[test]
    fn any_text_is_a_literal_or_an_error(text in "[\"'`\\\\nxuU0-9a-fé\n\r]{0,20}") {
        let check = |error: telemetry_core::syntax::string::StringError| {
            assert!(error.span.start <= error.span.end && error.span.end <= text.len());
        };
        read_bytes(&text).map(|_| ()).unwrap_or_else(check);
        read(&text).map(|_| ()).unwrap_or_else(check);
        unquote(&text).map(|_| ()).unwrap_or_else(check);
        unquote_go(&text).map(|_| ()).unwrap_or_else(check);
    }

    #[test]
    fn printed_floats_are_read_back(value in float()) {
        let same = |read: f64| read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan());
        for text in [format_f(value), format_e(value), format_g(value), format_json(value)] {
            prop_assert!(same(parse_float(&text).unwrap()), "{} {}", value, text);
        }
        prop_assert_eq!(format_g(value), naive_g(value));
        if value.is_finite() {
            prop_assert!(same(parse_float(&hex(value)).unwrap()), "{}", hex(value));
        }
    }

    #[test]
    fn hex_floats_are_rounded_to_the_nearest(mantissa in any::<u64>(), shift in 0..60i32) {
        // A 64-bit integer is rounded by the conversion itself.
        let text = format!("0x{mantissa:x}p-{shift}");
        prop_assert_eq!(parse_float(&text), Ok(mantissa as f64 / 2f64.powi(shift)));
    }

    #[test]
    fn integers_are_read_in_every_base(value in any::<i64>()) {
        let (sign, size) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
        for text in [
            format!("{sign}{size}"),
            format!("{sign}0x{size:X}"),
            format!("{sign}0b{size:b}"),
            format!("{sign}0o{size:o}"),
            format!("{sign}0{size:o}"),
        ] {
            prop_assert_eq!(parse_integer(&text), Some(value), "{}", text);
            prop_assert_eq!(parse_number(&text), Ok(value as f64));
        }
    }

    #[test]
    fn any_text_is_a_number_or_an_error(text in "[-+0-9._xXpPeEbBoOnaifNIF é]{0,12}") {
        let read = parse_float(&text);
        // What Go and Rust both read, they read alike.
        if let (Ok(ours), Ok(theirs)) = (read, text.parse::<f64>()) {
            prop_assert!(ours == theirs || (ours.is_nan() && theirs.is_nan()));
        }
        let _ = (parse_number(&text), parse_integer(&text));
    }

    #[test]
    fn printed_durations_are_read_back(nanos in any::<i64>(), small in -100_000_000_000i64..100_000_000_000) {
        for nanos in [nanos, small] {
            prop_assert_eq!(parse_go(&format_go(nanos)), Ok(nanos));
            let text = format_prometheus(nanos);
            let millis = nanos / 1_000_000;
            let positive = text.trim_start_matches('-');
            prop_assert_eq!(parse_prometheus(positive), Ok(millis.abs() * 1_000_000));
            prop_assert_eq!(text.starts_with('-'), millis < 0);
        }
    }

    #[test]
    fn any_text_is_a_duration_or_an_error(text in "[-+0-9.ywdhmsnuµ]{0,12}|[0-9]{1,25}(ns|s|h|y|ms)") {
        for error in [parse_go(&text).err(), parse_prometheus(&text).err()].into_iter().flatten() {
            prop_assert!(error.span.end <= text.len());
            prop_assert!(text.get(error.span.start..error.span.end).is_some());
        }
    }

    #[test]
    fn printed_times_are_read_back(nanos in any::<i64>(), seconds in any::<i64>()) {
        prop_assert_eq!(parse_rfc3339(&Nanos(nanos).to_string()), Some(Nanos(nanos)));
        prop_assert_eq!(Civil::from_seconds(seconds).to_seconds(), Some(seconds));
        let _ = Millis(seconds).to_string();
    }

    #[test]
    fn any_text_is_a_time_or_none(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?(Z|[+-][0-9]{2}:[0-9]{2}|é)?") {
        if let Some(time) = parse_rfc3339(&text) {
            prop_assert_eq!(parse_rfc3339(&time.to_string()), Some(time));
        }
    }

    #[test]
    fn ranges_are_sets_of_instants(a in -5..5i64, b in -5..5i64, c in -5..5i64, d in -5..5i64) {
        let (x, y) = (MillisRange::new(a, b), MillisRange::new(c, d));
        let (v, w) = (NanosRange::new(a, b), NanosRange::new(c, d));
        let all = -6..=6i64;
        prop_assert_eq!(x.overlaps(&y), all.clone().any(|t| x.contains(Millis(t)) && y.contains(Millis(t))));
        prop_assert_eq!(v.overlaps(&w), all.clone().any(|t| v.contains(Nanos(t)) && w.contains(Nanos(t))));
        prop_assert_eq!(x.is_empty(), !all.clone().any(|t| x.contains(Millis(t))));
        prop_assert_eq!(v.is_empty(), !all.clone().any(|t| v.contains(Nanos(t))));
        prop_assert_eq!(x.covers(&y), all.clone().all(|t| x.contains(Millis(t)) || !y.contains(Millis(t))));
        prop_assert_eq!(v.covers(&w), all.clone().all(|t| v.contains(Nanos(t)) || !w.contains(Nanos(t))));
        for t in all {
            prop_assert_eq!(x.intersect(&y).contains(Millis(t)), x.contains(Millis(t)) && y.contains(Millis(t)));
            prop_assert_eq!(v.intersect(&w).contains(Nanos(t)), v.contains(Nanos(t)) && w.contains(Nanos(t)));
        }
    }
}
