//! Folded stacks: a call stack and its count per line, the root first.
//!
//! ~~~text
//! main;handle;parse 10
//! main;idle 32.5
//! ~~~
//!
//! The count stands behind the last space; a fraction is rounded. Lines without a count are skipped,
//! as the tools that draw flame graphs from this format do, and counted.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::collections::HashMap;

use telemetry_core::model::{Function, Line, Location, Profile, ProfileSample, ValueType};

/// Past this a count is too large for a profile, whose values are integers of 64 bits.
const COUNT_MAX: f64 = 9.0e18;

/// A profile read from folded stacks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Folded {
    /// One sample per line, of one sample type; a location and a function per distinct frame name.
    pub profile: Profile,
    /// Lines, not empty, that have no count and were skipped.
    pub skipped: u64,
}

/// Reads folded stacks; `kind` says what the counts are, such as `cpu` in `nanoseconds`. Text that
/// is not UTF-8 is replaced by U+FFFD where it is not.
///
/// ```
/// use telemetry_core::model::ValueType;
/// let kind = ValueType { kind: "samples".into(), unit: "count".into() };
/// let folded = wire::folded::decode(b"main;work 10\nmain 5\n", kind);
/// assert_eq!(folded.profile.samples.len(), 2);
/// ```
pub fn decode(input: &[u8], kind: ValueType) -> Folded {
    let text = String::from_utf8_lossy(input);
    let mut builder = Builder::default();
    let mut skipped = 0;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.rsplit_once(' ').and_then(|(stack, count)| Some((stack, parse_count(count)?))) {
            Some((stack, count)) => builder.add(stack.trim_end(), count),
            None => skipped += 1,
        }
    }
    let profile = Profile { sample_types: vec![kind], ..builder.profile };
    Folded { profile, skipped }
}

fn parse_count(text: &str) -> Option<i64> {
    if let Ok(count) = text.parse() {
        return Some(count);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let count: f64 = text.parse().ok().filter(|_| is_number)?;
    #[expect(clippy::cast_possible_truncation, reason = "rounded and within i64")]
    (count.abs() <= COUNT_MAX).then_some(count.round() as i64)
}

#[derive(Default)]
struct Builder<'a> {
    profile: Profile,
    frames: HashMap<&'a str, u32>,
}

impl<'a> Builder<'a> {
    fn add(&mut self, stack: &'a str, count: i64) {
        if self.profile.strings.is_empty() {
            self.profile.strings.push(String::new());
        }
        // The leaf comes first in a profile.
        let stack = stack.rsplit(';').map(|frame| self.frame(frame)).collect();
        self.profile.samples.push(ProfileSample { stack, values: vec![count], labels: Vec::new() });
    }

    /// The location of a frame. There are fewer frames than bytes of input, and so fewer than 2³².
    fn frame(&mut self, name: &'a str) -> u32 {
        let Profile { strings, functions, locations, .. } = &mut self.profile;
        *self.frames.entry(name).or_insert_with(|| {
            let text = position(strings.len());
            strings.push(name.to_owned());
            let function = position(functions.len());
            functions.push(Function { name: text, system_name: text, ..Function::default() });
            let lines = vec![Line { function: Some(function), ..Line::default() }];
            locations.push(Location { lines, ..Location::default() });
            position(locations.len() - 1)
        })
    }
}

fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Folded {
        let folded = decode(text.as_bytes(), ValueType::default());
        assert_eq!(folded.profile.validate(), Ok(()));
        folded
    }

    #[test]
    fn the_leaf_is_the_last_frame() {
        let folded = read("main;work [x];leaf 10\nmain 5\n");
        let profile = &folded.profile;
        let names = |at: usize| -> Vec<_> {
            let stack = &profile.samples[at].stack;
            let function = |location: &u32| profile.locations[*location as usize].lines[0].function;
            let name = |function: u32| profile.string(profile.functions[function as usize].name);
            stack.iter().map(|location| name(function(location).unwrap())).collect()
        };
        assert_eq!(names(0), ["leaf", "work [x]", "main"]);
        assert_eq!(names(1), ["main"]);
        assert_eq!(profile.locations.len(), 3);
        assert_eq!(profile.samples[0].values, [10]);
    }

    #[test]
    fn lines_without_a_count_are_skipped_and_counted() {
        let folded = read("no count\n\na;b 12V.43\nsingle\na 2.5\n a;c 1 \nx inf\n");
        assert_eq!(folded.skipped, 4);
        let values: Vec<_> = folded.profile.samples.iter().map(|s| s.values[0]).collect();
        assert_eq!(values, [3, 1]);
    }
}
