//! Selectors, each once.

use super::Selector;

/// The selectors of a plan.
#[derive(Default)]
pub(super) struct Shared {
    selectors: Vec<Selector>,
}

impl Shared {
    /// The number of a selector with the same matchers and times near those of `wanted`; its times
    /// grow to hold both. Times far apart are read apart: between them there may be series that
    /// nobody asks for.
    pub(super) fn add(&mut self, wanted: Selector) -> usize {
        let near = |known: &Selector| {
            known.matchers == wanted.matchers && known.window.overlaps(&wanted.window)
        };
        let Some(at) = self.selectors.iter().position(near) else {
            self.selectors.push(wanted);
            return self.selectors.len() - 1;
        };
        let known = &mut self.selectors[at];
        known.uses += wanted.uses;
        known.window = known.window.union(&wanted.window);
        known.range_ms = known.range_ms.max(wanted.range_ms);
        known.step_ms = known.step_ms.max(wanted.step_ms);
        if known.function != wanted.function {
            known.function = "";
        }
        at
    }

    pub(super) fn into_selectors(self) -> Vec<Selector> {
        self.selectors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry_core::labels::Matcher;
    use telemetry_core::time::MillisRange;

    fn selector(name: &str, start: i64, end: i64) -> Selector {
        Selector {
            matchers: vec![Matcher::equal("__name__", name)],
            window: MillisRange::new(start, end),
            step_ms: None,
            range_ms: None,
            function: "",
            uses: 1,
        }
    }

    #[test]
    fn equal_selectors_are_read_once() {
        let mut shared = Shared::default();
        assert_eq!(shared.add(selector("a", 0, 10)), 0);
        assert_eq!(shared.add(selector("b", 0, 10)), 1);
        assert_eq!(shared.add(selector("a", 5, 20)), 0);
        assert_eq!(shared.add(selector("a", 1_000, 2_000)), 2);
        let selectors = shared.into_selectors();
        assert_eq!(selectors[0].window, MillisRange::new(0, 20));
        assert_eq!((selectors[0].uses, selectors[1].uses), (2, 1));
    }
}
