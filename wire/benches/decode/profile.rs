//! Profiles: a thousand stacks of 24 frames.

use telemetry_core::model::ValueType;

use crate::table::Table;
use crate::{check, reference};

const STACKS: usize = 1_000;

fn profile() -> Vec<u8> {
    let mut stacks = String::new();
    for at in 0..STACKS {
        let frames: Vec<_> = (0..24)
            .map(|depth| format!("module::function_{}", (at >> (depth % 8)) * 31 + depth))
            .collect();
        stacks += &format!("{} {}\n", frames.join(";"), at * 7 + 1);
    }
    let kind = ValueType { kind: "cpu".to_owned(), unit: "nanoseconds".to_owned() };
    wire::pprof::encode(&wire::folded::decode(stacks.as_bytes(), kind).profile)
}

pub(crate) fn pprof(table: &Table) {
    use prost::Message;
    let profile = profile();
    let ours = || check(wire::pprof::decode(&profile));
    let mut prost = || check(reference::Profile::decode(&*profile));
    table.row("pprof", STACKS, profile.len(), ours, ("prost", &mut prost));
}
