//! Tests `evenkeel new`: the new policy compiles, and its test cases pass.

use crate::support::{Folder, evenkeel, violation};
use serde_json::json;

#[test]
fn a_policy_from_an_event_name_compiles_and_passes_its_test_cases() {
    let folder = Folder::new();
    let out = folder.path().display().to_string();
    let created =
        ["new", "kms-key-open", "--event", "kms.amazonaws.com:PutKeyPolicy", "--out", &out];
    assert_eq!(evenkeel(created).code, 0);
    let again = evenkeel(created);
    assert_eq!(again.code, 3, "an existing file must not be overwritten");
    assert!(again.err.contains("kms-key-open.cel"), "{}", again.err);
    assert_complete(&out);
}

/// Requires that the policies in a folder pass `check`, `test` and `fmt`, with full coverage and
/// without surviving mutants.
fn assert_complete(out: &str) {
    for arguments in [
        vec!["check", "--deny-warnings", "--min-coverage", "100", out],
        vec!["test", "--mutate", "--min-score", "100", out],
        vec!["fmt", "--check", out],
    ] {
        let run = evenkeel(&arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}{}", run.out, run.err);
    }
}

#[test]
fn a_policy_for_any_event_is_complete() {
    for event in [
        "apigateway.amazonaws.com:UpdateStage",
        "cloudfront.amazonaws.com:UpdateDistribution",
        "cloudtrail.amazonaws.com:StopLogging",
        "ec2.amazonaws.com:RunInstances",
        "iam.amazonaws.com:CreateRole",
        "lambda.amazonaws.com:CreateFunctionUrlConfig",
        "ec2.amazonaws.com:DisableEbsEncryptionByDefault",
        "logs.amazonaws.com:PutRetentionPolicy",
        "rds.amazonaws.com:CreateDBInstance",
        "s3.amazonaws.com:PutBucketVersioning",
        "signin.amazonaws.com:ConsoleLogin",
        "sns.amazonaws.com:SetTopicAttributes",
        "wafv2.amazonaws.com:CreateWebACL",
    ] {
        let folder = Folder::new();
        let out = folder.path().display().to_string();
        let created = evenkeel(["new", "mine", "--event", event, "--out", &out]);
        assert_eq!(created.code, 0, "{event}: {}", created.err);
        assert_complete(&out);
    }
}

#[test]
fn a_policy_from_a_record_contains_no_identities() {
    let folder = Folder::new();
    let mut record = violation(1);
    record["requestParameters"] = json!({
        "bucketName": "orders", "x-amz-acl": ["private"],
        "policy": {"Principal": {"AWS": "arn:aws:iam::444455556666:root"}}, "tricky: # \"text": "a\nb"
    });
    for (name, event) in [
        ("record", record.clone()),
        ("log", json!({"Records": [record.clone()]})),
        ("bus", json!({"detail-type": "AWS API Call via CloudTrail", "detail": record.clone()})),
    ] {
        let file = folder.write(&format!("{name}.json"), event.to_string());
        let out = folder.path().join(name).display().to_string();
        let id = "s3-encryption-gone";
        let created = evenkeel([
            "new",
            id,
            "--from",
            file.to_str().unwrap(),
            "--type",
            "AWS::S3::Bucket",
            "--out",
            &out,
        ]);
        assert_eq!(created.code, 0, "{}", created.err);
        let checked = evenkeel(["check", &out]);
        assert_eq!(checked.code, 0, "{}", checked.err);
        let tested = evenkeel(["test", "--mutate", &out]);
        assert_eq!(tested.code, 0, "{}{}", tested.out, tested.err);
        let cases =
            std::fs::read_to_string(folder.path().join(name).join(format!("{id}.test.yaml")))
                .unwrap();
        assert!(
            cases.contains("arn:aws:iam::111122223333:root") && !cases.contains("444455556666"),
            "{cases}"
        );
        assert!(!cases.contains("user/jo") && !cases.contains("198.51.100.7"), "{cases}");
    }
}

#[test]
fn invalid_arguments_of_new_are_reported() {
    let folder = Folder::new();
    let file = folder.write("no.json", "{\"a\": 1}");
    let storage = folder
        .write("s3.json", "{\"eventSource\": \"aws:s3\", \"eventName\": \"ObjectCreated:Put\"}");
    let storage = storage.to_str().unwrap();
    let (file, out) = (file.to_str().unwrap(), folder.path().display().to_string());
    for (arguments, why) in [
        (vec!["new", "Bad Id", "--event", "s3.amazonaws.com:X"], "is not a valid id"),
        (vec!["new", "a", "--event", "PutBucketPolicy"], "SOURCE:NAME"),
        (
            vec!["new", "a", "--event", "s3.amazonaws.com:PutBucketPolcy"],
            "did you mean `PutBucketPolicy`?",
        ),
        (vec!["new", "a", "--event", "s3:PutBucketPolicy"], "did you mean `s3.amazonaws.com`?"),
        (vec!["new", "a", "--from", file, "--out", &out], "no CloudTrail record"),
        (vec!["new", "a", "--from", storage, "--out", &out], "ends in .amazonaws.com"),
        (vec!["new", "a"], "--event"),
    ] {
        let run = evenkeel(&arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.err.contains(why), "{}", run.err);
    }
}
