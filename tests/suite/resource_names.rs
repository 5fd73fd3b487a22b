//! Checks that a resource has one name in the findings of events and of AWS Config items, so that one
//! waiver applies to both.

use evenkeel_rules::policy::{Policy, PolicyFile, PolicySet};
use evenkeel_rules::{ComplianceStatus, PolicyCase, read_cases};
use std::collections::BTreeSet;
use std::path::Path;

/// The policies whose resource differs between the sources.
const EXCEPTIONS: &[(&str, &str)] = &[(
    "iam-cloudshell-full-access",
    "a call attaches one policy, and an item shows an identity with all its policies",
)];

/// Returns the policies of the library, each with its test cases.
fn library() -> (PolicySet, Vec<Vec<PolicyCase>>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let read = |path: &Path| PolicyFile {
        name: path.display().to_string(),
        text: std::fs::read_to_string(path).unwrap(),
    };
    let paths = walkdir::WalkDir::new(&root).into_iter().map(|entry| entry.unwrap().into_path());
    let files: Vec<PolicyFile> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "cel"))
        .map(|path| read(&path))
        .collect();
    let functions = read(&root.join("functions.yaml"));
    let set = PolicySet::compile_files(&files, Some(&functions)).unwrap();
    let cases = |policy: &Policy| {
        let name = policy.file.replace(".cel", ".test.yaml");
        read_cases(&name, &std::fs::read_to_string(&name).unwrap(), policy).unwrap()
    };
    let cases = set.policies().iter().map(cases).collect();
    (set, cases)
}

/// The form of an id: whether it is an ARN, and the number of its parts.
fn id_form(id: &str) -> (bool, usize) {
    (id.starts_with("arn:"), id.matches('|').count())
}

/// Returns the forms of the ids in the findings of the cases that `select` accepts.
fn forms(
    policy: &Policy,
    cases: &[PolicyCase],
    select: impl Fn(&PolicyCase) -> bool,
) -> BTreeSet<(bool, usize)> {
    let evaluations = cases.iter().filter(|case| select(case));
    let evaluations = evaluations.flat_map(|case| case.evaluate_policy(policy).unwrap());
    evaluations
        .filter(|one| one.status == ComplianceStatus::NonCompliant && !one.resource.id.is_empty())
        .map(|one| id_form(&one.resource.id))
        .collect()
}

#[test]
fn a_resource_has_one_name_in_the_findings_of_events_and_items() {
    let (set, all) = evenkeel_engine::on_large_stack(library).unwrap();
    let mut compared = 0;
    for (policy, cases) in set.policies().iter().zip(&all) {
        let events = forms(policy, cases, |case| case.event_record().is_some());
        let items = forms(policy, cases, |case| case.configuration_item().is_some());
        if events.is_empty() || items.is_empty() {
            continue;
        }
        compared += 1;
        let is_exception = EXCEPTIONS.iter().any(|(id, _)| *id == policy.id);
        // Some cases are about incomplete records, whose ids have another form.
        let equal = items.iter().any(|form| events.contains(form));
        assert_eq!(equal, !is_exception, "{}: {events:?} of events, {items:?} of items", policy.id);
    }
    assert!(compared > 150, "only {compared} policies evaluate both sources");
}
