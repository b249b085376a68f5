//! Random regular expressions against a naive matcher, and the optimised forms against the engine.
//!
//! The model follows the definition: an expression maps a start to the set of ends it can reach, by
//! characters, where a byte that is no UTF-8 counts as the character U+FFFD.

use proptest::prelude::*;
use std::collections::BTreeSet;
use telemetry_core::labels::{Regex, RegexOptions};

#[derive(Clone, Debug)]
enum Node {
    Char(char),
    Dot,
    /// Ranges, whether negated.
    Class(Vec<(char, char)>, bool),
    /// `\d`, `\w`, `\s` or their negations.
    Perl(char),
    Boundary(bool),
    Start,
    End,
    Group(Box<Node>),
    Fold(Box<Node>),
    Concat(Vec<Node>),
    Alternation(Vec<Node>),
    Repeat(Box<Node>, u32, Option<u32>, bool),
}

const CHARS: [char; 8] = ['a', 'b', 'B', '1', ' ', '\n', 'é', '\u{fffd}'];

impl Node {
    /// The expression as it is written. Every part that needs parentheses has them.
    fn write(&self, out: &mut String) {
        match self {
            Node::Char(c) => out.push(*c),
            Node::Dot => out.push('.'),
            Node::Class(ranges, negated) => {
                out.push_str(if *negated { "[^" } else { "[" });
                for (low, high) in ranges {
                    out.extend([*low, '-', *high]);
                }
                out.push(']');
            }
            Node::Perl(c) => out.extend(['\\', *c]),
            Node::Boundary(is) => out.push_str(if *is { r"\b" } else { r"\B" }),
            Node::Start => out.push('^'),
            Node::End => out.push('$'),
            Node::Group(node) => wrap(out, "(", node),
            Node::Fold(node) => wrap(out, "(?i:", node),
            Node::Concat(nodes) => nodes.iter().for_each(|node| match node {
                Node::Alternation(_) => wrap(out, "(?:", node),
                node => node.write(out),
            }),
            Node::Alternation(nodes) => {
                for (i, node) in nodes.iter().enumerate() {
                    out.push_str(if i > 0 { "|" } else { "" });
                    node.write(out);
                }
            }
            Node::Repeat(node, min, max, greedy) => {
                wrap(out, "(?:", node);
                match (min, max) {
                    (0, None) => out.push('*'),
                    (1, None) => out.push('+'),
                    (0, Some(1)) => out.push('?'),
                    (min, None) => out.push_str(&format!("{{{min},}}")),
                    (min, Some(max)) if min == max => out.push_str(&format!("{{{min}}}")),
                    (min, Some(max)) => out.push_str(&format!("{{{min},{max}}}")),
                }
                out.push_str(if *greedy { "" } else { "?" });
            }
        }
    }

    fn ends(&self, text: &[char], start: usize, fold: bool, newline: bool) -> BTreeSet<usize> {
        let one = |is: &dyn Fn(char) -> bool| {
            text.get(start).filter(|c| is(**c)).map(|_| start + 1).into_iter().collect()
        };
        let here = |is: bool| is.then_some(start).into_iter().collect();
        match self {
            Node::Char(own) => one(&|c| same(*own, c, fold)),
            Node::Dot => one(&|c| newline || c != '\n'),
            Node::Class(ranges, negated) => one(&|c| {
                let is = |c| ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
                (is(c) || (fold && folded(c).into_iter().any(is))) != *negated
            }),
            Node::Perl(letter) => one(&|c| {
                let is = match letter.to_ascii_lowercase() {
                    'd' => c.is_ascii_digit(),
                    'w' => c.is_ascii_alphanumeric() || c == '_',
                    _ => matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c'),
                };
                is != letter.is_ascii_uppercase()
            }),
            Node::Boundary(is) => {
                let word = |at: Option<usize>| {
                    at.and_then(|at| text.get(at))
                        .is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_')
                };
                here((word(start.checked_sub(1)) != word(Some(start))) == *is)
            }
            Node::Start => here(start == 0),
            Node::End => here(start == text.len()),
            Node::Group(node) => node.ends(text, start, fold, newline),
            Node::Fold(node) => node.ends(text, start, true, newline),
            Node::Concat(nodes) => nodes.iter().fold(BTreeSet::from([start]), |starts, node| {
                starts.iter().flat_map(|start| node.ends(text, *start, fold, newline)).collect()
            }),
            Node::Alternation(nodes) => {
                nodes.iter().flat_map(|node| node.ends(text, start, fold, newline)).collect()
            }
            Node::Repeat(node, min, max, _) => {
                let step = |starts: &BTreeSet<usize>| -> BTreeSet<usize> {
                    starts.iter().flat_map(|at| node.ends(text, *at, fold, newline)).collect()
                };
                let mut now = BTreeSet::from([start]);
                for _ in 0..*min {
                    now = step(&now);
                }
                let mut all = now.clone();
                // After as many rounds as there are characters, nothing new is reached.
                for _ in *min..max.unwrap_or(min + text.len() as u32 + 1) {
                    now = step(&now);
                    all.extend(&now);
                }
                all
            }
        }
    }
}

fn wrap(out: &mut String, open: &str, node: &Node) {
    out.push_str(open);
    node.write(out);
    out.push(')');
}

/// The characters that `c` folds to, of those that occur here.
fn folded(c: char) -> Vec<char> {
    CHARS.into_iter().chain(['A', 'É']).filter(|other| same(c, *other, true)).collect()
}

fn same(a: char, b: char, fold: bool) -> bool {
    a == b || (fold && a.to_lowercase().eq(b.to_lowercase()))
}

fn node() -> impl Strategy<Value = Node> {
    let any_char = prop::sample::select(CHARS.to_vec());
    let range = (any_char.clone(), any_char.clone()).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let leaf = prop_oneof![
        8 => any_char.prop_map(Node::Char),
        2 => Just(Node::Dot),
        2 => (prop::collection::vec(range, 1..3), any::<bool>())
            .prop_map(|(ranges, negated)| Node::Class(ranges, negated)),
        2 => prop::sample::select(vec!['d', 'D', 'w', 'W', 's', 'S']).prop_map(Node::Perl),
        1 => any::<bool>().prop_map(Node::Boundary),
        1 => Just(Node::Start),
        1 => Just(Node::End),
        3 => any::<bool>().prop_map(|plus| {
            Node::Repeat(Box::new(Node::Dot), u32::from(plus), None, true)
        }),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        let counts = prop_oneof![
            Just((0, None)),
            Just((1, None)),
            Just((0, Some(1))),
            (0..3u32, 0..3u32).prop_map(|(min, more)| (min, Some(min + more))),
            (0..3u32).prop_map(|min| (min, None)),
        ];
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 0..4).prop_map(Node::Concat),
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(Node::Alternation),
            2 => inner.clone().prop_map(|node| Node::Group(Box::new(node))),
            1 => inner.clone().prop_map(|node| Node::Fold(Box::new(node))),
            2 => (inner, counts, any::<bool>()).prop_map(|(node, (min, max), greedy)| {
                Node::Repeat(Box::new(node), min, max, greedy)
            }),
        ]
    })
}

/// Text of the characters above, in which some bytes may be no UTF-8.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        12 => prop::sample::select(CHARS.to_vec()).prop_map(|c| c.to_string().into_bytes()),
        1 => Just(vec![0xff]),
        1 => Just(vec![0xc3]),
        1 => Just("AÉ".as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

fn chars(bytes: &[u8]) -> Vec<char> {
    let mut chars = Vec::new();
    for chunk in bytes.utf8_chunks() {
        chars.extend(chunk.valid().chars());
        chars.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
    chars
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn expressions_match_what_their_definition_says(
        node in node(),
        texts in prop::collection::vec(text(), 1..6),
        anchored in any::<bool>(),
        newline in any::<bool>(),
    ) {
        let mut pattern = String::new();
        node.write(&mut pattern);
        let options = RegexOptions { anchored, dot_matches_newline: newline };
        let regex = Regex::with_options(&pattern, options).unwrap();
        for text in &texts {
            let chars = chars(text);
            let ends = |start| node.ends(&chars, start, false, newline);
            let expected = if anchored {
                ends(0).contains(&chars.len())
            } else {
                (0..=chars.len()).any(|start| !ends(start).is_empty())
            };
            prop_assert_eq!(regex.is_match(text), expected, "{:?} on {:?}", pattern, chars);
            prop_assert_eq!(regex.is_match_by_engine(text), expected);
            let found = regex.find(text);
            prop_assert_eq!(found.is_some(), expected);
            if let Some(range) = found {
                let captures = regex.captures(text).unwrap();
                prop_assert_eq!(captures.get(0), Some(range));
            }
            // What is promised to stores holds.
            if expected {
                let lossy: String = chars.iter().collect();
                prop_assert!(lossy.starts_with(regex.prefix()), "{:?}", pattern);
                for clause in regex.required_literals() {
                    prop_assert!(clause.texts().any(|t| lossy.contains(t)), "{:?}", pattern);
                }
                prop_assert!(regex.set().is_none_or(|set| set.iter().any(|t| **t == *lossy)));
            } else {
                prop_assert!(!regex.matches_all());
            }
        }
        for text in regex.set().unwrap_or_default() {
            prop_assert!(regex.is_match_by_engine(text.as_bytes()));
        }
    }

    #[test]
    fn forms_and_engine_agree_on_common_patterns(
        pattern in "(\\^)?((a|ab|é|\\.\\*|\\.\\+|\\.|\\(a\\|b\\)|b\\?|\\[ab\\]|\\|){1,6})\\$?",
        texts in prop::collection::vec("[abé\n]{0,6}", 1..8),
        newline in any::<bool>(),
    ) {
        for anchored in [false, true] {
            let options = RegexOptions { anchored, dot_matches_newline: newline };
            let regex = Regex::with_options(&pattern, options).unwrap();
            for text in &texts {
                let (quick, slow) = (regex.is_match_str(text), regex.is_match_by_engine(text.as_bytes()));
                prop_assert_eq!(quick, slow, "{:?} on {:?}", &pattern, text);
            }
        }
    }

    #[test]
    fn pieces_with_gaps_between_them_agree_with_the_engine(
        pattern in "[ab]{0,2}((\\.\\*|\\.\\+|\\.\\*\\?)[abé]{0,2}){1,3}(\\|[ab]{0,2}(\\.\\+[ab]|[ab]))?",
        texts in prop::collection::vec("[abé]{0,6}|[ab\n]{0,5}", 8),
        newline in any::<bool>(),
    ) {
        let options = RegexOptions { anchored: true, dot_matches_newline: newline };
        let regex = Regex::with_options(&pattern, options).unwrap();
        for text in &texts {
            let (quick, slow) = (regex.is_match_str(text), regex.is_match_by_engine(text.as_bytes()));
            prop_assert_eq!(quick, slow, "{:?} on {:?}", &pattern, text);
        }
    }

    #[test]
    fn any_text_is_a_pattern_or_an_error(
        pattern in "([ab.*+?|^$-]|\\(|\\)|\\(\\?[imsUP<:-]{0,3}|[\\[\\]]|\\\\[dDwWsSbBAzQEpPx01a]|\\{[0-9]{0,4},?[0-9]{0,2}\\}?|\\[:[a-z]{0,5}:\\]|[>n\\\\é\\{\\}]){0,12}",
        text in "[ab\\\\é\n]{0,6}",
    ) {
        match Regex::new(&pattern) {
            Ok(regex) => {
                regex.captures(text.as_bytes());
                regex.replace_all(&text, &pattern);
            }
            Err(error) => {
                prop_assert!(error.span.end <= pattern.len());
                prop_assert!(pattern.get(error.span.start..error.span.end).is_some());
            }
        }
    }

    #[test]
    fn any_string_at_all_is_read(pattern in ".{0,30}", template in ".{0,10}") {
        if let Ok(regex) = Regex::new(&pattern) {
            regex.replace_all(&pattern, &template);
        }
    }
}
