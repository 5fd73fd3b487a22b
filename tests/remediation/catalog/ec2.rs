//! Tests the remediators of security groups, snapshots, images and the default encryption of
//! volumes.

use evenkeel_remediators::catalog::ec2::ebs_default_encryption::EbsDefaultEncryption;
use evenkeel_remediators::catalog::ec2::image_private::ImagePrivate;
use evenkeel_remediators::catalog::ec2::revoke_ingress::{
    IngressRule, PublicIngress, RevokeIngress,
};
use evenkeel_remediators::catalog::ec2::snapshot_private::VolumeSnapshotPrivate;
use evenkeel_remediators::catalog::shared::public_sharing::SharingState;
use evenkeel_remediators::{KILL_SWITCH, RemediationPlan, RemediationResult, Remediator};
use serde_json::{Value, json};

use super::query::{DENIED, ask, element_text, writes_nothing_unread};
use super::stage::{Stage, refused_for_state};
use evenkeel_testing::proxy::{Fault, Pause};

/// Calls EC2 of the AWS stand-in directly, without the proxy.
async fn ec2(body: &str) -> String {
    ask("ec2", "2016-11-15", body).await
}

/// Creates a security group with these rules (protocol, first port, last port, CIDR range) and
/// returns its stage.
async fn group(name: &str, rules: &[(&str, i32, i32, &str)]) -> Stage {
    let body = format!("Action=CreateSecurityGroup&GroupName={name}&GroupDescription=d");
    let id = element_text(&ec2(&body).await, "groupId").to_owned();
    for (protocol, from, to, cidr) in rules {
        let (range, one) =
            if cidr.contains(':') { ("Ipv6Ranges", "CidrIpv6") } else { ("IpRanges", "CidrIp") };
        let rule = "IpPermissions.1";
        ec2(&format!(
            "Action=AuthorizeSecurityGroupIngress&GroupId={id}&{rule}.IpProtocol={protocol}\
             &{rule}.FromPort={from}&{rule}.ToPort={to}&{rule}.{range}.1.{one}={cidr}\
             &{rule}.{range}.1.Description=%20a%20%26%20b"
        ))
        .await;
    }
    let (policy, kind) = ("ec2-security-group-open-to-world", "AWS::EC2::SecurityGroup");
    Stage::new(policy, RevokeIngress::SPEC.id, kind, &id).await
}

/// Returns a rule in the format of the findings.
fn found((protocol, from, to, cidr): (&str, i32, i32, &str)) -> Value {
    // For all traffic, the policies list all ports.
    let (from, to) = if protocol == "-1" { (0, 65_535) } else { (from, to) };
    json!({"id": "", "ipProtocol": protocol, "fromPort": from, "toPort": to, "range": cidr})
}

/// Returns all rules of a group in XML, without their ids.
async fn rules(stage: &Stage) -> Vec<String> {
    let id = stage.target().id;
    let body =
        format!("Action=DescribeSecurityGroupRules&Filter.1.Name=group-id&Filter.1.Value.1={id}");
    let answer = ec2(&body).await;
    let mut rules: Vec<String> = answer
        .split("<item>")
        .skip(1)
        .map(|item| {
            let (before, after) = item.split_once("<securityGroupRuleId>").unwrap();
            let (_, after) = after.split_once('<').unwrap();
            format!("{before}{}", after.split("</item>").next().unwrap())
        })
        .collect();
    rules.sort();
    rules
}

fn rule(protocol: &str, from: i32, to: i32, cidr: &str) -> IngressRule {
    let description = Some(" a & b".to_owned());
    let cidr = cidr.into();
    IngressRule { protocol: protocol.into(), from, to, cidr, description, ..IngressRule::default() }
}

#[tokio::test]
async fn only_the_rules_of_the_finding_are_revoked_and_an_undo_restores_them() {
    let others = [
        ("tcp", 22, 22, "10.0.0.0/8"),
        ("tcp", 22, 22, "::/0"),
        ("tcp", 443, 443, "0.0.0.0/0"),
        ("tcp", 8443, 8443, "0.0.0.0/0"),
        ("tcp", 80, 443, "::/0"),
        ("udp", 51_820, 51_820, "0.0.0.0/0"),
        ("udp", 51_820, 51_820, "::/0"),
        ("icmp", -1, -1, "0.0.0.0/0"),
    ];
    let open = [("tcp", 22, 22, "0.0.0.0/0"), ("udp", 53, 53, "::/0")];
    let stage = group("mixed", &[&others[..], &open].concat()).await;
    let stage = stage.of_found(&json!(open.map(found)));
    let before = rules(&stage).await;
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Restored);
    let after = rules(&stage).await;
    assert!(after.iter().all(|rule| before.contains(rule)), "the other rules must not change");
    // The count includes the egress rule.
    assert_eq!((before.len() - after.len(), after.len()), (open.len(), others.len() + 1));
    assert_eq!(stage.proxy.count("RevokeSecurityGroupIngress"), 1);
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Compliant);
    assert_eq!(stage.undo::<RevokeIngress>().await.result, RemediationResult::Restored);
    assert_eq!(rules(&stage).await, before);
    assert_eq!(stage.proxy.count("AuthorizeSecurityGroupIngress"), 1);
}

#[tokio::test]
async fn every_state_is_restored_once_and_can_be_undone() {
    let kinds = [
        ("tcp", 22, 22, "0.0.0.0/0"),
        ("udp", 53, 80, "::/0"),
        ("-1", -1, -1, "::/0"),
        ("tcp", 80, 80, "0.0.0.0/0"),
        ("tcp", 22, 22, "192.0.2.0/24"),
    ];
    for chosen in 0..1_usize << kinds.len() {
        let chosen_one = |(bit, _): &(usize, _)| chosen >> *bit & 1 == 1;
        let some = kinds.iter().copied().enumerate().filter(chosen_one);
        let some: Vec<_> = some.map(|(_, kind)| kind).collect();
        let stage = group(&format!("state-{chosen}"), &some).await;
        let stage = stage.of_found(&json!([found(kinds[0]), found(kinds[1]), found(kinds[2])]));
        let before = (stage.state::<RevokeIngress>().await, rules(&stage).await);
        let remediator = RevokeIngress::from(stage.aws());
        let target = stage.target();
        let RemediationPlan::Change(after) = remediator.plan_change(&target, &before.0) else {
            assert_eq!(chosen & 0b111, 0);
            continue;
        };
        for _ in 0..2 {
            remediator.apply_state(&target, &after).await.unwrap();
            let seen = stage.state::<RevokeIngress>().await;
            assert!(RevokeIngress::has_reached(&seen, &after));
            assert_eq!(seen.rules, after.rules);
            assert_eq!(remediator.plan_change(&target, &seen), RemediationPlan::Nothing);
        }
        for _ in 0..2 {
            remediator.apply_state(&target, &before.0).await.unwrap();
            let now = (stage.state::<RevokeIngress>().await, rules(&stage).await);
            assert_eq!(now, before);
        }
        assert_eq!(stage.proxy.count("RevokeSecurityGroupIngress"), 1);
        assert_eq!(stage.proxy.count("AuthorizeSecurityGroupIngress"), 1);
    }
}

async fn planned(stage: &Stage) -> RemediationPlan<PublicIngress> {
    let before = stage.state::<RevokeIngress>().await;
    RevokeIngress::from(stage.aws()).plan_change(&stage.target(), &before)
}

#[tokio::test]
async fn a_finding_without_valid_rules_is_left_to_a_person() {
    let rules = [("tcp", 22, 22, "0.0.0.0/0")];
    let why = "the finding does not list the security group rules; revoke them by hand".to_owned();
    assert_eq!(
        planned(&group("unsaid", &rules).await).await,
        RemediationPlan::leave_to_person(why)
    );
    for odd in [json!(["tcp 22"]), json!([found(("tcp", 22, 22, "192.0.2.0/24"))])] {
        let stage = group(&format!("odd-{}", odd.to_string().len()), &rules).await;
        let plan = planned(&stage.of_found(&odd)).await;
        assert!(matches!(plan, RemediationPlan::Refuse(_)), "{odd}: {plan:?}");
    }
}

#[tokio::test]
async fn a_wider_rule_that_allows_the_same_traffic_is_refused_and_not_revoked() {
    let stage = group("wider", &[("-1", -1, -1, "0.0.0.0/0")]).await;
    let stage = stage.of_found(&json!([found(("tcp", 22, 22, "0.0.0.0/0"))]));
    let RemediationPlan::Refuse(why) = planned(&stage).await else {
        panic!("the remediation was not refused")
    };
    assert!(
        why.to_string().contains("all traffic from 0.0.0.0/0 allows some of the same traffic"),
        "{why}"
    );
}

#[tokio::test]
async fn a_rule_with_a_port_range_is_revoked_only_after_approval() {
    let wide = ("tcp", 20, 443, "0.0.0.0/0");
    let stage = group("wide", &[wide, ("tcp", 8443, 8443, "0.0.0.0/0")]).await;
    let stage = stage.of_found(&json!([found(wide)]));
    let asks = stage.preview::<RevokeIngress>().await.asks;
    let why = "all ports of the security group rule tcp 20-443 from 0.0.0.0/0 would be closed, \
               including 80 and 443";
    assert_eq!(asks, [why]);
    let waiting = stage.run::<RevokeIngress>().await.unwrap().result;
    assert!(matches!(waiting, RemediationResult::AwaitingApproval(_)), "{waiting:?}");
    stage.approve::<RevokeIngress>().await;
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Restored);
    let left = stage.state::<RevokeIngress>().await.rules;
    assert_eq!(left, [rule("tcp", 8443, 8443, "0.0.0.0/0")].into());
}

/// Adds a tag to the only rule of the group for a CIDR range.
async fn tag_rule(stage: &Stage, from: i32, cidr: &str, tag: (&str, &str)) {
    let id = stage.target().id;
    let body =
        format!("Action=DescribeSecurityGroupRules&Filter.1.Name=group-id&Filter.1.Value.1={id}");
    let answer = ec2(&body).await;
    let port = format!("<fromPort>{from}</fromPort>");
    let item = answer.split("<item>").find(|item| item.contains(&port) && item.contains(cidr));
    let rule = element_text(item.unwrap(), "securityGroupRuleId");
    let (key, value) = tag;
    ec2(&format!("Action=CreateTags&ResourceId.1={rule}&Tag.1.Key={key}&Tag.1.Value={value}"))
        .await;
}

#[tokio::test]
async fn a_rule_that_also_opens_allowed_ports_is_split_and_an_undo_restores_it() {
    let wide = ("tcp", 20, 443, "0.0.0.0/0");
    let others = [("tcp", 23, 24, "0.0.0.0/0"), ("udp", 20, 443, "0.0.0.0/0")];
    let stage = group("split", &[&[wide][..], &others].concat()).await;
    tag_rule(&stage, 20, "0.0.0.0/0", ("team", "web")).await;
    let stage = stage.with(&json!({"ports": [22, 25, 3389]})).of_found(&json!([found(wide)]));
    let before = stage.state::<RevokeIngress>().await;
    let wide = before.rules.iter().find(|rule| rule.protocol == "tcp" && rule.to == 443).unwrap();
    assert_eq!(wide.tags, [("team".to_owned(), "web".to_owned())].into());
    assert_eq!(stage.preview::<RevokeIngress>().await.asks, Vec::<String>::new());
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Restored);
    // The rule for the ports 23 and 24 already existed.
    let mut expected = before.rules.clone();
    expected.remove(wide);
    for (from, to) in [(20, 21), (26, 443)] {
        expected.insert(IngressRule { from, to, ..wide.clone() });
    }
    assert_eq!(stage.state::<RevokeIngress>().await.rules, expected);
    assert_eq!(writes(&stage), ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"]);
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Compliant);
    assert_eq!(stage.undo::<RevokeIngress>().await.result, RemediationResult::Restored);
    assert_eq!(stage.state::<RevokeIngress>().await, before, "the undo restores rules and tags");
    let both = ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"].repeat(2);
    assert_eq!(writes(&stage), both, "an undo must not close an allowed port for a moment");
}

/// Returns the writes on the proxy, in their order.
fn writes(stage: &Stage) -> Vec<String> {
    let calls = stage.proxy.calls().into_iter();
    let first = calls.filter_map(|call| Some(call.asked.first()?.action.clone()));
    let names = first.filter_map(|action| Some(action.split_once(':')?.1.to_owned()));
    names.filter(|name| !name.starts_with("Describe")).collect()
}

#[tokio::test]
async fn an_interrupted_split_is_continued_or_undone() {
    let wide = ("tcp", 20, 443, "::/0");
    for (name, is_undone) in [("continued", false), ("given-up", true)] {
        let stage = group(name, &[wide]).await;
        let stage = stage.with(&json!({"ports": [22]})).of_found(&json!([found(wide)]));
        let before = stage.state::<RevokeIngress>().await;
        let pause = Pause::default();
        let write = "AuthorizeSecurityGroupIngress";
        stage.proxy.fault(write, 1, Fault::PauseAfter(pause.clone()));
        let deny = async {
            pause.reached.notified().await;
            for action in ["DescribeSecurityGroupRules", "RevokeSecurityGroupIngress"] {
                stage.proxy.fault(action, usize::MAX, Fault::Answer(503, DENIED));
            }
            pause.release.notify_one();
        };
        let (outcome, ()) = tokio::join!(stage.run::<RevokeIngress>(), deny);
        assert!(outcome.is_err(), "the result of the write is unknown: {outcome:?}");
        stage.proxy.clear_faults();
        assert_eq!(stage.state::<RevokeIngress>().await.rules.len(), 3);
        let rules = if is_undone {
            stage.ledger.write_record(KILL_SWITCH, b"{}").await.unwrap();
            assert_eq!(stage.undo::<RevokeIngress>().await.result, RemediationResult::Restored);
            vec![rule("tcp", 20, 443, "::/0")]
        } else {
            let outcome = stage.run::<RevokeIngress>().await.unwrap();
            assert_eq!(outcome.result, RemediationResult::Restored);
            vec![rule("tcp", 20, 21, "::/0"), rule("tcp", 23, 443, "::/0")]
        };
        assert_eq!(before.rules, [rule("tcp", 20, 443, "::/0")].into());
        assert_eq!(stage.state::<RevokeIngress>().await.rules, rules.into_iter().collect());
    }
}

#[tokio::test]
async fn an_undo_restores_rules_that_an_interrupted_run_revoked() {
    let ssh = ("tcp", 22, 22, "0.0.0.0/0");
    let stage = group("died", &[ssh]).await.of_found(&json!([found(ssh)]));
    let pause = Pause::default();
    stage.proxy.fault("RevokeSecurityGroupIngress", 1, Fault::PauseAfter(pause.clone()));
    let deny_reads = async {
        pause.reached.notified().await;
        stage.proxy.fault("DescribeSecurityGroupRules", usize::MAX, Fault::Answer(403, DENIED));
        pause.release.notify_one();
    };
    let (outcome, ()) = tokio::join!(stage.run::<RevokeIngress>(), deny_reads);
    assert!(
        outcome.is_err(),
        "the result of the write is unknown, so the run must fail: {outcome:?}"
    );
    stage.proxy.clear_faults();
    assert!(stage.state::<RevokeIngress>().await.rules.is_empty());
    stage.ledger.write_record(KILL_SWITCH, b"{}").await.unwrap();
    assert_eq!(stage.undo::<RevokeIngress>().await.result, RemediationResult::Restored);
    let rules = stage.state::<RevokeIngress>().await.rules;
    assert_eq!(rules, [rule("tcp", 22, 22, "0.0.0.0/0")].into());
}

#[tokio::test]
async fn an_undo_blocks_only_the_rules_that_it_restored() {
    let (ssh, snmp) = (("tcp", 22, 22, "0.0.0.0/0"), ("tcp", 161, 161, "0.0.0.0/0"));
    let stage = group("undone", &[ssh, snmp]).await.of_found(&json!([found(ssh)]));
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(stage.undo::<RevokeIngress>().await.result, RemediationResult::Restored);
    let stage = stage.of_found(&json!([found(snmp)]));
    let asks = stage.preview::<RevokeIngress>().await.asks;
    assert_eq!(asks, Vec::<String>::new(), "an undo of other rules must not require approval");
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Restored);
    let stage = stage.of_found(&json!([found(ssh)]));
    let asks = stage.preview::<RevokeIngress>().await.asks;
    assert!(asks.iter().any(|why| why.contains("rosa undid this remediation")), "{asks:?}");
}

#[tokio::test]
async fn the_header_lists_the_ports_that_may_stay_open() {
    let rules = [("tcp", 22, 22, "0.0.0.0/0"), ("tcp", 443, 443, "::/0")];
    let stage = group("allowed", &rules).await;
    let stage = stage.with(&json!({"allowedPorts": [22]})).of_found(&json!(rules.map(found)));
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Restored);
    let left = stage.state::<RevokeIngress>().await.rules;
    assert_eq!(left, [rule("tcp", 22, 22, "0.0.0.0/0")].into());
    let still = stage.run::<RevokeIngress>().await.unwrap().result;
    let why = "the policy header allows all ports of the security group rule tcp 22 from \
               0.0.0.0/0, so the rule is not revoked; correct the ports in `with` of the policy \
               header, or waive the finding";
    assert_eq!(
        still,
        refused_for_state(why),
        "a rule that still violates the policy must not be a success"
    );
    let odd = [json!("22"), json!([-1]), json!([65_536]), json!(["22"]), json!(null)];
    for (number, odd) in odd.into_iter().enumerate() {
        let stage = group(&format!("ports-{number}"), &[("tcp", 22, 22, "::/0")]).await;
        let stage = stage.with(&json!({"allowedPorts": odd}));
        let stage = stage.of_found(&json!([found(("tcp", 22, 22, "::/0"))]));
        let outcome = stage.run::<RevokeIngress>().await.unwrap();
        assert!(matches!(outcome.result, RemediationResult::Refused(_)), "{outcome:?}");
    }
}

/// Creates a group that allows SSH from 0.0.0.0/0, and returns the stage of a finding about it.
async fn ssh(name: &str) -> Stage {
    let open = ("tcp", 22, 22, "0.0.0.0/0");
    group(name, &[open]).await.of_found(&json!([found(open)]))
}

#[tokio::test]
async fn a_deleted_group_is_distinguished_from_a_group_without_rules() {
    let stage = group("gone", &[]).await;
    let stage = stage.of_found(&json!([found(("tcp", 22, 22, "0.0.0.0/0"))]));
    let id = stage.target().id;
    ec2(&format!("Action=RevokeSecurityGroupEgress&GroupId={id}&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0")).await;
    assert_eq!(rules(&stage).await.len(), 0);
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Compliant);
    stage.proxy.fault("DescribeSecurityGroups", 9, Fault::Answer(200, "<Answer/>"));
    assert!(stage.run::<RevokeIngress>().await.is_err(), "an empty answer must be retried");
    stage.proxy.clear_faults();
    ec2(&format!("Action=DeleteSecurityGroup&GroupId={id}")).await;
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::ResourceGone);
}

#[tokio::test]
async fn a_group_that_cannot_be_read_is_not_changed() {
    let stage = ssh("unread").await;
    let (read, write) = ("DescribeSecurityGroupRules", "RevokeSecurityGroupIngress");
    writes_nothing_unread::<RevokeIngress>(&stage, read, write).await;
}

#[tokio::test]
async fn all_pages_of_an_answer_are_read() {
    const PAGE: &str = "<A><nextToken>more</nextToken><securityGroupRuleSet/></A>";
    let stage = ssh("pages").await;
    stage.proxy.fault("DescribeSecurityGroupRules", 2, Fault::Answer(200, PAGE));
    let seen = RevokeIngress::from(stage.aws()).observe_state(&stage.target()).await.unwrap();
    assert_eq!(seen, stage.state::<RevokeIngress>().await);
    assert_eq!(stage.proxy.count("DescribeSecurityGroupRules"), 3);
    stage.proxy.fault("DescribeSecurityGroupRules", usize::MAX, Fault::Answer(200, PAGE));
    assert!(stage.run::<RevokeIngress>().await.is_err(), "an answer with endless pages must fail");
    stage.proxy.clear_faults();
    // If a page cannot be read, the answer is incomplete.
    stage.proxy.fault("DescribeSecurityGroupRules", 1, Fault::Answer(200, PAGE));
    stage.proxy.fault("DescribeSecurityGroupRules", usize::MAX, Fault::Answer(403, DENIED));
    let outcome = stage.run::<RevokeIngress>().await.unwrap();
    assert!(matches!(outcome.result, RemediationResult::Refused(_)), "{outcome:?}");
    assert_eq!(stage.proxy.count("RevokeSecurityGroupIngress"), 0);
}

#[tokio::test]
async fn a_call_without_answer_is_retried() {
    let stage = ssh("stalled").await;
    stage.proxy.fault("DescribeSecurityGroupRules", 1, Fault::Stall);
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Restored);
}

#[tokio::test]
async fn a_rule_that_was_added_meanwhile_stays() {
    let stage = ssh("meanwhile").await;
    let remediator = RevokeIngress::from(stage.aws());
    let target = stage.target();
    let RemediationPlan::Change(after) = planned(&stage).await else {
        panic!("no change is planned")
    };
    let id = &target.id;
    ec2(&format!("Action=AuthorizeSecurityGroupIngress&GroupId={id}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=443&IpPermissions.1.ToPort=443&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0")).await;
    // The rule for port 443 was added after planning: it stays, and the plan is applied.
    remediator.apply_state(&target, &after).await.unwrap();
    assert!(RevokeIngress::has_reached(&stage.state::<RevokeIngress>().await, &after));
    let left = stage.state::<RevokeIngress>().await.rules;
    assert_eq!(left.iter().map(|rule| rule.from).collect::<Vec<_>>(), [443]);
}

/// The setting belongs to the whole account, so one test covers all cases.
#[tokio::test]
async fn default_encryption_of_volumes_is_turned_on() {
    let (policy, kind) = ("ec2-ebs-default-encryption-off", "AWS::::Account");
    let stage = Stage::new(policy, EbsDefaultEncryption::SPEC.id, kind, "123456789012").await;
    stage.there_and_back::<EbsDefaultEncryption>().await;
    let (read, write) = ("GetEbsEncryptionByDefault", "EnableEbsEncryptionByDefault");
    let stage = Stage::new(policy, EbsDefaultEncryption::SPEC.id, kind, "123456789012").await;
    writes_nothing_unread::<EbsDefaultEncryption>(&stage, read, write).await;
}

async fn snapshot() -> Stage {
    let volume = ec2("Action=CreateVolume&Size=1&AvailabilityZone=eu-central-1a").await;
    let volume = element_text(&volume, "volumeId");
    let id = ec2(&format!("Action=CreateSnapshot&VolumeId={volume}")).await;
    let id = element_text(&id, "snapshotId");
    let share = format!(
        "Action=ModifySnapshotAttribute&SnapshotId={id}&Attribute=createVolumePermission&OperationType=add"
    );
    ec2(&format!("{share}&UserId.1=111122223333")).await;
    ec2(&format!("{share}&UserGroup.1=all")).await;
    Stage::new("ec2-snapshot-public", VolumeSnapshotPrivate::SPEC.id, "AWS::EC2::Snapshot", id)
        .await
}

#[tokio::test]
async fn a_public_snapshot_becomes_private_and_stays_shared_with_other_accounts() {
    let stage = snapshot().await;
    stage.there_and_back::<VolumeSnapshotPrivate>().await;
    let describe = format!(
        "Action=DescribeSnapshotAttribute&Attribute=createVolumePermission&SnapshotId={}",
        stage.target().id
    );
    let before = ec2(&describe).await;
    assert_eq!(
        stage.run::<VolumeSnapshotPrivate>().await.unwrap().result,
        RemediationResult::Restored
    );
    let after = ec2(&describe).await;
    assert_eq!(after, before.replace("<item><group>all</group></item>", ""));
    assert!(after.contains("<userId>111122223333</userId>"), "{after}");
}

#[tokio::test]
async fn a_missing_or_unreadable_snapshot_is_not_changed() {
    let stage = snapshot().await;
    let (read, write) = ("DescribeSnapshotAttribute", "ModifySnapshotAttribute");
    writes_nothing_unread::<VolumeSnapshotPrivate>(&stage, read, write).await;
    ec2(&format!("Action=DeleteSnapshot&SnapshotId={}", stage.target().id)).await;
    assert_eq!(
        stage.run::<VolumeSnapshotPrivate>().await.unwrap().result,
        RemediationResult::ResourceGone
    );
}

async fn image() -> Stage {
    let id = ec2("Action=RegisterImage&Name=image").await;
    let id = element_text(&id, "imageId");
    let share = format!(
        "Action=ModifyImageAttribute&ImageId={id}&Attribute=launchPermission&OperationType=add"
    );
    ec2(&format!("{share}&UserId.1=111122223333")).await;
    ec2(&format!("{share}&UserGroup.1=all")).await;
    Stage::new("ec2-image-public", ImagePrivate::SPEC.id, "AWS::EC2::Image", id).await
}

#[tokio::test]
async fn a_public_image_becomes_private_and_stays_shared_with_other_accounts() {
    let stage = image().await;
    stage.there_and_back::<ImagePrivate>().await;
    assert_eq!(stage.run::<ImagePrivate>().await.unwrap().result, RemediationResult::Restored);
    let describe = "Action=DescribeImageAttribute&Attribute=launchPermission&ImageId";
    let after = ec2(&format!("{describe}={}", stage.target().id)).await;
    assert!(after.contains("<userId>111122223333</userId>"), "{after}");
    assert_eq!(stage.state::<ImagePrivate>().await, SharingState { public: false });
}

#[tokio::test]
async fn a_missing_or_unreadable_image_is_not_changed() {
    // moto fails for the attribute of a deleted image.
    const GONE: &str = "<Response><Errors><Error><Code>InvalidAMIID.Unavailable</Code></Error></Errors></Response>";
    let stage = image().await;
    let (read, write) = ("DescribeImageAttribute", "ModifyImageAttribute");
    writes_nothing_unread::<ImagePrivate>(&stage, read, write).await;
    stage.proxy.fault(read, 1, Fault::Answer(400, GONE));
    assert_eq!(stage.run::<ImagePrivate>().await.unwrap().result, RemediationResult::ResourceGone);
}
