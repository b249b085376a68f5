//! `stage.geoip`: where an address is. It needs a database that nobody may ship with a program.

use super::{Run, StageSetupError};

/// Looks up where an address is, in a database of MaxMind. This library reads none: a pipeline with
/// this stage is refused with [`StageSetupError::NeedsDatabase`].
#[derive(Clone, Debug, Default)]
pub struct GeoIp {
    /// The extracted value that is the address.
    pub source: String,
    /// The file of the database.
    pub db: String,
    /// What the database has: `city`, `asn` or `country`.
    pub db_type: String,
}

impl GeoIp {
    pub(super) fn make(&self, _: usize) -> Result<Box<dyn Run>, StageSetupError> {
        Err(StageSetupError::NeedsDatabase { stage: "geoip", path: self.db.clone() })
    }
}
