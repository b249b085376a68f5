//! Go's regular expressions (RE2 with Perl's flags) turned into `regex-syntax`'s representation.
//!
//! The parser accepts what Go's `regexp/syntax.Parse` accepts with the flags `Perl`, as of Go 1.22,
//! and refuses the rest with Go's errors. Where the meaning of a construct differs from that of
//! the Rust crate `regex`, the representation built here has Go's:
//!
//! * `\d \w \s \b` and their negations are ASCII; `\s` leaves `\v` out.
//! * A brace that opens no repeat count is a literal: `a{,5}`, `{foo}`.
//! * `\Q…\E` quotes, `\012` is octal, a class takes `[`, `&&` and `--` as they stand.
//! * Flags are `i m s U`; a group's name may occur twice.
//! * Counts go up to [`REPEAT_MAX`], also multiplied; `a**` is refused.
//!
//! Groups being read are a stack of frames, so no input makes the parser recurse. What it builds
//! is at most [`HEIGHT_MAX`] deep. Heights are counted as Go counts them for captures, repetitions,
//! concatenations and alternations, except that Go factors common prefixes out of alternations.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod bracket;
mod escape;

use super::class;
use super::error::{RegexError, RegexErrorKind};
use crate::syntax::Span;
use regex_syntax::hir::{Capture, ClassUnicode, Dot, Hir, Look, Repetition};
use std::collections::HashMap;

/// The largest repeat count, and the largest product of nested ones.
const REPEAT_MAX: u32 = 1000;
/// The greatest height of an expression.
const HEIGHT_MAX: u32 = 1000;
/// The longest pattern. Go has no such limit of its own.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// The most ranges that all classes of a pattern may have together, as in Go (in runes, two a
/// range).
const CLASS_RANGES_MAX: usize = (128 << 20) / 4 / 2;

/// A pattern that was understood.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) hir: Hir,
    /// Names of the groups by number; the whole match is number 0.
    pub(super) names: Vec<Option<Box<str>>>,
}

/// The flags that a pattern can set.
#[derive(Clone, Copy, Debug)]
struct Flags {
    fold: bool,
    multi_line: bool,
    dot_newline: bool,
    ungreedy: bool,
}

/// A part of the expression, with what limits need to know.
#[derive(Debug)]
struct Node {
    hir: Hir,
    height: u32,
    /// The product of the repeat counts on the heaviest path down.
    repeats: u32,
    /// Whether Go keeps it in one literal with its neighbours.
    literal: bool,
}

/// A group that is open; the outermost one is the whole pattern.
#[derive(Debug)]
struct Frame {
    /// The flags that come back when the group ends.
    flags: Flags,
    capture: Option<u32>,
    alternatives: Vec<Node>,
    sequence: Vec<Node>,
}

/// Parses a pattern; `dot_newline` is the flag `s` from the start.
pub(super) fn parse(pattern: &str, dot_newline: bool) -> Result<Parsed, RegexError> {
    let flags = Flags { fold: false, multi_line: false, dot_newline, ungreedy: false };
    let mut parser = Parser {
        pattern,
        at: 0,
        flags,
        frames: Vec::new(),
        frame: Frame { flags, capture: None, alternatives: Vec::new(), sequence: Vec::new() },
        names: vec![None],
        unicode: HashMap::new(),
        class_ranges: 0,
    };
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(parser.error_whole(RegexErrorKind::Large));
    }
    parser.run()?;
    if !parser.frames.is_empty() {
        return Err(parser.error_whole(RegexErrorKind::MissingParenthesis));
    }
    let root = parser.close_alternation()?;
    Ok(Parsed { hir: root.hir, names: parser.names })
}

struct Parser<'p> {
    pattern: &'p str,
    at: usize,
    flags: Flags,
    /// The frames around `frame`, outermost first.
    frames: Vec<Frame>,
    frame: Frame,
    names: Vec<Option<Box<str>>>,
    /// Unicode classes by name and folding, so that a pattern full of them is read quickly.
    unicode: HashMap<(Box<str>, bool), ClassUnicode>,
    class_ranges: usize,
}

impl<'p> Parser<'p> {
    fn run(&mut self) -> Result<(), RegexError> {
        // Where the repetition that was read last began, if nothing came after it.
        let mut last_repeat = None;
        while let Some(c) = self.peek() {
            let start = self.at;
            let mut repeat = None;
            match c {
                '(' if self.rest().starts_with("(?") => self.perl_group()?,
                '(' => {
                    self.at += 1;
                    self.open_capture(None);
                }
                '|' => {
                    self.at += 1;
                    let sequence = self.close_sequence()?;
                    self.frame.alternatives.push(sequence);
                }
                ')' => self.close_group()?,
                '^' => {
                    self.look(1, if self.flags.multi_line { Look::StartLF } else { Look::Start })
                }
                '$' => self.look(1, if self.flags.multi_line { Look::EndLF } else { Look::End }),
                '.' => {
                    self.at += 1;
                    let any = self.flags.dot_newline;
                    self.leaf(Hir::dot(if any { Dot::AnyChar } else { Dot::AnyCharExceptLF }));
                }
                '[' => self.class()?,
                '*' | '+' | '?' => {
                    self.at += 1;
                    let (min, max) = match c {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    self.repeat(start, min, max, false, last_repeat)?;
                    repeat = Some(start);
                }
                '{' => match self.counts() {
                    None => self.literal_char('{'),
                    Some(Counts { min, max, len }) => {
                        self.at += len;
                        let in_range = min <= REPEAT_MAX
                            && max.is_none_or(|max| max <= REPEAT_MAX && min <= max);
                        if !in_range {
                            return Err(self.error(RegexErrorKind::RepeatCount, start, self.at));
                        }
                        self.repeat(start, min, max, true, last_repeat)?;
                        repeat = Some(start);
                    }
                },
                '\\' => self.backslash()?,
                c => self.literal_char(c),
            }
            last_repeat = repeat;
        }
        Ok(())
    }

    // Reading.

    fn rest(&self) -> &'p str {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn error(&self, kind: RegexErrorKind, start: usize, end: usize) -> RegexError {
        let text = self.pattern.get(start..end).unwrap_or_default().into();
        RegexError { kind, text, span: Span::new(start, end) }
    }

    fn error_whole(&self, kind: RegexErrorKind) -> RegexError {
        self.error(kind, 0, self.pattern.len())
    }

    // Building.

    fn leaf(&mut self, hir: Hir) {
        self.frame.sequence.push(Node { hir, height: 1, repeats: 1, literal: false });
    }

    fn look(&mut self, len: usize, look: Look) {
        self.at += len;
        self.leaf(Hir::look(look));
    }

    /// Takes the character at hand as it stands.
    fn literal_char(&mut self, c: char) {
        self.at += c.len_utf8();
        self.literal(u32::from(c));
    }

    fn literal(&mut self, code: u32) {
        let hir = class::literal(code, self.flags.fold);
        self.frame.sequence.push(Node { hir, height: 1, repeats: 1, literal: true });
    }

    fn close_sequence(&mut self) -> Result<Node, RegexError> {
        let nodes = std::mem::take(&mut self.frame.sequence);
        self.join(nodes, Hir::concat)
    }

    fn close_alternation(&mut self) -> Result<Node, RegexError> {
        let last = self.close_sequence()?;
        let mut nodes = std::mem::take(&mut self.frame.alternatives);
        nodes.push(last);
        self.join(nodes, Hir::alternation)
    }

    fn join(&self, mut nodes: Vec<Node>, with: fn(Vec<Hir>) -> Hir) -> Result<Node, RegexError> {
        if nodes.len() == 1
            && let Some(only) = nodes.pop()
        {
            return Ok(only);
        }
        let inner = nodes.iter().map(|node| node.height).max().unwrap_or_default();
        let literal = !nodes.is_empty() && nodes.iter().all(|node| node.literal);
        let repeats = nodes.iter().map(|node| node.repeats).max().unwrap_or(1);
        let height = inner + u32::from(!literal);
        if height > HEIGHT_MAX {
            return Err(self.error_whole(RegexErrorKind::NestingDepth));
        }
        let hir = with(nodes.into_iter().map(|node| node.hir).collect());
        Ok(Node { hir, height, repeats, literal: false })
    }

    fn open(&mut self, capture: Option<u32>) {
        let frame =
            Frame { flags: self.flags, capture, alternatives: Vec::new(), sequence: Vec::new() };
        self.frames.push(std::mem::replace(&mut self.frame, frame));
    }

    fn open_capture(&mut self, name: Option<&str>) {
        // A pattern is too short for more groups than `u32` counts.
        let index = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.map(Box::from));
        self.open(Some(index));
    }

    fn close_group(&mut self) -> Result<(), RegexError> {
        if self.frames.is_empty() {
            return Err(self.error_whole(RegexErrorKind::UnexpectedParenthesis));
        }
        self.at += 1;
        let mut node = self.close_alternation()?;
        let Some(outer) = self.frames.pop() else {
            return Err(self.error_whole(RegexErrorKind::UnexpectedParenthesis));
        };
        let inner = std::mem::replace(&mut self.frame, outer);
        self.flags = inner.flags;
        node.literal = false;
        if let Some(index) = inner.capture {
            node.height += 1;
            if node.height > HEIGHT_MAX {
                return Err(self.error_whole(RegexErrorKind::NestingDepth));
            }
            // Names stay in the parser's list: the engine would refuse one that occurs twice.
            node.hir = Hir::capture(Capture { index, name: None, sub: Box::new(node.hir) });
        }
        self.frame.sequence.push(node);
        Ok(())
    }

    /// Repeats what was read last. `counted` is whether the operator is a count in braces.
    fn repeat(
        &mut self,
        start: usize,
        min: u32,
        max: Option<u32>,
        counted: bool,
        last_repeat: Option<usize>,
    ) -> Result<(), RegexError> {
        let greedy = self.eat("?") == self.flags.ungreedy;
        if let Some(last) = last_repeat {
            return Err(self.error(RegexErrorKind::NestedRepetition, last, self.at));
        }
        let Some(node) = self.frame.sequence.pop() else {
            return Err(self.error(RegexErrorKind::MissingRepeatArgument, start, self.at));
        };
        let height = node.height + 1;
        if height > HEIGHT_MAX {
            return Err(self.error_whole(RegexErrorKind::NestingDepth));
        }
        let repeats = match (counted, max.unwrap_or(min)) {
            // Nothing is left of what is repeated no times.
            _ if max == Some(0) => 1,
            (false, _) | (true, 0) => node.repeats,
            (true, most) => node.repeats.saturating_mul(most),
        };
        if counted && (min >= 2 || max.is_some_and(|max| max >= 2)) && repeats > REPEAT_MAX {
            return Err(self.error(RegexErrorKind::RepeatCount, start, self.at));
        }
        let hir = Hir::repetition(Repetition { min, max, greedy, sub: Box::new(node.hir) });
        self.frame.sequence.push(Node { hir, height, repeats, literal: false });
        Ok(())
    }

    /// Reads the counts of `{n}`, `{n,}` or `{n,m}` at hand, without moving on. `None` where the
    /// brace is a literal.
    fn counts(&self) -> Option<Counts> {
        let rest = self.rest();
        let (min, mut at) = count(rest, 1)?;
        let mut max = Some(min);
        if rest.as_bytes().get(at) == Some(&b',') {
            at += 1;
            max = None;
            if rest.as_bytes().get(at) != Some(&b'}') {
                let (value, end) = count(rest, at)?;
                max = Some(value);
                at = end;
            }
        }
        (rest.as_bytes().get(at) == Some(&b'}')).then_some(Counts { min, max, len: at + 1 })
    }

    // Groups.

    /// Reads what `(?` begins: a named group, a group without number, or flags.
    fn perl_group(&mut self) -> Result<(), RegexError> {
        let start = self.at;
        let rest = self.rest();
        if (rest.starts_with("(?P<") && rest.len() > 4)
            || (rest.starts_with("(?<") && rest.len() > 3)
        {
            let name_start = start + if rest.starts_with("(?<") { 3 } else { 4 };
            let Some(len) = rest.find('>') else {
                let end = self.pattern.len();
                return Err(self.error(RegexErrorKind::NamedCapture, start, end));
            };
            let name = self.pattern.get(name_start..start + len).unwrap_or_default();
            let is_valid = |c: char| c == '_' || c.is_ascii_alphanumeric();
            if name.is_empty() || !name.chars().all(is_valid) {
                return Err(self.error(RegexErrorKind::NamedCapture, start, start + len + 1));
            }
            self.at = start + len + 1;
            self.open_capture(Some(name));
            return Ok(());
        }
        self.at += 2;
        let mut flags = self.flags;
        let mut on = true;
        let mut saw_flag = false;
        while let Some(c) = self.next() {
            let flag = match c {
                'i' => &mut flags.fold,
                'm' => &mut flags.multi_line,
                's' => &mut flags.dot_newline,
                'U' => &mut flags.ungreedy,
                '-' if on => {
                    on = false;
                    // A minus without a flag behind it is refused.
                    saw_flag = false;
                    continue;
                }
                ':' | ')' if on || saw_flag => {
                    if c == ':' {
                        self.open(None);
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => break,
            };
            *flag = on;
            saw_flag = true;
        }
        Err(self.error(RegexErrorKind::PerlSyntax, start, self.at))
    }
}

/// The counts of a repetition in braces and the bytes they take.
struct Counts {
    min: u32,
    max: Option<u32>,
    len: usize,
}

/// Reads a count at `at`; gives it and the offset behind it. Leading zeros are not allowed; what
/// is too large for any limit is given as the largest number.
fn count(text: &str, at: usize) -> Option<(u32, usize)> {
    let rest = text.get(at..)?;
    let len = rest.bytes().take_while(u8::is_ascii_digit).count();
    let digits = rest.get(..len)?;
    if digits.is_empty() || (len > 1 && digits.starts_with('0')) {
        return None;
    }
    Some((digits.parse().unwrap_or(u32::MAX), at + len))
}
