//! Tests the checks that run before Cloud Control sets properties.

use std::fmt::Write;

use evenkeel_remediators::catalog::cloud_control::CloudControl;
use evenkeel_remediators::{RefusalReason, RemediationResult, Remediator};
use serde_json::{Value, json};

use super::cloud_control::make;
use super::query::{ask, element_text};
use super::stage::{Stage, refused_for_setting};
use evenkeel_testing::proxy::Fault;

/// Creates a resource and a stage whose policy names a check.
async fn stage(kind: &str, id: &str, properties: &Value, patch: &Value, check: &str) -> Stage {
    make(&json!({"type": kind, "id": id, "properties": properties})).await;
    let action = match kind {
        "AWS::RDS::DBInstance" => "rds:ModifyDBInstance",
        "AWS::RDS::DBCluster" => "rds:ModifyDBCluster",
        "AWS::SNS::Topic" => "sns:SetTopicAttributes",
        "AWS::SQS::Queue" => "sqs:SetQueueAttributes",
        "AWS::Kinesis::Stream" => "kinesis:StartStreamEncryption",
        _ => "elasticloadbalancing:ModifyListener",
    };
    let stage = Stage::new("some-policy", CloudControl::SPEC.id, kind, id).await;
    stage.patching("A", &[action], patch).checking(&[check])
}

async fn asks(stage: &Stage) -> Vec<String> {
    stage.preview::<CloudControl>().await.asks
}

async fn ended(stage: &Stage) -> RemediationResult {
    stage.run::<CloudControl>().await.unwrap().result
}

const PENDING_INSTANCE: &str = "<DescribeDBInstancesResponse><DescribeDBInstancesResult>\
    <DBInstances><DBInstance><DBInstanceIdentifier>db</DBInstanceIdentifier><PendingModifiedValues>\
    <DBInstanceClass>db.r6g.large</DBInstanceClass><MasterUserPassword>****</MasterUserPassword>\
    <DeletionProtection>true</DeletionProtection><ProcessorFeatures/></PendingModifiedValues>\
    </DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>";
const QUIET_INSTANCE: &str = "<DescribeDBInstancesResponse><DescribeDBInstancesResult>\
    <DBInstances><DBInstance><PendingModifiedValues/></DBInstance></DBInstances>\
    </DescribeDBInstancesResult></DescribeDBInstancesResponse>";
const PENDING_CLUSTER: &str = "<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters>\
    <DBCluster><PendingModifiedValues><EngineVersion>16.3</EngineVersion>\
    <IAMDatabaseAuthenticationEnabled>true</IAMDatabaseAuthenticationEnabled>\
    </PendingModifiedValues></DBCluster></DBClusters></DescribeDBClustersResult>\
    </DescribeDBClustersResponse>";

#[tokio::test]
async fn pending_modifications_of_a_database_need_approval() {
    let why = "the change is applied immediately, together with the modifications that wait for \
               the maintenance window: ";
    let (on, off) = (json!({"DeletionProtection": true}), json!({"DeletionProtection": false}));
    let check = "rds-pending-modifications";
    let instance = stage("AWS::RDS::DBInstance", "db", &off, &on, check).await;
    let read = "DescribeDBInstances";
    instance.proxy.fault(read, usize::MAX, Fault::Answer(200, PENDING_INSTANCE));
    let reason = format!("{why}DBInstanceClass db.r6g.large, MasterUserPassword");
    assert_eq!(asks(&instance).await, [reason]);
    let waiting = ended(&instance).await;
    assert!(matches!(waiting, RemediationResult::AwaitingApproval(_)), "{waiting:?}");
    assert_eq!(instance.proxy.count("UpdateResource"), 0);
    instance.proxy.clear_faults();
    instance.proxy.fault(read, usize::MAX, Fault::Answer(200, QUIET_INSTANCE));
    assert_eq!(ended(&instance).await, RemediationResult::Restored);

    let patch = json!({"EnableIAMDatabaseAuthentication": true});
    let off = json!({"EnableIAMDatabaseAuthentication": false});
    let cluster = stage("AWS::RDS::DBCluster", "cluster", &off, &patch, check).await;
    let read = "DescribeDBClusters";
    cluster.proxy.fault(read, usize::MAX, Fault::Answer(200, PENDING_CLUSTER));
    assert_eq!(asks(&cluster).await, [format!("{why}EngineVersion 16.3")]);
    cluster.proxy.clear_faults();
    cluster.proxy.fault(read, usize::MAX, Fault::Answer(200, "<DescribeDBClustersResponse/>"));
    let outcome = cluster.run::<CloudControl>().await;
    assert!(outcome.is_err(), "an incomplete response must not count as nothing: {outcome:?}");
    assert_eq!(cluster.proxy.count("UpdateResource"), 0);
}

/// Calls Elastic Load Balancing of the AWS stand-in directly, without the proxy.
async fn elb(body: &str) -> String {
    ask("elasticloadbalancing", "2015-12-01", body).await
}

/// Creates a load balancer with an HTTP listener. Returns the ARNs of both.
async fn load_balancer(name: &str) -> (String, String) {
    let subnets = ask("ec2", "2016-11-15", "Action=DescribeSubnets").await;
    let ids = subnets.split("<subnetId>").skip(1).map(|rest| rest.split('<').next().unwrap());
    let ids: Vec<&str> = ids.take(2).collect();
    let made = elb(&format!(
        "Action=CreateLoadBalancer&Name={name}&Subnets.member.1={}&Subnets.member.2={}",
        ids[0], ids[1]
    ))
    .await;
    let balancer = element_text(&made, "LoadBalancerArn").to_owned();
    let http = listener(&balancer, "HTTP", 80).await;
    (balancer, http)
}

/// Creates a listener and returns its ARN.
async fn listener(balancer: &str, protocol: &str, port: u16) -> String {
    let action = "DefaultActions.member.1";
    let made = elb(&format!(
        "Action=CreateListener&LoadBalancerArn={balancer}&Protocol={protocol}&Port={port}\
         &{action}.Type=fixed-response&{action}.FixedResponseConfig.StatusCode=503"
    ))
    .await;
    element_text(&made, "ListenerArn").to_owned()
}

#[tokio::test]
async fn a_redirect_needs_an_https_listener_on_its_port() {
    let kind = "AWS::ElasticLoadBalancingV2::Listener";
    let config = json!({"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"});
    let patch = json!({"DefaultActions": [{"Type": "redirect", "RedirectConfig": config}]});
    let groups = |count: usize| {
        let group = json!({"TargetGroupArn": "arn", "Weight": 10});
        let groups = json!({"TargetGroups": vec![group; count]});
        json!({"DefaultActions": [{"Type": "forward", "ForwardConfig": groups}]})
    };
    let (balancer, http) = load_balancer("front").await;
    listener(&balancer, "HTTPS", 8443).await;
    listener(&balancer, "HTTP", 443).await;
    let lacking = stage(kind, &http, &groups(1), &patch, "https-listener").await;
    let why = "the load balancer has no HTTPS listener on port 443, so the redirect would lead to \
               no listener; add an HTTPS listener first";
    let refused = RefusalReason::Precondition(why.to_owned());
    assert_eq!(ended(&lacking).await, RemediationResult::Refused(refused));

    let (balancer, http) = load_balancer("other").await;
    listener(&balancer, "HTTPS", 443).await;
    let weighted = stage(kind, &http, &groups(2), &patch, "https-listener").await;
    let why = "the redirect would replace a forward to 2 target groups with weights";
    assert_eq!(asks(&weighted).await, [why]);
    let simple = stage(kind, &http, &groups(1), &patch, "https-listener").await;
    assert_eq!(asks(&simple).await, Vec::<String>::new());
    assert_eq!(ended(&simple).await, RemediationResult::Restored);
    assert_eq!(lacking.proxy.count("UpdateResource"), 0);
}

#[tokio::test]
async fn an_aws_managed_key_needs_approval_if_others_use_the_topic() {
    let kind = "AWS::SNS::Topic";
    let sns = |body: String| async move { ask("sns", "2010-03-31", &body).await };
    let made = sns("Action=CreateTopic&Name=alarms".to_owned()).await;
    let arn = element_text(&made, "TopicArn").to_owned();
    let patch = json!({"KmsMasterKeyId": "alias/aws/sns"});
    let own = stage(kind, &arn, &json!({}), &patch, "managed-key-users").await;
    assert_eq!(asks(&own).await, Vec::<String>::new(), "the default policy allows the owner only");
    let allow = |principal: Value| json!({"Effect": "Allow", "Principal": principal, "Action": "sns:Publish", "Resource": arn});
    let statements =
        [allow(json!({"Service": "s3.amazonaws.com"})), allow(json!({"AWS": "444455556666"}))];
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let policy = policy.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02x}").unwrap();
        text
    });
    let set = format!("Action=SetTopicAttributes&TopicArn={arn}&AttributeName=Policy");
    sns(format!("{set}&AttributeValue={policy}")).await;
    let why = |key: &str| {
        format!(
            "the resource policy allows 444455556666, s3.amazonaws.com, who cannot use the AWS \
             managed key `{key}` and would lose access; use a customer managed key instead"
        )
    };
    assert_eq!(asks(&own).await, [why("alias/aws/sns")]);
    let patch = json!({"KmsMasterKeyId": "alias/own"});
    let customer = stage(kind, &arn, &json!({}), &patch, "managed-key-users").await;
    assert_eq!(asks(&customer).await, Vec::<String>::new());
}

const STREAM_POLICY: &str = r#"{"Policy": "{\"Statement\": {\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"arn:aws:iam::444455556666:role/reader\"}, \"Action\": \"kinesis:GetRecords\", \"Resource\": \"*\"}}"}"#;
const QUEUE_POLICY: &str = r#"{"Attributes": {"QueueArn": "arn", "Policy": "{\"Statement\": {\"Effect\": \"Allow\", \"Principal\": {\"Service\": [\"sns.amazonaws.com\"]}, \"Action\": \"sqs:SendMessage\", \"Resource\": \"*\"}}"}}"#;

#[tokio::test]
async fn the_check_of_managed_keys_reads_the_policies_of_streams_and_queues() {
    let key = json!({"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"});
    let patch = json!({"StreamEncryption": key});
    let stream =
        stage("AWS::Kinesis::Stream", "clicks", &json!({}), &patch, "managed-key-users").await;
    let absent = Fault::Answer(400, r#"{"__type": "ResourceNotFoundException"}"#);
    stream.proxy.fault("GetResourcePolicy", 1, absent);
    assert_eq!(asks(&stream).await, Vec::<String>::new());
    stream.proxy.fault("GetResourcePolicy", 1, Fault::Answer(200, STREAM_POLICY));
    let asked = asks(&stream).await.join("");
    assert!(asked.contains("allows arn:aws:iam::444455556666:role/reader, who"), "{asked}");

    let url = "https://sqs.eu-central-1.amazonaws.com/123456789012/jobs";
    let patch = json!({"KmsMasterKeyId": "alias/aws/sqs"});
    let queue = stage("AWS::SQS::Queue", url, &json!({}), &patch, "managed-key-users").await;
    queue.proxy.fault("GetQueueAttributes", 1, Fault::Answer(200, QUEUE_POLICY));
    let asked = asks(&queue).await.join("");
    assert!(asked.contains("allows sns.amazonaws.com, who"), "{asked}");
}

#[tokio::test]
async fn an_unknown_check_is_refused() {
    let (on, off) = (json!({"DeletionProtection": true}), json!({"DeletionProtection": false}));
    for check in ["rds-pending", "https-listener"] {
        let instance = stage("AWS::RDS::DBInstance", "checked", &off, &on, check).await;
        let why = format!(
            "there is no check `{check}` for `AWS::RDS::DBInstance`; correct `checks` in the \
             policy header"
        );
        assert_eq!(ended(&instance).await, refused_for_setting(&why));
    }
}
