//! `<ip> - <user> [<_>] "<method> <path>`: patterns, as a parser and as a line filter.
//!
//! A pattern is literals and captures in turn; `<_>` captures nothing. The two uses differ in
//! more than what they give:
//!
//! * The parser must find a leading literal at the start of the line; a literal that is missing
//!   ends the match there, and the capture before it takes the rest.
//! * The filter searches for the first literal anywhere; every capture needs at least one byte, and
//!   a literal at the end has to end the line.

use super::Entry;
use super::hints::Hints;
use crate::error::PatternError;
use memchr::memmem::Finder;

/// A piece of a pattern.
#[derive(Clone, Debug)]
enum Node {
    Literal(Literal),
    /// A capture; `None` is `<_>`.
    Capture(Option<Box<str>>),
}

/// Text, and the search for it.
#[derive(Clone, Debug)]
struct Literal(Box<Finder<'static>>);

impl Literal {
    fn new(text: &str) -> Self {
        Literal(Box::new(Finder::new(text).into_owned()))
    }

    fn text(&self) -> &[u8] {
        self.0.needle()
    }
}

/// Splits a pattern into its pieces. A `<` that begins no name is a literal.
fn parse(text: &str) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(name) = capture(rest) {
            if !literal.is_empty() {
                nodes.push(Node::Literal(Literal::new(&std::mem::take(&mut literal))));
            }
            rest = rest.get(name.len() + 2..).unwrap_or_default();
            nodes.push(Node::Capture((name != "_").then(|| name.into())));
            continue;
        }
        literal.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    if !literal.is_empty() {
        nodes.push(Node::Literal(Literal::new(&literal)));
    }
    nodes
}

/// The name of the capture that `text` begins with.
fn capture(text: &str) -> Option<&str> {
    let name = text.strip_prefix('<')?.split_once('>')?.0;
    let first = name.as_bytes().first()?;
    let names = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (names && !first.is_ascii_digit()).then_some(name)
}

fn shown(node: &Node) -> String {
    match node {
        Node::Literal(literal) => String::from_utf8_lossy(literal.text()).into_owned(),
        Node::Capture(name) => format!("<{}>", name.as_deref().unwrap_or("_")),
    }
}

fn check_neighbours(nodes: &[Node]) -> Result<(), PatternError> {
    for pair in nodes.windows(2) {
        if let [left @ Node::Capture(_), right @ Node::Capture(_)] = pair {
            return Err(PatternError::Consecutive((shown(left) + &shown(right)).into()));
        }
    }
    Ok(())
}

/// Whether `text` is a pattern that a parser can use.
pub(crate) fn check_parser(text: &str) -> Result<(), PatternError> {
    Pattern::new(text).map(drop)
}

/// A pattern as a parser.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    nodes: Vec<Node>,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Self, PatternError> {
        let nodes = parse(text);
        if nodes.is_empty() {
            return Err(PatternError::Empty);
        }
        let mut names: Vec<&str> = Vec::new();
        for node in &nodes {
            if let Node::Capture(Some(name)) = node {
                names.push(name);
            }
        }
        if names.is_empty() {
            return Err(PatternError::NoCapture);
        }
        check_neighbours(&nodes)?;
        names.sort_unstable();
        if let Some([name, _]) = names.array_windows().find(|[a, b]| a == b) {
            return Err(PatternError::Duplicate((*name).into()));
        }
        Ok(Pattern { nodes })
    }

    /// What the named captures find in `line`, by name.
    pub(crate) fn captures<'l>(&self, line: &'l [u8]) -> Vec<(&str, &'l [u8])> {
        let mut found = Vec::new();
        self.for_each(line, |name, text| found.push((name, text)));
        found
    }

    fn for_each<'p, 'l>(&'p self, line: &'l [u8], mut each: impl FnMut(&'p str, &'l [u8])) {
        let mut rest = line;
        let mut nodes = self.nodes.as_slice();
        if let [Node::Literal(literal), tail @ ..] = nodes {
            let Some(after) = rest.strip_prefix(literal.text()) else { return };
            rest = after;
            nodes = tail;
        }
        // From here on captures and literals come in turn.
        while let [Node::Capture(name), tail @ ..] = nodes {
            let literal = match tail.first() {
                Some(Node::Literal(literal)) => {
                    literal.0.find(rest).map(|at| (at, literal.text().len()))
                }
                _ => None,
            };
            let end = literal.map_or(rest.len(), |(at, _)| at);
            if let Some(name) = name {
                each(name, rest.get(..end).unwrap_or_default());
            }
            let Some((at, len)) = literal else { return };
            rest = rest.get(at + len..).unwrap_or_default();
            nodes = tail.get(1..).unwrap_or_default();
        }
    }

    pub(crate) fn apply(&mut self, entry: &mut Entry<'_>, hints: &Hints) {
        let Entry { labels, line, .. } = entry;
        if hints.is_nothing(labels) {
            return;
        }
        self.for_each(line.get(), |name, text| {
            if !hints.is_done(labels) {
                let write = |out: &mut String| out.push_str(&String::from_utf8_lossy(text));
                labels.extract(name, write, |name| hints.wants(name));
            }
        });
    }
}

/// A pattern as a line filter.
#[derive(Clone, Debug)]
pub(crate) struct PatternFilter {
    nodes: Vec<Node>,
}

impl PatternFilter {
    pub(crate) fn new(text: &str) -> Result<Self, PatternError> {
        let nodes = parse(text);
        for node in &nodes {
            if let Node::Capture(Some(_)) = node {
                return Err(PatternError::Named(shown(node).into()));
            }
        }
        check_neighbours(&nodes)?;
        Ok(PatternFilter { nodes })
    }

    /// The longest text that a line of the shape has.
    pub(crate) fn longest_literal(&self) -> Option<&[u8]> {
        let literals = self.nodes.iter().filter_map(|node| match node {
            Node::Literal(literal) => Some(literal.text()),
            Node::Capture(_) => None,
        });
        literals.max_by_key(|text| text.len())
    }

    /// Whether the line has the shape.
    pub(crate) fn is_match(&self, line: &[u8]) -> bool {
        let Some(first) = self.nodes.first() else { return line.is_empty() };
        let mut rest = line;
        // A capture at the start needs its byte before the first literal.
        let mut needs_byte = matches!(first, Node::Capture(_));
        for node in &self.nodes {
            let Node::Literal(literal) = node else {
                needs_byte = true;
                continue;
            };
            let from = usize::from(needs_byte);
            let Some(at) = rest.get(from..).and_then(|rest| literal.0.find(rest)) else {
                return false;
            };
            rest = rest.get(from + at + literal.text().len()..).unwrap_or_default();
            needs_byte = false;
        }
        // What is left belongs to a capture, which needs a byte, or must be nothing.
        if needs_byte { !rest.is_empty() } else { rest.is_empty() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captures(pattern: &str, line: &str) -> Vec<String> {
        let pattern = Pattern::new(pattern).unwrap();
        let found = pattern.captures(line.as_bytes());
        found.iter().map(|(_, text)| String::from_utf8_lossy(text).into_owned()).collect()
    }

    #[test]
    fn captures_take_what_lies_between_literals() {
        assert_eq!(captures("foo <foo> bar", "foo buzz bar"), ["buzz"]);
        assert_eq!(captures("<a>bar <b>", " bar "), [" ", ""]);
        assert_eq!(captures("<path>?<_>", "/api/status"), ["/api/status"]);
        assert_eq!(captures("<a>-<b>-<c>", "1-2"), ["1", "2"]);
        assert!(captures("foo <f>", "a foo b").is_empty());
    }

    #[test]
    fn filters_want_every_wildcard_filled() {
        for (pattern, line, keeps) in [
            ("foo <_>", "foo bar", true),
            ("foo <_>", "foo", false),
            ("<_>foo<_>", "a foo b", true),
            ("<_>foo<_>", "foo b", false),
            ("foo", "x foo", true),
            ("foo", "foo x", false),
            ("", "", true),
            ("", "x", false),
            ("<_>", "x", true),
            ("<_>", "", false),
        ] {
            let filter = PatternFilter::new(pattern).unwrap();
            assert_eq!(filter.is_match(line.as_bytes()), keeps, "{pattern} {line}");
        }
    }

    #[test]
    fn what_makes_no_pattern_is_refused() {
        assert_eq!(Pattern::new("").unwrap_err(), PatternError::Empty);
        assert_eq!(Pattern::new("<_> a").unwrap_err(), PatternError::NoCapture);
        assert_eq!(Pattern::new("<a><b>").unwrap_err(), PatternError::Consecutive("<a><b>".into()));
        assert_eq!(Pattern::new("<a> <a>").unwrap_err(), PatternError::Duplicate("a".into()));
        assert_eq!(PatternFilter::new("<a>").unwrap_err(), PatternError::Named("<a>".into()));
    }
}
