//! Tests which policies the function uses: the packaged ones or the ledger's bundle, and never a
//! broken bundle.

use evenkeel_ledger::Ledger;
use evenkeel_rules::bundle::MANIFEST;
use serde_json::json;
use sha2::{Digest, Sha256};

use evenkeel_testing::aws::{Aws, config};
use evenkeel_testing::events::{bus, violation};
use evenkeel_testing::function::Function;
use evenkeel_testing::proxy::Proxy;
use evenkeel_testing::stand_in::stand_in;

/// Returns a policy of this severity that reports every `DeleteBucketEncryption`.
fn policy(severity: &str) -> String {
    format!(
        "// METADATA\n// title: t\n// description: d\n// severity: {severity}\n\
         // match: {{eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption}}\n\
         // resource: {{type: 'AWS::S3::Bucket', id: request.bucketName}}\n// message: m\ntrue\n"
    )
}

/// Uploads a bundle with one file. The manifest is uploaded last, because the manifest activates
/// the bundle. A wrong `digest` in place of the digest of the file makes the bundle invalid.
async fn upload(aws: &Aws, text: &str, digest: Option<&str>) {
    let real = format!("{:x}", Sha256::digest(text));
    let named = digest.unwrap_or(&real);
    aws.put(&format!("ledger/bundle/files/{named}"), text).await;
    let manifest = json!({"files": {"mine.cel": named}}).to_string();
    aws.put("ledger/bundle/manifest.json", manifest).await;
}

#[tokio::test]
async fn a_newer_bundle_is_used_without_a_restart_and_a_broken_one_is_not() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function = Function::new(aws.environment(proxy.address)).await;
    let mut number = 0;
    let mut severity = async |step: &str| {
        number += 1;
        let answer = function.invoke(&bus(&violation(number))).await;
        assert_eq!(answer, Ok(json!({"findings": 1})), "{step}: {:#?}", function.lines());
        let metrics = function.metrics().await;
        let severity = ["Low", "Medium", "High"]
            .into_iter()
            .find(|severity| metrics.get(format!("Findings{severity}")).is_some());
        (severity.unwrap(), metrics["BundleRejected"].as_u64().unwrap())
    };
    assert_eq!(severity("the packaged policies").await, ("Medium", 0));
    upload(&aws, &policy("HIGH"), None).await;
    assert_eq!(severity("the first bundle of the ledger").await, ("High", 0));
    upload(&aws, &policy("LOW"), Some(&"0".repeat(64))).await;
    assert_eq!(severity("a file with a wrong digest").await, ("High", 1));
    upload(&aws, "no policy", None).await;
    assert_eq!(severity("a policy that does not compile").await, ("High", 1));
    aws.put("ledger/bundle/manifest.json", "{").await;
    assert_eq!(severity("an invalid manifest").await, ("High", 1));
    upload(&aws, &policy("LOW"), None).await;
    assert_eq!(severity("a valid bundle again").await, ("Low", 0));
    aws.permits("evenkeel-evaluate", &proxy);
}

#[tokio::test]
async fn a_function_does_not_start_with_a_broken_bundle_or_without_a_ledger() {
    let aws = Aws::new().await;
    upload(&aws, "no policy", None).await;
    let function = Function::new(aws.environment(stand_in())).await;
    let died = function.invoke(&bus(&violation(1))).await;
    assert_eq!(died, Err("Runtime.ExitError".to_owned()));
    let log = function.lines().join("\n");
    assert!(log.contains("the bundle does not compile: mine.cel"), "{log}");
    let function = Function::new(Vec::new()).await;
    assert_eq!(function.invoke(&json!({})).await, Err("Runtime.ExitError".to_owned()));
    let log = function.lines().join("\n");
    assert!(log.contains("EVENKEEL_LEDGER is not set"), "{log}");
}

/// S3 compares the versions with `If-Match` and `If-None-Match`.
#[tokio::test]
async fn the_second_of_two_concurrent_deployments_is_refused() {
    let aws = Aws::new().await;
    let ledger = Ledger::open_bucket(&config(), &aws.bucket, "ledger").unwrap();
    assert!(ledger.read_versioned(MANIFEST).await.unwrap().is_none());
    assert!(ledger.replace_record(MANIFEST, None, b"1").await.unwrap());
    assert!(!ledger.replace_record(MANIFEST, None, b"2").await.unwrap());
    let seen = ledger.read_versioned(MANIFEST).await.unwrap();
    assert!(ledger.replace_record(MANIFEST, seen.as_ref(), b"2").await.unwrap());
    assert!(!ledger.replace_record(MANIFEST, seen.as_ref(), b"3").await.unwrap());
    assert_eq!(aws.ledger().await[MANIFEST], b"2");
}
