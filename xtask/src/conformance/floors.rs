//! The least number of passes of each suite, kept in `xtask/floors.toml`.
//!
//! ~~~text
//! [promql]
//! passed = 3000          all cases of the suite
//! ~~~
//!
//! A landing that raises the passes raises the floor; a test fails when the passes drop below it.

use super::Suite;
use super::report::Report;
use crate::cargo::workspace_root;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The floor of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// Cases that pass.
    pub passed: usize,
}

/// The floors by the name of the suite.
///
/// # Errors
/// The file cannot be read, or is no table of floors.
pub fn floors() -> Result<BTreeMap<String, Floor>, String> {
    let path = workspace_root().join("xtask/floors.toml");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The directory that `QUADRA_SHARED` names; `None` where it is unset. A relative one counts from
/// the root of the workspace.
///
/// # Errors
/// It is set to a path that does not exist.
pub fn shared() -> Result<Option<PathBuf>, String> {
    let Some(value) = std::env::var_os("QUADRA_SHARED") else { return Ok(None) };
    let path = workspace_root().join(value);
    if path.is_dir() {
        Ok(Some(path))
    } else {
        Err(format!("QUADRA_SHARED names {}, which is no directory", path.display()))
    }
}

/// Runs `suite` on the shared data and compares its passes with the floor. Without shared data
/// nothing is run, and the answer says so.
///
/// # Errors
/// Passes dropped below the floor, or there is none.
pub fn hold(suite: &Suite) -> Result<String, String> {
    let Some(shared) = shared()? else {
        return Ok(format!("skipped: QUADRA_SHARED is unset, so {} is not run", suite.name));
    };
    let floors = floors()?;
    let floor = floors.get(suite.name).ok_or(format!("floors.toml lacks [{}]", suite.name))?;
    let mut report = Report::default();
    (suite.run)(&shared.join(suite.directory), &mut report);
    let passed = report.passed();
    if passed < floor.passed {
        return Err(format!("{}: {passed} passed, the floor is {}", suite.name, floor.passed));
    }
    Ok(format!("{}: {passed} passed, the floor is {}", suite.name, floor.passed))
}
