//! The roles of the templates: they allow what is done, nothing that is not, and let in nobody else.

use std::collections::BTreeMap;
use std::path::Path;

use evenkeel_remediators::Target;
use evenkeel_remediators::catalog::{CATALOG, Entry};
use serde_json::{Value, to_value};

use super::support::iam::{allows, denies};
use super::template::{AUDIT, audit_account, member_account, with_all_families};

const MEMBER: &str = "111122223333";
const FUNCTION: &str = "arn:aws:iam::999900001111:role/evenkeel-remediator";

/// A resource of the member, called so, which may be an API or a domain.
fn target(id: &str) -> Target {
    Target {
        policy: "p".to_owned(),
        kind: "K".to_owned(),
        id: id.to_owned(),
        account: MEMBER.to_owned(),
        region: "eu-central-1".to_owned(),
        with: BTreeMap::new(),
    }
}

fn session(entry: &Entry, target: &Target) -> Vec<Value> {
    entry.statements(target).into_iter().map(|one| to_value(one).unwrap()).collect()
}

/// Each action and resource that an entry's session names.
fn pairs(entry: &Entry, target: &Target) -> Vec<(usize, usize, String, String)> {
    let mut pairs = Vec::new();
    for (number, statement) in entry.statements(target).iter().enumerate() {
        for (place, resource) in statement.resource.iter().enumerate() {
            for action in &statement.action {
                pairs.push((number, place, action.clone(), resource.clone()));
            }
        }
    }
    pairs
}

/// A role of a template, by its name.
fn role<'a>(resources: &'a Value, name: &str) -> &'a Value {
    let mut all = resources.as_object().unwrap().values();
    let role = all.find(|one| one["Properties"]["RoleName"] == name);
    &role.unwrap_or_else(|| panic!("there is no role {name}"))["Properties"]
}

/// What a role may do.
pub(crate) fn statements(role: &Value) -> Vec<Value> {
    role["Policies"][0]["PolicyDocument"]["Statement"].as_array().unwrap().clone()
}

#[test]
fn a_role_allows_what_its_sessions_need_and_its_boundary_does_too() {
    let member = member_account(MEMBER, &with_all_families());
    let boundary =
        member["Boundary"]["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap();
    for entry in CATALOG {
        let role = statements(role(&member, &format!("evenkeel-remediate-{}", entry.family())));
        for (_, _, action, resource) in pairs(entry, &target("abc123.example")) {
            assert!(allows(&role, &action, &resource, &[]), "{}: {action} {resource}", entry.id);
            assert!(allows(boundary, &action, &resource, &[]), "{}: {action}", entry.id);
        }
    }
}

#[test]
fn without_any_statement_of_a_role_something_could_not_be_done() {
    let member = member_account(MEMBER, &with_all_families());
    for family in CATALOG.iter().map(Entry::family) {
        let whole = statements(role(&member, &format!("evenkeel-remediate-{family}")));
        for number in 0..whole.len() {
            let mut rest = whole.clone();
            rest.remove(number);
            let mut needed = CATALOG
                .iter()
                .filter(|entry| entry.family() == family)
                .flat_map(|entry| pairs(entry, &target("abc123.example")));
            let is_needed =
                needed.any(|(_, _, action, resource)| !allows(&rest, &action, &resource, &[]));
            assert!(is_needed, "{family}: {}", whole[number]);
        }
    }
}

/// What every test of a remediator together used of its sessions. They run before these when all tests do.
fn used(entry: &Entry) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("permissions");
    if CATALOG.iter().any(|entry| !folder.join(entry.id).exists()) {
        let arguments = ["test", "--locked", "-p", "evenkeel-remediators", "--test", "catalog"];
        let run = std::process::Command::new(env!("CARGO")).args(arguments).status().unwrap();
        assert!(run.success(), "the remediators' tests fail");
    }
    std::fs::read_to_string(folder.join(entry.id)).unwrap()
}

#[test]
fn every_action_that_a_session_is_allowed_was_used_on_every_resource_that_it_names() {
    let mut idle = Vec::new();
    for entry in CATALOG {
        let used = used(entry);
        for (number, place, action, resource) in pairs(entry, &target("ID")) {
            if !used.lines().any(|line| line == format!("{number} {place} {action}")) {
                idle.push(format!("{}: {action} on {resource}", entry.id));
            }
        }
    }
    assert!(idle.is_empty(), "no test of the catalog uses, or not all of them were run: {idle:#?}");
}

#[test]
fn a_session_for_one_resource_writes_to_no_other() {
    for entry in CATALOG {
        let own = session(entry, &target("abc123.example"));
        for (_, _, action, resource) in pairs(entry, &target("xyz789.example")) {
            let name = action.split(':').nth(1).unwrap();
            let is_read = name == "GET"
                || ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb));
            // A rule's id says nothing of its group; the group's own ARN confines the call. What is set for a
            // whole account is of no resource.
            let is_free = resource.contains("security-group-rule/") || resource == "*";
            if !is_read && !is_free {
                assert!(
                    !allows(&own, &action, &resource, &[]),
                    "{}: {action} {resource}",
                    entry.id
                );
            }
        }
    }
}

#[test]
fn roles_let_in_one_function_of_the_audit_account_and_nobody_else() {
    let member = member_account(MEMBER, &with_all_families());
    for family in CATALOG.iter().map(Entry::family) {
        let trust =
            &role(&member, &format!("evenkeel-remediate-{family}"))["AssumeRolePolicyDocument"];
        let trust = trust["Statement"].as_array().unwrap();
        for statement in trust {
            assert_eq!(statement["Principal"]["AWS"], format!("arn:aws:iam::{AUDIT}:root"));
        }
        let function = format!("{FUNCTION}-{family}");
        let right = [
            ("aws:PrincipalArn", function.as_str()),
            ("aws:PrincipalOrgID", "o-abcdefghij"),
            ("sts:ExternalId", "only-the-two-stacks-know"),
            ("sts:SourceIdentity", "evenkeel"),
        ];
        for action in ["sts:AssumeRole", "sts:SetSourceIdentity"] {
            assert!(allows(trust, action, "", &right), "{family}: {action}");
        }
        assert!(!allows(trust, "sts:TagSession", "", &right));
        for wrong in 0..right.len() {
            let mut other = right;
            other[wrong].1 = "another";
            let both = ["sts:AssumeRole", "sts:SetSourceIdentity"]
                .map(|action| allows(trust, action, "", &other));
            assert!(both != [true, true], "{family}: {} is another", right[wrong].0);
        }
    }
}

#[test]
fn the_ledger_is_written_once_and_nothing_of_it_is_deleted() {
    let audit = audit_account(&[]);
    let policy =
        audit["LedgerPolicy"]["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap();
    let at = |key: &str| format!("arn:aws:s3:::evenkeel-ledger-{AUDIT}-eu-central-1/{key}");
    let tls = ("aws:SecureTransport", "true");
    let create = ("s3:ObjectCreationOperation", "true");
    let once = ("s3:if-none-match", "*");
    let denied = |action: &str, key: &str, context: &[(&str, &str)]| {
        denies(policy, action, &at(key), context)
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
