//! Buckets: Block Public Access, policies and default encryption.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use evenkeel_remediators::catalog::s3_block_public_access::{Block, BlockPublicAccess, Bucket};
use evenkeel_remediators::{Aws, Ended, Remediator};

use crate::proxy::Fault;
use crate::stage::{Stage, aws};
use crate::stand::stand;

/// A client that reaches the stand-in past the proxy.
fn direct() -> Client {
    let config = aws_sdk_s3::config::Builder::from(&aws(stand()).config).force_path_style(true);
    Client::from_conf(config.build())
}

/// A finding about a bucket that is made now.
async fn bucket<R: Remediator>(name: &str) -> Stage {
    let place = CreateBucketConfiguration::builder()
        .location_constraint(BucketLocationConstraint::EuCentral1)
        .build();
    let make = direct().create_bucket().bucket(name).create_bucket_configuration(place);
    make.send().await.unwrap();
    finding::<R>(name).await
}

async fn finding<R: Remediator>(name: &str) -> Stage {
    Stage::new("s3-bucket", R::ID, "AWS::S3::Bucket", name).await
}

const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
const SLOW: &str = "<Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>";

/// A bucket that is gone, denied, throttled or answers nothing is not written to; then all goes well.
async fn writes_nothing_unread<R: Remediator + From<Aws>>(
    stage: &Stage,
    read: &'static str,
    write: &'static str,
) {
    let gone = finding::<R>("no-such-bucket").await;
    assert_eq!(gone.run::<R>().await.unwrap().result, Ended::Gone);
    for (status, text, comes_again) in
        [(503, SLOW, true), (200, "", true), (500, "", true), (403, DENIED, false)]
    {
        stage.proxy.fault(read, usize::MAX, Fault::Answer(status, text));
        let outcome = stage.run::<R>().await;
        assert_eq!(outcome.is_err(), comes_again, "{status} {text}: {outcome:?}");
        stage.proxy.mend();
    }
    assert_eq!(stage.proxy.count(write), 0);
    stage.proxy.fault(write, 1, Fault::Answer(403, DENIED));
    let outcome = stage.run::<R>().await.unwrap();
    assert_eq!(outcome.result, Ended::Failed("not allowed: AccessDenied".to_owned()));
    stage.proxy.fault(write, usize::MAX, Fault::LoseAnswer);
    assert_eq!(stage.run::<R>().await.unwrap().result, Ended::Done, "the answer was lost");
    stage.proxy.mend();
    assert_eq!(stage.run::<R>().await.unwrap().result, Ended::Compliant);
    stage.calls_are_permitted::<R>("s3");
}

#[tokio::test]
async fn every_block_of_public_access_is_restored_and_undone() {
    let stage = bucket::<BlockPublicAccess>("block").await;
    assert_eq!(stage.state::<BlockPublicAccess>().await, Bucket { block: None });
    stage.there_and_back::<BlockPublicAccess>("s3").await;
    for bits in 0..15_u8 {
        let on = |bit: u8| bits >> bit & 1 == 1;
        let block = Block {
            block_public_acls: on(0),
            ignore_public_acls: on(1),
            block_public_policy: on(2),
            restrict_public_buckets: on(3),
        };
        let stage = bucket::<BlockPublicAccess>(&format!("block-{bits}")).await;
        let remediator = BlockPublicAccess::from(aws(stand()));
        remediator.apply(&stage.target(), &Bucket { block: Some(block) }).await.unwrap();
        stage.there_and_back::<BlockPublicAccess>("s3").await;
    }
}

#[tokio::test]
async fn a_block_of_public_access_that_cannot_be_read_is_not_set() {
    let stage = bucket::<BlockPublicAccess>("block-unread").await;
    const PART: &str = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
                        </PublicAccessBlockConfiguration>";
    stage.proxy.fault("GET publicAccessBlock", usize::MAX, Fault::Answer(200, PART));
    assert!(stage.run::<BlockPublicAccess>().await.is_err(), "a part of an answer is none");
    stage.proxy.mend();
    let (read, write) = ("GET publicAccessBlock", "PUT publicAccessBlock");
    writes_nothing_unread::<BlockPublicAccess>(&stage, read, write).await;
}
