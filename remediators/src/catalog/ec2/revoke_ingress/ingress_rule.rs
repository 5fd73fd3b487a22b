//! The inbound rules of a security group, and how they overlap.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use evenkeel_iam::find_internet_ranges;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An inbound rule of a security group.
///
/// Source: Amazon EC2 API Reference, `SecurityGroupRule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IngressRule {
    /// `tcp`, `udp`, or `-1` for all protocols.
    pub protocol: String,
    /// The first port, or -1 for all.
    pub from: i32,
    /// The last port, or -1 for all.
    pub to: i32,
    /// The CIDR range of addresses.
    pub cidr: String,
    /// The description of the rule.
    pub description: Option<String>,
    /// The tags of the rule, without those that AWS services manage (`aws:`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

impl IngressRule {
    /// Returns whether the protocol of the rule has ports.
    pub(super) fn has_ports(&self) -> bool {
        matches!(normalize_protocol(&self.protocol), "-1" | "tcp" | "udp")
    }

    /// Returns whether the range of the rule covers the Internet, or a part of it that is too large
    /// for one owner.
    pub(super) fn allows_anyone(&self) -> bool {
        !find_internet_ranges(&[&self.cidr]).is_empty()
    }

    /// Returns the first and the last port that the rule opens.
    pub(super) fn port_range(&self) -> (i32, i32) {
        let all = self.protocol == "-1" || self.from < 0 || self.to < 0;
        if all { (0, i32::from(u16::MAX)) } else { (self.from, self.to) }
    }

    /// Returns the ports that the rule opens.
    pub(super) fn ports(&self) -> RangeInclusive<u16> {
        let (from, to) = self.port_range();
        let port = |number: i32| u16::try_from(number).unwrap_or(u16::MAX);
        port(from)..=port(to)
    }

    /// Returns whether the rules allow the same traffic, independent of their notation. A group
    /// cannot have two such rules.
    pub(super) fn is_same_rule(&self, found: &IngressRule) -> bool {
        normalize_protocol(&self.protocol) == normalize_protocol(&found.protocol)
            && self.port_range() == found.port_range()
            && parse_cidr(&self.cidr).is_some_and(|range| Some(range) == parse_cidr(&found.cidr))
    }

    /// Returns whether the rule has the protocol and the source of a part, and opens its ports.
    pub(super) fn contains_rule(&self, part: &IngressRule) -> bool {
        let ((from, to), (first, last)) = (self.port_range(), part.port_range());
        self.protocol == part.protocol && self.cidr == part.cidr && from <= first && last <= to
    }

    /// Returns whether the rule allows some of the traffic that another rule allows.
    pub(super) fn overlaps_rule(&self, other: &IngressRule) -> bool {
        let ((from, to), (first, last)) = (self.port_range(), other.port_range());
        let (own, foreign) =
            (normalize_protocol(&self.protocol), normalize_protocol(&other.protocol));
        let protocol = own == foreign || [own, foreign].contains(&"-1");
        let range = match (parse_cidr(&self.cidr), parse_cidr(&other.cidr)) {
            (Some(one), Some(two)) => {
                let length = one.1.min(two.1);
                one.0.is_ipv4() == two.0.is_ipv4()
                    && mask_address(one.0, length) == mask_address(two.0, length)
            }
            _ => false,
        };
        protocol && from <= last && first <= to && range
    }

    /// Returns the rule that an entry in the violations of a finding describes. Returns `None` if
    /// the entry is not a rule that opens TCP or UDP ports to anyone.
    pub(super) fn from_violation(violation: &Value) -> Option<IngressRule> {
        let text = |name: &str| violation.get(name).and_then(Value::as_str);
        let port = |name: &str| {
            let port = violation.get(name).and_then(Value::as_i64);
            port.and_then(|port| i32::try_from(port).ok())
        };
        let rule = IngressRule {
            protocol: text("ipProtocol")?.to_owned(),
            from: port("fromPort")?,
            to: port("toPort")?,
            cidr: text("range")?.to_owned(),
            ..IngressRule::default()
        };
        (parse_cidr(&rule.cidr).is_some() && rule.has_ports() && rule.allows_anyone())
            .then_some(rule)
    }
}

impl fmt::Display for IngressRule {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = self.port_range();
        match normalize_protocol(&self.protocol) {
            "-1" => to.write_str("all traffic")?,
            name if first == last => write!(to, "{name} {first}")?,
            name => write!(to, "{name} {first}-{last}")?,
        }
        write!(to, " from {}", self.cidr)
    }
}

/// Returns the name of a protocol that is a name or a number.
pub(super) fn normalize_protocol(name: &str) -> &str {
    match name {
        "6" => "tcp",
        "17" => "udp",
        other => other,
    }
}

/// Parses a CIDR range. Returns its first address and the length of its prefix.
fn parse_cidr(cidr: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = cidr.rsplit_once('/')?;
    mask_address(address.parse().ok()?, length.parse().ok()?)
}

/// Returns the range with this prefix length that contains an address.
fn mask_address(address: IpAddr, length: u8) -> Option<(IpAddr, u8)> {
    let masked = match address {
        IpAddr::V4(address) => {
            let host = 32_u32.checked_sub(u32::from(length))?;
            let mask = u32::MAX.checked_shl(host).unwrap_or_default();
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let host = 128_u32.checked_sub(u32::from(length))?;
            let mask = u128::MAX.checked_shl(host).unwrap_or_default();
            IpAddr::V6((address.to_bits() & mask).into())
        }
    };
    Some((masked, length))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(protocol: &str, from: i32, to: i32, cidr: &str) -> IngressRule {
        IngressRule {
            protocol: protocol.into(),
            from,
            to,
            cidr: cidr.into(),
            ..IngressRule::default()
        }
    }

    #[test]
    fn rules_are_classified_as_in_the_policy() {
        for (cidr, everyone) in [
            ("0.0.0.0/0", true),
            ("::/0", true),
            ("128.0.0.0/1", true),
            ("64.0.0.0/2", true),
            ("2000::/3", true),
            ("10.0.0.0/8", false),
            ("16.0.0.0/8", false),
            ("0.0.0.0", false),
        ] {
            assert_eq!(rule("tcp", 22, 22, cidr).allows_anyone(), everyone, "{cidr}");
        }
        for (protocol, of_ports) in [("tcp", true), ("-1", true), ("17", true), ("icmp", false)] {
            assert_eq!(rule(protocol, 0, 0, "::/0").has_ports(), of_ports, "{protocol}");
        }
    }

    #[test]
    fn rules_are_equal_independent_of_their_notation() {
        let found = |protocol: &str, from: i32, to: i32, cidr: &str| {
            let violation = json!({
                "id": "", "ipProtocol": protocol, "fromPort": from, "toPort": to, "range": cidr
            });
            IngressRule::from_violation(&violation).unwrap()
        };
        let ssh = rule("tcp", 22, 22, "0.0.0.0/0");
        assert!(ssh.is_same_rule(&found("tcp", 22, 22, "0.0.0.0/0")));
        assert!(ssh.is_same_rule(&found("6", 22, 22, "10.1.2.3/0")));
        assert!(rule("tcp", 22, 22, "::/0").is_same_rule(&found(
            "tcp",
            22,
            22,
            "0:0:0:0:0:0:0:0/0"
        )));
        assert!(rule("-1", -1, -1, "::/0").is_same_rule(&found("-1", 0, 65_535, "::/0")));
        for other in [
            found("udp", 22, 22, "0.0.0.0/0"),
            found("tcp", 22, 23, "0.0.0.0/0"),
            found("tcp", 22, 22, "128.0.0.0/1"),
            found("tcp", 22, 22, "::/0"),
            found("-1", 0, 65_535, "0.0.0.0/0"),
        ] {
            assert!(!ssh.is_same_rule(&other), "{other}");
        }
        let all = rule("-1", -1, -1, "0.0.0.0/0");
        assert!(all.overlaps_rule(&ssh) && ssh.overlaps_rule(&all));
        for half in ["0.0.0.0/1", "128.0.0.0/1"] {
            assert!(rule("tcp", 20, 30, half).overlaps_rule(&ssh), "{half} allows some of it");
        }
        assert!(!rule("tcp", 20, 30, "0.0.0.0/1").overlaps_rule(&rule(
            "tcp",
            22,
            22,
            "128.0.0.0/1"
        )));
        assert!(!rule("tcp", 20, 30, "::/0").overlaps_rule(&ssh));
        assert!(!rule("udp", 20, 30, "0.0.0.0/0").overlaps_rule(&ssh));
        assert!(!rule("tcp", 23, 30, "0.0.0.0/0").overlaps_rule(&ssh));
    }

    #[test]
    fn entries_that_are_not_public_port_rules_are_rejected() {
        let fine = json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "range": "::/0"});
        assert!(IngressRule::from_violation(&fine).is_some());
        for (field, value) in [
            ("ipProtocol", json!("icmp")),
            ("ipProtocol", json!(null)),
            ("fromPort", json!("22")),
            ("range", json!("192.0.2.0/24")),
            ("range", json!("sg-1")),
        ] {
            let mut invalid = fine.clone();
            invalid[field] = value;
            assert_eq!(IngressRule::from_violation(&invalid), None, "{invalid}");
        }
        assert_eq!(IngressRule::from_violation(&json!("tcp 22")), None);
    }
}
