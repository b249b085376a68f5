//! Prometheus.

use std::fs;
use std::path::Path;

use super::{Peer, Result};

/// Prometheus, taking remote write, with retention out of the way: workloads have fixed times.
#[derive(Debug)]
pub(super) struct Prometheus;

impl Peer for Prometheus {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn program(&self) -> &'static str {
        "prometheus"
    }

    fn arguments(&self, folder: &Path, address: &str) -> Result<Vec<String>> {
        let config = folder.join("prometheus.yml");
        fs::write(&config, "global: {}\n")?;
        Ok(vec![
            format!("--config.file={}", config.display()),
            format!("--storage.tsdb.path={}", folder.join("data").display()),
            format!("--web.listen-address={address}"),
            "--web.enable-remote-write-receiver".to_owned(),
            "--storage.tsdb.retention.time=100y".to_owned(),
            "--log.level=warn".to_owned(),
        ])
    }

    fn ready(&self) -> &'static str {
        "/-/ready"
    }

    fn flush(&self) -> Option<&'static str> {
        None
    }
}
