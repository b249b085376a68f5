//! `stage.sampling`: a part of all lines.

use super::{Run, StageSetupError, some};

/// Keeps a part of all lines, which ones by chance.
#[derive(Clone, Debug)]
pub struct Sampling {
    /// The part, from 0 to 1.
    pub rate: f64,
    /// Why the others are dropped.
    pub drop_counter_reason: String,
    /// Where chance begins: the same seed keeps the same lines.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        let drop_counter_reason = "sampling_stage".to_owned();
        Sampling { rate: 1.0, drop_counter_reason, seed: 0x9e37_79b9_7f4a_7c15 }
    }
}

impl Sampling {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        if !(0.0..=1.0).contains(&self.rate) {
            let (option, rule) = ("rate", "a number from 0 to 1");
            return Err(StageSetupError::Option { stage: "sampling", option, rule });
        }
        let rate = self.rate;
        let mut chance = self.seed.max(1);
        Ok(some(self.drop_counter_reason.clone(), move |_, _| {
            // Marsaglia's xorshift.
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            (chance >> 11) as f64 / ((1_u64 << 53) as f64) < rate
        }))
    }
}
