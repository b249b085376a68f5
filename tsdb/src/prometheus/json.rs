//! As much JSON as `meta.json` needs: read into a tree, bounded in depth.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use telemetry_core::storage::{Damage, Damaged};

const DEPTH_MAX: usize = 16;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    /// `null`, `true`, `false`: nothing that is needed.
    Word,
    /// A whole number; others are [`Json::Word`].
    Number(i64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// A member of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => {
                members.iter().find(|(found, _)| found == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<i64> {
        if let Json::Number(number) = self { Some(*number) } else { None }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Json::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn list(&self) -> &[Json] {
        if let Json::List(list) = self { list } else { &[] }
    }
}

/// Reads a document.
///
/// # Errors
///
/// Where it is none.
pub(super) fn read(bytes: &[u8]) -> Result<Json, Damaged> {
    let mut reader = Reader { bytes, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at < bytes.len() {
        let count = (bytes.len() - reader.at) as u64;
        return Err(Damaged::at(reader.at, Damage::Trailing { count }));
    }
    Ok(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self) -> Damaged {
        Damaged::field(self.at, "JSON")
    }

    fn next(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while self.next().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let eaten = self.next() == Some(byte);
        self.at += usize::from(eaten);
        eaten
    }

    fn value(&mut self, depth: usize) -> Result<Json, Damaged> {
        self.space();
        if depth > DEPTH_MAX {
            return Err(self.wrong());
        }
        match self.next() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.text().map(Json::Text),
            Some(_) => self.word(),
            None => Err(self.wrong()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, Damaged> {
        self.at += 1;
        let mut members = Vec::new();
        if self.eat(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let name = self.text()?;
            if !self.eat(b':') {
                return Err(self.wrong());
            }
            members.push((name, self.value(depth + 1)?));
            if self.eat(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.eat(b',') {
                return Err(self.wrong());
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, Damaged> {
        self.at += 1;
        let mut items = Vec::new();
        if self.eat(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.eat(b']') {
                return Ok(Json::List(items));
            }
            if !self.eat(b',') {
                return Err(self.wrong());
            }
        }
    }

    fn text(&mut self) -> Result<String, Damaged> {
        if self.next() != Some(b'"') {
            return Err(self.wrong());
        }
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let byte = self.next().ok_or_else(|| self.wrong())?;
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => self.escape(&mut out)?,
                _ => out.push(byte),
            }
        }
        String::from_utf8(out).map_err(|_| Damaged::at(self.at, Damage::Utf8))
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), Damaged> {
        let byte = self.next().ok_or_else(|| self.wrong())?;
        self.at += 1;
        let plain = match byte {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                let digits = self.bytes.get(self.at..self.at + 4);
                let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
                let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                // Names of blocks have no pairs of surrogates.
                let code = code.and_then(char::from_u32).ok_or_else(|| self.wrong())?;
                self.at += 4;
                out.extend_from_slice(code.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            other => other,
        };
        out.push(plain);
        Ok(())
    }

    fn word(&mut self) -> Result<Json, Damaged> {
        let start = self.at;
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        while self.next().is_some_and(is_word) {
            self.at += 1;
        }
        let word = self.bytes.get(start..self.at).unwrap_or_default();
        let word = std::str::from_utf8(word).unwrap_or_default();
        if word.is_empty() {
            return Err(self.wrong());
        }
        Ok(word.parse().map_or(Json::Word, Json::Number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_a_tree() {
        let json = read(br#" {"a": [1, -2, 1.5, true], "b": {"c": "x\n\u00fc"}} "#).unwrap();
        assert_eq!(json.get("a").unwrap().list()[1], Json::Number(-2));
        assert_eq!(json.get("b").unwrap().get("c").unwrap().text(), Some("x\nü"));
        for bad in ["", "{", "[1", "{\"a\"}", "[1,]", "\"", "[1] 2", &"[".repeat(100)] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
