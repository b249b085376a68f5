//! Runs a script: loads what it loads and asks what it asks, in every mode.

use super::answer::{Answer, Value, ask};
use super::compare::{self, Positions};
use super::rerun;
use super::script::{self, CommandKind, Eval, Expected, Times};
use super::storage::{self, MODES, Storage};
use crate::conformance::report::{Outcome, Report};

pub(super) fn run(text: &str, report: &mut Report) {
    let commands = match script::parse(text) {
        Ok(commands) => commands,
        Err(reason) => return report.record("the file", Outcome::Failed(reason)),
    };
    let mut stores = match open() {
        Ok(stores) => stores,
        Err(reason) => return report.record("the store", Outcome::Failed(reason)),
    };
    for command in &commands {
        match &command.kind {
            CommandKind::Clear => match open() {
                Ok(opened) => stores = opened,
                Err(reason) => return report.record("the store", Outcome::Failed(reason)),
            },
            CommandKind::Load(load) => {
                for store in &mut stores {
                    storage::append(store.storage.as_mut(), load);
                    store.settled = false;
                }
            }
            CommandKind::Eval(eval) => {
                let name = format!("line {}: {}", command.line, eval.query);
                report.case(&name, || in_all_modes(eval, &mut stores).into());
            }
        }
    }
}

/// A store and whether it has seen to its last load.
struct Store {
    mode: &'static str,
    storage: Box<dyn Storage>,
    settled: bool,
}

fn open() -> Result<Vec<Store>, String> {
    let open = |mode: &storage::Mode| {
        Ok(Store { mode: mode.name, storage: (mode.open)()?, settled: false })
    };
    MODES.iter().map(open).collect()
}

fn in_all_modes(eval: &Eval, stores: &mut [Store]) -> Result<(), String> {
    for store in stores {
        let in_mode = |reason: String| format!("[{}] {reason}", store.mode);
        if !store.settled {
            store.storage.settle().map_err(in_mode)?;
            store.settled = true;
        }
        evaluate(eval, store.storage.as_ref()).map_err(in_mode)?;
    }
    Ok(())
}

fn evaluate(eval: &Eval, storage: &dyn Storage) -> Result<(), String> {
    let Eval { times, query, expected } = eval;
    match *times {
        Times::Range { start, step, .. } => {
            let answer = ask(storage.source(), query, *times);
            let Some(answer) = expected_answer(answer, expected, Positions::Exact)? else {
                return Ok(());
            };
            compare::range(&answer.value, expected, start, step)
        }
        Times::Instant(time) => {
            instant(storage, query, time, expected, Positions::Exact)?;
            for rerun in rerun::with_at(query, time) {
                instant(storage, &rerun.query, rerun.time, expected, Positions::Ignored)
                    .map_err(|error| format!("{} at {} ms: {error}", rerun.query, rerun.time))?;
            }
            Ok(())
        }
    }
}

/// An instant query, and a range query around it.
fn instant(
    storage: &dyn Storage,
    query: &str,
    time: i64,
    expected: &Expected,
    positions: Positions,
) -> Result<(), String> {
    let answer = ask(storage.source(), query, Times::Instant(time));
    let Some(answer) = expected_answer(answer, expected, positions)? else { return Ok(()) };
    compare::instant(&answer.value, expected)?;
    let special = expected.range_vector.is_some() || expected.string.is_some() || expected.ordered;
    if special || rerun::names_query_times(query) {
        return Ok(());
    }
    let as_range = || {
        let answer = ask(storage.source(), query, rerun::range_around(time))?;
        let scalar = expected.scalar.is_some();
        let value = compare::at_time(&answer.value, time, scalar);
        let value: Value = value.ok_or(format!("got {}", answer.value))?;
        compare::instant(&value, expected)
    };
    as_range().map_err(|error| format!("as a range query: {error}"))
}

/// The answer, if one is expected; its annotations, or the text of the error, fit.
fn expected_answer(
    answer: Result<Answer, String>,
    expected: &Expected,
    positions: Positions,
) -> Result<Option<Answer>, String> {
    match (answer, &expected.fail) {
        (Ok(answer), None) => {
            compare::annotations(&answer, expected, positions)?;
            Ok(Some(answer))
        }
        (Ok(answer), Some(_)) => Err(format!("does not fail: {}", answer.value)),
        (Err(error), Some(pattern)) if compare::matches(pattern, &error, Positions::Exact) => {
            Ok(None)
        }
        (Err(error), Some(pattern)) => {
            Err(format!("fails with {error}, expected {}", compare::pattern_text(pattern)))
        }
        (Err(error), None) => Err(error),
    }
}
