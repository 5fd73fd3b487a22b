//! Revokes the security group rules that a finding lists, and no other rules.

use evenkeel_client::{CallError, ServiceClient, XmlElement};
use evenkeel_iam::find_internet_ranges;
use evenkeel_rules::policy::SafetyTier;
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::connection::AwsConnection;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PlanRefusal, PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// The ports of web servers, which are often public on purpose.
const WEB_PORTS: [u16; 2] = [80, 443];

/// A remediator that revokes the rules that the finding lists, if they still exist. A rule within
/// `allowedPorts` of the policy header is kept. All other rules of the group stay unchanged.
///
/// An undo authorizes the rules again. The new rules have new ids and no tags.
#[derive(Clone, Debug)]
pub struct RevokeIngress {
    service: ServiceClient,
}

/// The inbound rules of a group that open ports to the internet.
///
/// Rules are identified by their content and not by their ids, because an undo changes the ids. A
/// group cannot have two equal rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicIngress {
    /// The rules.
    pub rules: BTreeSet<IngressRule>,
    /// The rules that the remediator revokes to reach this state, if it is a planned state. Empty
    /// in an observed state.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub revoked: BTreeSet<IngressRule>,
}

/// An inbound rule of a security group.
///
/// Source: Amazon EC2 API Reference, `SecurityGroupRule`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
}

impl IngressRule {
    /// Returns whether the protocol of the rule has ports.
    fn has_ports(&self) -> bool {
        matches!(normalize_protocol(&self.protocol), "-1" | "tcp" | "udp")
    }

    /// Returns whether the range of the rule covers the Internet, or a part of it that is too large
    /// for one owner.
    fn allows_anyone(&self) -> bool {
        !find_internet_ranges(&[&self.cidr]).is_empty()
    }

    /// Returns the first and the last port that the rule opens.
    fn port_range(&self) -> (i32, i32) {
        let all = self.protocol == "-1" || self.from < 0 || self.to < 0;
        if all { (0, i32::from(u16::MAX)) } else { (self.from, self.to) }
    }

    /// Returns whether the rule opens only ports of this set.
    fn is_within_ports(&self, ports: &BTreeSet<u16>) -> bool {
        let (Ok(from), Ok(to)) = (u16::try_from(self.from), u16::try_from(self.to)) else {
            return false;
        };
        self.protocol != "-1" && (from..=to).all(|port| ports.contains(&port))
    }

    /// Returns whether the rule has the same content as a rule of the finding.
    fn is_same_rule(&self, found: &IngressRule) -> bool {
        normalize_protocol(&self.protocol) == normalize_protocol(&found.protocol)
            && self.port_range() == found.port_range()
            && parse_cidr(&self.cidr).is_some_and(|range| Some(range) == parse_cidr(&found.cidr))
    }

    /// Returns whether the rule allows some of the traffic that another rule allows.
    fn overlaps_rule(&self, other: &IngressRule) -> bool {
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
    fn from_violation(violation: &Value) -> Option<IngressRule> {
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
            description: None,
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
fn normalize_protocol(name: &str) -> &str {
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

impl From<AwsConnection> for RevokeIngress {
    fn from(aws: AwsConnection) -> Self {
        RevokeIngress { service: ServiceClient::ec2(&aws.config) }
    }
}

impl Remediator for RevokeIngress {
    type State = PublicIngress;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "ec2-revoke-ingress",
        permissions: &[
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:DescribeSecurityGroupRules",
            "ec2:DescribeSecurityGroups",
            "ec2:RevokeSecurityGroupIngress",
        ],
        // The users of an open port are unknown. The precondition check only asks about rules with
        // several ports. It does not make the remediation safe, so `precondition` is not set.
        tier: Some(SafetyTier::B),
        parameter_names: &["allowedPorts"],
        resource_arns: |target| {
            vec![
                target.build_arn("ec2", &format!("security-group/{}", target.id)),
                target.build_arn("ec2", "security-group-rule/*"),
            ]
        },
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(from: &PublicIngress, to: &PublicIngress) -> Vec<&'static str> {
        let revoked = !from.rules.is_subset(&to.rules);
        let authorized = !to.rules.is_subset(&from.rules);
        let revoked = revoked.then_some("ec2:RevokeSecurityGroupIngress");
        revoked
            .into_iter()
            .chain(authorized.then_some("ec2:AuthorizeSecurityGroupIngress"))
            .collect()
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<PublicIngress, AwsFailure> {
        let rules = self.read_public_rules(target).await?.into_iter().map(|(_, rule)| rule);
        Ok(PublicIngress { rules: rules.collect(), revoked: BTreeSet::new() })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &PublicIngress,
    ) -> RemediationPlan<PublicIngress> {
        let (found, allowed) = match (read_found_rules(target), read_allowed_ports(target)) {
            (Ok(found), Ok(allowed)) => (found, allowed),
            (Err(why), _) | (_, Err(why)) => return RemediationPlan::Refuse(why),
        };
        let is_listed = |rule: &&IngressRule| found.iter().any(|one| rule.is_same_rule(one));
        let existing: BTreeSet<IngressRule> =
            before.rules.iter().filter(is_listed).cloned().collect();
        let revoked: BTreeSet<IngressRule> =
            existing.iter().filter(|rule| !rule.is_within_ports(&allowed)).cloned().collect();
        if !revoked.is_empty() {
            let rules = before.rules.difference(&revoked).cloned().collect();
            return RemediationPlan::Change(PublicIngress { rules, revoked });
        }
        if !existing.is_empty() {
            return RemediationPlan::leave_to_person(format!(
                "the security group rule {} is within `allowedPorts` and is not revoked; correct \
                 `allowedPorts` in the policy header, or waive the finding",
                format_rules(&existing)
            ));
        }
        let overlaps = |rule: &&IngressRule| found.iter().any(|one| rule.overlaps_rule(one));
        let others: BTreeSet<IngressRule> = before.rules.iter().filter(overlaps).cloned().collect();
        if others.is_empty() {
            return RemediationPlan::Nothing;
        }
        RemediationPlan::leave_to_person(format!(
            "the security group rule of the finding no longer exists, but {} allows some of the \
             same traffic; the finding does not list that rule, so revoke the rule by hand if \
             necessary",
            format_rules(&others)
        ))
    }

    /// Asks for an approval if a rule opens more than one port, because a rule is revoked as a
    /// whole.
    async fn check_preconditions(
        &self,
        _: &TargetResource,
        _: &PublicIngress,
        after: &PublicIngress,
    ) -> Result<PrecheckResult, AwsFailure> {
        let ranges: BTreeSet<IngressRule> = after
            .revoked
            .iter()
            .filter(|rule| rule.port_range().0 != rule.port_range().1)
            .cloned()
            .collect();
        if ranges.is_empty() {
            return Ok(PrecheckResult::Proceed);
        }
        let open = |port: &&u16| {
            let port = i32::from(**port);
            ranges.iter().map(IngressRule::port_range).any(|(from, to)| from <= port && port <= to)
        };
        let web: Vec<String> = WEB_PORTS.iter().filter(open).map(u16::to_string).collect();
        let web = match web.as_slice() {
            [] => String::new(),
            web => format!(", including {}", web.join(" and ")),
        };
        Ok(PrecheckResult::RequireApproval(format!(
            "all ports of the security group rule {} would be closed{web}",
            format_rules(&ranges)
        )))
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &PublicIngress,
    ) -> Result<(), AwsFailure> {
        let now = self.read_public_rules(target).await?;
        // Only planned rules are revoked, and not rules that were added since the plan.
        let revoked = now.iter().filter(|one| state.revoked.contains(&one.1));
        let ids: Vec<&str> = revoked.map(|one| one.0.as_str()).collect();
        if !ids.is_empty() {
            let mut call = self
                .service
                .query_call("RevokeSecurityGroupIngress")
                .with_parameter("GroupId", &target.id);
            for (number, id) in (1..).zip(ids) {
                call = call.with_parameter(&format!("SecurityGroupRuleId.{number}"), id);
            }
            call.send_query().await.map_err(|error| classify_group_error(&error))?;
        }
        if !state.revoked.is_empty() {
            // Rules that somebody else revoked since the plan are not authorized again.
            return Ok(());
        }
        let open: BTreeSet<&IngressRule> = now.iter().map(|one| &one.1).collect();
        let opened: Vec<&IngressRule> =
            state.rules.iter().filter(|rule| !open.contains(rule)).collect();
        if opened.is_empty() { Ok(()) } else { self.authorize_rules(target, &opened).await }
    }

    /// Ignores other rules. A planned state is reached if the revoked rules do not exist any more.
    fn has_reached(seen: &PublicIngress, wanted: &PublicIngress) -> bool {
        if wanted.revoked.is_empty() {
            seen.rules == wanted.rules
        } else {
            seen.rules.is_disjoint(&wanted.revoked)
        }
    }
}

impl RevokeIngress {
    /// Reads the rules that allow anyone, with their ids.
    async fn read_public_rules(
        &self,
        target: &TargetResource,
    ) -> Result<Vec<(String, IngressRule)>, AwsFailure> {
        let refused = |error: CallError| classify_group_error(&error);
        let call = self.service.query_call("DescribeSecurityGroupRules");
        let call = call
            .with_parameter("Filter.1.Name", "group-id")
            .with_parameter("Filter.1.Value.1", &target.id);
        let pages = call.fetch_all_pages().await.map_err(refused)?;
        let mut rules = Vec::new();
        let mut has_rules = false;
        for page in &pages {
            for item in
                page.require_child("securityGroupRuleSet").map_err(refused)?.child_elements()
            {
                has_rules = true;
                rules.extend(parse_inbound_rule(item).map_err(refused)?);
            }
        }
        if !has_rules {
            // The filter also returns nothing for a group that does not exist any more.
            let call = self
                .service
                .query_call("DescribeSecurityGroups")
                .with_parameter("GroupId.1", &target.id);
            let groups = call.send_query().await.map_err(refused)?;
            let groups =
                groups.require_child("securityGroupInfo").map_err(refused)?.child_elements();
            if groups.is_empty() {
                return Err(AwsFailure::Retryable(
                    "DescribeSecurityGroups did not return the security group".to_owned(),
                ));
            }
        }
        rules.retain(|(_, rule): &(String, IngressRule)| rule.has_ports() && rule.allows_anyone());
        Ok(rules)
    }

    /// Authorizes rules again, in one call.
    async fn authorize_rules(
        &self,
        target: &TargetResource,
        rules: &[&IngressRule],
    ) -> Result<(), AwsFailure> {
        let mut call = self
            .service
            .query_call("AuthorizeSecurityGroupIngress")
            .with_parameter("GroupId", &target.id);
        for (number, rule) in (1..).zip(rules) {
            let permission = format!("IpPermissions.{number}");
            call = call.with_parameter(&format!("{permission}.IpProtocol"), &rule.protocol);
            if rule.protocol != "-1" {
                call = call
                    .with_parameter(&format!("{permission}.FromPort"), &rule.from.to_string())
                    .with_parameter(&format!("{permission}.ToPort"), &rule.to.to_string());
            }
            let range = if rule.cidr.contains(':') {
                call =
                    call.with_parameter(&format!("{permission}.Ipv6Ranges.1.CidrIpv6"), &rule.cidr);
                "Ipv6Ranges"
            } else {
                call = call.with_parameter(&format!("{permission}.IpRanges.1.CidrIp"), &rule.cidr);
                "IpRanges"
            };
            if let Some(text) = &rule.description {
                call = call.with_parameter(&format!("{permission}.{range}.1.Description"), text);
            }
        }
        match call.send_query().await {
            // An earlier call whose response was lost succeeded: AWS authorizes all rules or none.
            Err(error) if error.error_code() == Some("InvalidPermission.Duplicate") => Ok(()),
            answer => answer.map(drop).map_err(|error| classify_group_error(&error)),
        }
    }
}

/// Parses an inbound rule for a CIDR range. Returns its id and the rule.
fn parse_inbound_rule(item: &XmlElement) -> Result<Option<(String, IngressRule)>, CallError> {
    let cidr = item.find_child("cidrIpv4").or_else(|| item.find_child("cidrIpv6"));
    let (false, Some(cidr)) = (item.require_child("isEgress")?.parse_text::<bool>()?, cidr) else {
        return Ok(None);
    };
    let rule = IngressRule {
        protocol: item.require_child("ipProtocol")?.text_content().to_owned(),
        from: item.require_child("fromPort")?.parse_text()?,
        to: item.require_child("toPort")?.parse_text()?,
        cidr: cidr.text_content().to_owned(),
        description: item.find_child("description").map(|text| text.text_content().to_owned()),
    };
    Ok(Some((item.require_child("securityGroupRuleId")?.text_content().to_owned(), rule)))
}

/// Returns the rules that the finding lists.
///
/// # Errors
/// [`PlanRefusal::NeedsPerson`] if the finding lists no rules, or an entry that is not a rule.
fn read_found_rules(target: &TargetResource) -> Result<Vec<IngressRule>, PlanRefusal> {
    if target.evidence.is_empty() {
        let why = "the finding does not list the security group rules; revoke them by hand";
        return Err(PlanRefusal::NeedsPerson(why.to_owned()));
    }
    let rules = target.evidence.iter().map(IngressRule::from_violation).collect::<Option<_>>();
    rules.ok_or_else(|| {
        let why = "the finding lists an entry that is not a security group rule with TCP or UDP \
                   ports open to anyone; revoke the rule by hand";
        PlanRefusal::NeedsPerson(why.to_owned())
    })
}

/// Returns the rules as a text for messages.
fn format_rules(rules: &BTreeSet<IngressRule>) -> String {
    rules.iter().map(IngressRule::to_string).collect::<Vec<_>>().join(", ")
}

/// Returns the ports that the parameter `allowedPorts` of the policy header allows.
fn read_allowed_ports(target: &TargetResource) -> Result<BTreeSet<u16>, PlanRefusal> {
    let Some(value) = target.parameters.get("allowedPorts") else { return Ok(BTreeSet::new()) };
    let ports: Result<BTreeSet<u16>, _> = serde_json::from_value(value.clone());
    ports.map_err(|_| {
        let why = "`allowedPorts` in the policy header is not a list of ports; use for example \
                   [80, 443]";
        PlanRefusal::InvalidSetting(why.to_owned())
    })
}

/// Classifies an error.
///
/// Source: Amazon EC2 API Reference, "Error codes".
fn classify_group_error(error: &CallError) -> AwsFailure {
    classify_error(
        error.clone(),
        &["InvalidGroup.NotFound"],
        // The group id is malformed if the event contained only the name of the group. The
        // remediator does not search for a group by name.
        &["AuthFailure", "InvalidGroupId.Malformed"],
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(protocol: &str, from: i32, to: i32, cidr: &str) -> IngressRule {
        IngressRule { protocol: protocol.into(), from, to, cidr: cidr.into(), description: None }
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
        let web = BTreeSet::from(WEB_PORTS);
        for (protocol, from, to, within) in [
            ("tcp", 443, 443, true),
            ("tcp", 80, 443, false),
            ("tcp", 0, 65_535, false),
            ("-1", -1, -1, false),
            ("tcp", -1, -1, false),
            ("udp", 80, 80, true),
        ] {
            let rule = rule(protocol, from, to, "::/0");
            assert_eq!(rule.is_within_ports(&web), within, "{protocol} {from}-{to}");
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
