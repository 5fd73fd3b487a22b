//! Checks the roles of the templates: the roles allow exactly the necessary calls, and only the
//! intended principals can assume the roles.

use std::collections::BTreeSet;

use evenkeel_remediators::TargetResource;
use evenkeel_remediators::catalog::{CATALOG, CatalogEntry};
use serde_json::{Value, json};

use super::template::with_all_families;
use crate::calls::{Call, table};
use evenkeel_testing::iam::{allows, denies, matches};
use evenkeel_testing::template::{AUDIT, audit_account, member_account, named, python, statements};

const MEMBER: &str = "111122223333";
/// The account of the remediator tests.
const TESTED: &str = "123456789012";
const ORGANIZATION: (&str, &str) = ("aws:PrincipalOrgID", "o-abcdefghij");
const EXTERNAL_ID: (&str, &str) = ("sts:ExternalId", "only-the-two-stacks-know");
const SOURCE_IDENTITY: (&str, &str) = ("sts:SourceIdentity", "evenkeel");

fn families() -> BTreeSet<&'static str> {
    CATALOG.iter().map(|entry| entry.spec.family_name()).collect()
}

/// Returns the calls of a remediator in the tests of the catalog.
fn made(entry: &CatalogEntry) -> impl Iterator<Item = &'static Call> {
    table().keys().filter(|call| call.remediator == entry.spec.id)
}

/// The actions with which the executor reads the owner of a resource. The tests of the catalog run
/// without owners; those of the stack make these calls.
const OWNERSHIP_READS: [&str; 2] = ["cloudformation:DescribeStackResources", "tag:GetResources"];

/// Returns the permissions of session policies that no test of the remediator uses.
fn unused() -> Vec<String> {
    let target = TargetResource {
        id: "ID".to_owned(),
        account: TESTED.to_owned(),
        region: "eu-central-1".to_owned(),
        ..TargetResource::default()
    };
    let mut unused = Vec::new();
    for entry in CATALOG {
        for (number, statement) in entry.spec.build_statements(&target).iter().enumerate() {
            for (place, resource) in statement.resource.iter().enumerate() {
                let of = made(entry).filter(|call| call.part == (number, place));
                let done: BTreeSet<&str> = of.map(|call| call.action.as_str()).collect();
                let is_unused = |action: &&String| {
                    !done.contains(action.as_str()) && !OWNERSHIP_READS.contains(&action.as_str())
                };
                let never = statement.action.iter().filter(is_unused);
                unused.extend(
                    never.map(|action| format!("{}: {action} on {resource}", entry.spec.id)),
                );
            }
        }
    }
    unused
}

/// Returns the calls of all remediators of a family.
fn calls(family: &str) -> BTreeSet<(String, String)> {
    let entries = CATALOG.iter().filter(|entry| entry.spec.family_name() == family);
    let calls = entries.flat_map(made);
    calls.map(|call| (call.action.clone(), call.resource.clone())).collect()
}

#[test]
fn a_session_policy_allows_only_calls_that_its_remediator_makes() {
    let unused = unused();
    assert!(unused.is_empty(), "no test of the catalog uses these permissions: {unused:#?}");
}

#[test]
fn roles_and_their_boundary_allow_every_call() {
    let member = member_account(TESTED, &with_all_families());
    for family in families() {
        let bound = if family == "cloud" { "evenkeel-boundary-cloud" } else { "evenkeel-boundary" };
        let boundary = statements(named(&member, bound));
        let role = statements(named(&member, &format!("evenkeel-remediate-{family}")));
        for (action, resource) in calls(family) {
            for policy in [&role, &boundary] {
                let allowed = allows(policy, &action, &resource, &[]);
                assert!(
                    allowed,
                    "the role or the boundary of {family} does not allow {action} on {resource}"
                );
            }
        }
    }
}

#[test]
fn every_call_is_on_a_resource_type_that_aws_documents_for_its_action() {
    let all: BTreeSet<(String, String)> = families().into_iter().flat_map(calls).collect();
    let actions: BTreeSet<&String> = all.iter().map(|(action, _)| action).collect();
    let output = python("reference.py").args(actions).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let reference: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (action, resource) in &all {
        // The copy of the reference contains the actions of HTTP APIs in place of those of REST
        // APIs.
        let is_mixed_up = action.starts_with("apigateway:");
        // At present, EC2 requires the permission for the security group, but not for its rules.
        let is_spare = action == "ec2:RevokeSecurityGroupIngress" && resource.contains("-rule/");
        let mut of = reference[action].as_array().unwrap().iter().filter_map(Value::as_str);
        let fits =
            of.any(
                |pattern| if pattern == "*" { resource == "*" } else { matches(pattern, resource) },
            );
        assert!(
            fits || is_mixed_up || is_spare,
            "{action} does not apply to {resource}, only to {}",
            reference[action]
        );
    }
}

/// Returns the statements without one action on one resource.
fn without(whole: &[Value], number: usize, action: &Value, resource: &Value) -> Vec<Value> {
    let mut rest = whole.to_vec();
    let one = rest.remove(number);
    let others = |member: &str, left_out: &Value| -> Vec<Value> {
        let all = one[member].as_array().unwrap().iter();
        all.filter(|is| *is != left_out).cloned().collect()
    };
    let allow = |action: Vec<Value>, resource: Vec<Value>| json!({"Effect": "Allow", "Action": action, "Resource": resource});
    rest.push(allow(others("Action", action), vec![resource.clone()]));
    rest.push(allow(others("Action", &Value::Null), others("Resource", resource)));
    rest
}

#[test]
fn every_permission_of_a_role_is_needed_by_a_call() {
    let member = member_account(TESTED, &with_all_families());
    for family in families() {
        let calls = calls(family);
        let whole = statements(named(&member, &format!("evenkeel-remediate-{family}")));
        for (number, statement) in whole.iter().enumerate() {
            // The stand-in does not make the calls that AWS makes for Cloud Control with the
            // caller's permissions.
            let own = |action: &&Value| {
                let action = action.as_str().unwrap();
                !OWNERSHIP_READS.contains(&action)
                    && (family != "cloud" || action.starts_with("cloudformation:"))
            };
            for action in statement["Action"].as_array().unwrap().iter().filter(own) {
                for resource in statement["Resource"].as_array().unwrap() {
                    let rest = without(&whole, number, action, resource);
                    let mut same = calls.iter().filter(|(name, _)| action == name.as_str());
                    let needed = same.any(|(action, on)| !allows(&rest, action, on, &[]));
                    assert!(
                        needed,
                        "the role of {family} allows {action} on {resource}, but no call needs it"
                    );
                }
            }
        }
    }
}

/// Returns whether the trust policy of a role allows an action in a context. Fails if it trusts
/// another principal than the audit account.
fn trusts(resources: &Value, role: &str, action: &str, context: &[(&str, &str)]) -> bool {
    let trust = &named(resources, role)["AssumeRolePolicyDocument"]["Statement"];
    let trust = trust.as_array().unwrap();
    let of_audit = json!({"AWS": format!("arn:aws:iam::{AUDIT}:root")});
    assert!(
        trust.iter().all(|one| one["Principal"] == of_audit),
        "{role} trusts other principals: {trust:?}"
    );
    allows(trust, action, "", context)
}

#[test]
fn only_the_intended_function_can_assume_a_role() {
    let member = member_account(MEMBER, &with_all_families());
    let evaluate = format!("arn:aws:iam::{AUDIT}:role/evenkeel-evaluate");
    let mut all = vec![("evenkeel-read".to_owned(), evaluate, vec![EXTERNAL_ID])];
    all.extend(families().iter().map(|family| {
        let function = format!("arn:aws:iam::{AUDIT}:role/evenkeel-remediator-{family}");
        (format!("evenkeel-remediate-{family}"), function, vec![EXTERNAL_ID, SOURCE_IDENTITY])
    }));
    for (role, function, known) in &all {
        let mut right = vec![("aws:PrincipalArn", function.as_str()), ORGANIZATION];
        right.extend(known);
        let assumes = |context: &[_]| trusts(&member, role, "sts:AssumeRole", context);
        assert!(assumes(&right), "{function} cannot assume {role}");
        for place in 0..right.len() {
            let (mut missing, mut other) = (right.clone(), right.clone());
            let key = missing.remove(place).0;
            other[place].1 = "another";
            assert!(
                !assumes(&missing) && !assumes(&other),
                "{role} can be assumed without the expected value of {key}"
            );
        }
        for (_, function, _) in all.iter().filter(|(other, ..)| other != role) {
            right[0].1 = function;
            assert!(!assumes(&right), "{function} can assume {role}");
        }
    }
}

#[test]
fn only_our_functions_can_set_the_source_identity_and_none_can_set_tags() {
    let member = member_account(MEMBER, &with_all_families());
    for family in families() {
        let (role, function) = (
            format!("evenkeel-remediate-{family}"),
            format!("arn:aws:iam::{AUDIT}:role/evenkeel-remediator-{family}"),
        );
        let mut right = [("aws:PrincipalArn", function.as_str()), ORGANIZATION, SOURCE_IDENTITY];
        assert!(trusts(&member, &role, "sts:SetSourceIdentity", &right));
        assert!(!trusts(&member, &role, "sts:TagSession", &right));
        for place in 0..right.len() {
            let was = std::mem::replace(&mut right[place].1, "another");
            assert!(!trusts(&member, &role, "sts:SetSourceIdentity", &right));
            right[place].1 = was;
        }
    }
    let read =
        [("aws:PrincipalArn", "arn:aws:iam::999900001111:role/evenkeel-evaluate"), ORGANIZATION];
    assert!(!trusts(&member, "evenkeel-read", "sts:SetSourceIdentity", &read));
}

/// The parts of the ledger, by the first part of the key, and the roles that write them.
const WRITERS: [(&str, &[&str]); 21] = [
    ("announced/x", &["evenkeel-evaluate"]),
    ("approvals/x", &[OPERATE]),
    ("before/x", &[REMEDIATOR]),
    ("budgets/x", &[REMEDIATOR]),
    ("bundle/manifest.json", &["evenkeel-publisher"]),
    ("canary/x", &["evenkeel-evaluate", REMEDIATOR]),
    ("control/kill-switch", &["evenkeel-approver"]),
    ("failures/x", &[REMEDIATOR]),
    ("findings/x", &["evenkeel-evaluate"]),
    ("intents/x", &[REMEDIATOR]),
    ("outcomes/x", &[OPERATE, REMEDIATOR]),
    ("plans/f/made/x", &[REMEDIATOR]),
    ("plans/f/ended/x", &[OPERATE, REMEDIATOR]),
    ("plans/f/reminded/x", &[OPERATE, REMEDIATOR]),
    ("requests/f/made/x", &[OPERATE]),
    ("requests/f/results/x", &[REMEDIATOR]),
    ("notified/x", &[REMEDIATOR]),
    ("undone/x", &[REMEDIATOR]),
    ("undos/x", &[REMEDIATOR]),
    ("used/x", &[REMEDIATOR]),
    ("waiting/x", &[REMEDIATOR]),
];
const REMEDIATOR: &str = "evenkeel-remediator-kms";
const OPERATE: &str = "evenkeel-operate";

#[test]
fn only_the_intended_roles_write_to_the_ledger_and_none_deletes_records() {
    let audit = audit_account(&["RepairKms=true"]);
    let people = ["evenkeel-auditor", "evenkeel-approver", "evenkeel-publisher"];
    let functions = ["evenkeel-evaluate", REMEDIATOR, OPERATE, "evenkeel-heartbeat"];
    for who in functions.iter().chain(&people) {
        let policy = statements(named(&audit, who));
        for (key, writers) in WRITERS {
            let object = format!("arn:aws:s3:::evenkeel-ledger-{AUDIT}-eu-central-1/{key}");
            let may = |action: &str| allows(&policy, action, &object, &[]);
            assert_eq!(may("s3:PutObject"), writers.contains(who), "{who} and {key}");
            let is_switch = *who == "evenkeel-approver" && key == "control/kill-switch";
            assert_eq!(may("s3:DeleteObject"), is_switch, "{who} and {key}");
            for action in
                ["s3:DeleteObjectVersion", "s3:PutObjectRetention", "s3:BypassGovernanceRetention"]
            {
                assert!(!may(action), "{who} is allowed {action} on {key}");
            }
        }
    }
}

#[test]
fn a_function_can_assume_only_its_own_role_in_the_organization() {
    let audit = audit_account(&["RepairKms=true", "RepairS3=true"]);
    let ours = [("aws:ResourceOrgID", "o-abcdefghij")];
    for (function, own) in [
        ("evenkeel-evaluate", "evenkeel-read"),
        (REMEDIATOR, "evenkeel-remediate-kms"),
        ("evenkeel-remediator-s3", "evenkeel-remediate-s3"),
    ] {
        let trust = &named(&audit, function)["AssumeRolePolicyDocument"]["Statement"];
        assert_eq!(trust.as_array().unwrap().len(), 1);
        assert_eq!(trust[0]["Principal"], json!({"Service": "lambda.amazonaws.com"}), "{function}");
        let policy = statements(named(&audit, function));
        for role in ["evenkeel-read", "evenkeel-remediate-kms", "evenkeel-remediate-s3", "Admin"] {
            let arn = format!("arn:aws:iam::{MEMBER}:role/{role}");
            let takes = |context: &[_]| allows(&policy, "sts:AssumeRole", &arn, context);
            assert_eq!(takes(&ours), role == own, "{function} and {role}");
            assert!(!takes(&[("aws:ResourceOrgID", "o-zyxwvutsrq")]) && !takes(&[]));
        }
    }
}

#[test]
fn ledger_records_cannot_be_overwritten_or_deleted() {
    let audit = audit_account(&[]);
    let policy = statements(&audit["LedgerPolicy"]["Properties"]);
    let at = |key: &str| format!("arn:aws:s3:::evenkeel-ledger-{AUDIT}-eu-central-1/{key}");
    let tls = ("aws:SecureTransport", "true");
    let create = ("s3:ObjectCreationOperation", "true");
    let once = ("s3:if-none-match", "*");
    let denied = |action: &str, key: &str, context: &[(&str, &str)]| {
        denies(&policy, action, &at(key), context)
    };
    for key in ["findings/x.json", "approvals/p/000000.json", "bundle/files/d", "outcomes/x/1.json"]
    {
        let operate = "arn:aws:iam::999900001111:role/evenkeel-operate";
        let by = ("aws:PrincipalArn", operate);
        assert!(!denied("s3:PutObject", key, &[tls, create, once, by]), "{key} cannot be written");
        assert!(denied("s3:PutObject", key, &[tls, create]), "{key} can be overwritten");
        let copy = ("s3:x-amz-copy-source", "other/key");
        assert!(
            denied("s3:PutObject", key, &[tls, create, once, copy]),
            "{key} can be overwritten by a copy"
        );
        for action in [
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:BypassGovernanceRetention",
            "s3:ReplicateObject",
        ] {
            assert!(denied(action, key, &[tls]), "{action} is not denied for {key}");
        }
        assert!(
            denied("s3:GetObject", key, &[("aws:SecureTransport", "false")]),
            "{key} can be read without TLS"
        );
        assert!(!denied("s3:GetObject", key, &[tls]));
    }
    for key in ["control/kill-switch", "bundle/manifest.json"] {
        assert!(!denied("s3:PutObject", key, &[tls, create]), "{key} cannot be replaced");
    }
    assert!(!denied("s3:DeleteObject", "control/kill-switch", &[tls]));
    assert!(denied("s3:DeleteObject", "bundle/manifest.json", &[tls]));
}
