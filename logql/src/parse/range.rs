//! `{…} | json | unwrap latency [5m] offset 1h`: what a range aggregation reads.
//!
//! The window may stand before or behind the pipeline, and parentheses may stand around the lines
//! or around the whole.

use super::label_filter::label_filter;
use super::log::{pipeline, selector};
use super::tokens::{Parsed, Tokens, duration, identifier, keyword, range};
use crate::ast::{Conversion, LogQuery, LogRange, Unwrap};
use crate::lexer::{Keyword, TokenKind};

/// What has been read of a range so far.
struct Draft {
    log: LogQuery,
    unwrap: Option<Unwrap>,
    window: Option<Window>,
}

/// `[5m] offset 1h`.
struct Window {
    range_ns: i64,
    offset_ns: i64,
}

/// A whole log range.
pub(super) fn log_range(input: Tokens<'_>) -> Parsed<'_, LogRange> {
    let (rest, draft) = draft(input)?;
    let (rest, window, unwrap) = match draft.window {
        Some(window) => (rest, window, draft.unwrap),
        None => {
            // Only the lines were in parentheses: the window comes now, `unwrap` may follow it.
            let (rest, window) = window(rest)?;
            match draft.unwrap {
                None => opt_unwrap(rest).map(|(rest, unwrap)| (rest, window, unwrap))?,
                unwrap => (rest, window, unwrap),
            }
        }
    };
    let range = LogRange {
        log: draft.log,
        unwrap,
        range_ns: window.range_ns,
        offset_ns: window.offset_ns,
        at: input.until(&rest).into(),
    };
    Ok((rest, range))
}

/// Lines, with or without a window; without one only where parentheses stand around them.
fn draft(input: Tokens<'_>) -> Parsed<'_, Draft> {
    let Ok((inner, _)) = keyword(Keyword::OpenParen)(input) else {
        return bare(input, true);
    };
    // In two pairs of parentheses the inner one must hold a whole range.
    let (rest, draft) = match inner.is(Keyword::OpenParen) {
        false => bare(inner, false)?,
        true => {
            let (rest, range) = inner.nested(log_range)?;
            let LogRange { log, unwrap, range_ns, offset_ns, .. } = range;
            (rest, Draft { log, unwrap, window: Some(Window { range_ns, offset_ns }) })
        }
    };
    let (rest, _) = keyword(Keyword::CloseParen)(rest)?;
    Ok((rest, draft))
}

/// Lines and window without parentheses around them.
fn bare(input: Tokens<'_>, needs_window: bool) -> Parsed<'_, Draft> {
    let (rest, selector) = selector(input)?;
    let early = matches!(rest.kind(), TokenKind::Range(_));
    let (rest, early) = match early {
        true => window(rest).map(|(rest, window)| (rest, Some(window)))?,
        false => {
            let _ = rest.fail::<()>("RANGE");
            (rest, None)
        }
    };
    let (rest, stages) = pipeline(rest)?;
    let at = input.until(&rest).into();
    let (rest, unwrap) = opt_unwrap(rest)?;
    let log = LogQuery { selector, stages, at };
    let (rest, late) = match (&early, rest.kind()) {
        (None, TokenKind::Range(_)) => window(rest).map(|(rest, window)| (rest, Some(window)))?,
        (None, _) if needs_window => return rest.fail("RANGE"),
        (None, _) => {
            let _ = rest.fail::<()>("RANGE");
            (rest, None)
        }
        (Some(_), _) => (rest, None),
    };
    Ok((rest, Draft { log, unwrap, window: early.or(late) }))
}

fn window(input: Tokens<'_>) -> Parsed<'_, Window> {
    let (rest, range_ns) = range(input)?;
    let Ok((rest, _)) = keyword(Keyword::Offset)(rest) else {
        return Ok((rest, Window { range_ns, offset_ns: 0 }));
    };
    let (rest, offset_ns) = duration(rest)?;
    Ok((rest, Window { range_ns, offset_ns }))
}

/// `| unwrap duration(label) | filter | filter`.
fn opt_unwrap(input: Tokens<'_>) -> Parsed<'_, Option<Unwrap>> {
    if !(input.is(Keyword::Pipe) && input.advanced().is(Keyword::Unwrap)) {
        return Ok((input, None));
    }
    let start = input.advanced();
    let (rest, (label, conversion)) = unwrapped(start.advanced())?;
    let (mut rest, mut filters) = (rest, Vec::new());
    while let Ok((after, _)) = keyword(Keyword::Pipe)(rest) {
        let (after, filter) = label_filter(after)?;
        filters.push(filter);
        rest = after;
    }
    let at = start.until(&rest).into();
    Ok((rest, Some(Unwrap { label, conversion, filters, at })))
}

fn unwrapped(input: Tokens<'_>) -> Parsed<'_, (Box<str>, Conversion)> {
    let TokenKind::Conversion(conversion) = input.kind() else {
        let (rest, label) = identifier(input)?;
        return Ok((rest, (label, Conversion::Number)));
    };
    let (rest, _) = keyword(Keyword::OpenParen)(input.advanced())?;
    let (rest, label) = identifier(rest)?;
    let (rest, _) = keyword(Keyword::CloseParen)(rest)?;
    Ok((rest, (label, *conversion)))
}
