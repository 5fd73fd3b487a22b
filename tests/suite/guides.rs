//! The commands of the guides: nobody types what AWS's own command line would refuse.

use crate::support::Folder;
use evenkeel_testing::template::python;
use serde_json::Value;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The commands in guides, and what is wrong with them.
fn checked(guides: &[&Path]) -> (usize, Vec<String>) {
    let output = python("commands.py").args(guides).current_dir(ROOT).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let wrong = told["wrong"].as_array().unwrap().iter();
    let wrong = wrong.map(|one| one.as_str().unwrap().to_owned()).collect();
    (told["commands"].as_array().unwrap().len(), wrong)
}

#[test]
fn every_command_for_aws_in_the_guides_is_one_that_aws_knows() {
    let (count, wrong) =
        checked(&[&Path::new(ROOT).join("deploy/README.md"), &Path::new(ROOT).join("README.md")]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 30, "{count}");
}

#[test]
fn a_wrong_flag_value_or_parameter_in_a_guide_is_found() {
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
    for ((command, told), guide) in cases.iter().zip(&guides) {
        let place = format!("{}: ", guide.display());
        let is_told = wrong.iter().any(|one| one.starts_with(&place) && one.contains(told));
        assert!(is_told, "{command}: {wrong:?}");
    }
}
