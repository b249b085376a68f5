//! What came of the cases: counted per file, printed at the end.

use std::collections::BTreeMap;

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It does what the data says.
    Passed,
    /// It does not; what it does instead.
    Failed(String),
    /// It was not tried; why.
    Skipped(String),
}

impl Outcome {
    /// Passed, or failed with what `reason` says.
    pub fn passed_if(passed: bool, reason: impl FnOnce() -> String) -> Self {
        if passed { Outcome::Passed } else { Outcome::Failed(reason()) }
    }
}

impl From<Result<(), String>> for Outcome {
    fn from(result: Result<(), String>) -> Self {
        result.map_or_else(Outcome::Failed, |()| Outcome::Passed)
    }
}

/// The counts of one file or part of a suite.
#[derive(Debug, Default)]
struct Group {
    name: String,
    passed: usize,
    failed: usize,
    skipped: usize,
    /// Counted beside, as what happened on the way of cases that passed.
    notes: BTreeMap<&'static str, usize>,
}

/// All counts of a run.
#[derive(Debug, Default)]
pub struct Report {
    filter: Option<String>,
    list_failures: bool,
    groups: Vec<Group>,
    failures: Vec<(String, String)>,
    /// How often each reason to skip occurred.
    skips: BTreeMap<String, usize>,
}

impl Report {
    /// Only cases whose name contains `text`.
    #[must_use]
    pub fn filter(mut self, text: &str) -> Self {
        self.filter = Some(text.to_owned());
        self
    }

    /// Prints every failed case with what went wrong.
    #[must_use]
    pub fn list_failures(mut self) -> Self {
        self.list_failures = true;
        self
    }

    /// Whether the case of this name is to run.
    pub fn wants(&self, case: &str) -> bool {
        self.filter.as_ref().is_none_or(|text| case.contains(text.as_str()))
    }

    /// Cases from here on belong to the file or part `name`.
    pub fn group(&mut self, name: impl Into<String>) {
        self.groups.push(Group { name: name.into(), ..Group::default() });
    }

    /// Counts a case. Its name says where it stands, so that `--filter` finds it.
    pub fn record(&mut self, case: &str, outcome: Outcome) {
        if self.groups.is_empty() {
            self.group("");
        }
        let Some(group) = self.groups.last_mut() else { return };
        match outcome {
            Outcome::Passed => group.passed += 1,
            Outcome::Failed(reason) => {
                group.failed += 1;
                self.failures.push((format!("{} {case}", group.name), reason));
            }
            Outcome::Skipped(reason) => {
                group.skipped += 1;
                *self.skips.entry(reason).or_default() += 1;
            }
        }
    }

    /// Runs the case of this name if it is wanted, and counts it.
    pub fn case(&mut self, case: &str, run: impl FnOnce() -> Outcome) {
        if self.wants(case) {
            let outcome = run();
            self.record(case, outcome);
        }
    }

    /// Counts something beside the cases, shown behind the numbers of the group.
    pub fn note(&mut self, what: &'static str) {
        if let Some(group) = self.groups.last_mut() {
            *group.notes.entry(what).or_default() += 1;
        }
    }

    /// Cases that passed.
    pub fn passed(&self) -> usize {
        self.groups.iter().map(|group| group.passed).sum()
    }

    /// Cases that failed.
    pub fn failed(&self) -> usize {
        self.groups.iter().map(|group| group.failed).sum()
    }

    /// Cases that were not tried.
    pub fn skipped(&self) -> usize {
        self.groups.iter().map(|group| group.skipped).sum()
    }

    /// Passes of the groups whose name `belongs` accepts.
    pub fn passed_in(&self, belongs: impl Fn(&str) -> bool) -> usize {
        self.groups.iter().filter(|group| belongs(&group.name)).map(|group| group.passed).sum()
    }

    /// Prints the counts; the last line sums them up.
    pub fn print(&self) {
        if self.list_failures {
            for (case, reason) in &self.failures {
                println!("FAILED {case}\n    {}", reason.replace('\n', "\n    "));
            }
        }
        let width = self.groups.iter().map(|group| group.name.len()).max().unwrap_or(0);
        for Group { name, passed, failed, skipped, notes } in &self.groups {
            if passed + failed + skipped == 0 {
                continue;
            }
            let notes: Vec<_> =
                notes.iter().map(|(what, count)| format!("{count} {what}")).collect();
            let notes = notes.join(", ");
            println!(
                "{name:width$}  {passed:5} passed {failed:5} failed {skipped:5} skipped  {notes}"
            );
        }
        for (reason, count) in &self.skips {
            println!("skipped {count}: {reason}");
        }
        let (passed, failed, skipped) = (self.passed(), self.failed(), self.skipped());
        match skipped {
            0 => println!("{passed} passed, {failed} failed"),
            _ => println!("{passed} passed, {failed} failed, {skipped} skipped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_are_not_passes() {
        let mut report = Report::default().filter("a");
        report.group("file");
        report.case("a1", || Outcome::Passed);
        report.case("b", || Outcome::Failed("not wanted, so not run".into()));
        report.case("a2", || Outcome::Skipped("later".into()));
        report.case("a3", || Err("wrong".to_owned()).into());
        assert_eq!((report.passed(), report.failed(), report.skipped()), (1, 1, 1));
    }
}
