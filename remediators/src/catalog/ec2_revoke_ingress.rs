//! A security group lets the Internet in at no port but those that may be open.

use evenkeel_rules::policy::Tier;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::aws::Aws;
use crate::query::{Element, Query, QueryError};
use crate::refusal::query_refusal;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// Ports that may be open to the Internet when the policy's header does not say which.
const WEB: [u16; 2] = [80, 443];

/// Revokes the rules by which the Internet reaches a port that is not in `allowedPorts`.
///
/// An undo authorizes them again. They are new rules then: with ids of their own, and without the tags of the
/// old ones.
#[derive(Clone, Debug)]
pub struct RevokeIngress {
    query: Query,
}

/// The inbound rules of a group by which the Internet reaches a port.
///
/// They are known by what they say: no two rules of a group say the same, and their ids change by an undo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingress {
    /// Whatever they let in.
    pub rules: BTreeSet<Rule>,
}

/// A rule.
///
/// Source: Amazon EC2 API Reference, `SecurityGroupRule`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule {
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

impl Rule {
    fn is_of_ports(&self) -> bool {
        matches!(self.protocol.as_str(), "-1" | "tcp" | "udp" | "6" | "17")
    }

    /// Half of all addresses counts: two such rules are as good as one for all.
    fn is_of_everyone(&self) -> bool {
        let length = self.cidr.rsplit_once('/').and_then(|(_, length)| length.parse::<u8>().ok());
        length.is_some_and(|length| length <= 1)
    }

    fn is_within(&self, ports: &BTreeSet<u16>) -> bool {
        let (Ok(from), Ok(to)) = (u16::try_from(self.from), u16::try_from(self.to)) else {
            return false;
        };
        self.protocol != "-1" && (from..=to).all(|port| ports.contains(&port))
    }
}

impl From<Aws> for RevokeIngress {
    fn from(aws: Aws) -> Self {
        RevokeIngress { query: Query::ec2(&aws) }
    }
}

impl Remediator for RevokeIngress {
    type State = Ingress;

    const ID: &'static str = "ec2-revoke-ingress";
    const WITH: &'static [&'static str] = &["allowedPorts"];
    const PERMISSIONS: &'static [&'static str] = &[
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:RevokeSecurityGroupIngress",
    ];
    const TIER: Option<Tier> = Some(Tier::B);

    fn arns(target: &Target) -> Vec<String> {
        vec![
            target.arn("ec2", &format!("security-group/{}", target.id)),
            target.arn("ec2", "security-group-rule/*"),
        ]
    }

    fn calls(from: &Ingress, to: &Ingress) -> Vec<&'static str> {
        let revoked = !from.rules.is_subset(&to.rules);
        let authorized = !to.rules.is_subset(&from.rules);
        let revoked = revoked.then_some("ec2:RevokeSecurityGroupIngress");
        revoked
            .into_iter()
            .chain(authorized.then_some("ec2:AuthorizeSecurityGroupIngress"))
            .collect()
    }

    async fn observe(&self, target: &Target) -> Result<Ingress, RefusedByAws> {
        let rules = self.rules(target).await?;
        Ok(Ingress { rules: rules.into_iter().map(|(_, rule)| rule).collect() })
    }

    fn plan(&self, target: &Target, before: &Ingress) -> Plan<Ingress> {
        let ports = match allowed(target) {
            Ok(ports) => ports,
            Err(why) => return Plan::Refuse(why),
        };
        let kept = before.rules.iter().filter(|rule| rule.is_within(&ports)).cloned();
        let after = Ingress { rules: kept.collect() };
        if after == *before { Plan::Nothing } else { Plan::Change(after) }
    }

    async fn apply(&self, target: &Target, state: &Ingress) -> Result<(), RefusedByAws> {
        let ports = allowed(target).map_err(RefusedByAws::Later)?;
        let now = self.rules(target).await?;
        // What came meanwhile and may be open was never planned to be closed.
        let closed = |rule: &Rule| !state.rules.contains(rule) && !rule.is_within(&ports);
        let ids: Vec<&str> =
            now.iter().filter(|one| closed(&one.1)).map(|one| one.0.as_str()).collect();
        if !ids.is_empty() {
            let mut call =
                self.query.call("RevokeSecurityGroupIngress").with("GroupId", &target.id);
            for (number, id) in (1..).zip(ids) {
                call = call.with(&format!("SecurityGroupRuleId.{number}"), id);
            }
            call.send().await.map_err(|error| refused(&error))?;
        }
        let open: BTreeSet<&Rule> = now.iter().map(|one| &one.1).collect();
        let opened: Vec<&Rule> = state.rules.iter().filter(|rule| !open.contains(rule)).collect();
        if opened.is_empty() { Ok(()) } else { self.authorize(target, &opened).await }
    }
}

impl RevokeIngress {
    /// The rules that let everyone in, and their ids.
    async fn rules(&self, target: &Target) -> Result<Vec<(String, Rule)>, RefusedByAws> {
        let refused = |error: QueryError| refused(&error);
        let call = self.query.call("DescribeSecurityGroupRules");
        let call = call.with("Filter.1.Name", "group-id").with("Filter.1.Value.1", &target.id);
        let pages = call.pages().await.map_err(refused)?;
        let mut rules = Vec::new();
        let mut any = false;
        for page in &pages {
            for item in page.get("securityGroupRuleSet").map_err(refused)?.children() {
                any = true;
                rules.extend(inbound(item).map_err(refused)?);
            }
        }
        if !any {
            // A filter finds nothing in a group that is gone: that is no group without rules.
            let call = self.query.call("DescribeSecurityGroups").with("GroupId.1", &target.id);
            let groups = call.send().await.map_err(refused)?;
            let groups = groups.get("securityGroupInfo").map_err(refused)?.children();
            if groups.is_empty() {
                return Err(RefusedByAws::Later("DescribeSecurityGroups told nothing".to_owned()));
            }
        }
        rules.retain(|(_, rule): &(String, Rule)| rule.is_of_ports() && rule.is_of_everyone());
        Ok(rules)
    }

    async fn authorize(&self, target: &Target, rules: &[&Rule]) -> Result<(), RefusedByAws> {
        let mut call = self.query.call("AuthorizeSecurityGroupIngress").with("GroupId", &target.id);
        for (number, rule) in (1..).zip(rules) {
            let permission = format!("IpPermissions.{number}");
            call = call.with(&format!("{permission}.IpProtocol"), &rule.protocol);
            if rule.protocol != "-1" {
                call = call
                    .with(&format!("{permission}.FromPort"), &rule.from.to_string())
                    .with(&format!("{permission}.ToPort"), &rule.to.to_string());
            }
            let range = if rule.cidr.contains(':') {
                call = call.with(&format!("{permission}.Ipv6Ranges.1.CidrIpv6"), &rule.cidr);
                "Ipv6Ranges"
            } else {
                call = call.with(&format!("{permission}.IpRanges.1.CidrIp"), &rule.cidr);
                "IpRanges"
            };
            if let Some(text) = &rule.description {
                call = call.with(&format!("{permission}.{range}.1.Description"), text);
            }
        }
        match call.send().await {
            // An attempt whose answer was lost did it: of several rules, all or none are made.
            Err(error) if error.code() == Some("InvalidPermission.Duplicate") => Ok(()),
            answer => answer.map(drop).map_err(|error| refused(&error)),
        }
    }
}

/// An inbound rule for a range of addresses, with its id.
fn inbound(item: &Element) -> Result<Option<(String, Rule)>, QueryError> {
    let cidr = item.find("cidrIpv4").or_else(|| item.find("cidrIpv6"));
    let (false, Some(cidr)) = (item.get("isEgress")?.parse::<bool>()?, cidr) else {
        return Ok(None);
    };
    let rule = Rule {
        protocol: item.get("ipProtocol")?.text().to_owned(),
        from: item.get("fromPort")?.parse()?,
        to: item.get("toPort")?.parse()?,
        cidr: cidr.text().to_owned(),
        description: item.find("description").map(|text| text.text().to_owned()),
    };
    Ok(Some((item.get("securityGroupRuleId")?.text().to_owned(), rule)))
}

/// The ports that may be open: the policy's header says so in `allowedPorts`.
fn allowed(target: &Target) -> Result<BTreeSet<u16>, String> {
    let Some(said) = target.with.get("allowedPorts") else { return Ok(WEB.into()) };
    let ports: Result<BTreeSet<u16>, _> = serde_json::from_value(said.clone());
    ports.map_err(|error| format!("`allowedPorts` is no list of ports: {error}"))
}

/// Source: Amazon EC2 API Reference, "Error codes".
fn refused(error: &QueryError) -> RefusedByAws {
    query_refusal(
        error,
        &["InvalidGroup.NotFound"],
        // A group that the event named by its name is not looked for.
        &["AuthFailure", "InvalidGroupId.Malformed"],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(protocol: &str, from: i32, to: i32, cidr: &str) -> Rule {
        Rule { protocol: protocol.into(), from, to, cidr: cidr.into(), description: None }
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
            assert_eq!(rule("tcp", 22, 22, cidr).is_of_everyone(), everyone, "{cidr}");
        }
        for (protocol, of_ports) in [("tcp", true), ("-1", true), ("17", true), ("icmp", false)] {
            assert_eq!(rule(protocol, 0, 0, "::/0").is_of_ports(), of_ports, "{protocol}");
        }
        let web = BTreeSet::from(WEB);
        for (protocol, from, to, within) in [
            ("tcp", 443, 443, true),
            ("tcp", 80, 443, false),
            ("tcp", 0, 65_535, false),
            ("-1", -1, -1, false),
            ("tcp", -1, -1, false),
            ("udp", 80, 80, true),
        ] {
            let rule = rule(protocol, from, to, "::/0");
            assert_eq!(rule.is_within(&web), within, "{protocol} {from}-{to}");
        }
    }
}
