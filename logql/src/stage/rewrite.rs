//! `line_format` and `label_format`: a line or labels made anew from labels.

use super::Entry;
use super::labels::LineError;
use crate::template::{Fields, Template};

/// `| line_format "…"`.
#[derive(Clone, Debug)]
pub(crate) struct LineFormat {
    template: Template,
    out: String,
}

impl LineFormat {
    pub(crate) fn new(template: Template) -> Self {
        LineFormat { template, out: String::new() }
    }

    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    pub(crate) fn apply(&mut self, entry: &mut Entry<'_>) {
        self.out.clear();
        match self.template.render(&fields(entry), &mut self.out) {
            Ok(()) => entry.line.replace_by(&mut self.out),
            Err(error) => entry.labels.set_error(LineError::Template, &error.to_string()),
        }
    }
}

/// One assignment of `label_format`.
#[derive(Clone, Debug)]
pub(crate) enum Assignment {
    Rename { destination: Box<str>, source: Box<str> },
    Template { destination: Box<str>, template: Template },
}

/// `| label_format a=b, c="…"`.
#[derive(Clone, Debug)]
pub(crate) struct LabelFormat {
    assignments: Vec<Assignment>,
}

impl LabelFormat {
    pub(crate) fn new(assignments: Vec<Assignment>) -> Self {
        LabelFormat { assignments }
    }

    pub(crate) fn assignments(&self) -> &[Assignment] {
        &self.assignments
    }

    /// Carries out the assignments in order. Templates see the labels as they were when the first
    /// template ran: not what other templates of the stage have set.
    pub(crate) fn apply(&mut self, entry: &mut Entry<'_>) {
        let templates =
            self.assignments.iter().filter(|one| matches!(one, Assignment::Template { .. }));
        // A lone template cannot see what another one set.
        let snapshot = (templates.count() > 1).then(Vec::new);
        let mut snapshot: Option<Vec<Result<String, String>>> = snapshot;
        let mut next = 0;
        for at in 0..self.assignments.len() {
            match self.assignments.get(at) {
                Some(Assignment::Rename { destination, source }) => {
                    entry.labels.rename(source, destination);
                }
                Some(Assignment::Template { destination, template }) => {
                    let text = match &mut snapshot {
                        None => render(template, entry),
                        Some(texts) => {
                            if texts.is_empty() {
                                *texts = self.render_from(at, entry);
                            }
                            next += 1;
                            texts.get(next - 1).cloned().unwrap_or(Ok(String::new()))
                        }
                    };
                    match text {
                        Ok(text) => entry.labels.set(destination, &text),
                        Err(details) => entry.labels.set_error(LineError::Template, &details),
                    }
                }
                None => {}
            }
        }
    }

    /// The outcomes of all templates from assignment `at` on.
    fn render_from(&self, at: usize, entry: &Entry<'_>) -> Vec<Result<String, String>> {
        let rest = self.assignments.get(at..).unwrap_or_default();
        rest.iter()
            .filter_map(|one| match one {
                Assignment::Template { template, .. } => Some(render(template, entry)),
                Assignment::Rename { .. } => None,
            })
            .collect()
    }
}

fn fields<'e>(entry: &'e Entry<'_>) -> Fields<'e> {
    Fields { labels: entry.labels, line: entry.line.get(), time: entry.time, now: entry.now }
}

fn render(template: &Template, entry: &Entry<'_>) -> Result<String, String> {
    let mut out = String::new();
    template.render(&fields(entry), &mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use crate::stage::test_support::{apply, labels_of};

    #[test]
    fn lines_are_made_of_labels() {
        let entry = apply(r#"| logfmt | line_format "{{.a}} and {{ .b }}{{.none}}!""#, "a=1 b=2");
        assert_eq!(entry.line, b"1 and 2!");
    }

    #[test]
    fn templates_of_a_stage_do_not_see_each_other() {
        let stage = r#"| logfmt | label_format x="{{.a}}", y="{{.x}}", z=b"#;
        assert_eq!(labels_of(&apply(stage, "a=1 b=2")), ["a=1", "x=1", "y=", "z=2"]);
    }
}
