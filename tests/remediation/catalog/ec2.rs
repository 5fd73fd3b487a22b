//! Security groups, snapshots, images and the encryption of volumes.

use evenkeel_remediators::catalog::ec2::ebs_default_encryption::EbsDefaultEncryption;
use evenkeel_remediators::catalog::ec2::image_private::ImagePrivate;
use evenkeel_remediators::catalog::ec2::revoke_ingress::{
    IngressRule, PublicIngress, RevokeIngress,
};
use evenkeel_remediators::catalog::ec2::snapshot_private::VolumeSnapshotPrivate;
use evenkeel_remediators::catalog::shared::public_sharing::SharingState;
use evenkeel_remediators::{KILL_SWITCH, RemediationPlan, RemediationResult, Remediator};
use serde_json::{Value, json};

use super::query::{DENIED, ask, told, writes_nothing_unread};
use super::stage::{Stage, refused_for_state};
use evenkeel_testing::proxy::{Fault, Hold};

/// Asks EC2 something, past the proxy.
async fn ec2(body: &str) -> String {
    ask("ec2", "2016-11-15", body).await
}

/// A group with these rules: protocol, ports and range.
async fn group(name: &str, rules: &[(&str, i32, i32, &str)]) -> Stage {
    let body = format!("Action=CreateSecurityGroup&GroupName={name}&GroupDescription=d");
    let id = told(&ec2(&body).await, "groupId").to_owned();
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

/// A rule of a finding, as the policies list it.
fn found((protocol, from, to, cidr): (&str, i32, i32, &str)) -> Value {
    // Policies give all traffic the ports that it has.
    let (from, to) = if protocol == "-1" { (0, 65_535) } else { (from, to) };
    json!({"id": "", "ipProtocol": protocol, "fromPort": from, "toPort": to, "range": cidr})
}

/// All rules of a group, to the byte but for the ids of rules.
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
    IngressRule { protocol: protocol.into(), from, to, cidr: cidr.into(), description }
}

#[tokio::test]
async fn only_the_rules_that_were_found_are_revoked_and_come_back_as_they_were() {
    let neighbours = [
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
    let stage = group("mixed", &[&neighbours[..], &open].concat()).await;
    let stage = stage.of_found(&json!(open.map(found)));
    let before = rules(&stage).await;
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Restored);
    let after = rules(&stage).await;
    assert!(after.iter().all(|rule| before.contains(rule)), "what is left is as it was");
    // What leaves the group is a rule too.
    assert_eq!((before.len() - after.len(), after.len()), (open.len(), neighbours.len() + 1));
    assert_eq!(stage.proxy.count("RevokeSecurityGroupIngress"), 1);
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Compliant);
    assert_eq!(stage.undo::<RevokeIngress>().await.result, RemediationResult::Restored);
    assert_eq!(rules(&stage).await, before);
    assert_eq!(stage.proxy.count("AuthorizeSecurityGroupIngress"), 1);
}

#[tokio::test]
async fn every_state_is_restored_once_and_undone() {
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
async fn what_to_revoke_is_not_guessed_where_the_finding_does_not_say_it() {
    let rules = [("tcp", 22, 22, "0.0.0.0/0")];
    let why = "the finding does not say which rules were found".to_owned();
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
async fn another_rule_that_lets_the_same_in_is_neither_revoked_nor_taken_for_none() {
    let stage = group("wider", &[("-1", -1, -1, "0.0.0.0/0")]).await;
    let stage = stage.of_found(&json!([found(("tcp", 22, 22, "0.0.0.0/0"))]));
    let RemediationPlan::Refuse(why) = planned(&stage).await else { panic!("it is not refused") };
    assert!(
        why.to_string().contains("all traffic from 0.0.0.0/0 lets some of the same in"),
        "{why}"
    );
}

#[tokio::test]
async fn a_rule_of_several_ports_is_revoked_after_a_person_saw_what_else_it_closes() {
    let wide = ("tcp", 20, 443, "0.0.0.0/0");
    let stage = group("wide", &[wide, ("tcp", 8443, 8443, "0.0.0.0/0")]).await;
    let stage = stage.of_found(&json!([found(wide)]));
    let asks = stage.preview::<RevokeIngress>().await.asks;
    let why = "every port of tcp 20-443 from 0.0.0.0/0 would be closed, 80 and 443 among them";
    assert_eq!(asks, [why]);
    let waiting = stage.run::<RevokeIngress>().await.unwrap().result;
    assert!(matches!(waiting, RemediationResult::AwaitingApproval(_)), "{waiting:?}");
    stage.approve::<RevokeIngress>().await;
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Restored);
    let left = stage.state::<RevokeIngress>().await.rules;
    assert_eq!(left, [rule("tcp", 8443, 8443, "0.0.0.0/0")].into());
}

#[tokio::test]
async fn what_was_revoked_before_a_worker_died_comes_back_by_an_undo() {
    let ssh = ("tcp", 22, 22, "0.0.0.0/0");
    let stage = group("died", &[ssh]).await.of_found(&json!([found(ssh)]));
    let hold = Hold::default();
    stage.proxy.fault("RevokeSecurityGroupIngress", 1, Fault::HoldAfter(hold.clone()));
    let blinded = async {
        hold.reached.notified().await;
        stage.proxy.fault("DescribeSecurityGroupRules", usize::MAX, Fault::Answer(403, DENIED));
        hold.release.notify_one();
    };
    let (outcome, ()) = tokio::join!(stage.run::<RevokeIngress>(), blinded);
    assert!(outcome.is_err(), "what came of the write is not known: {outcome:?}");
    stage.proxy.mend();
    assert!(stage.state::<RevokeIngress>().await.rules.is_empty());
    stage.ledger.write_record(KILL_SWITCH, b"{}").await.unwrap();
    assert_eq!(stage.undo::<RevokeIngress>().await.result, RemediationResult::Restored);
    let rules = stage.state::<RevokeIngress>().await.rules;
    assert_eq!(rules, [rule("tcp", 22, 22, "0.0.0.0/0")].into());
}

#[tokio::test]
async fn an_undo_is_about_the_rules_that_were_revoked_and_about_no_other() {
    let (ssh, snmp) = (("tcp", 22, 22, "0.0.0.0/0"), ("tcp", 161, 161, "0.0.0.0/0"));
    let stage = group("undone", &[ssh, snmp]).await.of_found(&json!([found(ssh)]));
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(stage.undo::<RevokeIngress>().await.result, RemediationResult::Restored);
    let stage = stage.of_found(&json!([found(snmp)]));
    let asks = stage.preview::<RevokeIngress>().await.asks;
    assert_eq!(asks, Vec::<String>::new(), "nobody undid that");
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Restored);
    let stage = stage.of_found(&json!([found(ssh)]));
    let asks = stage.preview::<RevokeIngress>().await.asks;
    assert!(asks.iter().any(|why| why.contains("rosa undid this repair")), "{asks:?}");
}

#[tokio::test]
async fn the_header_says_which_ports_may_be_open() {
    let rules = [("tcp", 22, 22, "0.0.0.0/0"), ("tcp", 443, 443, "::/0")];
    let stage = group("told", &rules).await;
    let stage = stage.with(&json!({"allowedPorts": [22]})).of_found(&json!(rules.map(found)));
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Restored);
    let left = stage.state::<RevokeIngress>().await.rules;
    assert_eq!(left, [rule("tcp", 22, 22, "0.0.0.0/0")].into());
    let still = stage.run::<RevokeIngress>().await.unwrap().result;
    let why = "tcp 22 from 0.0.0.0/0 is within `allowedPorts`".to_owned();
    assert_eq!(still, refused_for_state(&why), "what still violates is no success");
    let odd = [json!("22"), json!([-1]), json!([65_536]), json!(["22"]), json!(null)];
    for (number, odd) in odd.into_iter().enumerate() {
        let stage = group(&format!("ports-{number}"), &[("tcp", 22, 22, "::/0")]).await;
        let stage = stage.with(&json!({"allowedPorts": odd}));
        let stage = stage.of_found(&json!([found(("tcp", 22, 22, "::/0"))]));
        let outcome = stage.run::<RevokeIngress>().await.unwrap();
        assert!(matches!(outcome.result, RemediationResult::Refused(_)), "{outcome:?}");
    }
}

/// A group that lets everyone reach SSH, and a finding that says so.
async fn ssh(name: &str) -> Stage {
    let open = ("tcp", 22, 22, "0.0.0.0/0");
    group(name, &[open]).await.of_found(&json!([found(open)]))
}

#[tokio::test]
async fn a_group_that_is_gone_is_no_group_without_rules() {
    let stage = group("gone", &[]).await;
    let stage = stage.of_found(&json!([found(("tcp", 22, 22, "0.0.0.0/0"))]));
    let id = stage.target().id;
    ec2(&format!("Action=RevokeSecurityGroupEgress&GroupId={id}&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0")).await;
    assert_eq!(rules(&stage).await.len(), 0);
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Compliant);
    stage.proxy.fault("DescribeSecurityGroups", 9, Fault::Answer(200, "<Answer/>"));
    assert!(stage.run::<RevokeIngress>().await.is_err(), "an empty answer is none");
    stage.proxy.mend();
    ec2(&format!("Action=DeleteSecurityGroup&GroupId={id}")).await;
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::ResourceGone);
}

#[tokio::test]
async fn a_group_that_cannot_be_read_is_left_alone() {
    let stage = ssh("unread").await;
    let (read, write) = ("DescribeSecurityGroupRules", "RevokeSecurityGroupIngress");
    writes_nothing_unread::<RevokeIngress>(&stage, read, write).await;
}

#[tokio::test]
async fn an_answer_of_many_pages_is_read_to_its_end() {
    const PAGE: &str = "<A><nextToken>more</nextToken><securityGroupRuleSet/></A>";
    let stage = ssh("pages").await;
    stage.proxy.fault("DescribeSecurityGroupRules", 2, Fault::Answer(200, PAGE));
    let seen = RevokeIngress::from(stage.aws()).observe_state(&stage.target()).await.unwrap();
    assert_eq!(seen, stage.state::<RevokeIngress>().await);
    assert_eq!(stage.proxy.count("DescribeSecurityGroupRules"), 3);
    stage.proxy.fault("DescribeSecurityGroupRules", usize::MAX, Fault::Answer(200, PAGE));
    assert!(stage.run::<RevokeIngress>().await.is_err(), "an answer without an end is none");
    stage.proxy.mend();
    // A page that does not come makes the answer a part of one.
    stage.proxy.fault("DescribeSecurityGroupRules", 1, Fault::Answer(200, PAGE));
    stage.proxy.fault("DescribeSecurityGroupRules", usize::MAX, Fault::Answer(403, DENIED));
    let outcome = stage.run::<RevokeIngress>().await.unwrap();
    assert!(matches!(outcome.result, RemediationResult::Refused(_)), "{outcome:?}");
    assert_eq!(stage.proxy.count("RevokeSecurityGroupIngress"), 0);
}

#[tokio::test]
async fn a_call_that_is_never_answered_is_made_again() {
    let stage = ssh("stalled").await;
    stage.proxy.fault("DescribeSecurityGroupRules", 1, Fault::Stall);
    assert_eq!(stage.run::<RevokeIngress>().await.unwrap().result, RemediationResult::Restored);
}

#[tokio::test]
async fn a_rule_that_came_meanwhile_stays() {
    let stage = ssh("meanwhile").await;
    let remediator = RevokeIngress::from(stage.aws());
    let target = stage.target();
    let RemediationPlan::Change(after) = planned(&stage).await else {
        panic!("nothing is planned")
    };
    let id = &target.id;
    ec2(&format!("Action=AuthorizeSecurityGroupIngress&GroupId={id}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=443&IpPermissions.1.ToPort=443&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0")).await;
    // Planned before the rule for 443 came: it stays, and the plan is carried out.
    remediator.apply_state(&target, &after).await.unwrap();
    assert!(RevokeIngress::has_reached(&stage.state::<RevokeIngress>().await, &after));
    let left = stage.state::<RevokeIngress>().await.rules;
    assert_eq!(left.iter().map(|rule| rule.from).collect::<Vec<_>>(), [443]);
}

/// The setting is of the whole account: one test for all of it.
#[tokio::test]
async fn volumes_are_encrypted_by_default_again() {
    let (policy, kind) = ("ec2-ebs-default-encryption-off", "AWS::EC2::EBSEncryptionByDefault");
    let stage = Stage::new(policy, EbsDefaultEncryption::SPEC.id, kind, "123456789012").await;
    stage.there_and_back::<EbsDefaultEncryption>().await;
    let (read, write) = ("GetEbsEncryptionByDefault", "EnableEbsEncryptionByDefault");
    let stage = Stage::new(policy, EbsDefaultEncryption::SPEC.id, kind, "123456789012").await;
    writes_nothing_unread::<EbsDefaultEncryption>(&stage, read, write).await;
}

async fn snapshot() -> Stage {
    let volume = ec2("Action=CreateVolume&Size=1&AvailabilityZone=eu-central-1a").await;
    let volume = told(&volume, "volumeId");
    let id = ec2(&format!("Action=CreateSnapshot&VolumeId={volume}")).await;
    let id = told(&id, "snapshotId");
    let share = format!(
        "Action=ModifySnapshotAttribute&SnapshotId={id}&Attribute=createVolumePermission&OperationType=add"
    );
    ec2(&format!("{share}&UserId.1=111122223333")).await;
    ec2(&format!("{share}&UserGroup.1=all")).await;
    Stage::new("ec2-snapshot-public", VolumeSnapshotPrivate::SPEC.id, "AWS::EC2::Snapshot", id)
        .await
}

#[tokio::test]
async fn a_public_snapshot_is_private_again_and_stays_shared_with_others() {
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
async fn a_snapshot_that_is_gone_or_cannot_be_read_is_left_alone() {
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
    let id = told(&id, "imageId");
    let share = format!(
        "Action=ModifyImageAttribute&ImageId={id}&Attribute=launchPermission&OperationType=add"
    );
    ec2(&format!("{share}&UserId.1=111122223333")).await;
    ec2(&format!("{share}&UserGroup.1=all")).await;
    Stage::new("ec2-image-public", ImagePrivate::SPEC.id, "AWS::EC2::Image", id).await
}

#[tokio::test]
async fn a_public_image_is_private_again_and_stays_shared_with_others() {
    let stage = image().await;
    stage.there_and_back::<ImagePrivate>().await;
    assert_eq!(stage.run::<ImagePrivate>().await.unwrap().result, RemediationResult::Restored);
    let describe = "Action=DescribeImageAttribute&Attribute=launchPermission&ImageId";
    let after = ec2(&format!("{describe}={}", stage.target().id)).await;
    assert!(after.contains("<userId>111122223333</userId>"), "{after}");
    assert_eq!(stage.state::<ImagePrivate>().await, SharingState { public: false });
}

#[tokio::test]
async fn an_image_that_is_gone_or_cannot_be_read_is_left_alone() {
    // moto fails when it is asked for the attribute of an image that is gone.
    const GONE: &str = "<Response><Errors><Error><Code>InvalidAMIID.Unavailable</Code></Error></Errors></Response>";
    let stage = image().await;
    let (read, write) = ("DescribeImageAttribute", "ModifyImageAttribute");
    writes_nothing_unread::<ImagePrivate>(&stage, read, write).await;
    stage.proxy.fault(read, 1, Fault::Answer(400, GONE));
    assert_eq!(stage.run::<ImagePrivate>().await.unwrap().result, RemediationResult::ResourceGone);
}
