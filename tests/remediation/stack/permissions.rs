//! The roles of the templates: they allow what is done, nothing that is not, and let in nobody else.

use std::collections::BTreeSet;

use evenkeel_remediators::TargetResource;
use evenkeel_remediators::catalog::{CATALOG, CatalogEntry};
use serde_json::{Value, json};

use super::template::with_all_families;
use crate::calls::{Call, table};
use evenkeel_testing::iam::{allows, denies, matches};
use evenkeel_testing::template::{AUDIT, audit_account, member_account, named, python, statements};

const MEMBER: &str = "111122223333";
/// The account that the remediators' tests work in.
const TESTED: &str = "123456789012";
const ORGANIZATION: (&str, &str) = ("aws:PrincipalOrgID", "o-abcdefghij");
const EXTERNAL_ID: (&str, &str) = ("sts:ExternalId", "only-the-two-stacks-know");
const SOURCE_IDENTITY: (&str, &str) = ("sts:SourceIdentity", "evenkeel");

fn families() -> BTreeSet<&'static str> {
    CATALOG.iter().map(|entry| entry.spec.family_name()).collect()
}

/// The calls of a remediator in its tests.
fn made(entry: &CatalogEntry) -> impl Iterator<Item = &'static Call> {
    table().keys().filter(|call| call.remediator == entry.spec.id)
}

/// What sessions allow and no test of the remediator does.
fn idle() -> Vec<String> {
    let target = TargetResource {
        id: "ID".to_owned(),
        account: TESTED.to_owned(),
        region: "eu-central-1".to_owned(),
        ..TargetResource::default()
    };
    let mut idle = Vec::new();
    for entry in CATALOG {
        for (number, statement) in entry.spec.build_statements(&target).iter().enumerate() {
            for (place, resource) in statement.resource.iter().enumerate() {
                let of = made(entry).filter(|call| call.part == (number, place));
                let done: BTreeSet<&str> = of.map(|call| call.action.as_str()).collect();
                let never =
                    statement.action.iter().filter(|action| !done.contains(action.as_str()));
                idle.extend(
                    never.map(|action| format!("{}: {action} on {resource}", entry.spec.id)),
                );
            }
        }
    }
    idle
}

/// The calls of a family's remediators.
fn calls(family: &str) -> BTreeSet<(String, String)> {
    let entries = CATALOG.iter().filter(|entry| entry.spec.family_name() == family);
    let calls = entries.flat_map(made);
    calls.map(|call| (call.action.clone(), call.resource.clone())).collect()
}

#[test]
fn a_session_is_allowed_nothing_that_its_remediator_never_does() {
    let idle = idle();
    assert!(idle.is_empty(), "no test of the catalog does {idle:#?}");
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
                assert!(allowed, "{family} may not {action} on {resource}");
            }
        }
    }
}

#[test]
fn every_call_is_on_what_aws_says_that_its_action_is_of() {
    let all: BTreeSet<(String, String)> = families().into_iter().flat_map(calls).collect();
    let actions: BTreeSet<&String> = all.iter().map(|(action, _)| action).collect();
    let told = python("reference.py").args(actions).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    for (action, resource) in &all {
        // The copy of the reference has API Gateway's actions of HTTP APIs in the place of those of REST APIs.
        let is_mixed_up = action.starts_with("apigateway:");
        // Should EC2 ask for them some day, it still asks for their group.
        let is_spare = action == "ec2:RevokeSecurityGroupIngress" && resource.contains("-rule/");
        let mut of = told[action].as_array().unwrap().iter().filter_map(Value::as_str);
        let fits =
            of.any(
                |pattern| if pattern == "*" { resource == "*" } else { matches(pattern, resource) },
            );
        assert!(fits || is_mixed_up || is_spare, "{action} is not of {resource}: {}", told[action]);
    }
}

/// Statements without one action on one resource.
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
fn without_any_action_on_any_resource_of_a_role_some_call_could_not_be_made() {
    let member = member_account(TESTED, &with_all_families());
    for family in families() {
        let calls = calls(family);
        let whole = statements(named(&member, &format!("evenkeel-remediate-{family}")));
        for (number, statement) in whole.iter().enumerate() {
            // What AWS does for Cloud Control in its caller's name, it does not do here.
            let own = |action: &&Value| {
                family != "cloud" || action.as_str().unwrap().starts_with("cloudformation:")
            };
            for action in statement["Action"].as_array().unwrap().iter().filter(own) {
                for resource in statement["Resource"].as_array().unwrap() {
                    let rest = without(&whole, number, action, resource);
                    let mut same = calls.iter().filter(|(name, _)| action == name.as_str());
                    let needed = same.any(|(action, on)| !allows(&rest, action, on, &[]));
                    assert!(needed, "{family}: {action} on {resource} is in vain");
                }
            }
        }
    }
}

/// Whether a role, its name told, lets somebody take it.
fn lets_in(resources: &Value, role: &str, action: &str, context: &[(&str, &str)]) -> bool {
    let trust = &named(resources, role)["AssumeRolePolicyDocument"]["Statement"];
    let trust = trust.as_array().unwrap();
    let of_audit = json!({"AWS": format!("arn:aws:iam::{AUDIT}:root")});
    assert!(
        trust.iter().all(|one| one["Principal"] == of_audit),
        "{role} trusts others: {trust:?}"
    );
    allows(trust, action, "", context)
}

#[test]
fn roles_let_in_one_function_of_the_audit_account_and_nobody_else() {
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
        let assumes = |context: &[_]| lets_in(&member, role, "sts:AssumeRole", context);
        assert!(assumes(&right), "{role} does not let {function} in");
        for place in 0..right.len() {
            let (mut missing, mut other) = (right.clone(), right.clone());
            let key = missing.remove(place).0;
            other[place].1 = "another";
            assert!(!assumes(&missing) && !assumes(&other), "{role} lets in whatever {key} is");
        }
        for (_, function, _) in all.iter().filter(|(other, ..)| other != role) {
            right[0].1 = function;
            assert!(!assumes(&right), "{role} lets {function} in");
        }
    }
}

#[test]
fn sessions_are_marked_as_ours_and_by_nothing_else() {
    let member = member_account(MEMBER, &with_all_families());
    for family in families() {
        let (role, function) = (
            format!("evenkeel-remediate-{family}"),
            format!("arn:aws:iam::{AUDIT}:role/evenkeel-remediator-{family}"),
        );
        let mut right = [("aws:PrincipalArn", function.as_str()), ORGANIZATION, SOURCE_IDENTITY];
        assert!(lets_in(&member, &role, "sts:SetSourceIdentity", &right));
        assert!(!lets_in(&member, &role, "sts:TagSession", &right));
        for place in 0..right.len() {
            let was = std::mem::replace(&mut right[place].1, "another");
            assert!(!lets_in(&member, &role, "sts:SetSourceIdentity", &right));
            right[place].1 = was;
        }
    }
    let read =
        [("aws:PrincipalArn", "arn:aws:iam::999900001111:role/evenkeel-evaluate"), ORGANIZATION];
    assert!(!lets_in(&member, "evenkeel-read", "sts:SetSourceIdentity", &read));
}

/// Everything that is in the ledger, by the first part of its key, and who writes it.
const WRITERS: [(&str, &[&str]); 14] = [
    ("announced/x", &["evenkeel-evaluate"]),
    ("approvals/x", &["evenkeel-approver"]),
    ("before/x", &[REMEDIATOR]),
    ("budgets/x", &[REMEDIATOR]),
    ("bundle/manifest.json", &["evenkeel-publisher"]),
    ("canary/x", &["evenkeel-evaluate", REMEDIATOR]),
    ("control/kill-switch", &["evenkeel-approver"]),
    ("failures/x", &[REMEDIATOR]),
    ("findings/x", &["evenkeel-evaluate"]),
    ("intents/x", &[REMEDIATOR]),
    ("outcomes/x", &[REMEDIATOR]),
    ("told/x", &[REMEDIATOR]),
    ("undone/x", &[REMEDIATOR]),
    ("used/x", &[REMEDIATOR]),
];
const REMEDIATOR: &str = "evenkeel-remediator-kms";

#[test]
fn each_part_of_the_ledger_has_its_writers_and_nobody_takes_anything_away() {
    let audit = audit_account(&["RepairKms=true"]);
    let people = ["evenkeel-auditor", "evenkeel-approver", "evenkeel-publisher"];
    for who in ["evenkeel-evaluate", REMEDIATOR, "evenkeel-heartbeat"].iter().chain(&people) {
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
                assert!(!may(action), "{who} may {action} {key}");
            }
        }
    }
}

#[test]
fn a_function_takes_the_roles_of_its_own_kind_in_the_organization_only() {
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
fn the_ledger_is_written_once_and_nothing_of_it_is_deleted() {
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
        assert!(!denied("s3:PutObject", key, &[tls, create, once]), "{key} cannot be written");
        assert!(denied("s3:PutObject", key, &[tls, create]), "{key} can be overwritten");
        let copy = ("s3:x-amz-copy-source", "other/key");
        assert!(
            denied("s3:PutObject", key, &[tls, create, once, copy]),
            "{key} can be copied over"
        );
        for action in [
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:BypassGovernanceRetention",
            "s3:ReplicateObject",
        ] {
            assert!(denied(action, key, &[tls]), "{action} of {key}");
        }
        assert!(
            denied("s3:GetObject", key, &[("aws:SecureTransport", "false")]),
            "{key} is read in clear"
        );
        assert!(!denied("s3:GetObject", key, &[tls]));
    }
    for key in ["control/kill-switch", "bundle/manifest.json"] {
        assert!(!denied("s3:PutObject", key, &[tls, create]), "{key} is replaced");
    }
    assert!(!denied("s3:DeleteObject", "control/kill-switch", &[tls]));
    assert!(denied("s3:DeleteObject", "bundle/manifest.json", &[tls]));
}
