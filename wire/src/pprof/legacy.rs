//! Tells the formats from before protobuf, to refuse them by name.

/// Beginnings of the text formats.
const TEXTS: [(&[u8], &str); 7] = [
    (b"heap profile:", "heap text"),
    (b"heapz", "heap text"),
    (b"goroutine profile:", "goroutine text"),
    (b"threadcreate profile:", "thread text"),
    (b"--- contention", "contention text"),
    (b"--- mutex", "contention text"),
    (b"--- ", "text with dashed headings"),
];

/// The format, if `bytes` are a profile of such a format.
pub(super) fn format(bytes: &[u8]) -> Option<&'static str> {
    let text = TEXTS.iter().find(|(start, _)| bytes.starts_with(start));
    text.map(|(_, format)| *format).or_else(|| is_cpu(bytes).then_some("binary CPU"))
}

/// A binary CPU profile starts with the words 0, 3, 0 or 0, 3, 1, of four or eight bytes in either
/// order.
fn is_cpu(bytes: &[u8]) -> bool {
    [4, 8].into_iter().any(|width| {
        [false, true].into_iter().any(|big_endian| {
            let word = |at: usize| {
                let bytes = bytes.get(at * width..(at + 1) * width)?;
                let mut bytes = bytes.iter().map(|byte| u64::from(*byte));
                let add = |number: u64, byte: u64| number << 8 | byte;
                Some(if big_endian {
                    bytes.fold(0, add)
                } else {
                    bytes.by_ref().rev().fold(0, add)
                })
            };
            word(0) == Some(0) && word(1) == Some(3) && matches!(word(2), Some(0 | 1))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_formats_are_known_by_their_beginning() {
        assert_eq!(format(b"heap profile:  1: 2 [3: 4] @ heapprofile"), Some("heap text"));
        assert_eq!(format(b"--- contentionz 1 ---"), Some("contention text"));
        let cpu: Vec<u8> = [0, 3, 0, 10_000_u64].iter().flat_map(|w| w.to_le_bytes()).collect();
        assert_eq!(format(&cpu), Some("binary CPU"));
        assert_eq!(format(b"\x0a\x04\x08\x01\x10\x02"), None);
        assert_eq!(format(b""), None);
    }
}
