//! Compares the session policies of Cloud Control remediations with the Service Authorization
//! Reference: the resource types that each action requires, and the roles that it passes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use evenkeel_remediators::TargetResource;
use evenkeel_remediators::catalog::CatalogEntry;
use evenkeel_rules::policy::{Policy, PolicyFile, PolicySet};
use evenkeel_rules::{ComplianceStatus, most_serious_evaluation, read_cases};
use serde_json::Value;

use evenkeel_testing::iam::matches;
use evenkeel_testing::template::python;

/// Actions that are missing in our copy of the reference.
const UNKNOWN: [&str; 3] = [
    "ec2:ModifyVpcBlockPublicAccessExclusion",
    "ec2:ModifyVpcBlockPublicAccessOptions",
    "logs:PutLogGroupDeletionProtection",
];

/// Actions that need only one of several resource types, although the reference marks all as
/// required.
const EITHER: [&str; 1] = ["elasticloadbalancing:ModifyListener"];

/// Actions that pass a role only if the resource has a certain setting. AWS denies the action for
/// such a resource. Each remediation with these actions needs approval.
const SOME_PASS: [(&str, &str); 5] = [
    ("autoscaling:UpdateAutoScalingGroup", "a service-linked role that is not the default one"),
    ("dms:ModifyEndpoint", "an endpoint that reads or writes by a role; one of Redis has none"),
    ("rds:ModifyDBCluster", "a cluster with enhanced monitoring or a directory"),
    ("rds:ModifyDBInstance", "an instance with enhanced monitoring or a directory"),
    ("sns:SetTopicAttributes", "a topic that logs deliveries"),
];

/// A remediation: the id of the policy, and the target.
type Remediation = (String, TargetResource);

/// Returns the Cloud Control remediations of the findings in the test cases of the shipped
/// policies.
fn remediations() -> Vec<Remediation> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let read = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        PolicyFile { name: path.display().to_string(), text }
    };
    let files = walkdir::WalkDir::new(&folder).into_iter().map(|entry| entry.unwrap().into_path());
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "cel"));
    let files: Vec<PolicyFile> = files.map(|path| read(&path)).collect();
    let set =
        PolicySet::compile_files(&files, Some(&read(&folder.join("functions.yaml")))).unwrap();
    set.policies().iter().flat_map(of_policy).collect()
}

fn of_policy(policy: &Policy) -> Vec<Remediation> {
    let Some(header) = policy.remediation.clone().filter(|one| one.run == "cloud-control") else {
        return Vec::new();
    };
    let name = policy.file.replace(".cel", ".test.yaml");
    let cases = read_cases(&name, &std::fs::read_to_string(&name).unwrap(), policy).unwrap();
    let wrong = cases.into_iter().filter(|case| case.expect == ComplianceStatus::NonCompliant);
    let targets = wrong.map(|case| {
        let evaluations = case.evaluate_policy(policy).unwrap();
        let resource = most_serious_evaluation(&evaluations).unwrap().resource.clone();
        TargetResource {
            policy: policy.id.clone(),
            kind: resource.kind,
            id: resource.id,
            account: resource.account,
            region: resource.region,
            // Like the parser of findings, ignore values that are not ARNs.
            arn: resource.arn.filter(|arn| arn.starts_with("arn:")),
            actions: header.actions.clone(),
            ..TargetResource::default()
        }
    });
    targets.map(|target| (policy.id.clone(), target)).collect()
}

fn reference(actions: &BTreeSet<String>) -> BTreeMap<String, Value> {
    let output = python("reference.py").arg("--required").args(actions).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns whether one of these resources matches the ARN pattern of a resource type.
fn has(resources: &[String], pattern: &str) -> bool {
    resources.iter().any(|arn| arn == "*" || matches(pattern, arn) || matches(arn, pattern))
}

#[test]
fn a_session_policy_contains_every_resource_type_that_its_actions_require() {
    let entry = CatalogEntry::find_by_id("cloud-control").unwrap();
    let remediations = remediations();
    let actions =
        remediations.iter().flat_map(|remediation| remediation.1.actions.iter().cloned()).collect();
    let known = reference(&actions);
    let unknown = known.iter().filter(|one| one.1.is_null()).map(|one| one.0.as_str());
    assert_eq!(unknown.collect::<Vec<_>>(), UNKNOWN);
    let mut missing = BTreeSet::new();
    for (policy, target) in &remediations {
        for statement in entry.spec.build_statements(target) {
            let own = statement.action.iter().filter(|action| target.actions.contains(action));
            for action in own {
                let Some(types) = known[action]["types"].as_object() else { continue };
                let lacking = |(_, pattern): &(&String, &Value)| {
                    !has(&statement.resource, pattern.as_str().unwrap())
                };
                let lacking: Vec<&String> = types.iter().filter(lacking).map(|one| one.0).collect();
                let enough = EITHER.contains(&action.as_str()) && lacking.len() < types.len();
                if !lacking.is_empty() && !enough {
                    let arns = statement.resource.join(" ");
                    missing.insert(format!(
                        "{policy}: {action} on {arns} lacks the types {lacking:?}"
                    ));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn no_remediation_passes_a_role_except_in_known_cases() {
    let remediations = remediations();
    let actions =
        remediations.iter().flat_map(|remediation| remediation.1.actions.iter().cloned()).collect();
    let known = reference(&actions);
    let passes = |action: &&String| {
        let takes = known[action.as_str()]["takes"].as_array();
        takes.is_some_and(|takes| takes.iter().any(|other| other == "iam:PassRole"))
    };
    let passing: Vec<&str> = actions.iter().filter(passes).map(String::as_str).collect();
    assert_eq!(
        passing,
        SOME_PASS.map(|one| one.0),
        "AWS would deny the other actions, which pass a role; remove the remediation"
    );
}
