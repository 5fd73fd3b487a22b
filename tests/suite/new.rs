//! `evenkeel new`: what is begun compiles, and its cases pass.

use crate::support::{Folder, evenkeel, violation};
use serde_json::json;

#[test]
fn what_is_begun_from_a_name_compiles_and_its_cases_pass() {
    let folder = Folder::new();
    let out = folder.path().display().to_string();
    let begun = ["new", "kms-key-open", "--event", "kms.amazonaws.com:PutKeyPolicy", "--out", &out];
    assert_eq!(evenkeel(begun).code, 0);
    let again = evenkeel(begun);
    assert_eq!(again.code, 3, "what is there is not overwritten");
    assert!(again.err.contains("kms-key-open.cel"), "{}", again.err);
    is_right(&out);
}

/// What was begun is right, and its cases ask all that there is to ask.
fn is_right(out: &str) {
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
fn whatever_the_event_what_is_begun_is_right() {
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
        let begun = evenkeel(["new", "mine", "--event", event, "--out", &out]);
        assert_eq!(begun.code, 0, "{event}: {}", begun.err);
        is_right(&out);
    }
}

#[test]
fn what_is_begun_from_a_record_names_nobody() {
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
        let begun = evenkeel([
            "new",
            id,
            "--from",
            file.to_str().unwrap(),
            "--type",
            "AWS::S3::Bucket",
            "--out",
            &out,
        ]);
        assert_eq!(begun.code, 0, "{}", begun.err);
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
fn what_cannot_be_begun_is_said() {
    let folder = Folder::new();
    let file = folder.write("no.json", "{\"a\": 1}");
    let storage = folder
        .write("s3.json", "{\"eventSource\": \"aws:s3\", \"eventName\": \"ObjectCreated:Put\"}");
    let storage = storage.to_str().unwrap();
    let (file, out) = (file.to_str().unwrap(), folder.path().display().to_string());
    for (arguments, why) in [
        (vec!["new", "Bad Id", "--event", "s3.amazonaws.com:X"], "is no id"),
        (vec!["new", "a", "--event", "PutBucketPolicy"], "SOURCE:NAME"),
        (
            vec!["new", "a", "--event", "s3.amazonaws.com:PutBucketPolcy"],
            "did you mean `PutBucketPolicy`?",
        ),
        (vec!["new", "a", "--event", "s3:PutBucketPolicy"], "did you mean `s3.amazonaws.com`?"),
        (vec!["new", "a", "--from", file, "--out", &out], "no record of CloudTrail"),
        (vec!["new", "a", "--from", storage, "--out", &out], "ends in .amazonaws.com"),
        (vec!["new", "a"], "--event"),
    ] {
        let run = evenkeel(&arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.err.contains(why), "{}", run.err);
    }
}
