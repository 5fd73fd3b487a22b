//! Revokes the security group rules that a finding lists, and no other rules.

mod ingress_rule;
mod port_lists;

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_client::{CallError, ServiceClient, XmlElement};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};

pub use ingress_rule::IngressRule;

use crate::access::connection::AwsConnection;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::permission::PermissionStatement;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PlanRefusal, PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;
use port_lists::PortLists;

/// The ports of web servers, which are often public on purpose.
const WEB_PORTS: [u16; 2] = [80, 443];

/// A remediator that revokes the rules that the finding lists, if they still exist. The policy
/// header can list the forbidden ports (`ports`) or the allowed ports (`allowedPorts` for all
/// protocols, `tcpPorts`, `udpPorts`). A rule that also opens other than forbidden ports is split:
/// the remediator first authorizes rules for its other ports and then revokes the rule. A rule
/// without forbidden ports is kept. All other rules of the group stay unchanged.
///
/// An undo authorizes the revoked rules again, with their descriptions and tags, and then revokes
/// the parts. The new rules have new ids.
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
    /// The rules that the remediator authorizes to keep the allowed ports of the revoked rules
    /// open, if it is a planned state. Empty in an observed state.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub added: BTreeSet<IngressRule>,
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
        parameter_names: port_lists::PARAMETER_NAMES,
        resource_arns: |target| {
            vec![
                target.build_arn("ec2", &format!("security-group/{}", target.id)),
                target.build_arn("ec2", "security-group-rule/*"),
            ]
        },
        // A new rule gets the tags of the rule that it replaces.
        passthrough_permissions: |target| {
            vec![PermissionStatement {
                action: vec!["ec2:CreateTags".to_owned()],
                resource: vec![target.build_arn("ec2", "security-group-rule/*")],
            }]
        },
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(from: &PublicIngress, to: &PublicIngress) -> Vec<&'static str> {
        let is_revoked = !from.rules.is_subset(&to.rules);
        let mut authorized = to.rules.difference(&from.rules).peekable();
        let is_authorized = authorized.peek().is_some();
        let is_tagged = authorized.any(|rule| !rule.tags.is_empty());
        let actions = [
            (is_authorized, "ec2:AuthorizeSecurityGroupIngress"),
            (is_tagged, "ec2:CreateTags"),
            (is_revoked, "ec2:RevokeSecurityGroupIngress"),
        ];
        actions.into_iter().filter(|one| one.0).map(|one| one.1).collect()
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<PublicIngress, AwsFailure> {
        let rules = self.read_public_rules(target).await?.into_iter().map(|(_, rule)| rule);
        Ok(PublicIngress { rules: rules.collect(), ..PublicIngress::default() })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &PublicIngress,
    ) -> RemediationPlan<PublicIngress> {
        let (found, lists) = match (read_found_rules(target), PortLists::from_parameters(target)) {
            (Ok(found), Ok(lists)) => (found, lists),
            (Err(why), _) | (_, Err(why)) => return RemediationPlan::Refuse(why),
        };
        let is_listed = |rule: &&IngressRule| found.iter().any(|one| rule.is_same_rule(one));
        let existing: BTreeSet<IngressRule> =
            before.rules.iter().filter(is_listed).cloned().collect();
        let revoked: BTreeSet<IngressRule> =
            existing.iter().filter(|rule| lists.forbids_rule(rule)).cloned().collect();
        if !revoked.is_empty() {
            return RemediationPlan::Change(plan_split(before, revoked, &lists));
        }
        if !existing.is_empty() {
            return RemediationPlan::leave_to_person(format!(
                "the policy header allows all ports of the security group rule {}, so the rule is \
                 not revoked; correct the ports in `with` of the policy header, or waive the \
                 finding",
                format_rules(&existing)
            ));
        }
        let overlaps =
            |rule: &&IngressRule| found.iter().any(|one| lists.forbids_overlap(rule, one));
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

    /// Asks for an approval if a rule is revoked that opens more than one port, and the policy does
    /// not list the forbidden ports. The policy then possibly allows some of the closed ports.
    async fn check_preconditions(
        &self,
        target: &TargetResource,
        _: &PublicIngress,
        after: &PublicIngress,
    ) -> Result<PrecheckResult, AwsFailure> {
        let lists = match PortLists::from_parameters(target) {
            Ok(lists) => lists,
            Err(why) => return Ok(PrecheckResult::Abort(why.to_string())),
        };
        let is_unlisted = |rule: &&IngressRule| {
            let is_split = lists.lists_forbidden_ports() && rule.protocol != "-1";
            rule.port_range().0 != rule.port_range().1 && !is_split
        };
        let ranges: BTreeSet<IngressRule> =
            after.revoked.iter().filter(is_unlisted).cloned().collect();
        if ranges.is_empty() {
            return Ok(PrecheckResult::Proceed);
        }
        let kept: BTreeSet<IngressRule> =
            ranges.iter().flat_map(|rule| lists.split_rule(rule)).collect();
        let is_kept = |port: &u16| kept.iter().any(|rule| rule.ports().contains(port));
        let closed =
            |port: &&u16| ranges.iter().any(|rule| rule.ports().contains(port)) && !is_kept(port);
        let web: Vec<String> = WEB_PORTS.iter().filter(closed).map(u16::to_string).collect();
        let web = match web.as_slice() {
            [] => String::new(),
            web => format!(", including {}", web.join(" and ")),
        };
        let except = if kept.is_empty() {
            String::new()
        } else {
            format!(", except {},", format_rules(&kept))
        };
        Ok(PrecheckResult::RequireApproval(format!(
            "all ports of the security group rule {}{except} would be closed{web}",
            format_rules(&ranges)
        )))
    }

    /// Authorizes rules before it revokes rules, so that no allowed port is closed in between. The
    /// authorized rules allow no traffic that the revoked rules do not allow.
    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &PublicIngress,
    ) -> Result<(), AwsFailure> {
        let now = self.read_public_rules(target).await?;
        let is_open = |rule: &IngressRule| now.iter().any(|one| one.1 == *rule);
        let is_undo = state.revoked.is_empty();
        let (opened, closed) = if is_undo {
            let undone = match self.plan_change(target, state) {
                RemediationPlan::Change(after) => after.added,
                RemediationPlan::Nothing | RemediationPlan::Refuse(_) => BTreeSet::new(),
            };
            (state.rules.clone(), undone)
        } else {
            // Only planned rules are revoked, and not rules that were added since the plan. The
            // parts of a rule that somebody else revoked since the plan are not authorized.
            let is_part = |part: &&IngressRule| {
                state.revoked.iter().any(|rule| is_open(rule) && rule.contains_rule(part))
            };
            let parts = state.added.iter().filter(is_part).cloned().collect();
            (parts, state.revoked.clone())
        };
        let opened: Vec<&IngressRule> = opened.iter().filter(|rule| !is_open(rule)).collect();
        self.authorize_rules(target, &opened).await?;
        let closed = now.iter().filter(|one| closed.contains(&one.1));
        let ids: Vec<&str> = closed.map(|one| one.0.as_str()).collect();
        self.revoke_rules(target, &ids).await
    }

    fn is_partial_state(
        seen: &PublicIngress,
        before: &PublicIngress,
        after: &PublicIngress,
    ) -> bool {
        let (before, after) = (&before.rules, &after.rules);
        let is_in_both = |rule: &&IngressRule| before.contains(rule) && after.contains(rule);
        let is_in_one = |rule: &IngressRule| before.contains(rule) || after.contains(rule);
        before.iter().filter(is_in_both).all(|rule| seen.rules.contains(rule))
            && seen.rules.iter().all(is_in_one)
    }

    /// Ignores other rules. A planned state is reached if the revoked rules do not exist any more,
    /// and the added rules exist.
    fn has_reached(seen: &PublicIngress, wanted: &PublicIngress) -> bool {
        if wanted.revoked.is_empty() {
            return seen.rules == wanted.rules;
        }
        let is_open = |rule: &IngressRule| seen.rules.iter().any(|one| one.is_same_rule(rule));
        wanted.added.iter().all(is_open) && !wanted.revoked.iter().any(is_open)
    }
}

/// Returns the state in which rules are revoked, and the parts of these rules that open only
/// allowed ports are rules of the group.
fn plan_split(
    before: &PublicIngress,
    revoked: BTreeSet<IngressRule>,
    lists: &PortLists,
) -> PublicIngress {
    let mut rules: BTreeSet<IngressRule> = before.rules.difference(&revoked).cloned().collect();
    let mut added = BTreeSet::new();
    for part in revoked.iter().flat_map(|rule| lists.split_rule(rule)) {
        // A group cannot have two rules for the same traffic.
        if !rules.iter().any(|rule| rule.is_same_rule(&part)) {
            rules.insert(part.clone());
            added.insert(part);
        }
    }
    PublicIngress { rules, revoked, added }
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

    /// Authorizes rules, in one call for each set of tags.
    async fn authorize_rules(
        &self,
        target: &TargetResource,
        rules: &[&IngressRule],
    ) -> Result<(), AwsFailure> {
        let mut by_tags: BTreeMap<&BTreeMap<String, String>, Vec<&IngressRule>> = BTreeMap::new();
        for rule in rules {
            by_tags.entry(&rule.tags).or_default().push(rule);
        }
        for (tags, rules) in by_tags {
            let mut call = self
                .service
                .query_call("AuthorizeSecurityGroupIngress")
                .with_parameter("GroupId", &target.id);
            for (number, rule) in (1..).zip(rules) {
                for (name, value) in list_permission_fields(rule) {
                    call = call.with_parameter(&format!("IpPermissions.{number}.{name}"), &value);
                }
            }
            if !tags.is_empty() {
                call =
                    call.with_parameter("TagSpecification.1.ResourceType", "security-group-rule");
            }
            for (number, (key, value)) in (1..).zip(tags) {
                let tag = format!("TagSpecification.1.Tag.{number}");
                call = call
                    .with_parameter(&format!("{tag}.Key"), key)
                    .with_parameter(&format!("{tag}.Value"), value);
            }
            match call.send_query().await {
                // An earlier call whose response was lost succeeded: AWS authorizes all rules or
                // none.
                Err(error) if error.error_code() == Some("InvalidPermission.Duplicate") => {}
                answer => drop(answer.map_err(|error| classify_group_error(&error))?),
            }
        }
        Ok(())
    }

    /// Revokes the rules with these ids, in one call.
    async fn revoke_rules(&self, target: &TargetResource, ids: &[&str]) -> Result<(), AwsFailure> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut call = self
            .service
            .query_call("RevokeSecurityGroupIngress")
            .with_parameter("GroupId", &target.id);
        for (number, id) in (1..).zip(ids) {
            call = call.with_parameter(&format!("SecurityGroupRuleId.{number}"), id);
        }
        call.send_query().await.map(drop).map_err(|error| classify_group_error(&error))
    }
}

/// Returns the fields of `IpPermission` for a rule, with their names in the AWS Query protocol.
fn list_permission_fields(rule: &IngressRule) -> Vec<(String, String)> {
    let mut fields = vec![("IpProtocol".to_owned(), rule.protocol.clone())];
    if rule.protocol != "-1" {
        fields.push(("FromPort".to_owned(), rule.from.to_string()));
        fields.push(("ToPort".to_owned(), rule.to.to_string()));
    }
    let (range, cidr) = if rule.cidr.contains(':') {
        ("Ipv6Ranges.1", "CidrIpv6")
    } else {
        ("IpRanges.1", "CidrIp")
    };
    fields.push((format!("{range}.{cidr}"), rule.cidr.clone()));
    if let Some(text) = &rule.description {
        fields.push((format!("{range}.Description"), text.clone()));
    }
    fields
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
        tags: parse_tags(item)?,
    };
    Ok(Some((item.require_child("securityGroupRuleId")?.text_content().to_owned(), rule)))
}

/// Parses the tags of a rule, without those that AWS services manage.
fn parse_tags(item: &XmlElement) -> Result<BTreeMap<String, String>, CallError> {
    let mut tags = BTreeMap::new();
    let items = item.find_child("tagSet").map(XmlElement::child_elements).unwrap_or_default();
    for tag in items {
        let text = |name| Ok::<_, CallError>(tag.require_child(name)?.text_content().to_owned());
        let key = text("key")?;
        if !key.starts_with("aws:") {
            tags.insert(key, text("value")?);
        }
    }
    Ok(tags)
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

/// Classifies an error.
///
/// Source: Amazon EC2 API Reference, "Error codes".
fn classify_group_error(error: &CallError) -> AwsFailure {
    classify_error(
        error.clone(),
        &["InvalidGroup.NotFound"],
        // The group id is malformed if the event contained only the name of the group. The
        // remediator does not search for a group by name.
        &["AuthFailure", "InvalidGroupId.Malformed", "RulesPerSecurityGroupLimitExceeded"],
    )
}
