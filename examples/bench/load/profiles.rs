//! Profiles in pprof, each with a line of JSON that says whose they are.

use std::error::Error;

use quadra::Quadra;
use quadra::labels::Labels;
use quadra::model::Profile;
use quadra::profstore::Batch;
use quadra::wire::pprof;
use serde_json::Value;

use super::{Cost, Loader};
use crate::bench::arguments::Path;
use crate::bench::frames::Frame;

/// Pushes profiles, decoded within the call or before it.
pub(super) struct Profiles {
    batch: Batch,
    path: Path,
}

impl Profiles {
    pub(super) fn new(db: &Quadra, path: Path) -> Self {
        Profiles { batch: db.profiles().batch(), path }
    }
}

impl Loader for Profiles {
    fn frame(&mut self, frame: Frame<'_>, cost: &mut Cost) -> Result<(), Box<dyn Error>> {
        let batch = &mut self.batch;
        let committed = match self.path {
            Path::Wire => cost.call(|| -> Result<_, Box<dyn Error>> {
                let head = Head::read(frame.head)?;
                batch.push(&head.name, &head.labels, &head.dated(pprof::decode(frame.body)?));
                Ok(batch.commit()?)
            })?,
            Path::Api => {
                let (head, profile) = cost.beside(|| -> Result<_, Box<dyn Error>> {
                    let head = Head::read(frame.head)?;
                    let profile = head.dated(pprof::decode(frame.body)?);
                    Ok((head, profile))
                })??;
                cost.call(|| {
                    batch.push(&head.name, &head.labels, &profile);
                    batch.commit()
                })?
            }
        };
        cost.committed(&committed);
        Ok(())
    }
}

/// What the frame says of its profile.
struct Head {
    name: String,
    labels: Labels,
    time: i64,
    duration_nanos: i64,
}

impl Head {
    fn read(json: &[u8]) -> Result<Self, Box<dyn Error>> {
        let fields: Value = serde_json::from_slice(json)?;
        let labels = fields["labels"].as_object().into_iter().flatten();
        let labels = labels.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
        Ok(Head {
            name: fields["profile"].as_str().ok_or("a profile without its name")?.to_owned(),
            labels: labels.collect(),
            time: fields["ts"].as_i64().ok_or("a profile without its time")?,
            duration_nanos: fields["duration_ns"].as_i64().unwrap_or_default(),
        })
    }

    fn dated(&self, mut profile: Profile) -> Profile {
        profile.time = self.time.into();
        profile.duration_nanos = self.duration_nanos;
        profile
    }
}
