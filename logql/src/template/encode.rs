//! URL, Base64, HTML and JavaScript encodings of template functions.

/// Go's `url.QueryEscape`.
pub(super) fn url_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Go's `url.QueryUnescape`.
pub(super) fn url_decode(text: &str) -> Result<String, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'%' => {
                let pair = text.get(at + 1..at + 3);
                let value = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
                let wrong = || format!("invalid URL escape {:?}", text.get(at..).unwrap_or("%"));
                out.push(value.ok_or_else(wrong)?);
                at += 3;
            }
            b'+' => {
                out.push(b' ');
                at += 1;
            }
            byte => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard Base64 with padding.
pub(super) fn base64_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() / 3 * 4 + 4);
    for chunk in text.as_bytes().chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4u32 {
            let index = (bits >> (18 - 6 * digit) & 63) as usize;
            let shown = digit as usize <= chunk.len();
            let c = ALPHABET.get(index).filter(|_| shown).copied().unwrap_or(b'=');
            out.push(char::from(c));
        }
    }
    out
}

/// Standard Base64, with or without padding.
pub(super) fn base64_decode(text: &str) -> Result<String, String> {
    let body = text.trim_end_matches('=');
    let wrong = |at: usize| format!("illegal base64 data at input byte {at}");
    let mut out = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for (at, c) in body.bytes().enumerate() {
        let digit = ALPHABET.iter().position(|known| *known == c).ok_or_else(|| wrong(at))?;
        bits = bits << 6 | u32::try_from(digit).unwrap_or_default();
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    if count >= 6 {
        return Err(wrong(body.len()));
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// Go's `template.HTMLEscapeString`.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => out.push(char::REPLACEMENT_CHARACTER),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

/// Go's `template.JSEscapeString`.
pub(super) fn javascript(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' | '>' | '&' | '=' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_both_ways() {
        for (text, code) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")] {
            assert_eq!(base64_encode(text), code);
            assert_eq!(base64_decode(code).unwrap(), text);
            assert_eq!(base64_decode(code.trim_end_matches('=')).unwrap(), text);
        }
        assert!(base64_decode("Z").is_err() && base64_decode("Z*").is_err());
    }

    #[test]
    fn urls_both_ways() {
        assert_eq!(url_encode("a b/c?é"), "a+b%2Fc%3F%C3%A9");
        assert_eq!(url_decode("a+b%2Fc").unwrap(), "a b/c");
        assert!(url_decode("%2").is_err() && url_decode("%zz").is_err());
    }
}
