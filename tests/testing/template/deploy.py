"""Creates the resources of a resolved template in the AWS stand-in: buckets, queues, topics, subscriptions, event buses,
rules and roles. Prints the settings of the functions, their queues, and the credentials of the session as JSON.

deploy.py ENDPOINT ACCOUNT REGION < RESOLVED
"""

import json
import sys

import boto3

ENDPOINT, ACCOUNT, REGION = sys.argv[1:]

# Types without effect in the stand-in. A type that is neither here nor in MADE is an error.
IGNORED = {
    "AWS::Athena::NamedQuery", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::Config::OrganizationConfigRule",
    "AWS::Events::EventBusPolicy", "AWS::Glue::Database", "AWS::Glue::Table", "AWS::KMS::Alias", "AWS::KMS::Key",
    "AWS::Lambda::Permission", "AWS::Lambda::Url", "AWS::Logs::MetricFilter", "AWS::Scheduler::Schedule",
}


def session():
    keys = dict(aws_access_key_id="test", aws_secret_access_key="test")
    sts = boto3.client("sts", endpoint_url=ENDPOINT, region_name=REGION, **keys)
    role = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/deployer", RoleSessionName="deploy")["Credentials"]
    return {
        "aws_access_key_id": role["AccessKeyId"],
        "aws_secret_access_key": role["SecretAccessKey"],
        "aws_session_token": role["SessionToken"],
    }


SESSION = session()


def client(service):
    return boto3.client(service, endpoint_url=ENDPOINT, region_name=REGION, **SESSION)


def text(value):
    return value if isinstance(value, str) else json.dumps(value)


def attributes(properties, names):
    def shown(value):
        return {True: "true", False: "false"}.get(value, text(value)) if isinstance(value, bool) else text(value)

    return {name: shown(properties[name]) for name in names if name in properties}


def bucket(of):
    s3 = client("s3")
    s3.create_bucket(
        Bucket=of["BucketName"],
        ObjectLockEnabledForBucket=of.get("ObjectLockEnabled", False),
        CreateBucketConfiguration={"LocationConstraint": REGION},
    )
    s3.put_bucket_versioning(Bucket=of["BucketName"], VersioningConfiguration=of["VersioningConfiguration"])
    lock = of["ObjectLockConfiguration"]
    retention = lock["Rule"]["DefaultRetention"]
    retention["Days"] = int(retention["Days"])
    s3.put_object_lock_configuration(Bucket=of["BucketName"], ObjectLockConfiguration=lock)


def queue(of):
    names = ("VisibilityTimeout", "MessageRetentionPeriod", "RedrivePolicy", "SqsManagedSseEnabled")
    client("sqs").create_queue(QueueName=of["QueueName"], Attributes=attributes(of, names))


def queue_policy(of):
    for url in of["Queues"]:
        sqs = client("sqs")
        url = sqs.get_queue_url(QueueName=url.rsplit("/", 1)[1])["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(of["PolicyDocument"])})


def topic(of):
    client("sns").create_topic(Name=of["TopicName"])


def topic_policy(of):
    for arn in of["Topics"]:
        client("sns").set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(of["PolicyDocument"])
        )


def subscription(of):
    names = ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")
    client("sns").subscribe(
        TopicArn=of["TopicArn"], Protocol=of["Protocol"], Endpoint=of["Endpoint"], Attributes=attributes(of, names)
    )


def bus(of):
    client("events").create_event_bus(Name=of["Name"])


def rule(of):
    events, name = client("events"), of.get("EventBusName", "default")
    events.put_rule(
        Name=of["Name"], EventBusName=name, State=of.get("State", "ENABLED"), EventPattern=json.dumps(of["EventPattern"])
    )
    failed = events.put_targets(Rule=of["Name"], EventBusName=name, Targets=of["Targets"])["FailedEntryCount"]
    assert not failed, of


def log_group(of):
    client("logs").create_log_group(logGroupName=of["LogGroupName"])


def role(of):
    iam = client("iam")
    iam.create_role(
        RoleName=of["RoleName"], AssumeRolePolicyDocument=json.dumps(of["AssumeRolePolicyDocument"])
    )
    for policy in of["Policies"]:
        iam.put_role_policy(
            RoleName=of["RoleName"], PolicyName=policy["PolicyName"], PolicyDocument=json.dumps(policy["PolicyDocument"])
        )


def managed_policy(of):
    client("iam").create_policy(PolicyName=of["ManagedPolicyName"], PolicyDocument=json.dumps(of["PolicyDocument"]))


# In the order of their dependencies.
MADE = {
    "AWS::IAM::ManagedPolicy": managed_policy,
    "AWS::IAM::Role": role,
    "AWS::Logs::LogGroup": log_group,
    "AWS::S3::Bucket": bucket,
    "AWS::SQS::Queue": queue,
    "AWS::SQS::QueuePolicy": queue_policy,
    "AWS::SNS::Topic": topic,
    "AWS::SNS::TopicPolicy": topic_policy,
    "AWS::SNS::Subscription": subscription,
    "AWS::Events::EventBus": bus,
    "AWS::Events::Rule": rule,
}


def put_bucket_policy(of):
    client("s3").put_bucket_policy(Bucket=of["Bucket"], Policy=json.dumps(of["PolicyDocument"]))


def main():
    resources = json.load(sys.stdin)
    # The bucket for access logs has no name, and the stand-in writes no access logs.
    resources = {name: one for name, one in resources.items() if not name.startswith("AccessLogs")}
    functions, feeds = {}, {}
    for one in resources.values():
        if one["Type"] == "AWS::Lambda::Function":
            functions[one["Arn"]] = one["Properties"]
        elif one["Type"] == "AWS::Lambda::EventSourceMapping":
            feeds[one["Properties"]["FunctionName"]] = one["Properties"]
        elif one["Type"] not in IGNORED and one["Type"] not in (*MADE, "AWS::S3::BucketPolicy"):
            sys.exit(f"unknown resource type {one['Type']}; add it to MADE or IGNORED")
    for kind, make in (*MADE.items(), ("AWS::S3::BucketPolicy", put_bucket_policy)):
        for one in resources.values():
            # Create a dead-letter queue before the queue that refers to it.
            if one["Type"] == kind and not one["Properties"].get("RedrivePolicy", {}).get("maxReceiveCount"):
                make(one["Properties"])
        for one in resources.values():
            if one["Type"] == kind and one["Properties"].get("RedrivePolicy", {}).get("maxReceiveCount"):
                make(one["Properties"])
    made = {}
    for function in functions.values():
        name = function["FunctionName"]
        made[name] = {"environment": function["Environment"]["Variables"]}
        # The operate function has no queue.
        if feed := feeds.get(name):
            made[name] |= {
                "queue": feed["EventSourceArn"].rsplit(":", 1)[1],
                "batch": feed["BatchSize"],
                "partial": feed["FunctionResponseTypes"] == ["ReportBatchItemFailures"],
            }
    print(json.dumps({"functions": made, "session": SESSION}))


main()
