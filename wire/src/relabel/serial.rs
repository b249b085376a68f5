//! Rules as types of serde, in the shape of Prometheus' `relabel_configs`.
//!
//! A field that is left out has its default, one that is not known is an error, and a list of rules
//! that is read as [`Relabeling`] is checked. What has its default is not written.

use serde::de::Error;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::action::Action;
use super::apply::Relabeling;
use super::config::RelabelConfig;

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for RelabelConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let default = RelabelConfig::default();
        let mut map = serializer.serialize_map(None)?;
        if self.source_labels != default.source_labels {
            map.serialize_entry("source_labels", &self.source_labels)?;
        }
        let texts = [
            ("separator", &self.separator, &default.separator),
            ("regex", &self.regex, &default.regex),
            ("target_label", &self.target_label, &default.target_label),
            ("replacement", &self.replacement, &default.replacement),
        ];
        for (name, value, default) in texts {
            if value != default {
                map.serialize_entry(name, value)?;
            }
        }
        if self.modulus != default.modulus {
            map.serialize_entry("modulus", &self.modulus)?;
        }
        if self.action != default.action {
            map.serialize_entry("action", &self.action)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Relabeling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rules = Vec::<RelabelConfig>::deserialize(deserializer)?;
        Relabeling::new(rules).map_err(D::Error::custom)
    }
}

impl Serialize for Relabeling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.configs())
    }
}
