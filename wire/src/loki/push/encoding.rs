//! How a body is coded.

/// How the body of a push is coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Protobuf in one block of snappy: what agents send.
    #[default]
    Protobuf,
    /// JSON, as it lies or decompressed by whoever received it.
    Json,
}

impl Encoding {
    /// The encoding that the header `Content-Type` names: JSON if it is `application/json`, whatever
    /// parameters follow; else protobuf, as Loki has it.
    pub fn of(content_type: &str) -> Self {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        match media_type.eq_ignore_ascii_case("application/json") {
            true => Encoding::Json,
            false => Encoding::Protobuf,
        }
    }

    /// The header `Content-Type` of such a body.
    pub fn content_type(self) -> &'static str {
        match self {
            Encoding::Protobuf => "application/x-protobuf",
            Encoding::Json => "application/json",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_media_type_counts() {
        assert_eq!(Encoding::of("Application/JSON; charset=utf-8"), Encoding::Json);
        for other in ["", "application/x-protobuf", "text/plain", "application/jsonl"] {
            assert_eq!(Encoding::of(other), Encoding::Protobuf, "{other}");
        }
    }
}
