//! The stages of a pipeline, one production each.

use super::label_filter::label_filter;
use super::log::matcher;
use super::modifier::list;
use super::tokens::{Parsed, Tokens, identifier, keyword, string};
use crate::ast::{
    Extraction, FilterArm, FilterText, LabelFormat, LabelMatch, LineFilter, LineFilterOp, Stage,
    StageKind,
};
use crate::lexer::{Keyword, TokenKind};

/// Whether a stage starts here: a line filter, or a `|` that does not lead to `unwrap`.
pub(super) fn starts(input: Tokens<'_>) -> bool {
    if line_filter_op(input).is_some() {
        return true;
    }
    if input.is(Keyword::Pipe) {
        let is_unwrap = input.advanced().is(Keyword::Unwrap);
        if is_unwrap {
            // Only a range can go on here.
            let _ = input.advanced().fail::<()>("stage");
        }
        return !is_unwrap;
    }
    let _ = input.fail::<()>("|");
    false
}

/// One stage; a negative line filter with several arms makes one stage of each.
pub(super) fn stage<'t>(input: Tokens<'t>, into: &mut Vec<Stage>) -> Parsed<'t, ()> {
    if let Some(op) = line_filter_op(input) {
        let (rest, arms) = filter_arms(input.advanced())?;
        let at = input.until(&rest).into();
        if op.is_negative() {
            // None may match: that is one filter after the other.
            into.extend(arms.into_iter().map(|arm| {
                let filter = LineFilter { op, arms: vec![arm] };
                Stage { kind: StageKind::LineFilter(filter), at }
            }));
        } else {
            into.push(Stage { kind: StageKind::LineFilter(LineFilter { op, arms }), at });
        }
        return Ok((rest, ()));
    }
    let (start, _) = keyword(Keyword::Pipe)(input)?;
    let (rest, kind) = piped(start)?;
    into.push(Stage { kind, at: start.until(&rest).into() });
    Ok((rest, ()))
}

fn line_filter_op(input: Tokens<'_>) -> Option<LineFilterOp> {
    let TokenKind::Keyword(keyword) = input.kind() else { return None };
    Some(match keyword {
        Keyword::PipeContains => LineFilterOp::Contains,
        Keyword::NotEqual => LineFilterOp::NotContains,
        Keyword::PipeRegex => LineFilterOp::Regex,
        Keyword::NotRegexMatch => LineFilterOp::NotRegex,
        Keyword::PipePattern => LineFilterOp::Pattern,
        Keyword::NotPattern => LineFilterOp::NotPattern,
        _ => return None,
    })
}

/// `"a" or ip("…") or "b"`.
fn filter_arms(input: Tokens<'_>) -> Parsed<'_, Vec<FilterArm>> {
    let (mut rest, first) = filter_arm(input)?;
    let mut arms = vec![first];
    while let Ok((after, _)) = keyword(Keyword::Or)(rest) {
        let (after, arm) = filter_arm(after)?;
        arms.push(arm);
        rest = after;
    }
    Ok((rest, arms))
}

fn filter_arm(input: Tokens<'_>) -> Parsed<'_, FilterArm> {
    if let Ok((rest, pattern)) = ip(input) {
        let at = input.until(&rest).into();
        return Ok((rest, FilterArm { text: FilterText::Ip(pattern), at }));
    }
    let (rest, (text, span)) = string(input)?;
    Ok((rest, FilterArm { text: FilterText::Text(text), at: span.into() }))
}

/// `ip("10.0.0.0/8")`.
pub(super) fn ip(input: Tokens<'_>) -> Parsed<'_, Box<str>> {
    let (rest, _) = keyword(Keyword::Ip)(input)?;
    let (rest, _) = keyword(Keyword::OpenParen)(rest)?;
    let (rest, (pattern, _)) = string(rest)?;
    let (rest, _) = keyword(Keyword::CloseParen)(rest)?;
    Ok((rest, pattern))
}

/// What may stand behind a `|`.
fn piped(input: Tokens<'_>) -> Parsed<'_, StageKind> {
    let TokenKind::Keyword(word) = input.kind() else {
        return label_filter(input).map(|(rest, filter)| (rest, StageKind::LabelFilter(filter)));
    };
    let rest = input.advanced();
    match word {
        Keyword::Json => {
            let (rest, extractions) = opt_extractions(rest)?;
            Ok((rest, StageKind::Json(extractions)))
        }
        Keyword::Logfmt => logfmt(rest),
        Keyword::Regexp => string(rest).map(|(rest, (text, _))| (rest, StageKind::Regexp(text))),
        Keyword::Pattern => string(rest).map(|(rest, (text, _))| (rest, StageKind::Pattern(text))),
        Keyword::Unpack => Ok((rest, StageKind::Unpack)),
        Keyword::Decolorize => Ok((rest, StageKind::Decolorize)),
        Keyword::LineFormat => {
            string(rest).map(|(rest, (text, _))| (rest, StageKind::LineFormat(text)))
        }
        Keyword::LabelFormat => {
            list(rest, label_format).map(|(rest, list)| (rest, StageKind::LabelFormat(list)))
        }
        Keyword::Drop => list(rest, label_match).map(|(rest, list)| (rest, StageKind::Drop(list))),
        Keyword::Keep => list(rest, label_match).map(|(rest, list)| (rest, StageKind::Keep(list))),
        Keyword::OpenParen => {
            label_filter(input).map(|(rest, filter)| (rest, StageKind::LabelFilter(filter)))
        }
        _ => input.fail("stage"),
    }
}

fn logfmt(input: Tokens<'_>) -> Parsed<'_, StageKind> {
    let (mut rest, mut strict, mut keep_empty) = (input, false, false);
    loop {
        match rest.kind() {
            TokenKind::Keyword(Keyword::Strict) => strict = true,
            TokenKind::Keyword(Keyword::KeepEmpty) => keep_empty = true,
            _ => break,
        }
        rest = rest.advanced();
    }
    let (rest, extractions) = opt_extractions(rest)?;
    Ok((rest, StageKind::Logfmt { strict, keep_empty, extractions }))
}

fn opt_extractions(input: Tokens<'_>) -> Parsed<'_, Vec<Extraction>> {
    match input.kind() {
        TokenKind::Identifier | TokenKind::Keyword(Keyword::Bool) => list(input, extraction),
        _ => Ok((input, Vec::new())),
    }
}

/// `label="path"` or `label`.
fn extraction(input: Tokens<'_>) -> Parsed<'_, Extraction> {
    let at = input.span().into();
    // `bool` has a meaning behind an operator only, so here it can be a name.
    let (rest, label) = match keyword(Keyword::Bool)(input) {
        Ok((rest, _)) => (rest, Keyword::Bool.as_str().into()),
        Err(_) => identifier(input)?,
    };
    let Ok((rest, _)) = keyword(Keyword::Equal)(rest) else {
        return Ok((rest, Extraction { path: label.clone(), label, at }));
    };
    let (rest, (path, span)) = string(rest)?;
    Ok((rest, Extraction { label, path, at: span.into() }))
}

/// `dst=src` or `dst="template"`.
fn label_format(input: Tokens<'_>) -> Parsed<'_, LabelFormat> {
    let (rest, destination) = identifier(input)?;
    let (rest, _) = keyword(Keyword::Equal)(rest)?;
    if let Ok((rest, source)) = identifier(rest) {
        let at = input.until(&rest).into();
        return Ok((rest, LabelFormat::Rename { destination, source, at }));
    }
    let (rest, (template, _)) = string(rest)?;
    let at = input.until(&rest).into();
    Ok((rest, LabelFormat::Template { destination, template, at }))
}

/// `label` or `label op "value"`.
fn label_match(input: Tokens<'_>) -> Parsed<'_, LabelMatch> {
    let (rest, name) = identifier(input)?;
    let is_matcher =
        [Keyword::Equal, Keyword::NotEqual, Keyword::RegexMatch, Keyword::NotRegexMatch]
            .into_iter()
            .any(|op| rest.is(op));
    if is_matcher {
        return matcher(input).map(|(rest, matcher)| (rest, LabelMatch::Matcher(matcher)));
    }
    Ok((rest, LabelMatch::Name(name)))
}
