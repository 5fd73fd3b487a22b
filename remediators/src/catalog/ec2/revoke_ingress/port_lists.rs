//! The ports that a policy forbids or allows, and the parts of a rule that stay open.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ingress_rule::{IngressRule, normalize_protocol};
use crate::remediator::PlanRefusal;
use crate::violation::TargetResource;

/// The names of the parameters in `with` that list ports.
pub(super) const PARAMETER_NAMES: &[&str] = &["allowedPorts", "ports", "tcpPorts", "udpPorts"];

/// The ports of the policy header. A port is forbidden if it is not in a list of allowed ports, and
/// if `ports` lists it or the header has no `ports`.
#[derive(Clone, Debug, Default)]
pub(super) struct PortLists {
    /// The forbidden ports (`ports`). `None` if all ports are forbidden that are not allowed.
    forbidden: Option<BTreeSet<u16>>,
    /// The ports that may be open for all protocols (`allowedPorts`).
    allowed: BTreeSet<u16>,
    /// The ports that may be open for TCP (`tcpPorts`).
    tcp: BTreeSet<u16>,
    /// The ports that may be open for UDP (`udpPorts`).
    udp: BTreeSet<u16>,
}

impl PortLists {
    /// Reads the lists from the parameters in the policy header.
    ///
    /// # Errors
    /// [`PlanRefusal::InvalidSetting`] if a parameter is not a list of ports.
    pub(super) fn from_parameters(target: &TargetResource) -> Result<PortLists, PlanRefusal> {
        let read = |name: &str| {
            target.parameters.get(name).map(|value| parse_ports(name, value)).transpose()
        };
        Ok(PortLists {
            forbidden: read("ports")?,
            allowed: read("allowedPorts")?.unwrap_or_default(),
            tcp: read("tcpPorts")?.unwrap_or_default(),
            udp: read("udpPorts")?.unwrap_or_default(),
        })
    }

    /// Returns whether the policy forbids that a port is open to anyone.
    pub(super) fn is_forbidden(&self, protocol: &str, port: u16) -> bool {
        let of_protocol = match protocol {
            "tcp" => self.tcp.contains(&port),
            "udp" => self.udp.contains(&port),
            _ => false,
        };
        let is_listed = self.forbidden.as_ref().is_none_or(|ports| ports.contains(&port));
        is_listed && !of_protocol && !self.allowed.contains(&port)
    }

    /// Returns whether the policy header lists the forbidden ports. If it does, no other port of a
    /// rule with ports is closed.
    pub(super) fn lists_forbidden_ports(&self) -> bool {
        self.forbidden.is_some()
    }

    /// Returns whether a rule opens a forbidden port. A rule for all traffic always does.
    pub(super) fn forbids_rule(&self, rule: &IngressRule) -> bool {
        let protocol = normalize_protocol(&rule.protocol);
        protocol == "-1" || rule.ports().any(|port| self.is_forbidden(protocol, port))
    }

    /// Returns whether a rule allows traffic to a forbidden port that another rule also allows.
    pub(super) fn forbids_overlap(&self, rule: &IngressRule, other: &IngressRule) -> bool {
        if !rule.overlaps_rule(other) {
            return false;
        }
        let protocols = [rule, other].map(|one| normalize_protocol(&one.protocol));
        let (["-1", protocol] | [protocol, _]) = protocols;
        let mut shared = rule.ports().filter(|port| other.ports().contains(port));
        protocol == "-1" || shared.any(|port| self.is_forbidden(protocol, port))
    }

    /// Returns the rules that keep the allowed ports of a rule open: one for each run of allowed
    /// ports, with the source, the description and the tags of the rule. A rule for all traffic
    /// also covers protocols without ports, and is not split.
    pub(super) fn split_rule(&self, rule: &IngressRule) -> Vec<IngressRule> {
        let protocol = normalize_protocol(&rule.protocol);
        let mut pieces: Vec<IngressRule> = Vec::new();
        if protocol == "-1" {
            return pieces;
        }
        for port in rule.ports().filter(|port| !self.is_forbidden(protocol, *port)) {
            let port = i32::from(port);
            match pieces.last_mut().filter(|last| last.to.checked_add(1) == Some(port)) {
                Some(last) => last.to = port,
                None => pieces.push(IngressRule { from: port, to: port, ..rule.clone() }),
            }
        }
        pieces
    }
}

/// Parses the value of a parameter that lists ports.
fn parse_ports(name: &str, value: &Value) -> Result<BTreeSet<u16>, PlanRefusal> {
    serde_json::from_value(value.clone()).map_err(|_| {
        PlanRefusal::InvalidSetting(format!(
            "`{name}` in the policy header is not a list of ports; use for example [80, 443]"
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lists(with: &Value) -> PortLists {
        let parameters = serde_json::from_value(with.clone()).unwrap();
        let target = TargetResource { parameters, ..TargetResource::default() };
        PortLists::from_parameters(&target).unwrap()
    }

    fn rule(protocol: &str, from: i32, to: i32) -> IngressRule {
        let cidr = "0.0.0.0/0".to_owned();
        IngressRule { protocol: protocol.into(), from, to, cidr, ..IngressRule::default() }
    }

    #[test]
    fn a_rule_is_split_around_its_forbidden_ports() {
        let cases = [
            (json!({"ports": [22, 3389]}), ("tcp", 0, 65_535), "0-21 23-3388 3390-65535"),
            (json!({"ports": [22, 3389]}), ("6", 22, 22), ""),
            (json!({"ports": [22, 3389]}), ("tcp", 20, 443), "20-21 23-443"),
            (json!({"ports": [22, 23]}), ("udp", 22, 24), "24-24"),
            (json!({"ports": [0, 65_535]}), ("tcp", -1, -1), "1-65534"),
            (json!({"ports": [22]}), ("-1", -1, -1), ""),
            (json!({}), ("tcp", 20, 443), ""),
            (json!({"tcpPorts": [80, 443], "udpPorts": []}), ("tcp", 80, 443), "80-80 443-443"),
            (json!({"tcpPorts": [80, 443], "udpPorts": []}), ("udp", 80, 443), ""),
            (json!({"ports": [22, 25], "allowedPorts": [25]}), ("tcp", 22, 25), "23-25"),
        ];
        for (with, (protocol, from, to), open) in cases {
            let pieces = lists(&with).split_rule(&rule(protocol, from, to));
            let ranges: Vec<String> =
                pieces.iter().map(|piece| format!("{}-{}", piece.from, piece.to)).collect();
            assert_eq!(ranges.join(" "), open, "{with}: {protocol} {from}-{to}");
        }
    }

    #[test]
    fn rules_overlap_only_if_they_share_a_forbidden_port() {
        let lists = lists(&json!({"ports": [22]}));
        let ssh = rule("tcp", 22, 22);
        for (protocol, from, to, shared) in [
            ("tcp", 0, 65_535, true),
            ("-1", -1, -1, true),
            ("tcp", 23, 65_535, false),
            ("udp", 22, 22, false),
        ] {
            let other = rule(protocol, from, to);
            assert_eq!(lists.forbids_overlap(&ssh, &other), shared, "{protocol} {from}-{to}");
            assert_eq!(lists.forbids_overlap(&other, &ssh), shared, "{protocol} {from}-{to}");
        }
        let web = rule("tcp", 80, 443);
        assert!(!lists.forbids_overlap(&web, &rule("-1", -1, -1)), "no forbidden port is shared");
    }
}
