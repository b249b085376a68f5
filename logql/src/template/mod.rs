//! Templates of `line_format` and `label_format`.

use crate::stage::labels::LineLabels;

/// Why a template is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// An action is not closed.
    #[error("template: {name}:1: unclosed action")]
    Unclosed {
        /// Name of the template.
        name: &'static str,
    },
    /// An action that this version does not have.
    #[error("template: {name}:1: {action:?} is not supported")]
    Unsupported {
        /// Name of the template.
        name: &'static str,
        /// The action.
        action: String,
    },
}

/// Why a template could not be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RenderError {}

/// What a template may read.
pub(crate) struct Fields<'f> {
    pub(crate) labels: &'f LineLabels,
    pub(crate) line: &'f [u8],
    pub(crate) time: i64,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Field(String),
    Line,
}

/// A template, ready to be filled.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

impl Template {
    pub(crate) fn new(name: &'static str, text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, action)) = rest.split_once("{{") {
            let Some((action, after)) = action.split_once("}}") else {
                return Err(TemplateError::Unclosed { name });
            };
            parts.push(Part::Text(before.into()));
            let action = action.trim();
            let is_name = |name: &str| {
                !name.is_empty() && name.chars().all(|c| c == '_' || c.is_alphanumeric())
            };
            parts.push(match action.strip_prefix('.') {
                Some(field) if is_name(field) => Part::Field(field.into()),
                _ if action == "__line__" => Part::Line,
                _ => return Err(TemplateError::Unsupported { name, action: action.into() }),
            });
            rest = after;
        }
        parts.push(Part::Text(rest.into()));
        Ok(Template { parts })
    }

    pub(crate) fn render(&self, fields: &Fields<'_>, out: &mut String) -> Result<(), RenderError> {
        let _ = fields.time;
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Field(name) => out.push_str(fields.labels.get(name).unwrap_or_default()),
                Part::Line => out.push_str(&String::from_utf8_lossy(fields.line)),
            }
        }
        Ok(())
    }

    pub(crate) fn fields(&self) -> Vec<String> {
        let names = self.parts.iter().filter_map(|part| match part {
            Part::Field(name) => Some(name.clone()),
            _ => None,
        });
        names.collect()
    }

    pub(crate) fn reads_line(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Line))
    }
}
