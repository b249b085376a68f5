//! What may stand behind an operator or an aggregation: `bool on (a) group_left (b)`, `by (a)`.

use super::tokens::{Parsed, Tokens, identifier, keyword};
use crate::ast::{Group, GroupSide, Grouping, Matching};
use crate::lexer::Keyword;
use nom::Parser;
use nom::branch::alt;
use nom::combinator::{opt, value};

/// The words behind an operator.
pub(super) struct Modifier {
    pub(super) return_bool: bool,
    pub(super) matching: Option<Matching>,
}

pub(super) fn modifier(input: Tokens<'_>) -> Parsed<'_, Modifier> {
    let (rest, return_bool) = opt(keyword(Keyword::Bool)).parse(input)?;
    let (rest, on) =
        opt(alt((value(true, keyword(Keyword::On)), value(false, keyword(Keyword::Ignoring)))))
            .parse(rest)?;
    let return_bool = return_bool.is_some();
    let Some(on) = on else { return Ok((rest, Modifier { return_bool, matching: None })) };
    let (rest, labels) = labels(rest)?;
    let (rest, group) = opt_group(rest)?;
    Ok((rest, Modifier { return_bool, matching: Some(Matching { on, labels, group }) }))
}

fn opt_group(input: Tokens<'_>) -> Parsed<'_, Option<Group>> {
    let (rest, side) = opt(alt((
        value(GroupSide::Left, keyword(Keyword::GroupLeft)),
        value(GroupSide::Right, keyword(Keyword::GroupRight)),
    )))
    .parse(input)?;
    let Some(side) = side else { return Ok((rest, None)) };
    // A parenthesis here always opens the list of labels, never the right operand.
    let (rest, include) = match rest.is(Keyword::OpenParen) {
        true => labels(rest).map(|(rest, labels)| (rest, Some(labels)))?,
        false => (rest, None),
    };
    Ok((rest, Some(Group { side, include })))
}

/// `by (a, b)` or `without (a, b)`.
pub(super) fn grouping(input: Tokens<'_>) -> Parsed<'_, Grouping> {
    let (rest, without) =
        alt((value(false, keyword(Keyword::By)), value(true, keyword(Keyword::Without))))
            .parse(input)?;
    let (rest, labels) = labels(rest)?;
    Ok((rest, Grouping { without, labels }))
}

pub(super) fn opt_grouping(input: Tokens<'_>) -> Parsed<'_, Option<Grouping>> {
    if input.is(Keyword::By) || input.is(Keyword::Without) {
        return grouping(input).map(|(rest, grouping)| (rest, Some(grouping)));
    }
    Ok((input, None))
}

/// `(a, b)` or `()`.
fn labels(input: Tokens<'_>) -> Parsed<'_, Vec<Box<str>>> {
    let (rest, _) = keyword(Keyword::OpenParen)(input)?;
    if let Ok((rest, _)) = keyword(Keyword::CloseParen)(rest) {
        return Ok((rest, Vec::new()));
    }
    let (rest, labels) = list(rest, identifier)?;
    let (rest, _) = keyword(Keyword::CloseParen)(rest)?;
    Ok((rest, labels))
}

/// One or more of `item`, with commas between.
pub(super) fn list<'t, T>(
    input: Tokens<'t>,
    item: impl Fn(Tokens<'t>) -> Parsed<'t, T>,
) -> Parsed<'t, Vec<T>> {
    let (mut rest, first) = item(input)?;
    let mut items = vec![first];
    while let Ok((after, _)) = keyword(Keyword::Comma)(rest) {
        let (after, next) = item(after)?;
        items.push(next);
        rest = after;
    }
    Ok((rest, items))
}
