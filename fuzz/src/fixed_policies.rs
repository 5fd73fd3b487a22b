//! The policies, the record and the finding that several targets use.

use std::sync::OnceLock;

use evenkeel_rules::policy::{PolicyFile, PolicySet};
use evenkeel_rules::{EventFilter, Finding, RecordEvaluator, RecordOutcome, WaiverSet};

/// A record that a fixed policy reports.
pub const RECORD: &str = include_str!("record.json");

/// Shipped policies with different parts: parameters, variables, `resource.each`, functions for
/// documents, and configuration items.
const POLICIES: &[(&str, &str)] = &[
    ("s3-bucket-policy-public.cel", include_str!("../../policies/s3/s3-bucket-policy-public.cel")),
    (
        "s3-bucket-policy-cross-account.cel",
        include_str!("../../policies/s3/s3-bucket-policy-cross-account.cel"),
    ),
    (
        "s3-bucket-encryption-removed.cel",
        include_str!("../../policies/s3/s3-bucket-encryption-removed.cel"),
    ),
    ("kms-key-disabled.cel", include_str!("../../policies/kms/kms-key-disabled.cel")),
    ("iam-access-key-created.cel", include_str!("../../policies/iam/iam-access-key-created.cel")),
    (
        "inspector2-scanning-off.cel",
        include_str!("../../policies/inspector2/inspector2-scanning-off.cel"),
    ),
    (
        "redshift-cluster-public.cel",
        include_str!("../../policies/redshift/redshift-cluster-public.cel"),
    ),
    ("ec2-subnet-public-ip.cel", include_str!("../../policies/ec2/ec2-subnet-public-ip.cel")),
];

/// Returns the fixed policies, compiled once.
pub fn fixed_policies() -> &'static PolicySet {
    static SET: OnceLock<PolicySet> = OnceLock::new();
    SET.get_or_init(fixed_policy_set)
}

/// Compiles the fixed policies.
///
/// # Panics
/// If a shipped policy does not compile.
pub fn fixed_policy_set() -> PolicySet {
    let functions = new_file("functions.yaml", include_str!("../../policies/functions.yaml"));
    let files: Vec<PolicyFile> = POLICIES.iter().map(|(name, text)| new_file(name, text)).collect();
    PolicySet::compile_files(&files, Some(&functions)).expect("the shipped policies compile")
}

fn new_file(name: &str, text: &str) -> PolicyFile {
    PolicyFile { name: name.to_owned(), text: text.to_owned() }
}

/// Returns the finding of a fixed policy for [`RECORD`].
///
/// # Panics
/// If no policy reports the record.
pub fn fixed_finding() -> &'static Finding {
    static FINDING: OnceLock<Finding> = OnceLock::new();
    FINDING.get_or_init(|| {
        let (waivers, filter) = (WaiverSet::default(), EventFilter::default());
        let mut evaluator = RecordEvaluator::new(fixed_policies(), &waivers, &filter);
        let outcome = evaluator.evaluate_record(RECORD.as_bytes());
        let Ok(RecordOutcome::Evaluated(evaluation)) = outcome else {
            panic!("no policy watches the fixed record")
        };
        evaluation.findings().next().expect("a policy reports the fixed record").clone()
    })
}
