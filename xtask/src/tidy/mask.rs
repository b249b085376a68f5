//! A Rust file with everything but its code blanked, so that a rule can look for words without
//! being fooled by a comment or a string.
//!
//! Masking keeps every byte offset and every line end: what is found in the mask is found at the
//! same place in the text. It is a lexer of the four things that hide code (comments, strings, raw
//! strings, characters) and of nothing else.

use std::ops::Range;

/// `text` with comments and literals turned to spaces.
pub(super) fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let hidden = hidden(text, at);
        if hidden == 0 {
            let width = text[at..].chars().next().map_or(1, char::len_utf8);
            masked.push_str(&text[at..at + width]);
            at += width;
        } else {
            blank(&mut masked, &text[at..at + hidden]);
            at += hidden;
        }
    }
    masked
}

/// `code` (already masked) without its items under `#[cfg(test)]`.
pub(super) fn product(code: &str) -> String {
    let mut masked = String::with_capacity(code.len());
    for region in test_regions(code) {
        masked.push_str(&code[masked.len()..region.start]);
        blank(&mut masked, &code[region]);
    }
    masked.push_str(&code[masked.len()..]);
    masked
}

/// Where the items under `#[cfg(test)]` and `#[cfg(all(test, …))]` lie in masked code, in order
/// and apart from each other.
pub(super) fn test_regions(code: &str) -> Vec<Range<usize>> {
    let mut regions = Vec::new();
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(") {
        let start = from + found;
        let condition = &code[start + "#[cfg(".len()..];
        from = start + 1;
        if condition.starts_with("test)") || condition.starts_with("all(test") {
            from = item_end(code, start);
            regions.push(start..from);
        }
    }
    regions
}

/// The end of the item whose first attribute opens at `start`: its `;` or closing brace.
fn item_end(code: &str, start: usize) -> usize {
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets = brackets.saturating_sub(1),
            b'{' => braces += 1,
            b'}' if braces <= 1 => return at + usize::from(braces == 1),
            b'}' => braces -= 1,
            b';' if braces == 0 && brackets == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// Bytes of the comment or literal that starts at `at`; 0 where code starts.
fn hidden(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    match rest.as_bytes()[0] {
        b'/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
        b'/' if rest.starts_with("/*") => block_comment(rest),
        b'r' if starts_raw(text, at) => raw_string(rest),
        b'"' => string(rest),
        b'\'' => character(rest),
        _ => 0,
    }
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" if depth == 1 => return at + 2,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
    }
    bytes.len()
}

fn string(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Whether the `r` at `at` opens a raw string (`r"`, `br#"`) and does not end a word or start a
/// raw identifier.
fn starts_raw(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches(['b', 'c']);
    let is_prefix = at - before.len() <= 1;
    let ends_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let after = text[at + 1..].trim_start_matches('#');
    is_prefix && !ends_word && after.starts_with('"')
}

fn raw_string(rest: &str) -> usize {
    let hashes = rest[1..].bytes().take_while(|&byte| byte == b'#').count();
    let close = format!("\"{}", "#".repeat(hashes));
    let body = 1 + hashes + 1;
    rest[body..].find(&close).map_or(rest.len(), |found| body + found + close.len())
}

/// A character literal, or 0 for a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            // The character after the backslash may itself be a quote: look behind it.
            let after = rest.char_indices().nth(3).map_or(rest.len(), |(at, _)| at);
            rest[after..].find('\'').map_or(rest.len(), |found| after + found + 1)
        }
        Some((at, letter)) => {
            let close = at + letter.len_utf8();
            if rest[close..].starts_with('\'') { close + 1 } else { 0 }
        }
        None => 0,
    }
}

fn blank(masked: &mut String, hidden: &str) {
    masked.extend(hidden.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words that survive masking.
    fn words(text: &str) -> Vec<String> {
        let masked = code(text);
        assert_eq!(masked.len(), text.len(), "offsets moved in {text:?}");
        masked.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn comments_vanish_and_block_comments_nest() {
        assert_eq!(words("a // b \"\nc"), ["a", "c"]);
        assert_eq!(words("a /* b /* c */ d */ e"), ["a", "e"]);
        assert_eq!(words("a /* never closed"), ["a"]);
    }

    #[test]
    fn strings_vanish_with_their_escapes() {
        assert_eq!(words(r#"a "b \" c \\" d"#), ["a", "d"]);
        assert_eq!(words("a \"über // x\" d"), ["a", "d"]);
        assert_eq!(words(r##"a r#"b " c"# d br"\" e"##), ["a", "d", "b", "e"]);
        assert_eq!(words(r#"r#type for"x" e"#), ["r#type", "for", "e"]);
    }

    #[test]
    fn characters_vanish_and_lifetimes_stay() {
        assert_eq!(words(r"a '\'' b '\\' c '/' d '\u{7f}' e"), ["a", "b", "c", "d", "e"]);
        assert_eq!(words("&'a str 'ü' x"), ["&'a", "str", "x"]);
    }

    #[test]
    fn items_under_cfg_test_are_no_product() {
        let text = "use a; #[cfg(test)] use b::{c}; fn d(){}\n#[cfg(test)]\nmod e { fn f() {} }\nfn g() {}";
        let product = product(&code(text));
        assert_eq!(product.len(), text.len());
        for gone in ["b::", "fn f", "mod e"] {
            assert!(!product.contains(gone), "{gone} stayed in {product}");
        }
        for stays in ["use a", "fn d", "fn g"] {
            assert!(product.contains(stays), "{stays} went from {product}");
        }
    }

    #[test]
    fn an_array_length_does_not_end_a_test_item() {
        let text = "#[cfg(test)] fn a(x: [u8; 4]) { b() } fn c() {}";
        assert_eq!(product(text).trim(), "fn c() {}");
    }
}
