//! Checks the AWS CLI and AWS SAM commands in the guides against the models of the AWS APIs.

use crate::support::Folder;
use evenkeel_testing::template::python;
use serde_json::Value;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Checks the commands in `guides`. Returns their number and the errors found.
fn checked(guides: &[&Path]) -> (usize, Vec<String>) {
    let output = python("commands.py").args(guides).current_dir(ROOT).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let wrong = report["wrong"].as_array().unwrap().iter();
    let wrong = wrong.map(|one| one.as_str().unwrap().to_owned()).collect();
    (report["commands"].as_array().unwrap().len(), wrong)
}

#[test]
fn every_aws_command_in_the_guides_is_valid() {
    let (count, wrong) =
        checked(&[&Path::new(ROOT).join("deploy/README.md"), &Path::new(ROOT).join("README.md")]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 30, "found only {count} commands in the guides");
}

#[test]
fn a_wrong_flag_value_or_parameter_in_a_guide_is_reported() {
    let folder = Folder::new();
    let cases = [
        (
            "aws cloudformation create-stack-set --stack-set-name s --permision-model SELF_MANAGED",
            "--permision-model",
        ),
        (
            "aws cloudformation create-stack-set --stack-set-name s --permission-model SELF",
            "SELF_MANAGED",
        ),
        (
            "aws cloudformation create-stack-set --stack-set-name s --call-as ADMIN",
            "DELEGATED_ADMIN",
        ),
        (
            "aws cloudformation create-stack-instances --stack-set-name s --regions a-b-1 a-b-1",
            "a-b-1 twice",
        ),
        (
            "aws cloudformation create-stack-instances --stack-set-name s --regions $region us-east-1",
            "us-east-1 twice",
        ),
        ("aws cloudformation create-stack-instances --regions us-east-1", "--stack-set-name"),
        ("name=$(aws sts get-caller-identity --quary Account)", "--quary"),
        ("echo x | aws s3 cp - s3://b/k --no-such-flag", "--no-such-flag"),
        (
            "sam deploy --template-file deploy/audit-account.yaml --parameter-overrides Emial=x",
            "no parameter Emial",
        ),
        (
            "aws cloudformation deploy --template-file deploy/member-account.yaml --stack-name m",
            "needs the parameter BusArn",
        ),
    ];
    let guides: Vec<PathBuf> = (0..)
        .zip(cases)
        .map(|(at, (command, _))| {
            folder.write(&format!("{at}.md"), format!("```sh\n{command}\n```\n"))
        })
        .collect();
    let (count, wrong) = checked(&guides.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    assert_eq!(count, cases.len());
    for ((command, message), guide) in cases.iter().zip(&guides) {
        let place = format!("{}: ", guide.display());
        let is_reported = wrong.iter().any(|one| one.starts_with(&place) && one.contains(message));
        assert!(is_reported, "the error in `{command}` is not reported: {wrong:?}");
    }
}
