//! Tests the remediators of buckets: Block Public Access, bucket policies and default encryption.

use evenkeel_client::{Method, ServiceClient, XmlElement};
use evenkeel_remediators::catalog::s3::block_public_access::{
    BlockPublicAccess, BucketPublicAccess, PublicAccessBlock,
};
use evenkeel_remediators::catalog::s3::default_encryption::{
    BucketEncryption, DefaultEncryption, EncryptionRule,
};
use evenkeel_remediators::catalog::s3::deny_insecure_transport::DenyBucketInsecureTransport;
use evenkeel_remediators::{AwsConnection, AwsFailure, RemediationResult, Remediator};
use serde_json::{Value, json};

use super::stage::{Stage, aws};
use evenkeel_testing::proxy::{Fault, Pause};
use evenkeel_testing::stand_in::stand_in;

/// Returns a client that calls the AWS stand-in directly, without the proxy.
fn direct() -> ServiceClient {
    ServiceClient::s3(&aws(stand_in()).config)
}

/// Creates a bucket and returns the stage of a finding about it.
async fn bucket<R: Remediator>(name: &str) -> Stage {
    let place = XmlElement::with_text("LocationConstraint", "eu-central-1");
    let place = XmlElement::with_children("CreateBucketConfiguration", vec![place]);
    direct().rest_call(Method::PUT, &[name]).with_xml(&place).send_rest().await.unwrap();
    finding::<R>(name).await
}

async fn finding<R: Remediator>(name: &str) -> Stage {
    Stage::new("s3-bucket", R::SPEC.id, "AWS::S3::Bucket", name).await
}

const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
const SLOW: &str = "<Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>";

/// Checks that a missing bucket or a failed `read` prevents the `write`, that a denied `write` is
/// reported, and that the remediation succeeds afterwards.
async fn writes_nothing_unread<R: Remediator + From<AwsConnection> + 'static>(
    stage: &Stage,
    read: &'static str,
    write: &'static str,
) {
    let gone = finding::<R>("no-such-bucket").await;
    assert_eq!(gone.run::<R>().await.unwrap().result, RemediationResult::ResourceGone);
    for (status, text, is_retried) in
        [(503, SLOW, true), (200, "", true), (500, "", true), (403, DENIED, false)]
    {
        stage.proxy.fault(read, usize::MAX, Fault::Answer(status, text));
        let outcome = stage.run::<R>().await;
        assert_eq!(outcome.is_err(), is_retried, "{status} {text}: {outcome:?}");
        stage.proxy.clear_faults();
    }
    assert_eq!(stage.proxy.count(write), 0);
    stage.proxy.fault(write, 1, Fault::Answer(403, DENIED));
    let outcome = stage.run::<R>().await.unwrap();
    assert_eq!(
        outcome.result,
        RemediationResult::Failed(AwsFailure::Denied("AccessDenied".to_owned()).to_string())
    );
    stage.proxy.fault(write, usize::MAX, Fault::LoseAnswer);
    assert_eq!(
        stage.run::<R>().await.unwrap().result,
        RemediationResult::Restored,
        "a write with a lost answer must succeed"
    );
    stage.proxy.clear_faults();
    assert_eq!(stage.run::<R>().await.unwrap().result, RemediationResult::Compliant);
}

#[tokio::test]
async fn every_combination_of_block_public_access_is_restored_and_can_be_undone() {
    let stage = bucket::<BlockPublicAccess>("block").await;
    assert_eq!(stage.state::<BlockPublicAccess>().await, BucketPublicAccess { block: None });
    stage.there_and_back::<BlockPublicAccess>().await;
    for bits in 0..15_u8 {
        let on = |bit: u8| bits >> bit & 1 == 1;
        let block = PublicAccessBlock {
            block_public_acls: on(0),
            ignore_public_acls: on(1),
            block_public_policy: on(2),
            restrict_public_buckets: on(3),
        };
        let stage = bucket::<BlockPublicAccess>(&format!("block-{bits}")).await;
        let remediator = BlockPublicAccess::from(aws(stand_in()));
        remediator
            .apply_state(&stage.target(), &BucketPublicAccess { block: Some(block) })
            .await
            .unwrap();
        stage.there_and_back::<BlockPublicAccess>().await;
    }
}

const PART: &str = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
</PublicAccessBlockConfiguration>";

#[tokio::test]
async fn block_public_access_that_cannot_be_read_is_not_set() {
    let stage = bucket::<BlockPublicAccess>("block-unread").await;
    stage.proxy.fault("GET publicAccessBlock", usize::MAX, Fault::Answer(200, PART));
    assert!(
        stage.run::<BlockPublicAccess>().await.is_err(),
        "an incomplete answer must be retried"
    );
    stage.proxy.clear_faults();
    let (read, write) = ("GET publicAccessBlock", "PUT publicAccessBlock");
    writes_nothing_unread::<BlockPublicAccess>(&stage, read, write).await;
}

fn denial(bucket: &str) -> Value {
    json!({
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    })
}

/// Returns a statement that the remediation must keep.
fn other(number: usize) -> Value {
    json!({
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Sid": format!("Other{number}"), "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::b/*",
        "Condition": {"StringLike": {"aws:UserAgent": [" a", "\u{e9}*"]}}
    })
}

async fn put_policy(bucket: &str, policy: &Value) {
    let s3 = direct();
    let put = s3.rest_call(Method::PUT, &[bucket]).with_query("policy", None);
    put.with_body("application/json", policy.to_string()).send_rest().await.unwrap();
}

async fn policy(stage: &Stage) -> Value {
    stage.state::<DenyBucketInsecureTransport>().await.policy.unwrap()
}

#[tokio::test]
async fn unencrypted_http_is_denied_and_every_other_statement_stays() {
    for count in 0..4 {
        let name = format!("policy-{count}");
        let stage = bucket::<DenyBucketInsecureTransport>(&name).await;
        let mut statements: Vec<Value> = (0..count).map(other).collect();
        if count > 0 {
            put_policy(
                &name,
                &json!({"Version": "2008-10-17", "Id": "x", "Statement": statements}),
            )
            .await;
        }
        stage.there_and_back::<DenyBucketInsecureTransport>().await;
        assert_eq!(
            stage.run::<DenyBucketInsecureTransport>().await.unwrap().result,
            RemediationResult::Restored
        );
        let now = policy(&stage).await;
        statements.push(denial(&name));
        assert_eq!(now.get("Statement"), Some(&Value::Array(statements)));
        assert_eq!(now.get("Id").is_some(), count > 0);
    }
}

#[tokio::test]
async fn a_single_statement_and_a_used_statement_id_are_handled() {
    let stage = bucket::<DenyBucketInsecureTransport>("policy-odd").await;
    let mut taken = other(1);
    taken["Sid"] = json!("DenyInsecureTransport");
    put_policy("policy-odd", &json!({"Statement": taken})).await;
    stage.there_and_back::<DenyBucketInsecureTransport>().await;
    assert_eq!(
        stage.run::<DenyBucketInsecureTransport>().await.unwrap().result,
        RemediationResult::Restored
    );
    let mut added = denial("policy-odd");
    added.as_object_mut().unwrap().remove("Sid");
    assert_eq!(policy(&stage).await, json!({"Statement": [taken, added]}));
}

#[tokio::test]
async fn an_equivalent_policy_is_kept_and_a_too_long_or_invalid_one_is_refused() {
    let name = "policy-left";
    let stage = bucket::<DenyBucketInsecureTransport>(name).await;
    let mut same = denial(name);
    same["Principal"] = json!({"AWS": ["*"]});
    put_policy(name, &json!({"Statement": [other(1), same]})).await;
    assert_eq!(
        stage.run::<DenyBucketInsecureTransport>().await.unwrap().result,
        RemediationResult::Compliant
    );
    let long: Vec<Value> = (0..120).map(other).collect();
    for odd in [json!({"Statement": long}), json!({"Statement": "x"}), json!({}), json!([])] {
        put_policy(name, &odd).await;
        let outcome = stage.run::<DenyBucketInsecureTransport>().await.unwrap();
        assert!(matches!(outcome.result, RemediationResult::Refused(_)), "{outcome:?}");
    }
    assert_eq!(stage.proxy.count("PUT policy"), 0);
}

#[tokio::test]
async fn a_policy_that_was_changed_meanwhile_is_merged_again() {
    let name = "policy-changed";
    let stage = bucket::<DenyBucketInsecureTransport>(name).await;
    put_policy(name, &json!({"Statement": [other(1)]})).await;
    let pause = Pause::default();
    stage.proxy.fault("GET policy", 1, Fault::PauseAfter(pause.clone()));
    let (outcome, ()) = tokio::join!(stage.run::<DenyBucketInsecureTransport>(), async {
        pause.reached.notified().await;
        put_policy(name, &json!({"Statement": [other(1), other(2)]})).await;
        pause.release.notify_one();
    });
    assert_eq!(outcome.unwrap().result, RemediationResult::Restored);
    assert_eq!(policy(&stage).await, json!({"Statement": [other(1), other(2), denial(name)]}));
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_not_written() {
    let stage = bucket::<DenyBucketInsecureTransport>("policy-unread").await;
    put_policy("policy-unread", &json!({"Statement": [other(1)]})).await;
    writes_nothing_unread::<DenyBucketInsecureTransport>(&stage, "GET policy", "PUT policy").await;
}

#[tokio::test]
async fn a_bucket_that_serves_a_website_needs_approval() {
    let name = "policy-website";
    let stage = bucket::<DenyBucketInsecureTransport>(name).await;
    let index = vec![XmlElement::with_text("Suffix", "index.html")];
    let website = vec![XmlElement::with_children("IndexDocument", index)];
    let website = XmlElement::with_children("WebsiteConfiguration", website);
    let s3 = direct();
    let put = s3.rest_call(Method::PUT, &[name]).with_query("website", None).with_xml(&website);
    put.send_rest().await.unwrap();
    let waiting = stage.run::<DenyBucketInsecureTransport>().await.unwrap().result;
    assert!(
        matches!(&waiting, RemediationResult::AwaitingApproval(why) if why.contains("serves a website")),
        "{waiting:?}"
    );
    assert_eq!(stage.proxy.count("PUT policy"), 0);
    stage.proxy.fault("GET website", usize::MAX, Fault::Answer(503, SLOW));
    assert!(
        stage.run::<DenyBucketInsecureTransport>().await.is_err(),
        "an unknown website configuration must be retried"
    );
}

async fn encrypt(bucket: &str, rule: EncryptionRule) {
    let remediator = DefaultEncryption::from(aws(stand_in()));
    let target = finding::<DefaultEncryption>(bucket).await.target();
    remediator.apply_state(&target, &BucketEncryption { rules: vec![rule] }).await.unwrap();
}

fn rule(algorithm: &str, key: Option<&str>, bucket_key: bool) -> EncryptionRule {
    let (algorithm, key) = (Some(algorithm.to_owned()), key.map(str::to_owned));
    EncryptionRule { algorithm, key, bucket_key, blocked: Vec::new() }
}

#[tokio::test]
async fn a_bucket_without_a_key_in_the_header_is_not_reported_as_restored() {
    for (number, with) in [json!({}), json!({"kmsKey": ""})].iter().enumerate() {
        let name = format!("encryption-no-key-{number}");
        let stage = bucket::<DefaultEncryption>(&name).await.with(with);
        encrypt(&name, rule("AES256", None, false)).await;
        let refused = stage.run::<DefaultEncryption>().await.unwrap().result;
        assert!(
            matches!(&refused, RemediationResult::Refused(why) if why.to_string().contains("does not use a KMS key by default")),
            "{refused:?}"
        );
        assert_eq!(stage.proxy.count("PUT encryption"), 0);
        encrypt(&name, rule("aws:kms", None, false)).await;
        assert_eq!(
            stage.run::<DefaultEncryption>().await.unwrap().result,
            RemediationResult::Compliant
        );
    }
}

#[tokio::test]
async fn a_bucket_without_a_kms_key_is_encrypted_with_the_key_of_the_header() {
    let with = json!({"kmsKey": "alias/mine"});
    for (number, before) in
        [None, Some(rule("AES256", None, false)), Some(rule("AES256", None, true))]
            .into_iter()
            .enumerate()
    {
        let name = format!("encryption-{number}");
        let stage = bucket::<DefaultEncryption>(&name).await.with(&with);
        let bucket_key = before.as_ref().is_some_and(|rule| rule.bucket_key);
        if let Some(rule) = before {
            encrypt(&name, rule).await;
        }
        stage.there_and_back::<DefaultEncryption>().await;
        assert_eq!(
            stage.run::<DefaultEncryption>().await.unwrap().result,
            RemediationResult::Restored
        );
        let rules = stage.state::<DefaultEncryption>().await.rules;
        assert_eq!(rules, [rule("aws:kms", Some("alias/mine"), bucket_key)]);
    }
    let stage = bucket::<DefaultEncryption>("encryption-other").await.with(&with);
    encrypt("encryption-other", rule("aws:kms:dsse", Some("alias/other"), false)).await;
    assert_eq!(
        stage.run::<DefaultEncryption>().await.unwrap().result,
        RemediationResult::Compliant
    );
    for odd in [json!(1), json!(null)] {
        let name = format!("encryption-odd-{}", odd.is_null());
        let stage = bucket::<DefaultEncryption>(&name).await.with(&json!({"kmsKey": odd}));
        let outcome = stage.run::<DefaultEncryption>().await.unwrap();
        assert!(matches!(outcome.result, RemediationResult::Refused(_)), "{outcome:?}");
    }
}

#[tokio::test]
async fn encryption_that_cannot_be_read_is_not_set() {
    let stage = bucket::<DefaultEncryption>("encryption-unread").await;
    let stage = stage.with(&json!({"kmsKey": "alias/mine"}));
    stage.proxy.fault("GET encryption", usize::MAX, Fault::Answer(200, NO_RULE));
    assert!(
        stage.run::<DefaultEncryption>().await.is_err(),
        "a configuration without a rule must be retried"
    );
    stage.proxy.clear_faults();
    writes_nothing_unread::<DefaultEncryption>(&stage, "GET encryption", "PUT encryption").await;
}

const NO_RULE: &str = "<ServerSideEncryptionConfiguration></ServerSideEncryptionConfiguration>";
