//! The rules of a security group that a finding names are revoked, and no other.

use evenkeel_client::{CallError, ServiceClient, XmlElement};
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

/// The ports of web servers, which the Internet often may reach.
const WEB_PORTS: [u16; 2] = [80, 443];

/// Revokes the rules that the finding lists, where they are still there. A rule within `allowedPorts` of the policy's header
/// is kept. Every other rule of the group stays, whoever may use it.
///
/// An undo authorizes them again. They are new rules then: with ids of their own, and without the tags of the
/// old ones.
#[derive(Clone, Debug)]
pub struct RevokeIngress {
    service: ServiceClient,
}

/// The inbound rules of a group by which the Internet reaches a port.
///
/// They are known by what they say: no two rules of a group say the same, and their ids change by an undo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicIngress {
    /// Whatever they let in.
    pub rules: BTreeSet<IngressRule>,
    /// Of a planned state: the rules that are revoked to reach it. A state that is read has none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub revoked: BTreeSet<IngressRule>,
}

/// A rule.
///
/// Source: Amazon EC2 API Reference, `SecurityGroupRule`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IngressRule {
    /// `tcp`, `udp`, or `-1` for everything.
    pub protocol: String,
    /// The first port, or -1 for all.
    pub from: i32,
    /// The last port, or -1 for all.
    pub to: i32,
    /// The range of addresses.
    pub cidr: String,
    /// What somebody wrote about it.
    pub description: Option<String>,
}

impl IngressRule {
    fn has_ports(&self) -> bool {
        matches!(normalize_protocol(&self.protocol), "-1" | "tcp" | "udp")
    }

    /// Half of all addresses counts: two such rules are as good as one for all.
    fn allows_anyone(&self) -> bool {
        let length = self.cidr.rsplit_once('/').and_then(|(_, length)| length.parse::<u8>().ok());
        length.is_some_and(|length| length <= 1)
    }

    /// The first and the last port that it opens.
    fn port_range(&self) -> (i32, i32) {
        let all = self.protocol == "-1" || self.from < 0 || self.to < 0;
        if all { (0, i32::from(u16::MAX)) } else { (self.from, self.to) }
    }

    fn is_within_ports(&self, ports: &BTreeSet<u16>) -> bool {
        let (Ok(from), Ok(to)) = (u16::try_from(self.from), u16::try_from(self.to)) else {
            return false;
        };
        self.protocol != "-1" && (from..=to).all(|port| ports.contains(&port))
    }

    /// Whether it is the rule that was found, by what both say.
    fn is_same_rule(&self, found: &IngressRule) -> bool {
        normalize_protocol(&self.protocol) == normalize_protocol(&found.protocol)
            && self.port_range() == found.port_range()
            && parse_cidr(&self.cidr).is_some_and(|range| Some(range) == parse_cidr(&found.cidr))
    }

    /// Whether it lets in some of what another rule lets in.
    fn overlaps_rule(&self, other: &IngressRule) -> bool {
        let ((from, to), (first, last)) = (self.port_range(), other.port_range());
        let (mine, theirs) =
            (normalize_protocol(&self.protocol), normalize_protocol(&other.protocol));
        let protocol = mine == theirs || [mine, theirs].contains(&"-1");
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

    /// The rule that an element of a finding's violations describes.
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

/// A protocol by one name.
fn normalize_protocol(name: &str) -> &str {
    match name {
        "6" => "tcp",
        "17" => "udp",
        other => other,
    }
}

/// A range of addresses in one form: its first address, and the length of its prefix.
fn parse_cidr(cidr: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = cidr.rsplit_once('/')?;
    mask_address(address.parse().ok()?, length.parse().ok()?)
}

/// The range with a prefix of this length that an address is in.
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
        // Who uses an open port is not known: `precheck` asks about more ports, and makes no repair safe by itself.
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
        let of_finding = |rule: &&IngressRule| found.iter().any(|one| rule.is_same_rule(one));
        let there: BTreeSet<IngressRule> =
            before.rules.iter().filter(of_finding).cloned().collect();
        let revoked: BTreeSet<IngressRule> =
            there.iter().filter(|rule| !rule.is_within_ports(&allowed)).cloned().collect();
        if !revoked.is_empty() {
            let rules = before.rules.difference(&revoked).cloned().collect();
            return RemediationPlan::Change(PublicIngress { rules, revoked });
        }
        if !there.is_empty() {
            return RemediationPlan::leave_to_person(format!(
                "{} is within `allowedPorts`",
                format_rules(&there)
            ));
        }
        let lets_in = |rule: &&IngressRule| found.iter().any(|one| rule.overlaps_rule(one));
        let others: BTreeSet<IngressRule> = before.rules.iter().filter(lets_in).cloned().collect();
        if others.is_empty() {
            return RemediationPlan::Nothing;
        }
        RemediationPlan::leave_to_person(format!(
            "the rule that was found is gone, but {} lets some of the same in: it is not this finding's to revoke",
            format_rules(&others)
        ))
    }

    /// A rule is revoked whole: a person decides where that closes more than one port.
    async fn check_preconditions(
        &self,
        _: &TargetResource,
        _: &PublicIngress,
        after: &PublicIngress,
    ) -> Result<PrecheckResult, AwsFailure> {
        let wide: BTreeSet<IngressRule> = after
            .revoked
            .iter()
            .filter(|rule| rule.port_range().0 != rule.port_range().1)
            .cloned()
            .collect();
        if wide.is_empty() {
            return Ok(PrecheckResult::Proceed);
        }
        let open = |port: &&u16| {
            let port = i32::from(**port);
            wide.iter().map(IngressRule::port_range).any(|(from, to)| from <= port && port <= to)
        };
        let web: Vec<String> = WEB_PORTS.iter().filter(open).map(u16::to_string).collect();
        let web = match web.as_slice() {
            [] => String::new(),
            web => format!(", {} among them", web.join(" and ")),
        };
        Ok(PrecheckResult::RequireApproval(format!(
            "every port of {} would be closed{web}",
            format_rules(&wide)
        )))
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &PublicIngress,
    ) -> Result<(), AwsFailure> {
        let now = self.read_public_rules(target).await?;
        // What came meanwhile was never planned to be revoked.
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
            // What somebody else revoked meanwhile stays so.
            return Ok(());
        }
        let open: BTreeSet<&IngressRule> = now.iter().map(|one| &one.1).collect();
        let opened: Vec<&IngressRule> =
            state.rules.iter().filter(|rule| !open.contains(rule)).collect();
        if opened.is_empty() { Ok(()) } else { self.authorize_rules(target, &opened).await }
    }

    /// What is planned is reached once the found rules are gone, whatever others came or went.
    fn has_reached(seen: &PublicIngress, wanted: &PublicIngress) -> bool {
        if wanted.revoked.is_empty() {
            seen.rules == wanted.rules
        } else {
            seen.rules.is_disjoint(&wanted.revoked)
        }
    }
}

impl RevokeIngress {
    /// The rules that let everyone in, and their ids.
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
        let mut any = false;
        for page in &pages {
            for item in
                page.require_child("securityGroupRuleSet").map_err(refused)?.child_elements()
            {
                any = true;
                rules.extend(parse_inbound_rule(item).map_err(refused)?);
            }
        }
        if !any {
            // A filter finds nothing in a group that is gone: that is no group without rules.
            let call = self
                .service
                .query_call("DescribeSecurityGroups")
                .with_parameter("GroupId.1", &target.id);
            let groups = call.send_query().await.map_err(refused)?;
            let groups =
                groups.require_child("securityGroupInfo").map_err(refused)?.child_elements();
            if groups.is_empty() {
                return Err(AwsFailure::Retryable(
                    "DescribeSecurityGroups told nothing".to_owned(),
                ));
            }
        }
        rules.retain(|(_, rule): &(String, IngressRule)| rule.has_ports() && rule.allows_anyone());
        Ok(rules)
    }

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
            // An attempt whose answer was lost did it: of several rules, all or none are made.
            Err(error) if error.error_code() == Some("InvalidPermission.Duplicate") => Ok(()),
            answer => answer.map(drop).map_err(|error| classify_group_error(&error)),
        }
    }
}

/// An inbound rule for a range of addresses, with its id.
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

/// The rules that the finding lists.
///
/// # Errors
/// Where it lists none, or one that cannot be told from others: what to revoke is not guessed.
fn read_found_rules(target: &TargetResource) -> Result<Vec<IngressRule>, PlanRefusal> {
    if target.evidence.is_empty() {
        let why = "the finding does not say which rules were found";
        return Err(PlanRefusal::NeedsPerson(why.to_owned()));
    }
    let rules = target.evidence.iter().map(IngressRule::from_violation).collect::<Option<_>>();
    rules.ok_or_else(|| {
        let why = "the finding lists what is no rule that lets everyone reach TCP or UDP ports";
        PlanRefusal::NeedsPerson(why.to_owned())
    })
}

fn format_rules(rules: &BTreeSet<IngressRule>) -> String {
    rules.iter().map(IngressRule::to_string).collect::<Vec<_>>().join(", ")
}

/// The ports that may be open whatever was found: the policy's header says so in `allowedPorts`.
fn read_allowed_ports(target: &TargetResource) -> Result<BTreeSet<u16>, PlanRefusal> {
    let Some(said) = target.parameters.get("allowedPorts") else { return Ok(BTreeSet::new()) };
    let ports: Result<BTreeSet<u16>, _> = serde_json::from_value(said.clone());
    ports.map_err(|_| PlanRefusal::InvalidSetting("`allowedPorts` is no list of ports".to_owned()))
}

/// Source: Amazon EC2 API Reference, "Error codes".
fn classify_group_error(error: &CallError) -> AwsFailure {
    classify_error(
        error.clone(),
        &["InvalidGroup.NotFound"],
        // A group that the event named by its name is not looked for.
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
    fn what_counts_is_what_the_policy_counts() {
        for (cidr, everyone) in [
            ("0.0.0.0/0", true),
            ("::/0", true),
            ("128.0.0.0/1", true),
            ("10.0.0.0/8", false),
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
    fn a_rule_is_the_found_one_however_either_is_written() {
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
            assert!(rule("tcp", 20, 30, half).overlaps_rule(&ssh), "{half} lets some of it in");
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
    fn what_is_no_rule_that_lets_everyone_reach_a_port_is_not_taken_for_one() {
        let fine = json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "range": "::/0"});
        assert!(IngressRule::from_violation(&fine).is_some());
        for (field, value) in [
            ("ipProtocol", json!("icmp")),
            ("ipProtocol", json!(null)),
            ("fromPort", json!("22")),
            ("range", json!("192.0.2.0/24")),
            ("range", json!("sg-1")),
        ] {
            let mut odd = fine.clone();
            odd[field] = value;
            assert_eq!(IngressRule::from_violation(&odd), None, "{odd}");
        }
        assert_eq!(IngressRule::from_violation(&json!("tcp 22")), None);
    }
}
