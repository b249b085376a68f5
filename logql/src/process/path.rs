//! Paths into JSON, spelt as in JMESPath: `user.tags[0]."odd-name"`, `items[-1].id`.

use super::error::StageSetupError;
use super::json::Json;

/// Where in a document a value is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Member(String),
    /// An element; negative ones count from the end.
    Element(i64),
}

impl Path {
    pub(super) fn parse(stage: &'static str, text: &str) -> Result<Self, StageSetupError> {
        let mut rest = text;
        let mut steps = Vec::new();
        let wrong = |rest: &str| StageSetupError::Path {
            stage,
            path: text.to_owned(),
            at: text.len() - rest.len(),
        };
        let mut needs_name = true;
        while !rest.is_empty() || needs_name {
            if let Some(after) = rest.strip_prefix('[').filter(|_| !needs_name || steps.is_empty())
            {
                let (index, after) = after.split_once(']').ok_or_else(|| wrong(rest))?;
                steps.push(Step::Element(index.parse().map_err(|_| wrong(rest))?));
                rest = after;
            } else {
                let (name, after) = name(rest).ok_or_else(|| wrong(rest))?;
                if !needs_name {
                    return Err(wrong(rest));
                }
                steps.push(Step::Member(name));
                rest = after;
            }
            needs_name = false;
            if let Some(after) = rest.strip_prefix('.') {
                rest = after;
                needs_name = true;
            }
        }
        Ok(Path { steps })
    }

    /// The value at the path.
    pub(super) fn find<'j>(&self, json: &'j Json) -> Option<&'j Json> {
        self.steps.iter().try_fold(json, |json, step| match (step, json) {
            (Step::Member(name), json) => json.member(name),
            (Step::Element(index), Json::Array(values)) => {
                let index = match usize::try_from(*index) {
                    Ok(index) => index,
                    Err(_) => {
                        let back = usize::try_from(index.unsigned_abs()).ok()?;
                        values.len().checked_sub(back)?
                    }
                };
                values.get(index)
            }
            _ => None,
        })
    }
}

/// A name at the head of `text`, bare or in quotes, and what follows.
fn name(text: &str) -> Option<(String, &str)> {
    if text.starts_with('"') {
        let literal = telemetry_core::syntax::string::read(text).ok()?;
        return Some((literal.value.into_owned(), text.get(literal.len..)?));
    }
    let is_first = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    text.as_bytes().first().filter(|first| is_first(first))?;
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let len = text.bytes().take_while(is_word).count();
    Some((text.get(..len)?.to_owned(), text.get(len..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let json = br#"{"a": {"b-c": [1, {"d": "x"}]}, "e": 2}"#;
        let json = Json::read(json).unwrap();
        let find = |path: &str| {
            let path = Path::parse("json", path).unwrap();
            path.find(&json).and_then(|found| found.to_value().text().map(|t| t.into_owned()))
        };
        assert_eq!(find("e").as_deref(), Some("2"));
        assert_eq!(find(r#"a."b-c"[1].d"#).as_deref(), Some("x"));
        assert_eq!(find(r#"a."b-c"[-2]"#).as_deref(), Some("1"));
        for none in ["x", "e.f", r#"a."b-c"[2]"#, r#"a."b-c"[-3]"#, "a[0]"] {
            assert_eq!(find(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_no_path_is_named_with_its_byte() {
        for (path, at) in [("", 0), ("a.", 2), ("a-b", 1), ("a[x]", 1), ("a[0", 1), ("a b", 1)] {
            let error = Path::parse("json", path).unwrap_err();
            assert!(
                matches!(error, StageSetupError::Path { at: found, .. } if found == at),
                "{path}"
            );
        }
    }
}
