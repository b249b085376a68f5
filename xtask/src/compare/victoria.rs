//! VictoriaMetrics.

use std::path::Path;

use super::{Peer, Result};

/// VictoriaMetrics on one node, its cache of results off.
#[derive(Debug)]
pub(super) struct VictoriaMetrics;

impl Peer for VictoriaMetrics {
    fn name(&self) -> &'static str {
        "victoriametrics"
    }

    fn program(&self) -> &'static str {
        "victoria-metrics"
    }

    fn arguments(&self, folder: &Path, address: &str) -> Result<Vec<String>> {
        Ok(vec![
            format!("-storageDataPath={}", folder.join("data").display()),
            format!("-httpListenAddr={address}"),
            "-retentionPeriod=100y".to_owned(),
            "-search.disableCache".to_owned(),
            "-search.latencyOffset=0s".to_owned(),
            "-search.maxUniqueTimeseries=2000000".to_owned(),
            "-search.maxSeries=2000000".to_owned(),
            "-loggerLevel=WARN".to_owned(),
        ])
    }

    fn ready(&self) -> &'static str {
        "/health"
    }

    fn flush(&self) -> Option<&'static str> {
        Some("/internal/force_flush")
    }
}
