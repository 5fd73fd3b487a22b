//! What a repair by Cloud Control is allowed, beside what AWS publishes of its actions: each type of resource that an action
//! must be allowed on, and the roles that it would pass.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use evenkeel_remediators::TargetResource;
use evenkeel_remediators::catalog::CatalogEntry;
use evenkeel_rules::policy::{Policy, PolicyFile, PolicySet};
use evenkeel_rules::{ComplianceStatus, read_cases};
use serde_json::Value;

use evenkeel_testing::iam::matches;
use evenkeel_testing::template::python;

/// Actions that this copy of the reference does not know yet.
const UNKNOWN: [&str; 3] = [
    "ec2:ModifyVpcBlockPublicAccessExclusion",
    "ec2:ModifyVpcBlockPublicAccessOptions",
    "logs:PutLogGroupDeletionProtection",
];

/// Actions that are of one of several types of resources: the reference marks each of them as required.
const EITHER: [&str; 1] = ["elasticloadbalancing:ModifyListener"];

/// Actions that pass a role with a setting that only some resources have: AWS denies those. Each repair of one is a
/// person's to approve.
const SOME_PASS: [(&str, &str); 5] = [
    ("autoscaling:UpdateAutoScalingGroup", "a service-linked role that is not the default one"),
    ("dms:ModifyEndpoint", "an endpoint that reads or writes by a role; one of Redis has none"),
    ("rds:ModifyDBCluster", "a cluster with enhanced monitoring or a directory"),
    ("rds:ModifyDBInstance", "an instance with enhanced monitoring or a directory"),
    ("sns:SetTopicAttributes", "a topic that logs deliveries"),
];

/// A repair: the policy, and what is repaired.
type Repair = (String, TargetResource);

/// What the cases of the shipped policies find that Cloud Control repairs.
fn repairs() -> Vec<Repair> {
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

fn of_policy(policy: &Policy) -> Vec<Repair> {
    let Some(header) = policy.remediation.clone().filter(|one| one.run == "cloud-control") else {
        return Vec::new();
    };
    let name = policy.file.replace(".cel", ".test.yaml");
    let cases = read_cases(&name, &std::fs::read_to_string(&name).unwrap(), policy).unwrap();
    let wrong = cases.into_iter().filter(|case| case.expect == ComplianceStatus::NonCompliant);
    let targets = wrong.map(|case| {
        let resource = case.evaluate_policy(policy).unwrap().resource;
        TargetResource {
            policy: policy.id.clone(),
            kind: resource.kind,
            id: resource.id,
            account: resource.account,
            region: resource.region,
            // As a finding is read: what is no ARN is none.
            arn: resource.arn.filter(|arn| arn.starts_with("arn:")),
            actions: header.actions.clone(),
            ..TargetResource::default()
        }
    });
    targets.map(|target| (policy.id.clone(), target)).collect()
}

fn reference(actions: &BTreeSet<String>) -> BTreeMap<String, Value> {
    let told = python("reference.py").arg("--required").args(actions).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    serde_json::from_slice(&told.stdout).unwrap()
}

/// Whether a session that is allowed an action on these resources has one of a type.
fn has(resources: &[String], pattern: &str) -> bool {
    resources.iter().any(|arn| arn == "*" || matches(pattern, arn) || matches(arn, pattern))
}

#[test]
fn every_type_of_resource_that_aws_asks_for_is_among_those_of_the_session() {
    let entry = CatalogEntry::find_by_id("cloud-control").unwrap();
    let repairs = repairs();
    let actions = repairs.iter().flat_map(|repair| repair.1.actions.iter().cloned()).collect();
    let told = reference(&actions);
    let unknown = told.iter().filter(|one| one.1.is_null()).map(|one| one.0.as_str());
    assert_eq!(unknown.collect::<Vec<_>>(), UNKNOWN);
    let mut missing = BTreeSet::new();
    for (policy, target) in &repairs {
        for statement in entry.spec.build_statements(target) {
            let own = statement.action.iter().filter(|action| target.actions.contains(action));
            for action in own {
                let Some(types) = told[action]["types"].as_object() else { continue };
                let lacking = |(_, pattern): &(&String, &Value)| {
                    !has(&statement.resource, pattern.as_str().unwrap())
                };
                let lacking: Vec<&String> = types.iter().filter(lacking).map(|one| one.0).collect();
                let enough = EITHER.contains(&action.as_str()) && lacking.len() < types.len();
                if !lacking.is_empty() && !enough {
                    let arns = statement.resource.join(" ");
                    missing.insert(format!("{policy}: {action} on {arns} lacks {lacking:?}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn no_repair_needs_to_pass_a_role() {
    let repairs = repairs();
    let actions = repairs.iter().flat_map(|repair| repair.1.actions.iter().cloned()).collect();
    let told = reference(&actions);
    let passes = |action: &&String| {
        let takes = told[action.as_str()]["takes"].as_array();
        takes.is_some_and(|takes| takes.iter().any(|other| other == "iam:PassRole"))
    };
    let passing: Vec<&str> = actions.iter().filter(passes).map(String::as_str).collect();
    assert_eq!(passing, SOME_PASS.map(|one| one.0), "AWS would deny the others: name no repair");
}
