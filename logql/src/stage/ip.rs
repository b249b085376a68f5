//! `ip("10.0.0.0/8")`: addresses, ranges and networks, in a label or anywhere in a line.

use crate::error::StageError;
use std::net::IpAddr;

/// A set of addresses of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IpSet {
    first: IpAddr,
    last: IpAddr,
}

/// The shortest addresses: `::1` and `1.2.3.4`.
const V6_BYTES_MIN: usize = 3;
const V4_BYTES_MIN: usize = 7;

impl IpSet {
    /// Reads `10.0.0.1`, `10.0.0.1-10.0.0.9` or `10.0.0.0/8`.
    pub(crate) fn parse(text: &str) -> Result<Self, StageError> {
        let invalid = || StageError::IpPattern(text.into());
        if let Some((first, last)) = text.split_once('-') {
            let first: IpAddr = first.parse().map_err(|_| invalid())?;
            let last: IpAddr = last.parse().map_err(|_| invalid())?;
            if first.is_ipv4() != last.is_ipv4() || last < first {
                return Err(invalid());
            }
            return Ok(IpSet { first, last });
        }
        if let Some((address, bits)) = text.split_once('/') {
            let address: IpAddr = address.parse().map_err(|_| invalid())?;
            let bits: u32 = bits.parse().map_err(|_| invalid())?;
            return network(address, bits).ok_or_else(invalid);
        }
        let address = text.parse().map_err(|_| invalid())?;
        Ok(IpSet { first: address, last: address })
    }

    pub(crate) fn contains(&self, address: &IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && *address >= self.first && *address <= self.last
    }

    /// Whether an address of the set stands anywhere in `line`.
    ///
    /// An address starts at a digit or colon that no address character precedes; the longest text
    /// of address characters from there that is an address counts.
    pub(crate) fn is_in(&self, line: &[u8]) -> bool {
        let mut at = 0;
        while at < line.len() {
            let rest = line.get(at..).unwrap_or_default();
            let Some(skip) = rest.iter().position(|byte| is_address_byte(*byte)) else {
                return false;
            };
            let word = rest.get(skip..).unwrap_or_default();
            let len = word.iter().position(|byte| !is_address_byte(*byte)).unwrap_or(word.len());
            if self.is_in_word(word.get(..len).unwrap_or_default()) {
                return true;
            }
            at += skip + len;
        }
        false
    }

    /// Whether the run of address characters holds an address of the set: the run itself, or what
    /// is left when a port or a full stop is cut from its end.
    fn is_in_word(&self, word: &[u8]) -> bool {
        let Ok(word) = std::str::from_utf8(word) else { return false };
        let mut word = word;
        loop {
            let min = if self.first.is_ipv4() { V4_BYTES_MIN } else { V6_BYTES_MIN };
            if word.len() < min {
                return false;
            }
            if let Ok(address) = word.parse::<IpAddr>() {
                return self.contains(&address);
            }
            let Some(cut) = word.rfind([':', '.']) else { return false };
            word = word.get(..cut).unwrap_or_default();
        }
    }
}

fn is_address_byte(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':')
}

fn network(address: IpAddr, bits: u32) -> Option<IpSet> {
    match address {
        IpAddr::V4(address) => {
            let host = u32::MAX.checked_shr(bits).unwrap_or_default();
            let base = u32::from(address) & !host;
            let last = IpAddr::V4((base | host).into());
            (bits <= 32).then_some(IpSet { first: IpAddr::V4(base.into()), last })
        }
        IpAddr::V6(address) => {
            let host = u128::MAX.checked_shr(bits).unwrap_or_default();
            let base = u128::from(address) & !host;
            let last = IpAddr::V6((base | host).into());
            (bits <= 128).then_some(IpSet { first: IpAddr::V6(base.into()), last })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for bad in
            ["", "x", "1.2.3", "1.2.3.4/33", "1.2.3.4-1.2.3.3", "1.2.3.4-::1", "1.2.3.4 - 1.2.3.5"]
        {
            assert!(IpSet::parse(bad).is_err(), "{bad}");
        }
        let net = IpSet::parse("192.168.4.5/16").unwrap();
        assert!(net.is_in(b"192.168.255.255") && !net.is_in(b"192.169.0.0"));
        assert!(IpSet::parse("::/0").unwrap().is_in(b"fe80::1"));
    }

    #[test]
    fn addresses_in_lines() {
        let net = IpSet::parse("10.0.0.0/8").unwrap();
        for (line, found) in [
            ("from 10.1.2.3:8080", true),
            ("10.1.2.3.", true),
            ("x10.1.2.3", true),
            ("300.1.2.3", false),
            ("11.0.0.1 and 10.0.0.1", true),
            ("10.1.2", false),
            ("", false),
        ] {
            assert_eq!(net.is_in(line.as_bytes()), found, "{line}");
        }
        let v6 = IpSet::parse("::1").unwrap();
        assert!(v6.is_in(b"from ::1 to fe80::1%eth0"));
        assert!(!v6.is_in(b"192.168.0.1 x"));
    }
}
