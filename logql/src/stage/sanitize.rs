//! Field names → label names.

/// Appends `name` with everything that a label name may not hold replaced by `_`, one for each
/// character; blanks around it are gone, and a digit at the very start gets a `_` before it.
pub(crate) fn sanitize_into(out: &mut String, name: &[u8]) {
    let name = name.trim_ascii();
    if out.is_empty() && name.first().is_some_and(u8::is_ascii_digit) {
        out.push('_');
    }
    if name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
        out.push_str(std::str::from_utf8(name).unwrap_or_default());
        return;
    }
    // Invalid bytes count as one character each, as Go's `range` over a string gives them.
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            out.push(if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' });
        }
        out.extend(chunk.invalid().iter().map(|_| '_'));
    }
}

/// The label name of a field.
pub(crate) fn sanitize(name: &[u8]) -> String {
    let mut out = String::with_capacity(name.len() + 1);
    sanitize_into(&mut out, name);
    out
}

/// Appends `value` as text: what is not UTF-8, and the replacement character itself, becomes a
/// blank.
pub(crate) fn text_into(out: &mut String, value: &[u8]) {
    if let (true, Ok(text)) = (value.is_ascii(), std::str::from_utf8(value)) {
        out.push_str(text);
        return;
    }
    for chunk in value.utf8_chunks() {
        let valid = chunk.valid();
        if valid.contains(char::REPLACEMENT_CHARACTER) {
            out.extend(valid.chars().map(|c| match c {
                char::REPLACEMENT_CHARACTER => ' ',
                c => c,
            }));
        } else {
            out.push_str(valid);
        }
        out.extend(chunk.invalid().iter().map(|_| ' '));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, label) in [
            ("abc", "abc"),
            ("1", "_1"),
            ("$a$bc", "_a_bc"),
            (" a b ", "a_b"),
            ("ünï", "_n_"),
            ("", ""),
            ("  ", ""),
        ] {
            assert_eq!(sanitize(name.as_bytes()), label, "{name:?}");
        }
        assert_eq!(sanitize(b"a\xff\xfeb"), "a__b");
    }

    #[test]
    fn texts() {
        let mut out = String::new();
        text_into(&mut out, b"b\xffr \xef\xbf\xbd\xe4\xb8\x96");
        assert_eq!(out, "b r  世");
    }
}
