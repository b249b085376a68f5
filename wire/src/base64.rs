//! Base64 (RFC 4648), the standard alphabet and the one for URLs.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends `bytes` in the standard alphabet, padded.
pub(crate) fn encode(bytes: &[u8], out: &mut String) {
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = ALPHABET.get((bits >> (18 - 6 * place)) as usize & 63);
            let digit = if place <= chunk.len() { digit } else { None };
            out.push(char::from(*digit.unwrap_or(&b'=')));
        }
    }
}

/// Appends what `text` stands for; padding may be left out. False where it is not base64.
pub(crate) fn decode(text: &[u8], out: &mut Vec<u8>) -> bool {
    let digits = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let (text, padding) = text.split_at_checked(digits).unwrap_or_default();
    if padding.len() > 2 || text.len() % 4 == 1 {
        return false;
    }
    for chunk in text.chunks(4) {
        let mut bits = 0_u32;
        for byte in chunk {
            let Some(digit) = digit(*byte) else { return false };
            bits = bits << 6 | u32::from(digit);
        }
        bits <<= 6 * (4 - chunk.len());
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend(bytes.iter().take(chunk.len() - 1));
    }
    true
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_standard() {
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (plain, coded) in vectors {
            let mut text = String::new();
            encode(plain.as_bytes(), &mut text);
            assert_eq!(text, coded);
            for spelling in [coded, coded.trim_end_matches('=')] {
                let mut bytes = Vec::new();
                assert!(decode(spelling.as_bytes(), &mut bytes), "{spelling}");
                assert_eq!(bytes, plain.as_bytes());
            }
        }
    }

    #[test]
    fn both_alphabets_are_read() {
        let (mut standard, mut url) = (Vec::new(), Vec::new());
        assert!(decode(b"+/+/", &mut standard) && decode(b"-_-_", &mut url));
        assert_eq!(standard, url);
        for wrong in ["Z", "Z===", "Zm9v*", "Zm 9v", "Zg==Zg=="] {
            assert!(!decode(wrong.as_bytes(), &mut Vec::new()), "{wrong}");
        }
    }
}
